//! What can go wrong with a command, and how it then exits.

use std::path::PathBuf;

use zagg_catalog::CatalogError;
use zagg_granule::{CpuError, EarthdataError, ReadError};
use zagg_map::MapError;
use zagg_producer::ProducerError;
use zagg_queue::error::Error as QueueError;
use zagg_store::StoreError;

use zagg_program::{exit::Exit, output::ReportError};

/// A command that cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
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
    /// An address that cannot be listened at.
    #[error("{address} cannot be listened at; give another --port (0: any that is free) or --address")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Something that was needed was not given.
    #[error("{0}")]
    Usage(String),
    /// The run cannot be planned.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// No shard map can be made, or read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No map can be made.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Reading cannot be set up.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Earthdata's login cannot be used.
    #[error(transparent)]
    Earthdata(#[from] EarthdataError),
    /// The CPU pool cannot be set up.
    #[error(transparent)]
    Cpu(#[from] CpuError),
    /// The demo's granules cannot be made.
    #[error(transparent)]
    Sample(#[from] zagg_sample::Error),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl CommandError {
    /// How the program exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Producer(error) if error.is_usage() => Exit::Usage,
            Self::Producer(error) => Exit::by_fault(error.fault()),
            Self::Catalog(error) => Exit::by_fault(error.fault()),
            Self::Store(error) => Exit::by_fault(error.fault()),
            Self::Map(error) => Exit::by_fault(error.fault()),
            Self::Queue(error) => Exit::by_fault(error.fault()),
            Self::Report(ReportError::Json(_)) => Exit::Incomplete,
            _ => Exit::Usage,
        }
    }
}

/// The rooms of the catalog have errors of their own.
macro_rules! of_catalog {
    ($($error:path),*) => {
        $(impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::Catalog(error.into())
            }
        })*
    };
}

of_catalog!(
    zagg_catalog::region::RegionError,
    zagg_catalog::stac::StacError,
    zagg_catalog::geoparquet::GeoparquetError,
    zagg_catalog::table::TableError
);
