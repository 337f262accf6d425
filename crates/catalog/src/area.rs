//! A piece of the Earth's surface, as people and archives describe it.

/// Corners in order, `[longitude, latitude]` in degrees (WGS84, geodetic). The last corner may
/// repeat the first. Corners are joined by great circles of the authalic sphere (decision 1),
/// each shorter than half the Earth's circumference; either direction of the ring is meant to
/// enclose its smaller side. Longitudes may be given in any turn (190° is -170°).
pub type Ring = Vec<[f64; 2]>;

/// A closed piece of the surface.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// An outer ring, then holes: a position is inside when an odd number of the rings encloses it.
    Polygon(Vec<Ring>),
    /// All longitudes between two parallels, geodetic degrees, both included.
    Band {
        /// The southern parallel.
        south_deg: f64,
        /// The northern parallel.
        north_deg: f64,
    },
}

/// The union of parts; they may overlap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Area {
    /// The parts.
    pub parts: Vec<Part>,
}

impl Area {
    /// One polygon without holes.
    #[must_use]
    pub fn of_ring(ring: Ring) -> Self {
        Self { parts: vec![Part::Polygon(vec![ring])] }
    }
}
