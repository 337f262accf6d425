//! `zagg status` and `zagg cancel`.

use std::{fmt::Write as _, time::Duration};

use tokio::time::Instant;
use zagg_core::fault::{Fault, chain};
use zagg_producer::{Follower, ProducerError, Progress, give_order};
use zagg_program::{exit::Exit, numbers, output};
use zagg_queue::queue::Queue;

use crate::{
    args::{CancelArguments, StatusArguments},
    error::CommandError,
};

use super::{listen::RunVitals, place, place::RunPlace};

/// How often a watched run is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long the store or the queue of a watched run may be out of reach.
const PATIENCE: Duration = Duration::from_secs(600);

/// Says how far a run has come; with `--watch` until it is over.
pub(crate) async fn status(typed: &StatusArguments, quiet: bool) -> Result<Exit, CommandError> {
    let RunPlace { store, run } = RunPlace::open(&typed.run, &typed.s3)?;
    let mut follower = Follower::new(&store, run.as_deref()).await?;
    let queue = place::queue(typed.queue.as_deref(), Some(follower.record())).await?;
    let vitals = match typed.listen {
        Some(address) => Some(RunVitals::answer(address).await?),
        None => None,
    };
    loop {
        let patience = if typed.watch { PATIENCE } else { Duration::ZERO };
        let progress = look(&mut follower, queue.as_deref(), patience).await?;
        if let Some(vitals) = &vitals {
            vitals.take(&progress, follower.record());
        }
        if typed.json {
            output::result(&output::json(&progress)?, false);
        } else {
            output::result(&describe(&follower, &progress), quiet);
        }
        if progress.is_over() || !typed.watch {
            if let Some(vitals) = &vitals {
                vitals.last_ask().await;
            }
            return Ok(if progress.buried() > 0 { Exit::Incomplete } else { Exit::Done });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Looks at the run, again while what is in the way may pass.
async fn look(
    follower: &mut Follower,
    queue: Option<&dyn Queue>,
    patience: Duration,
) -> Result<Progress, ProducerError> {
    let begun = Instant::now();
    loop {
        match follower.look(queue).await {
            Err(error) if may_pass(&error) && begun.elapsed() < patience => {
                output::aside(&format!("warning: the run cannot be looked at: {}", chain(&error)));
                tokio::time::sleep(LOOK).await;
            }
            outcome => return outcome,
        }
    }
}

fn may_pass(error: &ProducerError) -> bool {
    matches!(error.fault(), Fault::Transient | Fault::Throttled { .. })
}

/// Orders a run to stop: its workers drop its jobs within seconds.
pub(crate) async fn cancel(typed: &CancelArguments, quiet: bool) -> Result<Exit, CommandError> {
    let RunPlace { store, run } = RunPlace::open(&typed.run, &typed.s3)?;
    let follower = Follower::new(&store, run.as_deref()).await?;
    let run = &follower.record().run;
    give_order(&store, run, true, &typed.reason).await?;
    let text = format!(
        "Run {run} is cancelled: workers finish what they have begun and drop its other jobs.\n\
         What is done stays; zagg-produce with the same arguments goes on from there."
    );
    output::result(&text, quiet);
    Ok(Exit::Done)
}

fn describe(follower: &Follower, progress: &Progress) -> String {
    let record = follower.record();
    let Progress { shards, done, empty, .. } = *progress;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let percent = if shards == 0 { 100.0 } else { 100.0 * done as f64 / shards as f64 };
    let _ = writeln!(text, "Run {}", record.run);
    let _ = writeln!(
        text,
        "  shards    {} of {} done ({percent:.1} %), {} empty, {} left",
        numbers::grouped(done),
        numbers::grouped(shards),
        numbers::grouped(empty),
        numbers::grouped(progress.left())
    );
    let _ = writeln!(
        text,
        "  result    {} points in {} cells",
        numbers::grouped(progress.points),
        numbers::grouped(progress.cells)
    );
    let left = progress.eta_seconds.filter(|_| progress.left() > 0).map_or_else(String::new, |seconds| {
        format!(", {} left", numbers::duration(Duration::from_secs_f64(seconds.clamp(0.0, 1e9))))
    });
    let age = numbers::duration(Duration::from_secs_f64(progress.age_seconds.clamp(0.0, 1e9)));
    let _ = writeln!(text, "  rate      {:.2} shards/s{left}; begun {age} ago", progress.rate);
    let usd = &progress.usd;
    let _ = writeln!(
        text,
        "  cost      ${:.4} of an expected ${:.4}{}: compute ${:.4}, puts ${:.4}, gets ${:.4}, queue ${:.4}",
        usd.total(),
        record.estimate_usd,
        record.max_usd.map_or_else(String::new, |most| format!(" (ceiling ${most:.2})")),
        usd.compute,
        usd.puts,
        usd.gets,
        usd.queue
    );
    match &progress.queue {
        None => {
            let _ = writeln!(text, "  queue     {} (not looked at: name it with --queue)", record.queue);
        }
        Some(queue) => {
            let (ready, leased, delayed) = (queue.ready, queue.leased, queue.delayed);
            let _ = writeln!(text, "  queue     {}: {ready} ready, {leased} on loan, {delayed} delayed", record.queue);
            for (class, jobs) in &queue.buried {
                let _ = writeln!(text, "  SET ASIDE {jobs} jobs ({class}); zagg dead names them");
            }
        }
    }
    if let Some(reason) = &progress.cancelled {
        let _ = writeln!(text, "  CANCELLED {reason}");
    }
    text
}
