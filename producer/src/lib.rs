//! The producer: plans a run, prepares the store, and puts one job per shard on a queue.
//!
//! Modules are listed bottom-up: each uses only those above it.

mod enqueue;
mod error;
mod plan;
mod prepare;
mod selection;

pub use enqueue::{EnqueueReport, enqueue};
pub use error::ProducerError;
pub use plan::{PlannedShard, RunPlan, RunRequest};
pub use prepare::{Prepared, done_by_now, prepare};
pub use selection::{ChosenShard, Selection, choose};
