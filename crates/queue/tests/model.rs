//! Two implementations of one contract, driven by the same random acts, must answer alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use zagg_queue::conformance::kit::{huge, job};
use zagg_queue::embedded::Embedded;
use zagg_queue::memory::Memory;
use zagg_queue::queue::{Class, Delivery, Options, Queue, Reason};

/// So long that no lease or delay ends by itself.
const LONG: Duration = Duration::from_secs(3600);
const OPTIONS: Options = Options { term: LONG, max_attempts: 3 };

/// `SplitMix64` (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

#[derive(Debug)]
enum Act {
    Enqueue(Vec<u32>),
    Raw,
    Receive(usize),
    Extend(usize),
    Ack(usize),
    Release(usize, Duration),
    PutBack(usize),
    Bury(usize),
    Depth,
    Buried(usize),
    Redrive(usize, Option<Class>),
}

impl Act {
    fn random(random: &mut Random, deliveries: usize) -> Self {
        let small = random.below(5) as usize;
        // Mostly a recent delivery; old ones too, most of them stale.
        let reach = if random.below(4) == 0 { deliveries } else { deliveries.min(6) };
        let one = deliveries.saturating_sub(1 + random.below(reach.max(1) as u64) as usize);
        match random.below(21) {
            0..4 => Self::Enqueue((0..random.below(6)).map(|_| random.below(40) as u32).collect()),
            4 => Self::Raw,
            5..10 => Self::Receive(small),
            10 => Self::Extend(one),
            11..13 => Self::Ack(one),
            13..15 => Self::Release(one, Duration::ZERO),
            15 => Self::Release(one, LONG),
            16 => Self::Bury(one),
            17 => Self::Depth,
            18 => Self::Buried(small),
            19 => Self::PutBack(one),
            _ => Self::Redrive(small, [None, Some(Class::Poison), Some(Class::Bug)][small % 3]),
        }
    }
}

/// A queue, and every delivery that it ever made.
struct Side {
    queue: Arc<dyn Queue>,
    raw: Box<dyn AsyncRaw>,
    deliveries: Vec<Delivery>,
}

#[async_trait::async_trait]
trait AsyncRaw {
    async fn raw(&self);
}

#[async_trait::async_trait]
impl AsyncRaw for Arc<Memory> {
    async fn raw(&self) {
        self.enqueue_raw(b"{}");
    }
}

#[async_trait::async_trait]
impl AsyncRaw for Arc<Embedded> {
    async fn raw(&self) {
        self.enqueue_raw(b"{}").await.unwrap();
    }
}

impl Side {
    /// Does it, and says what came of it.
    async fn act(&mut self, act: &Act) -> String {
        let queue = &self.queue;
        let at = |n: &usize| self.deliveries.get(*n);
        match act {
            Act::Enqueue(numbers) => {
                let limit = queue.limits().message_bytes;
                let jobs: Vec<_> = numbers.iter().map(|&n| if n == 39 { huge(n, limit) } else { job(n) }).collect();
                format!("{:?}", queue.enqueue(&jobs).await.unwrap())
            }
            Act::Raw => {
                self.raw.raw().await;
                String::new()
            }
            Act::Receive(max) => {
                let came = queue.receive(*max, Duration::ZERO).await.unwrap();
                let text =
                    came.iter().map(|delivery| format!("{} {} ", delivery.job.shard, delivery.attempt)).collect();
                self.deliveries.extend(came);
                text
            }
            Act::Extend(n) => match at(n) {
                Some(delivery) => format!("{:?}", queue.extend(delivery, LONG).await.map(drop)),
                None => String::new(),
            },
            Act::Ack(n) => match at(n) {
                Some(delivery) => format!("{:?}", queue.ack(delivery).await),
                None => String::new(),
            },
            Act::Release(n, after) => match at(n) {
                Some(delivery) => {
                    let text = format!("{:?}", queue.release(delivery, *after).await);
                    // So that "at once" has come on both sides, whatever their clocks' grain.
                    tokio::time::sleep(Duration::from_millis(if after.is_zero() { 3 } else { 0 })).await;
                    text
                }
                None => String::new(),
            },
            Act::PutBack(n) => match at(n) {
                Some(delivery) => format!("{:?}", queue.put_back(delivery).await),
                None => String::new(),
            },
            Act::Bury(n) => match at(n) {
                Some(delivery) => {
                    format!("{:?}", queue.bury(delivery, &Reason::new(Class::Bug, format!("grave {n}"))).await)
                }
                None => String::new(),
            },
            Act::Depth => format!("{:?}", queue.depth().await.unwrap()),
            Act::Buried(max) => format!("{:?}", queue.buried(*max).await.unwrap()),
            Act::Redrive(max, class) => format!("{:?}", queue.redrive(*max, *class).await.unwrap()),
        }
    }
}

#[tokio::test]
async fn the_queue_in_memory_and_the_queue_in_a_file_answer_alike() {
    let mut seen = String::new();
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let memory = Arc::new(Memory::new(OPTIONS));
        let file = Arc::new(Embedded::open(&path, OPTIONS).await.unwrap());
        let mut sides = [
            Side { queue: Arc::<Memory>::clone(&memory), raw: Box::new(memory), deliveries: Vec::new() },
            Side { queue: Arc::<Embedded>::clone(&file), raw: Box::new(file), deliveries: Vec::new() },
        ];
        let mut random = Random(seed);
        for step in 0..250 {
            let act = Act::random(&mut random, sides[0].deliveries.len());
            let [memory, file] = &mut sides;
            let (left, right) = (memory.act(&act).await, file.act(&act).await);
            assert_eq!(left, right, "memory and file differ on {act:?}, seed {seed}, step {step}");
            seen.push_str(&left);
        }
    }
    // The acts reached the corners.
    for corner in ["LeaseLost", "Stale", "Done", "Poison", "grave", "not a job", "duplicate: 2", "Capacity", " 3 "] {
        assert!(seen.contains(corner), "{corner} was never seen");
    }
}
