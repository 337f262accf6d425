//! The producer: plans a run, prepares the store, and puts one job per shard on a queue.
//!
//! Modules are listed bottom-up: each uses only those above it.

mod error;

mod selection;

mod inputs;

mod plan;

mod estimate;

mod prepare;

mod journal;

mod enqueue;

mod progress;

mod register;

pub use enqueue::{EnqueueReport, enqueue};
pub use error::ProducerError;
pub use estimate::{Estimate, Place, estimate, estimate_jobs};
pub use inputs::{Inputs, Sources};
pub use journal::Journal;
pub use plan::{PlannedShard, RunPlan, RunRequest};
pub use prepare::{Prepared, done_by_now, prepare};
pub use progress::{Follower, Progress, QueueProgress, give_order, order, seconds_now};
pub use register::{Registration, register};
pub use selection::{ChosenShard, Selection, choose};
