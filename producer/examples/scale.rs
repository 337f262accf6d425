//! What a run costs and how long it takes at scale: a simulation of slots that come up one after the
//! other, with the quotas of the platforms and the price table.
//!
//! ```text
//! cargo run -p zagg-producer --example scale -- [SECONDS-PER-SHARD]
//! ```
#![allow(clippy::print_stdout)]

use std::{cmp::Reverse, collections::BinaryHeap};

use zagg_core::price::Rates;

/// Objects written and read for one shard: eleven arrays and the mark; the record and the mark looked for.
const PUTS: u64 = 12;
const GETS: u64 = 2;
/// Where slots come from: how many there are at the beginning, how many a minute are added, how many there
/// are at the most, and after how many seconds the first ones work.
struct Fleet {
    name: &'static str,
    first: u64,
    a_minute: u64,
    most: u64,
    delay: f64,
    rates: Rates,
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1.3);
    // Event source mapping: 5 concurrent invocations, 300 a minute more, to 1,250; provisioned: 1,000 a
    // minute more, from 20. Lambda of 1,769 MB on arm64. Containers of 4 vCPUs with 8 slots each.
    let lambda = Rates::lambda(1.769, true);
    let containers = |slots| Rates::container(4.0 * (slots / 8) as f64, slots, true);
    let fleets = [
        Fleet { name: "Lambda, standard pollers", first: 5, a_minute: 300, most: 1250, delay: 0.1, rates: lambda },
        Fleet { name: "Lambda, provisioned", first: 20, a_minute: 1000, most: 2000, delay: 0.1, rates: lambda },
        Fleet { name: "8 containers", first: 64, a_minute: 0, most: 64, delay: 45.0, rates: containers(64) },
        Fleet { name: "32 containers", first: 256, a_minute: 0, most: 256, delay: 45.0, rates: containers(256) },
    ];
    println!("{seconds} s a shard\n\n| shards | fleet | wall | slots used | cost |\n|---|---|---|---|---|");
    for shards in [1_300, 2_721, 12_596] {
        for fleet in &fleets {
            let (wall, slots) = fleet.run(shards, seconds);
            // Containers are paid for from their start to the end of the run, idle or not.
            let paid = if fleet.a_minute == 0 { wall * fleet.most as f64 / shards as f64 } else { seconds };
            let usd = fleet.rates.cost(paid, PUTS, GETS).total() * shards as f64;
            println!("| {shards} | {} | {wall:.0} s | {slots} | ${usd:.2} |", fleet.name);
        }
    }
}

impl Fleet {
    /// Seconds until `shards` are done that take `seconds` each, and the slots that had work.
    fn run(&self, shards: u64, seconds: f64) -> (f64, u64) {
        let comes_up = |slot: u64| {
            let late = slot.saturating_sub(self.first.saturating_sub(1));
            let rate = self.a_minute as f64 / 60.0;
            self.delay + if late == 0 { 0.0 } else { late as f64 / rate }
        };
        // The moments, in microseconds, at which slots are free.
        let micro = |seconds: f64| (seconds * 1e6) as u64;
        let mut free: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
        let (mut slots, mut end) = (0, 0);
        for _ in 0..shards {
            let next = (slots < self.most).then(|| micro(comes_up(slots)));
            let begin = match (free.peek().map(|Reverse(at)| *at), next) {
                (Some(at), Some(new)) if at <= new => free.pop().map_or(at, |Reverse(at)| at),
                (Some(at), None) => free.pop().map_or(at, |Reverse(at)| at),
                (_, Some(new)) => {
                    slots += 1;
                    new
                }
                (None, None) => return (f64::INFINITY, slots),
            };
            let done = begin + micro(seconds);
            end = end.max(done);
            free.push(Reverse(done));
        }
        (end as f64 / 1e6, slots)
    }
}
