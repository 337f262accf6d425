//! `--wait`: staying until the run is over, minding its ceiling, and ending it when it is hopeless.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;
use zagg_core::fault::{Fault, chain};
use zagg_producer::{Follower, ProducerError, Progress, give_order};
use zagg_program::output;
use zagg_queue::queue::Queue;
use zagg_store::Store;

use super::{arguments::Arguments, error::ProgramError, text};

/// How often the run is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often a line is printed.
const SAY: u32 = 5;
/// Looks that may fail one after the other.
const FAILURES: u32 = 30;

/// Follows the run until nothing is left to do, it is cancelled, or the user interrupts.
pub(super) async fn follow(
    typed: &Arguments,
    store: &Store,
    run: &str,
    queue: &dyn Queue,
) -> Result<Progress, ProgramError> {
    let mut follower = Follower::new(store, Some(run)).await?;
    let mut interrupts = signal(SignalKind::interrupt()).ok();
    let (mut looks, mut failures) = (0, 0);
    loop {
        let progress = match follower.look(Some(queue)).await {
            Ok(progress) => progress,
            Err(error) if may_pass(&error) && failures < FAILURES => {
                failures += 1;
                warn!(error = chain(&error), "the run cannot be looked at");
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        failures = 0;
        if looks % SAY == 0 || progress.left() == 0 {
            output::result(&text::line(&progress), typed.quiet || typed.json);
        }
        looks += 1;
        if progress.left() == 0 || progress.cancelled.is_some() {
            return Ok(progress);
        }
        if let Some(reason) = too_expensive(typed, &progress).or_else(|| progress.hopeless()) {
            give_order(store, run, true, &reason).await?;
            output::result(&format!("CANCELLED: {reason}"), typed.quiet || typed.json);
            return Ok(Progress { cancelled: Some(reason), ..progress });
        }
        let interrupted = async {
            match &mut interrupts {
                Some(interrupts) => interrupts.recv().await.map_or((), drop),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = interrupted => return Ok(progress),
        }
    }
}

fn too_expensive(typed: &Arguments, progress: &Progress) -> Option<String> {
    let (most, usd) = (typed.max_usd?, progress.usd.total());
    (usd > most).then(|| format!("its cost of ${usd:.4} is above the ceiling of ${most:.4}"))
}

fn may_pass(error: &ProducerError) -> bool {
    matches!(error.fault(), Fault::Transient | Fault::Throttled { .. })
}
