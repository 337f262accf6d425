//! The plane that the page's map is drawn in.

use zagg_map::{
    MapError,
    outline::{Outline, Ring},
    projection::{MapProjection, Plane},
};

/// Latitudes beyond which the poles have a map of their own.
const POLAR_DEG: f64 = 50.0;
/// How far a line may leave the projected one, as a share of its ring's size.
const TOLERANCE: f64 = 1e-3;
/// Halvings of a line at the most.
const DEPTH: u32 = 7;

/// The plane of the page's map, x to the right and y upwards.
#[derive(Debug)]
pub(super) enum PagePlane {
    /// Polar stereographic, in metres.
    Polar { plane: Plane, south: bool },
    /// Longitude and latitude, with longitudes shrunk as in the map's middle, in degrees.
    Flat { middle_deg: f64, shrink: f64 },
}

impl PagePlane {
    /// The plane that fits some outlines.
    pub(super) fn fitting<'a>(outlines: impl Iterator<Item = &'a Outline> + Clone) -> Result<Self, MapError> {
        let positions = || outlines.clone().flat_map(Outline::rings).flatten();
        let south = positions().map(|[_, lat]| lat).fold(f64::INFINITY, f64::min);
        let north = positions().map(|[_, lat]| lat).fold(f64::NEG_INFINITY, f64::max);
        let polar = |projection: MapProjection, south| -> Result<Self, MapError> {
            Ok(Self::Polar { plane: projection.plane()?, south })
        };
        if north <= -POLAR_DEG {
            return polar(MapProjection::PolarSouth, true);
        }
        if south >= POLAR_DEG {
            return polar(MapProjection::PolarNorth, false);
        }
        let (x, y) =
            positions().fold((0.0, 0.0), |(x, y), [lon, _]| (x + lon.to_radians().cos(), y + lon.to_radians().sin()));
        let middle = f64::atan2(y, x).to_degrees();
        let away = |lon: f64| ((lon - middle + 180.0).rem_euclid(360.0) - 180.0).abs();
        let is_global = positions().any(|[lon, _]| away(lon) > 150.0);
        let middle_deg = if is_global || !middle.is_finite() { 0.0 } else { middle };
        let shrink = if north - south > 60.0 { 1.0 } else { ((south + north) / 2.0).to_radians().cos().max(0.2) };
        Ok(Self::Flat { middle_deg, shrink })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Polar { south: true, .. } => "polar stereographic, south (EPSG:3031)",
            Self::Polar { south: false, .. } => "polar stereographic, north (EPSG:3413)",
            Self::Flat { .. } => "plate carrée",
        }
    }

    /// Metres of one unit of the plane.
    pub(super) fn metres_per_unit(&self) -> f64 {
        match self {
            Self::Polar { .. } => 1.0,
            Self::Flat { .. } => zagg_map::projection::METRES_PER_DEGREE,
        }
    }

    /// The rings of an outline in the plane, not closed.
    pub(super) fn rings(&self, outline: &Outline) -> Vec<Ring> {
        match self {
            Self::Polar { .. } => outline.rings().iter().map(|ring| self.followed(ring)).collect(),
            Self::Flat { middle_deg, .. } => {
                let rings = outline.laid_out(*middle_deg).into_iter().flat_map(|polygon| polygon.rings);
                let to_plane = |mut ring: Ring| {
                    ring.pop();
                    ring.into_iter().map(|position| self.at(position)).collect()
                };
                rings.map(to_plane).collect()
            }
        }
    }

    /// A line that is straight in longitude and latitude.
    pub(super) fn line(&self, positions: &[[f64; 2]]) -> Ring {
        positions.iter().map(|position| self.at(*position)).collect()
    }

    /// Longitude and latitude of a point; none outside the globe.
    pub(super) fn position(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        match self {
            Self::Polar { plane, .. } => plane.inverse(x, y).map(|(lon, lat)| [lon, lat]),
            Self::Flat { middle_deg, shrink } => (y.abs() <= 90.0).then(|| [x / shrink + middle_deg, y]),
        }
    }

    fn at(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Flat { middle_deg, shrink } => [(lon - middle_deg) * shrink, lat],
            Self::Polar { plane, south } => {
                // Beyond, the plane stretches without end; the map never reaches as far.
                let lat = if *south { lat.min(60.0) } else { lat.max(-60.0) };
                plane.forward(lon, lat).map_or([0.0, 0.0], |(x, y)| [x, y])
            }
        }
    }

    /// A ring whose lines are straight in longitude and latitude, in a plane where they are not.
    fn followed(&self, ring: &[[f64; 2]]) -> Ring {
        let corners = self.line(ring);
        let size = corners.first().map_or(0.0, |first| {
            corners.iter().map(|corner| (corner[0] - first[0]).hypot(corner[1] - first[1])).fold(0.0, f64::max)
        });
        let mut out = Ring::new();
        for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            out.push(self.at(*from));
            self.between(*from, *to, TOLERANCE * size, DEPTH, &mut out);
        }
        out
    }

    fn between(&self, from: [f64; 2], to: [f64; 2], tolerance: f64, depth: u32, out: &mut Ring) {
        // A meridian is straight, and at a pole longitude means nothing.
        if depth == 0 || from[1].abs().max(to[1].abs()) > 90.0 - 1e-9 {
            return;
        }
        let step = (to[0] - from[0] + 180.0).rem_euclid(360.0) - 180.0;
        let middle = [from[0] + step / 2.0, (from[1] + to[1]) / 2.0];
        let ([a, b], at) = ([self.at(from), self.at(to)], self.at(middle));
        if (at[0] - (a[0] + b[0]) / 2.0).hypot(at[1] - (a[1] + b[1]) / 2.0) <= tolerance {
            return;
        }
        self.between(from, middle, tolerance, depth - 1, out);
        out.push(at);
        self.between(middle, to, tolerance, depth - 1, out);
    }
}
