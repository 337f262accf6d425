//! Stopping: finish what is in flight, or drop it.

use tokio::sync::watch;

/// How far a stop has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Work goes on.
    No,
    /// Take no more jobs, finish those in flight.
    Finish,
    /// Drop what is in flight: it comes back later, and no mark is written for it.
    Drop,
}

/// Asks workers to stop. When it is dropped they go on until they are done.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Stop>);

/// Hears when to stop.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<Stop>);

impl Stopper {
    /// A stopper and what hears it.
    #[must_use]
    pub fn new() -> (Self, StopSignal) {
        let (sender, receiver) = watch::channel(Stop::No);
        (Self(sender), StopSignal(receiver))
    }

    /// Has jobs in flight finished and no more taken, unless more was asked before.
    pub fn finish(&self) {
        self.0.send_if_modified(|now| std::mem::replace(now, (*now).max(Stop::Finish)) < Stop::Finish);
    }

    /// Has jobs in flight dropped.
    pub fn drop_all(&self) {
        self.0.send_replace(Stop::Drop);
    }

    /// Goes one step further: from working to finishing, from finishing to dropping.
    pub fn step(&self) -> Stop {
        let next = match *self.0.borrow() {
            Stop::No => Stop::Finish,
            Stop::Finish | Stop::Drop => Stop::Drop,
        };
        self.0.send_replace(next);
        next
    }
}

impl StopSignal {
    /// How far the stop has gone.
    #[must_use]
    pub fn now(&self) -> Stop {
        *self.0.borrow()
    }

    /// As [`StopSignal::reached`], for a future that owns its signal.
    pub async fn into_reached(self, stop: Stop) {
        self.reached(stop).await;
    }

    /// Resolves when the stop has gone at least as far as `stop`; never if nobody can ask any more.
    pub async fn reached(&self, stop: Stop) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_goes_from_finishing_to_dropping() {
        let (stopper, signal) = Stopper::new();
        assert_eq!(signal.now(), Stop::No);
        assert_eq!(stopper.step(), Stop::Finish);
        signal.reached(Stop::Finish).await;
        assert_eq!(stopper.step(), Stop::Drop);
        signal.reached(Stop::Drop).await;
        assert_eq!(stopper.step(), Stop::Drop);
    }
}
