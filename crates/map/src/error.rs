//! What can go wrong on the way to a map. Rooms with errors of their own are summed up here.

use zagg_core::{fault::Fault, grid::GridError};
use zagg_store::StoreError;

use crate::{
    colours::ColourError, difference::DifferenceError, export::ExportError, frame::FrameError, length::LengthError,
    overview::OverviewError, picture::PictureError, projection::ProjectionError, range::RangeError,
};

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
    /// A field without values.
    #[error("no cell of {location} has a value of `{field}`")]
    NoData {
        /// The store.
        location: String,
        /// The field.
        field: String,
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
    /// The length cannot be used.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// The range cannot be used.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The colours cannot be used.
    #[error(transparent)]
    Colours(#[from] ColourError),
    /// Two fields have no difference.
    #[error(transparent)]
    Difference(#[from] DifferenceError),
    /// No picture can be drawn.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The coordinate system of a grid is not supported.
    #[error("the shards of the grid cannot be placed on the globe")]
    Crs {
        /// Why.
        source: GridError,
    },
    /// A shard of another grid.
    #[error("shard {label} is none of the grid's")]
    ForeignShard {
        /// The shard.
        label: String,
    },
    /// No overviews can be computed.
    #[error(transparent)]
    Overview(#[from] OverviewError),
    /// No file can be written.
    #[error(transparent)]
    Export(#[from] ExportError),
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
            Self::Ended(_)
            | Self::Picture(PictureError::Document(_) | PictureError::Png(_))
            | Self::Export(ExportError::Table(_)) => Fault::Bug,
            // What was asked for, or what the store holds, cannot be drawn.
            _ => Fault::Malformed,
        }
    }
}
