//! `zagg catalog info`: what a shard map holds.

use std::{fmt::Write as _, fs, path::Path};

use serde::Serialize;
use zagg_catalog::table;
use zagg_core::{grid::GridSignature, shard_map::ShardMap};
use zagg_producer::{Estimate, Place, estimate_jobs};
use zagg_program::{exit::Exit, numbers, output};

use super::arguments::InfoArguments;
use crate::error::CommandError;

/// Objects that a shard's result usually is: eleven arrays and the mark.
pub(crate) const USUAL_OBJECTS: u64 = 12;
/// The width of the longest bar.
const BAR: u64 = 40;

/// What a shard map holds.
#[derive(Debug, Serialize)]
pub(crate) struct Info {
    pub(crate) shards: usize,
    pub(crate) granules: usize,
    pub(crate) pairs: u64,
    /// Granules of the shards: least, median, most.
    pub(crate) granules_per_shard: [usize; 3],
    /// Shards by their number of granules: from, to, shards.
    pub(crate) histogram: Vec<[usize; 3]>,
    pub(crate) grid_signature: GridSignature,
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
    pub(crate) digest: String,
    pub(crate) bytes: u64,
    /// What a run will likely take and cost, on Lambda and in containers.
    pub(crate) lambda: Estimate,
    pub(crate) containers: Estimate,
    pub(crate) notes: Vec<String>,
}

/// Describes a shard map.
pub(super) fn info(typed: &InfoArguments, quiet: bool) -> Result<Exit, CommandError> {
    let map = table::load(&typed.shard_map)?;
    let info = Info::of(&map, &typed.shard_map);
    match typed.json {
        true => output::result(&output::json(&info)?, false),
        false => output::result(&info.describe(&typed.shard_map), quiet),
    }
    Ok(Exit::Done)
}

impl Info {
    /// What `map`, which is at `path`, holds.
    pub(super) fn of(map: &ShardMap, path: &Path) -> Self {
        let mut sizes: Vec<usize> = map.shards().iter().map(|shard| shard.granules.len()).collect();
        sizes.sort_unstable();
        let at = |place: usize| sizes.get(place).copied().unwrap_or(0);
        let estimate = |place| estimate_jobs(sizes.iter().copied(), USUAL_OBJECTS, place);
        Self {
            shards: sizes.len(),
            granules: map.granules().len(),
            pairs: map.pairs(),
            granules_per_shard: [at(0), at(sizes.len() / 2), at(sizes.len().saturating_sub(1))],
            histogram: histogram(&sizes),
            grid_signature: map.signature().clone(),
            metadata: map.metadata().clone(),
            digest: map.digest().to_string(),
            bytes: fs::metadata(path).map_or(0, |file| file.len()),
            lambda: estimate(Place::Lambda),
            containers: estimate(Place::Container { sqs: false }),
            notes: map.notes().to_vec(),
        }
    }

    /// For people.
    pub(super) fn describe(&self, path: &Path) -> String {
        let count = |number: usize| numbers::grouped(number as u64);
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", path.display());
        let _ = writeln!(
            text,
            "  holds     {} shards, {} granules, {} pairs of them; {}",
            count(self.shards),
            count(self.granules),
            numbers::grouped(self.pairs),
            numbers::bytes(self.bytes)
        );
        let _ = writeln!(text, "  grid      {}", grid(&self.grid_signature));
        let _ = writeln!(text, "  made from {}", self.origin());
        let _ = writeln!(text, "  digest    {}", self.digest);
        for (place, estimate) in [("Lambda", &self.lambda), ("a container", &self.containers)] {
            let hours = estimate.slot_seconds / 3600.0;
            let usd = estimate.usd.total();
            let decimals = if usd < 1.0 { 4 } else { 2 };
            let _ = writeln!(text, "  a run     some ${usd:.decimals$} on {place}, {hours:.2} slot-hours");
        }
        let [least, median, most] = self.granules_per_shard.map(count);
        let _ = writeln!(text, "  granules per shard: {least} at least, {median} median, {most} at most");
        let longest = self.histogram.iter().map(|[_, _, shards]| *shards as u64).max().unwrap_or(1).max(1);
        for &[from, to, shards] in &self.histogram {
            let range = if from == to { count(from) } else { format!("{} to {}", count(from), count(to)) };
            let bar = "#".repeat((shards as u64 * BAR).div_ceil(longest) as usize);
            let _ = writeln!(text, "  {range:>18}  {:>8}  {bar}", count(shards));
        }
        for note in &self.notes {
            let _ = writeln!(text, "  note: {note}");
        }
        text
    }

    fn origin(&self) -> String {
        let words = ["source", "provider", "collection", "start_date", "end_date"];
        let told = words.iter().filter_map(|key| self.metadata.get(*key)?.as_str());
        let told: Vec<&str> = told.collect();
        if told.is_empty() { "no source that it tells".to_owned() } else { told.join(" ") }
    }
}

/// The grid in words.
pub(crate) fn grid(signature: &GridSignature) -> String {
    match signature {
        GridSignature::Healpix { parent_order, child_order, latitude, .. } => {
            format!("HEALPix, shard order {parent_order}, cell order {child_order}, latitude {latitude}")
        }
        GridSignature::Rectilinear { crs, shape, chunk_shape, .. } => format!(
            "rectilinear {crs}, {} x {} cells in tiles of {} x {}",
            shape[0], shape[1], chunk_shape[0], chunk_shape[1]
        ),
    }
}

/// Sorted numbers in ranges that double: 1, 2 to 3, 4 to 7, ...
fn histogram(sorted: &[usize]) -> Vec<[usize; 3]> {
    let mut bars: Vec<[usize; 3]> = Vec::new();
    for &size in sorted {
        let from = if size == 0 { 0 } else { 1 << size.ilog2() };
        match bars.last_mut() {
            Some(bar) if bar[0] == from => bar[2] += 1,
            _ => bars.push([from, if from == 0 { 0 } else { 2 * from - 1 }, 1]),
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_in_ranges_that_double() {
        assert_eq!(
            histogram(&[0, 1, 1, 2, 3, 4, 7, 5536]),
            [[0, 0, 1], [1, 1, 2], [2, 3, 2], [4, 7, 2], [4096, 8191, 1]]
        );
        assert!(histogram(&[]).is_empty());
    }
}
