//! What can go wrong on the way to a shard map. Each room has its own error; this is their sum.

use zagg_core::fault::Fault;

/// A result of this crate.
pub type Result<T, E = CatalogError> = std::result::Result<T, E>;

/// What can go wrong on the way to a shard map.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A region that is none.
    #[error(transparent)]
    Region(#[from] crate::region::RegionError),
    /// Granules that cannot be brought to shards.
    #[error(transparent)]
    Cover(#[from] crate::cover::CoverError),
    /// A search that failed.
    #[error(transparent)]
    Stac(#[from] crate::stac::StacError),
    /// A catalog file that cannot be read or written.
    #[error(transparent)]
    Geoparquet(#[from] crate::geoparquet::GeoparquetError),
    /// Two granules of one name.
    #[error("the catalog has two different granules called {id}: which one is right?")]
    GranuleTwice {
        /// The name.
        id: String,
    },
    /// A shard map that contradicts itself.
    #[error(transparent)]
    ShardMap(#[from] zagg_core::shard_map::ShardMapError),
    /// A table of a shard map that cannot be read or written.
    #[error(transparent)]
    Table(#[from] crate::table::TableError),
}

impl CatalogError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Region(error) => error.fault(),
            Self::Cover(error) => error.fault(),
            Self::Stac(error) => error.fault(),
            Self::Geoparquet(error) => error.fault(),
            Self::Table(error) => error.fault(),
            Self::ShardMap(error) => error.fault(),
            Self::GranuleTwice { .. } => Fault::Malformed,
        }
    }
}
