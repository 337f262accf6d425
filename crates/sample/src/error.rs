//! What can go wrong when samples are made.

use std::path::PathBuf;

use zagg_core::fault::Fault;
use zagg_core::grid::GridError;
use zagg_core::shard_map::ShardMapError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside what an orbit or a file can do.
    #[error("sample parameter {name} is {value}: {remedy}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The HDF5 encoder refused the granule.
    #[error("cannot encode granule {id} as HDF5")]
    Encode {
        /// The granule's id.
        id: String,
        /// The encoder's reason.
        source: hdf5_writer::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}: check that the folder exists and has room")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A point's shard has no name.
    #[error("cannot name a shard of the sample")]
    Shard(#[from] GridError),
    /// The granules make no shard map.
    #[error("cannot make a shard map of the sample")]
    ShardMap(#[from] ShardMapError),
}

impl Error {
    /// What kind of trouble this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Parameter { .. } => Fault::Malformed,
            Self::Encode { .. } | Self::Shard(_) | Self::ShardMap(_) => Fault::Bug,
            Self::Write { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Fault::Denied,
                std::io::ErrorKind::NotFound => Fault::Missing,
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Fault::Capacity,
                _ => Fault::Transient,
            },
        }
    }
}
