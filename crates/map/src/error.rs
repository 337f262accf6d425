//! What can go wrong on the way to a map. Rooms with errors of their own are summed up here.

use zagg_core::fault::Fault;
use zagg_store::StoreError;

/// A result of this crate.
pub type Result<T, E = MapError> = std::result::Result<T, E>;

/// What can go wrong on the way to a map.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MapError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
        }
    }
}
