//! What can go wrong when an area is brought to shards.

use zagg_core::{fault::Fault, grid::GridError};

/// Where in an area a corner is, as people count: from zero, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The part.
    pub part: usize,
    /// The ring of the part.
    pub ring: usize,
    /// The corner of the ring.
    pub corner: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "corner {} of ring {} of part {} (counted from 0)", self.corner, self.ring, self.part)
    }
}

/// What can go wrong when an area is brought to shards.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoverError {
    /// A corner that is not on Earth.
    #[error("{place} is at longitude {lon}, latitude {lat}: latitudes are -90..90 and longitudes -720..720 degrees")]
    NotAPosition {
        /// Where.
        place: Place,
        /// Its longitude.
        lon: f64,
        /// Its latitude.
        lat: f64,
    },
    /// Two neighbouring corners have no one shortest way between them.
    #[error("{place} and the next one lie on opposite sides of the Earth: put a corner between them")]
    Antipodal {
        /// The first of the two.
        place: Place,
    },
    /// A ring of no corners, or a polygon of no rings.
    #[error("ring {} of part {} has no corners", place.ring, place.part)]
    Empty {
        /// Where.
        place: Place,
    },
    /// Parallels that bound nothing.
    #[error("part {part} is a band from latitude {south} to {north}: both must be in -90..90, the south first")]
    Band {
        /// The part.
        part: usize,
        /// Its southern parallel.
        south: f64,
        /// Its northern parallel.
        north: f64,
    },
    /// An area whose cells nobody could list.
    #[error("the area has more than {limit} cells of order {order}: take a coarser order or a smaller area")]
    TooManyCells {
        /// The order.
        order: u8,
        /// The most that are listed.
        limit: u64,
    },
    /// A region with more shards than there can be.
    #[error("the region has more than {limit} shards: take larger shards or a smaller region")]
    TooManyShards {
        /// The most that there can be.
        limit: u64,
    },
    /// More granules than a shard map can number.
    #[error("{count} granules are more than a shard map can hold ({})", u32::MAX)]
    TooManyGranules {
        /// How many.
        count: usize,
    },
    /// A margin that is no distance.
    #[error("a margin of {margin_m} m around footprints is not in 0..1000000")]
    Margin {
        /// The margin.
        margin_m: f64,
    },
    /// A footprint that makes no area.
    #[error("the footprint of granule {index} (counted from 0) cannot be used")]
    Footprint {
        /// The granule.
        index: usize,
        /// Why.
        #[source]
        source: Box<CoverError>,
    },
    /// A grid whose tiles cannot be found on Earth.
    #[error("the grid's tiles cannot be placed on the Earth")]
    Grid(#[from] GridError),
}

impl CoverError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooManyCells { .. } | Self::TooManyShards { .. } | Self::TooManyGranules { .. } => Fault::Capacity,
            Self::Footprint { source, .. } => source.fault(),
            Self::Grid(error) => error.fault(),
            _ => Fault::Malformed,
        }
    }
}
