//! Waiting for jobs.
//!
//! A waiting consumer would be told of a job at once, but can't be withdrawn cleanly: a job on its
//! way to it goes back to the queue with an attempt on its count that nobody made. So one look at
//! the queue every quarter of a second or sooner serves all receivers of this process; it only
//! counts, which costs the broker no write. As many receivers as there are jobs then go and take
//! one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::{sleep, sleep_until};

use super::Core;
use super::lane::Lane;
use crate::error::Error;

/// The pause after a look that found something, and the first one of a receiver.
const SHORTEST: Duration = Duration::from_millis(15);
/// The longest pause: what a job that comes to an idle process may wait.
const LONGEST: Duration = Duration::from_millis(250);

/// Wakes receivers when there are jobs.
#[derive(Debug)]
pub(super) struct Bell {
    state: Mutex<State>,
    /// One for each receiver that may go.
    calls: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    watched: bool,
}

/// Counts a receiver for as long as it waits.
struct Waiting<'a>(&'a Bell);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl Bell {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), calls: Semaphore::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under it can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets as many receivers go as there are jobs, calls that nobody has heard yet included.
    fn ring(&self, jobs: usize) {
        let waiting = self.state().waiting;
        self.calls.add_permits(jobs.min(waiting).saturating_sub(self.calls.available_permits()));
    }
}

impl Core {
    /// Waits until there may be a job, or something to complain of; false when the deadline came
    /// first, or nobody wants a job any more.
    pub(super) async fn wait(self: &Arc<Self>, deadline: Instant, unwanted: impl Future<Output = ()>) -> bool {
        let bell = &self.bell;
        let watched = {
            let mut state = bell.state();
            state.waiting += 1;
            std::mem::replace(&mut state.watched, true)
        };
        let _waiting = Waiting(bell);
        if !watched {
            tokio::spawn(watch(Arc::clone(self)));
        }
        tokio::select! {
            call = bell.calls.acquire() => {
                // Used up; the bell is never closed.
                call.is_ok_and(|call| {
                    call.forget();
                    true
                })
            }
            () = sleep_until(deadline.into()) => false,
            () = unwanted => false,
        }
    }

    async fn ready(&self, lane: &mut Option<Lane>) -> Result<usize, Error> {
        let used = match lane.take() {
            Some(lane) => lane,
            None => self.work.lane().await?,
        };
        let (messages, _) = used.count(&self.address.names.queue).await?;
        *lane = Some(used);
        Ok(messages as usize)
    }
}

/// Looks at the queue for as long as somebody waits.
async fn watch(core: Arc<Core>) {
    let (mut lane, mut pause) = (None, SHORTEST);
    loop {
        sleep(pause).await;
        {
            let mut state = core.bell.state();
            if state.waiting == 0 {
                state.watched = false;
                break;
            }
        }
        match core.ready(&mut lane).await {
            Ok(0) => pause = (pause * 3 / 2).min(LONGEST),
            Ok(jobs) => {
                core.bell.ring(jobs);
                pause = SHORTEST;
            }
            // They will see for themselves, and tell their callers.
            Err(_) => {
                core.bell.ring(usize::MAX);
                pause = LONGEST;
            }
        }
    }
    if let Some(lane) = lane {
        lane.park();
    }
}
