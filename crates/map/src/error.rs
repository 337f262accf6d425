//! What can go wrong on the way to a map. Rooms with errors of their own are summed up here.

use zagg_core::{fault::Fault, grid::GridError};
use zagg_store::StoreError;

use crate::{frame::FrameError, projection::ProjectionError};

/// A result of this crate.
pub type Result<T, E = MapError> = std::result::Result<T, E>;

/// What can go wrong on the way to a map.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store has no such field.
    #[error("{location} has no field `{field}`; it has {}", known.join(", "))]
    NoField {
        /// The store.
        location: String,
        /// The field that was asked for.
        field: String,
        /// The fields that there are.
        known: Vec<String>,
    },
    /// The store does not say in which coordinate system its rows and columns are.
    #[error("{location} does not say where its rows and columns lie: {reason}")]
    NoGrid {
        /// The store.
        location: String,
        /// What is missing.
        reason: String,
    },
    /// The grid of the store is not one.
    #[error("the grid of {location} cannot be used")]
    Grid {
        /// The store.
        location: String,
        /// Why.
        source: GridError,
    },
    /// The projection cannot be used.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// No raster can be made.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The computation was ended.
    #[error("the computation was ended")]
    Ended(#[source] tokio::task::JoinError),
}

impl MapError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Ended(_) => Fault::Bug,
            Self::NoField { .. } | Self::NoGrid { .. } | Self::Grid { .. } | Self::Projection(_) | Self::Frame(_) => {
                Fault::Malformed
            }
        }
    }
}
