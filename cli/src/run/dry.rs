//! What a run would do.

use std::fmt::Write as _;

use zagg_producer::{Inputs, RunPlan};

use zagg_program::numbers::grouped;

/// What a run would do, as lines of text. Nothing is read or written for it.
pub(crate) fn describe(inputs: &Inputs, plan: &RunPlan) -> String {
    let mut granules: Vec<u64> = plan.shards.iter().map(|shard| shard.granules as u64).collect();
    granules.sort_unstable();
    let pairs: u64 = granules.iter().sum();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Would process {} of {} shards", granules.len(), inputs.shard_map.shards().len());
    if let (Some(least), Some(most)) = (granules.first(), granules.last()) {
        let median = granules[granules.len() / 2];
        let average = pairs as f64 / granules.len() as f64;
        let _ = writeln!(
            text,
            "  granules  {} pairs; per shard min {least}, median {median}, average {average:.1}, max {most}",
            grouped(pairs)
        );
    }
    for shard in plan.shards.iter().take(5) {
        let _ = writeln!(text, "  shard     {} with {} granules", shard.label, shard.granules);
    }
    if plan.shards.len() > 5 {
        let _ = writeln!(text, "            and {} more", plan.shards.len() - 5);
    }
    let _ = writeln!(text, "  driver    {}", inputs.driver);
    let _ = writeln!(text, "  pipeline  {}", inputs.pipeline.digest);
    for note in inputs.pipeline.notes.iter().chain(inputs.shard_map.notes()) {
        let _ = writeln!(text, "  note      {note}");
    }
    let _ = writeln!(text, "  store     {} (not looked at)", inputs.location);
    text
}
