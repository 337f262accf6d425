//! What can go wrong with a command, and how it then exits.

use std::path::PathBuf;

use zagg_core::{fault::Fault, grid::GridError, pipeline::PipelineError, shard_map::ShardMapError};
use zagg_granule::{CpuError, ReadError};
use zagg_producer::ProducerError;
use zagg_queue::error::Error as QueueError;
use zagg_store::StoreError;

use crate::exit::Exit;

/// A command that cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A file that cannot be read.
    #[error("{what} {path} cannot be read", path = path.display())]
    ReadFile {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("{what} {path} cannot be written", path = path.display())]
    WriteFile {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A pipeline with problems.
    #[error("{path} is not a pipeline that can be run:\n{source}", path = path.display())]
    Pipeline {
        /// The file.
        path: PathBuf,
        /// All problems.
        source: PipelineError,
    },
    /// A shard map that cannot be used.
    #[error("the shard map {path} cannot be used", path = path.display())]
    ShardMap {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ShardMapError,
    },
    /// A grid that cannot be built.
    #[error("the grid of {path} cannot be built", path = path.display())]
    Grid {
        /// The pipeline.
        path: PathBuf,
        /// Why.
        source: GridError,
    },
    /// Something that was needed was not given.
    #[error("{0}")]
    Usage(String),
    /// The run cannot be planned.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Reading cannot be set up.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The CPU pool cannot be set up.
    #[error(transparent)]
    Cpu(#[from] CpuError),
    /// The demo's granules cannot be made.
    #[error(transparent)]
    Sample(#[from] zagg_sample::Error),
    /// JSON that cannot be written: a defect.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// How the program exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Producer(error) if error.is_usage() => Exit::Usage,
            Self::Producer(error) => by_fault(error.fault()),
            Self::Store(error) => by_fault(error.fault()),
            Self::Queue(error) => by_fault(error.fault()),
            Self::Json(_) => Exit::Incomplete,
            _ => Exit::Usage,
        }
    }
}

/// A store or queue that refuses for what it was asked is a usage error; one that does not answer
/// or does not let us in is out of reach.
fn by_fault(fault: Fault) -> Exit {
    match fault {
        Fault::Malformed | Fault::Conflict | Fault::Missing => Exit::Usage,
        _ => Exit::Unreachable,
    }
}
