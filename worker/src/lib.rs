//! The worker: takes jobs from a queue, does them, and settles them.
//!
//! Modules are listed bottom-up: each uses only those above it.

mod drain;
mod error;
mod process;
mod report;
mod stop;
mod verdict;

pub use drain::{DrainSettings, Event, Trouble, chain, drain};
pub use error::ProcessError;
pub use process::Process;
pub use report::{JobReport, Outcome, Seconds, Totals};
pub use stop::{Stop, StopSignal, Stopper};
pub use verdict::{Patience, Verdict};
