//! What can go wrong with the program, and how it then exits.

use zagg_producer::ProducerError;
use zagg_program::{exit::Exit, output::ReportError};
use zagg_queue::error::Error as QueueError;
use zagg_store::StoreError;

/// A program that cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// What was asked makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The run cannot be planned or sent.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl ProgramError {
    /// How the program exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Producer(error) if error.is_usage() => Exit::Usage,
            Self::Producer(error) => Exit::by_fault(error.fault()),
            Self::Store(error) => Exit::by_fault(error.fault()),
            Self::Queue(error) => Exit::by_fault(error.fault()),
            Self::Usage(_) => Exit::Usage,
            Self::Report(_) => Exit::Incomplete,
        }
    }
}
