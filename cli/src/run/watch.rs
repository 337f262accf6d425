//! Following a run: events to progress and report, Ctrl-C to a stop.

use std::time::Duration;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::UnboundedReceiver,
};
use zagg_worker::{Event, Process, Stop, Stopper};

use super::{progress::Progress, report::RunReport};

/// How often the display is brought up to date.
const TICK: Duration = Duration::from_millis(200);

/// Follows the run until the workers have ended; whether the user stopped it.
pub(super) async fn watch(
    mut events: UnboundedReceiver<Event>,
    mut progress: Progress,
    process: &Process,
    stopper: &Stopper,
    report: &mut RunReport,
) -> bool {
    let mut ticks = tokio::time::interval(TICK);
    let mut stopped = Stop::No;
    // One listener for the whole run: a new one each time around would miss a Ctrl-C now and then.
    let mut interrupts = signal(SignalKind::interrupt()).ok();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => take(event, &mut progress, report),
                None => break,
            },
            _ = ticks.tick() => progress.tick(process.reader().usage().bytes),
            () = next(&mut interrupts) => {
                if stopped < Stop::Drop {
                    stopped = stopper.step();
                    progress.say(match stopped {
                        Stop::Finish => "stopping: shards in flight are finished; Ctrl-C again drops them",
                        _ => "stopping: shards in flight are dropped",
                    });
                }
            }
        }
    }
    let usage = process.reader().usage();
    progress.finish(usage.bytes);
    // What dropped jobs and planning read is counted by the meter alone.
    report.totals.read.requests = usage.requests;
    report.totals.read.bytes = usage.bytes;
    stopped != Stop::No
}

/// The next interrupt; never where there are none.
async fn next(interrupts: &mut Option<Signal>) {
    if let Some(interrupts) = interrupts
        && interrupts.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

fn take(event: Event, progress: &mut Progress, report: &mut RunReport) {
    match event {
        Event::Started { .. } | Event::Dropped { .. } | Event::Received { .. } | Event::MovedUp(_) => {}
        Event::BrokerTrouble { reason } => progress.say(&format!("the queue: {reason} (asked again)")),
        Event::Unsettled { shard, .. } => progress.say(&format!("shard {shard}: the queue could not be told")),
        Event::Finished(job, _) => {
            progress.shard(job.read.points_kept);
            report.totals.add(&job);
        }
        Event::Released(trouble) => {
            report.shards.retries += 1;
            progress.say(&format!("shard {}: {} (will be tried again)", trouble.shard, trouble.reason));
        }
        Event::Buried(trouble) => {
            progress.shard(0);
            progress.say(&format!("shard {} failed: {}", trouble.shard, trouble.reason));
            report.failures.push(trouble);
        }
    }
}
