//! Where a beam meets the ground.

use std::f64::consts::TAU;

use crate::error::Error;

/// Mean radius of the Earth in metres.
const EARTH_RADIUS: f64 = 6_371_000.0;
/// Inclination of ICESat-2's orbit in degrees.
const INCLINATION_DEG: f64 = 92.0;
/// Period of the orbit in seconds.
const PERIOD: f64 = 94.22 * 60.0;
/// The Earth's rotation in radians per second.
const ROTATION: f64 = 7.292_115_9e-5;
/// First eccentricity squared of WGS84.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_14;

/// A place on the WGS84 ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Longitude in degrees east, -180..180.
    pub lon_deg: f64,
    /// Geodetic latitude in degrees north, -90..=90.
    pub lat_deg: f64,
}

impl Position {
    /// The place `east` and `north` metres away; good for some hundred kilometres.
    pub(crate) fn moved(self, east: f64, north: f64) -> Self {
        let shrink = self.lat_deg.to_radians().cos().max(0.02);
        Self {
            lon_deg: wrapped(self.lon_deg + (east / (EARTH_RADIUS * shrink)).to_degrees()),
            lat_deg: self.lat_deg + (north / EARTH_RADIUS).to_degrees(),
        }
    }

    /// Height of the sample surface in metres, `years` after its epoch: smooth at four scales,
    /// thinning slowly.
    pub(crate) fn surface(self, years: f64) -> f64 {
        let colatitude = (90.0 - self.lat_deg.abs()) * 111.2;
        let (sine, cosine) = self.lon_deg.to_radians().sin_cos();
        let (x, y) = (colatitude * sine, colatitude * cosine);
        let dome = 1500.0 + 600.0 * (x / 420.0).sin() * (y / 510.0).cos();
        let hills = 45.0 * (x / 24.0 + 0.3).sin() * (y / 29.0).sin();
        let dunes = 6.0 * (x / 3.3).sin() * (y / 2.9).cos();
        let ridges = 0.4 * (x / 0.29).sin() * (y / 0.31).sin();
        dome + hills + dunes + ridges - years * (0.8 - 0.5 * (x / 150.0).sin())
    }
}

/// A circular orbit over the turning Earth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orbit {
    /// Argument of latitude at the target, in radians.
    argument: f64,
    /// Longitude of the ascending node when the target is passed, in radians.
    node: f64,
}

impl Orbit {
    /// The orbit that passes over `target`, northward when `ascending`.
    ///
    /// # Errors
    /// When the inclination keeps the orbit from that latitude.
    pub(crate) fn through(target: Position, ascending: bool) -> Result<Self, Error> {
        let geocentric = ((1.0 - ECCENTRICITY_SQUARED) * target.lat_deg.to_radians().tan()).atan();
        let (sine, cosine) = INCLINATION_DEG.to_radians().sin_cos();
        let ratio = geocentric.sin() / sine;
        if !(ratio.abs() < 1.0 && target.lat_deg.abs() < 90.0 && target.lon_deg.is_finite()) {
            return Err(Error::Parameter {
                name: "center",
                value: format!("{}, {}", target.lon_deg, target.lat_deg),
                remedy: "choose a finite longitude and a latitude between -87.5 and 87.5 degrees",
            });
        }
        let northward = ratio.asin();
        let argument = if ascending { northward } else { TAU / 2.0 - northward };
        let node = target.lon_deg.to_radians() - (cosine * argument.sin()).atan2(argument.cos());
        Ok(Self { argument, node })
    }

    /// Seconds from the target to the place `along` metres after it.
    pub(crate) fn seconds(along: f64) -> f64 {
        along / EARTH_RADIUS * (PERIOD / TAU)
    }

    /// Metres flown since the equator was crossed northward.
    pub(crate) fn metres_since_equator(&self, along: f64) -> f64 {
        (self.argument.rem_euclid(TAU)) * EARTH_RADIUS + along
    }

    /// The place `along` metres after the target and `left` metres to the left of the track.
    pub(crate) fn position(&self, along: f64, left: f64) -> Position {
        let argument = self.argument + along / EARTH_RADIUS;
        let node = self.node - ROTATION * Self::seconds(along);
        let (sin_u, cos_u) = argument.sin_cos();
        let (sin_n, cos_n) = node.sin_cos();
        let (sin_i, cos_i) = INCLINATION_DEG.to_radians().sin_cos();
        let ground = [cos_n * cos_u - sin_n * sin_u * cos_i, sin_n * cos_u + cos_n * sin_u * cos_i, sin_u * sin_i];
        let pole = [sin_n * sin_i, -cos_n * sin_i, cos_i];
        let (sin_d, cos_d) = (left / EARTH_RADIUS).sin_cos();
        let [x, y, z] = [0, 1, 2].map(|axis| ground[axis] * cos_d + pole[axis] * sin_d);
        let geocentric = z.atan2(x.hypot(y));
        Position {
            lon_deg: wrapped(y.atan2(x).to_degrees()),
            lat_deg: (geocentric.tan() / (1.0 - ECCENTRICITY_SQUARED)).atan().to_degrees(),
        }
    }
}

/// A longitude in -180..180.
fn wrapped(lon_deg: f64) -> f64 {
    (lon_deg + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Position = Position { lon_deg: -100.0, lat_deg: -78.5 };

    #[test]
    fn an_orbit_passes_over_its_target_in_both_directions() {
        for ascending in [true, false] {
            let orbit = Orbit::through(TARGET, ascending).unwrap();
            let here = orbit.position(0.0, 0.0);
            assert!((here.lon_deg - TARGET.lon_deg).abs() < 1e-9, "{here:?}");
            assert!((here.lat_deg - TARGET.lat_deg).abs() < 1e-9, "{here:?}");
            assert_eq!(orbit.position(1000.0, 0.0).lat_deg > TARGET.lat_deg, ascending);
        }
    }

    #[test]
    fn left_of_a_northward_track_is_west() {
        let orbit = Orbit::through(Position { lon_deg: 20.0, lat_deg: 10.0 }, true).unwrap();
        assert!(orbit.position(0.0, 3300.0).lon_deg < 20.0);
        assert!(orbit.position(0.0, -3300.0).lon_deg > 20.0);
    }

    #[test]
    fn a_latitude_that_the_orbit_never_reaches_is_refused() {
        for lat_deg in [-89.0, 88.5, 95.0, f64::NAN] {
            let error = Orbit::through(Position { lon_deg: 0.0, lat_deg }, true).unwrap_err();
            assert!(error.to_string().contains("center"), "{error}");
        }
    }
}
