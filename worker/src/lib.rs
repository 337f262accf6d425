//! The worker: takes jobs from a queue, does them, and settles them.
//!
//! Modules are listed bottom-up: each uses only those above it.

mod error;

mod stop;

mod verdict;

mod report;

mod event;

mod memory;

mod process;

mod runs;

mod slot;

mod drain;

pub mod metrics;

mod latency;

mod observe;

pub mod endpoints;

pub mod notices;

pub mod lambda;

pub use drain::{Drain, DrainSettings, Pulse, drain};
pub use error::ProcessError;
pub use event::{Delivered, Dropped, Event, Trouble};
pub use latency::LatencyCollector;
pub use memory::{Eviction, Guard, Memory, resident};
pub use observe::Observer;
pub use process::{Process, Stamp};
pub use report::{JobReport, Outcome, Seconds, Totals};
pub use runs::{AnyRun, Runs, Workshop};
pub use stop::{Stop, StopSignal, Stopper};
pub use verdict::{Patience, Verdict};
