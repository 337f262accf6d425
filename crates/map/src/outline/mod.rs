//! Outlines of shards and footprints, as maps and GeoJSON (RFC 7946) want them.
//!
//! An [`Outline`] is a piece of the globe: rings of positions that are joined by short lines. Laid out about a
//! meridian it becomes [`LaidOut`] polygons in longitude and latitude: cut where the plane ends, closed along the
//! pole where a ring goes round it, outer rings counterclockwise and holes clockwise.

mod cut;
mod edge;
mod great_circle;
mod unroll;

pub use edge::{shard, thin};

#[cfg(test)]
mod tests;

/// Positions in order, `[longitude, latitude]` in degrees.
pub type Ring = Vec<[f64; 2]>;

/// A piece of the globe.
#[derive(Debug, Clone, PartialEq)]
pub enum Outline {
    /// An outer ring, then holes. Rings are not closed: the first position is not repeated. Lines between positions
    /// are short, so that it hardly matters what they are.
    Rings(Vec<Ring>),
    /// All longitudes between two parallels.
    Band {
        /// The southern parallel, in degrees.
        south_deg: f64,
        /// The northern parallel, in degrees.
        north_deg: f64,
    },
}

/// A polygon in the plane of longitude and latitude: the outer ring, counterclockwise, then holes, clockwise. Every
/// ring ends with its first position.
#[derive(Debug, Clone, PartialEq)]
pub struct LaidOut {
    /// The rings.
    pub rings: Vec<Ring>,
}

impl Outline {
    /// The outline of rings whose corners are joined by great circles of the authalic sphere, with positions added
    /// along these wherever they leave the straight line between corners by more than some 50 m. A repeated last
    /// corner is left out.
    #[must_use]
    pub fn of_great_circles(rings: &[Ring]) -> Self {
        Self::Rings(rings.iter().map(|ring| great_circle::followed(ring)).collect())
    }

    /// The polygons in the plane whose longitudes are `middle - 180 ..= middle + 180`. For GeoJSON the middle is 0.
    #[must_use]
    pub fn laid_out(&self, middle_deg: f64) -> Vec<LaidOut> {
        let [west, east] = [middle_deg - 180.0, middle_deg + 180.0];
        match self {
            Self::Band { south_deg, north_deg } => {
                let ring = vec![
                    [west, *south_deg],
                    [east, *south_deg],
                    [east, *north_deg],
                    [west, *north_deg],
                    [west, *south_deg],
                ];
                vec![LaidOut { rings: vec![ring] }]
            }
            Self::Rings(rings) => {
                let copies = unroll::copies(rings, west, east);
                let kept = cut::keep(copies, west, cut::Side::East);
                cut::assembled(cut::keep(kept, east, cut::Side::West))
            }
        }
    }

    /// The rings on the globe, not closed; of a band its two parallels.
    #[must_use]
    pub fn rings(&self) -> Vec<Ring> {
        match self {
            Self::Rings(rings) => rings.clone(),
            Self::Band { south_deg, north_deg } => {
                let parallel = |lat: f64| (0..360).map(|lon| [f64::from(lon) - 180.0, lat]).collect();
                vec![parallel(*south_deg), parallel(*north_deg)]
            }
        }
    }
}

/// Twice the area that a ring encloses in the plane, positive when it is counterclockwise. The ring may be closed or not.
#[must_use]
pub fn doubled_area(ring: &[[f64; 2]]) -> f64 {
    let Some(origin) = ring.first() else { return 0.0 };
    let next = ring.iter().cycle().skip(1);
    // From the first position, so that a small ring far from zero keeps its digits.
    ring.iter()
        .zip(next)
        .map(|(a, b)| (a[0] - origin[0]) * (b[1] - origin[1]) - (b[0] - origin[0]) * (a[1] - origin[1]))
        .sum()
}

/// Whether a position is a pole, where longitudes mean nothing.
fn is_pole(position: &[f64; 2]) -> bool {
    position[1].abs() >= 90.0 - 1e-9
}

/// A difference of longitudes in -180..180.
fn half_turn(degrees: f64) -> f64 {
    if (-180.0..180.0).contains(&degrees) { degrees } else { (degrees + 180.0).rem_euclid(360.0) - 180.0 }
}
