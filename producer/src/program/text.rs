//! What the program says.

use std::fmt::Write as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zagg_producer::{Estimate, Inputs, Place, Prepared, Progress, RunPlan};
use zagg_program::numbers;
use zagg_queue::url::QueueUrl;

use super::Report;

/// What would be done.
pub(super) fn dry_run(inputs: &Inputs, plan: &RunPlan, estimate: &Estimate, place: Place, url: &QueueUrl) -> String {
    let pairs: usize = plan.shards.iter().map(|shard| shard.granules).sum();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Would put {} jobs on {url}", numbers::grouped(plan.shards.len() as u64));
    let _ = writeln!(text, "  run       {}", plan.run);
    let _ = writeln!(text, "  granules  {} pairs", numbers::grouped(pairs as u64));
    for shard in plan.shards.iter().take(3) {
        let _ = writeln!(text, "  shard     {} with {} granules", shard.label, shard.granules);
    }
    let _ = writeln!(text, "  estimate  {}", costs(estimate, place));
    let _ = writeln!(text, "  store     {} (not looked at)", inputs.location);
    text
}

/// What will be done.
pub(super) fn before(plan: &RunPlan, prepared: &Prepared, estimate: &Estimate, place: Place) -> String {
    let mut text = format!("Run {}: {} shards, ", plan.run, numbers::grouped(plan.shards.len() as u64));
    let _ = writeln!(text, "{} done before, {} to do", prepared.done, prepared.to_do.len());
    for label in prepared.stale.iter().take(5) {
        let _ =
            writeln!(text, "  NOT TAKEN shard {label}: done before, from other granules; --overwrite recomputes it");
    }
    if prepared.stale.len() > 5 {
        let _ = writeln!(text, "            and {} more", prepared.stale.len() - 5);
    }
    let _ = writeln!(text, "  estimate  {}", costs(estimate, place));
    text
}

fn costs(estimate: &Estimate, place: Place) -> String {
    let hours = estimate.slot_seconds / 3600.0;
    let usd = &estimate.usd;
    let what = match place {
        Place::Lambda => "on Lambda",
        Place::Container { .. } => "in containers",
    };
    format!(
        "${:.4} {what}: compute ${:.4} ({hours:.2} slot-hours), puts ${:.4}, gets ${:.4}, queue ${:.4}",
        usd.total(),
        usd.compute,
        usd.puts,
        usd.gets,
        usd.queue
    )
}

/// What became of the jobs, and where to look next.
pub(super) fn after(report: &Report) -> String {
    let mut text = String::new();
    let sent = &report.sent;
    let _ = writeln!(text, "{} jobs sent to {}", numbers::grouped(sent.accepted as u64), report.queue);
    if sent.duplicate > 0 {
        let _ = writeln!(text, "  {} were there already", numbers::grouped(sent.duplicate as u64));
    }
    if report.sent_before > 0 {
        let _ = writeln!(text, "  {} were sent before", numbers::grouped(report.sent_before as u64));
    }
    for (label, reason) in sent.refused.iter().take(20) {
        let _ = writeln!(text, "  REFUSED   shard {label}: {reason}");
    }
    if sent.refused.len() > 20 {
        let _ = writeln!(text, "            and {} more (--json names them all)", sent.refused.len() - 20);
    }
    let _ = writeln!(text, "Work on them:  zagg-worker --queue URL --until-empty");
    let _ = writeln!(text, "Watch the run: zagg status '{}#{}' --watch", report.store, report.run);
    text
}

/// How far the run has come, in one line.
pub(super) fn line(progress: &Progress) -> String {
    let Progress { shards, done, rate, .. } = progress;
    let left = progress.eta_seconds.map_or_else(String::new, |seconds| {
        format!(", {} left", numbers::duration(std::time::Duration::from_secs_f64(seconds.clamp(0.0, 1e9))))
    });
    let buried = match progress.buried() {
        0 => String::new(),
        buried => format!(", {buried} set aside"),
    };
    format!("{done} of {shards} shards{buried}, {rate:.2}/s, ${:.4}{left}", progress.usd.total())
}

/// A bar on a terminal; silent elsewhere.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(jobs: u64, quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(jobs), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} jobs sent, {per_sec}, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn at(&self, jobs: u64) {
        self.0.set_position(jobs);
    }

    pub(super) fn finish(self) {
        self.0.finish_and_clear();
    }
}
