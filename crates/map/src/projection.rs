//! From longitude and latitude to the plane of a map, and back.

use std::{fmt, str::FromStr};

use proj4rs::{Proj, transform::transform};
use zagg_core::grid::{GridError, Projection as CrsProjection, bounds::is_position};

/// The projections that maps are drawn in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MapProjection {
    /// Polar stereographic of the south, EPSG:3031. Metres.
    PolarSouth,
    /// Polar stereographic of the north, EPSG:3413. Metres.
    PolarNorth,
    /// Mollweide, ESRI:54009: the whole globe, areas true (on the sphere of WGS84's equator). Metres.
    Mollweide,
    /// Plate carrée, EPSG:4326: longitude and latitude themselves. Degrees.
    PlateCarree,
    /// The coordinate system of a rectilinear store, `EPSG:n`.
    Crs(String),
}

/// A projection that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// No projection is called so.
    #[error("there is no projection `{0}`; choose auto, polar-south, polar-north, mollweide, plate-carree or EPSG:n")]
    Unknown(String),
    /// The coordinate system is not supported.
    #[error(transparent)]
    Crs(#[from] GridError),
    /// The library refused a definition.
    #[error("the projection {name} cannot be set up")]
    SetUp {
        /// Its name.
        name: &'static str,
        /// Why.
        source: proj4rs::errors::Error,
    },
}

impl MapProjection {
    /// The coordinate system's code; none where there is none at EPSG.
    #[must_use]
    pub fn crs(&self) -> Option<&str> {
        match self {
            Self::PolarSouth => Some("EPSG:3031"),
            Self::PolarNorth => Some("EPSG:3413"),
            Self::PlateCarree => Some("EPSG:4326"),
            Self::Mollweide => None,
            Self::Crs(crs) => Some(crs),
        }
    }

    /// What does the arithmetic.
    ///
    /// # Errors
    /// When the coordinate system is not supported.
    pub fn plane(&self) -> Result<Plane, ProjectionError> {
        let kind = match self.crs() {
            Some(crs) => Kind::Crs(CrsProjection::new(crs)?),
            None => {
                let set_up = |source| ProjectionError::SetUp { name: "mollweide", source };
                let degrees = Proj::from_proj_string("+proj=longlat +R=6378137 +no_defs").map_err(set_up)?;
                let plane = Proj::from_proj_string("+proj=moll +lon_0=0 +R=6378137 +no_defs").map_err(set_up)?;
                Kind::Mollweide(Box::new((degrees, plane)))
            }
        };
        Ok(Plane { kind, projection: self.clone() })
    }
}

impl fmt::Display for MapProjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PolarSouth => "polar-south",
            Self::PolarNorth => "polar-north",
            Self::Mollweide => "mollweide",
            Self::PlateCarree => "plate-carree",
            Self::Crs(crs) => crs,
        })
    }
}

impl FromStr for MapProjection {
    type Err = ProjectionError;

    /// The name of a projection, or `EPSG:n`; `auto` is not one.
    fn from_str(text: &str) -> Result<Self, ProjectionError> {
        match text.to_ascii_lowercase().as_str() {
            "polar-south" | "epsg:3031" => Ok(Self::PolarSouth),
            "polar-north" | "epsg:3413" => Ok(Self::PolarNorth),
            "mollweide" | "esri:54009" => Ok(Self::Mollweide),
            "plate-carree" | "epsg:4326" => Ok(Self::PlateCarree),
            other if other.starts_with("epsg:") => {
                let crs = text.to_ascii_uppercase();
                CrsProjection::new(&crs)?;
                Ok(Self::Crs(crs))
            }
            _ => Err(ProjectionError::Unknown(text.to_owned())),
        }
    }
}

/// A projection made ready. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Plane {
    kind: Kind,
    projection: MapProjection,
}

#[derive(Clone)]
enum Kind {
    Crs(CrsProjection),
    Mollweide(Box<(Proj, Proj)>),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crs(crs) => crs.fmt(f),
            Self::Mollweide(_) => f.write_str("Mollweide"),
        }
    }
}

/// Half the width of the Mollweide map, `2 sqrt(2) R`, in metres; its half height is half of that.
pub const MOLLWEIDE_HALF_WIDTH_M: f64 = 2.0 * std::f64::consts::SQRT_2 * 6_378_137.0;

/// Metres of one degree of the equator.
pub const METRES_PER_DEGREE: f64 = 6_378_137.0 * std::f64::consts::PI / 180.0;

impl Plane {
    /// Which projection it is.
    #[must_use]
    pub fn projection(&self) -> &MapProjection {
        &self.projection
    }

    /// Whether the plane's unit is the degree; else it is the metre.
    #[must_use]
    pub fn is_geographic(&self) -> bool {
        matches!(&self.kind, Kind::Crs(crs) if crs.is_geographic())
    }

    /// Metres of one unit of the plane, at the equator where that depends.
    #[must_use]
    pub fn metres_per_unit(&self) -> f64 {
        if self.is_geographic() { METRES_PER_DEGREE } else { 1.0 }
    }

    /// Plane coordinates of a position (geodetic degrees, longitudes of any turn); none where the
    /// projection has none.
    #[inline]
    #[must_use]
    pub fn forward(&self, lon_deg: f64, lat_deg: f64) -> Option<(f64, f64)> {
        if !is_position(lon_deg, lat_deg) {
            return None;
        }
        let lon_deg = half_turn(lon_deg);
        match &self.kind {
            Kind::Crs(crs) => crs.forward(lon_deg, lat_deg),
            Kind::Mollweide(pair) => {
                let mut point = (lon_deg.to_radians(), lat_deg.to_radians(), 0.0);
                transform(&pair.0, &pair.1, &mut point).ok()?;
                (point.0.is_finite() && point.1.is_finite()).then_some((point.0, point.1))
            }
        }
    }

    /// Longitude and latitude of a point of the plane, in degrees; none outside of the map.
    #[inline]
    #[must_use]
    pub fn inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        match &self.kind {
            Kind::Crs(crs) => crs.inverse(x, y).filter(|(lon, lat)| is_position(*lon, *lat)),
            Kind::Mollweide(pair) => {
                // Outside of its ellipse the formulas answer too, with a position of the globe's other side.
                let (u, v) = (x / MOLLWEIDE_HALF_WIDTH_M, 2.0 * y / MOLLWEIDE_HALF_WIDTH_M);
                if u * u + v * v > 1.0 {
                    return None;
                }
                let mut point = (x, y, 0.0);
                transform(&pair.1, &pair.0, &mut point).ok()?;
                let (lon, lat) = (point.0.to_degrees(), point.1.to_degrees());
                is_position(lon, lat).then_some((lon, lat))
            }
        }
    }

    /// `xmin, ymin, xmax, ymax` of the part of the plane that the projection is good for: the globe, or
    /// the hemisphere about a pole down to 40 degrees; none where it is the plane itself.
    #[must_use]
    pub fn domain(&self) -> Option<[f64; 4]> {
        let about = |x: f64, y: f64| Some([-x, -y, x, y]);
        match self.projection {
            // The distance of 40 degrees of latitude from the pole (EPSG:3031 and EPSG:3413).
            MapProjection::PolarSouth | MapProjection::PolarNorth => about(5.8e6, 5.8e6),
            MapProjection::Mollweide => about(MOLLWEIDE_HALF_WIDTH_M, MOLLWEIDE_HALF_WIDTH_M / 2.0),
            MapProjection::PlateCarree => about(180.0, 90.0),
            MapProjection::Crs(_) => None,
        }
    }
}

/// The longitude in -180..=180.
#[inline]
fn half_turn(lon_deg: f64) -> f64 {
    if (-180.0..=180.0).contains(&lon_deg) { lon_deg } else { (lon_deg + 180.0).rem_euclid(360.0) - 180.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(name: &str) -> Plane {
        name.parse::<MapProjection>().unwrap().plane().unwrap()
    }

    #[test]
    fn projections_agree_with_proj() {
        // pyproj 3.7.2, always_xy, from EPSG:4326.
        let expected = [
            ("polar-south", (45.0, -75.0), (1_158_794.740_8, 1_158_794.740_8)),
            ("polar-north", (-30.0, 75.0), (422_879.131_3, -1_578_206.403_7)),
            ("mollweide", (100.0, -40.0), (8_492_765.182_8, -4_789_399.149_9)),
            ("plate-carree", (190.0, 10.0), (-170.0, 10.0)),
        ];
        for (name, (lon, lat), (x, y)) in expected {
            let (found_x, found_y) = plane(name).forward(lon, lat).unwrap();
            assert!((found_x - x).abs() < 1e-2 && (found_y - y).abs() < 1e-2, "{name}: {found_x}, {found_y}");
        }
    }

    #[test]
    fn what_is_projected_comes_back() {
        for (name, south, north) in
            [("polar-south", -89, -45), ("polar-north", 45, 89), ("mollweide", -89, 89), ("plate-carree", -90, 90)]
        {
            let plane = plane(name);
            for lat in south..=north {
                for lon in (-179..180).step_by(7) {
                    let (lon, lat) = (f64::from(lon), f64::from(lat));
                    let (x, y) = plane.forward(lon, lat).unwrap();
                    let (back_lon, back_lat) = plane.inverse(x, y).unwrap();
                    assert!((back_lon - lon).abs() < 1e-5 && (back_lat - lat).abs() < 1e-6, "{name} {lon} {lat}");
                }
            }
        }
    }

    #[test]
    fn outside_of_the_map_is_no_position() {
        assert_eq!(plane("mollweide").inverse(1.7e7, 8e6), None);
        assert_eq!(plane("plate-carree").inverse(10.0, 91.0), None);
        assert_eq!(plane("mollweide").forward(f64::NAN, 0.0), None);
    }

    #[test]
    fn names_are_read_and_written_alike() {
        for name in ["polar-south", "polar-north", "mollweide", "plate-carree", "EPSG:32618"] {
            assert_eq!(name.parse::<MapProjection>().unwrap().to_string(), name);
        }
        assert!(matches!("robinson".parse::<MapProjection>(), Err(ProjectionError::Unknown(_))));
        assert!(matches!("EPSG:99".parse::<MapProjection>(), Err(ProjectionError::Crs(_))));
    }
}
