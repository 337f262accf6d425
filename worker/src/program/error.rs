//! What can go wrong with the program, and how it then exits.

use zagg_granule::CpuError;
use zagg_program::exit::Exit;
use zagg_queue::error::Error as QueueError;

use super::health::HealthError;

/// A program that cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// What was asked makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The CPU pool cannot be set up.
    #[error(transparent)]
    Cpu(#[from] CpuError),
    /// Earthdata's login cannot be used.
    #[error(transparent)]
    Earthdata(#[from] zagg_granule::EarthdataError),
    /// The metrics cannot be set up: a defect.
    #[error("the metrics cannot be set up")]
    Metrics(#[from] prometheus::Error),
    /// The endpoints cannot be served.
    #[error("{address} cannot be listened at")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The worker that was asked is not well.
    #[error(transparent)]
    Health(#[from] HealthError),
    /// Lambda's runtime interface failed.
    #[error("the runtime interface of Lambda failed: {0}")]
    Lambda(lambda_runtime::Error),
}

impl ProgramError {
    /// How the program exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Queue(error) => Exit::by_fault(error.fault()),
            Self::Health(error) => error.exit(),
            Self::Lambda(_) => Exit::Unreachable,
            _ => Exit::Usage,
        }
    }
}
