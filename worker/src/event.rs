//! What happens to jobs, told to whoever listens: a progress bar, metrics, logs.

use serde::Serialize;
use zagg_core::{
    fault::chain,
    job::Job,
    price::{Cost, Rates},
};

use crate::{error::ProcessError, report::JobReport};

/// What happened to a job.
#[derive(Debug)]
pub enum Event {
    /// Work on a shard began.
    Started {
        /// The shard's label.
        shard: String,
        /// Which delivery it is, from 1.
        attempt: u32,
        /// Seconds since the run was put on the queue, where that is known.
        waited: Option<f64>,
    },
    /// A shard is done, and its job settled.
    Finished(Box<JobReport>, Delivered),
    /// A job goes back and will be tried again.
    Released(Trouble),
    /// A job was set aside.
    Buried(Trouble),
    /// A job that is too large for this worker went to the queue of bigger ones.
    MovedUp(Trouble),
    /// Work was dropped.
    Dropped {
        /// The shard's label.
        shard: String,
        /// Why.
        why: Dropped,
    },
    /// The broker could not be told what became of a job: it comes back.
    Unsettled {
        /// The shard's label.
        shard: String,
        /// What was to be told.
        verdict: &'static str,
    },
    /// The broker failed while jobs were asked for; it is asked again.
    BrokerTrouble {
        /// The whole chain of causes.
        reason: String,
    },
    /// Jobs were received.
    Received {
        /// How many.
        jobs: usize,
    },
}

/// Which delivery of a job it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The run.
    pub run: String,
    /// Which delivery it was, from 1.
    pub attempt: u32,
}

/// Why work was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// The worker was told to stop: the job was put back.
    Stopped,
    /// The lease was lost: the job is, or will be, another worker's.
    LeaseLost,
    /// Memory ran short: the job was put back.
    Memory,
}

impl Dropped {
    /// A stable name for logs and labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::LeaseLost => "lease_lost",
            Self::Memory => "memory",
        }
    }
}

/// Why a job was not done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Trouble {
    /// The run.
    pub run: String,
    /// The shard's label.
    pub shard: String,
    /// The fault's name.
    pub fault: &'static str,
    /// The whole chain of causes.
    pub reason: String,
    /// Which delivery it was, from 1.
    pub attempt: u32,
    /// Seconds that the attempt took.
    pub wall_seconds: f64,
    /// Whether it was a granule that failed the job.
    pub granule: bool,
}

impl Trouble {
    /// What the attempt cost, which came to nothing.
    pub(crate) fn usd(&self, rates: &Rates) -> Cost {
        rates.cost(self.wall_seconds, 0, 0)
    }

    /// What went wrong with one attempt, which took so many seconds.
    pub(crate) fn new(job: &Job, attempt: u32, error: &ProcessError, wall_seconds: f64) -> Self {
        Self {
            run: job.run.clone(),
            shard: job.shard.clone(),
            fault: error.fault().name(),
            reason: chain(error),
            attempt,
            wall_seconds,
            granule: matches!(error, ProcessError::Read { .. }),
        }
    }
}
