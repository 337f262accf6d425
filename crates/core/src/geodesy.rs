//! Geodetic and authalic latitude of the WGS84 ellipsoid.
//!
//! HEALPix cells are equal in area on a sphere. They are equal in area on the ellipsoid when the
//! latitude that is hashed is the *authalic* one: the latitude on the sphere whose surface is that
//! of the ellipsoid. Both directions are series in `sin(2k x)`, `k = 1..=5`, whose coefficients
//! are polynomials in the squared eccentricity `e²` with exact rational factors: C. F. F. Karney,
//! "On auxiliary latitudes", Survey Review 56 (2024), and the mortie specification §9 (forward).
//! The inverse is the forward series inverted by Lagrange's theorem to the same degree, `e¹⁰`.
//! The truncation is below 1e-13 rad, and the poles and the equator are exact fixed points.

/// Flattening of WGS84, `1 / 298.257223563`.
pub const WGS84_FLATTENING: f64 = 1.0 / 298.257223563;

/// Semi-major axis of WGS84, in metres.
pub const WGS84_SEMIMAJOR_AXIS_M: f64 = 6_378_137.0;

/// Inverse flattening of WGS84.
pub const WGS84_INVERSE_FLATTENING: f64 = 298.257223563;

/// Squared first eccentricity of WGS84, `f (2 - f)`.
const E2: f64 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING);
const E4: f64 = E2 * E2;
const E6: f64 = E4 * E2;
const E8: f64 = E4 * E4;
const E10: f64 = E8 * E2;

/// Geodetic to authalic: factors of `sin 2φ, sin 4φ, .. sin 10φ`.
const FORWARD: [f64; 5] = [
    -E2 / 3.0 - 31.0 / 180.0 * E4 - 59.0 / 560.0 * E6 - 42811.0 / 604800.0 * E8 - 605399.0 / 11975040.0 * E10,
    17.0 / 360.0 * E4 + 61.0 / 1260.0 * E6 + 76969.0 / 1814400.0 * E8 + 215431.0 / 5987520.0 * E10,
    -383.0 / 45360.0 * E6 - 3347.0 / 259200.0 * E8 - 1751791.0 / 119750400.0 * E10,
    6007.0 / 3628800.0 * E8 + 201293.0 / 59875200.0 * E10,
    -5839.0 / 17107200.0 * E10,
];

/// Authalic to geodetic: factors of `sin 2β, sin 4β, .. sin 10β`.
const INVERSE: [f64; 5] = [
    E2 / 3.0 + 31.0 / 180.0 * E4 + 517.0 / 5040.0 * E6 + 120389.0 / 1814400.0 * E8 + 1362253.0 / 29937600.0 * E10,
    23.0 / 360.0 * E4 + 251.0 / 3780.0 * E6 + 102287.0 / 1814400.0 * E8 + 450739.0 / 9979200.0 * E10,
    761.0 / 45360.0 * E6 + 47561.0 / 1814400.0 * E8 + 434501.0 / 14968800.0 * E10,
    6059.0 / 1209600.0 * E8 + 625511.0 / 59875200.0 * E10,
    48017.0 / 29937600.0 * E10,
];

/// `x + sum(c[k] sin(2 (k + 1) x))`, the sines by Chebyshev's recurrence, summed from the first.
#[inline]
fn add_series(x: f64, c: &[f64; 5]) -> f64 {
    let (s2, c2) = (2.0 * x).sin_cos();
    let twice = 2.0 * c2;
    let s4 = twice * s2;
    let s6 = twice * s4 - s2;
    let s8 = twice * s6 - s4;
    let s10 = twice * s8 - s6;
    x + (c[0] * s2 + c[1] * s4 + c[2] * s6 + c[3] * s8 + c[4] * s10)
}

/// Authalic latitude of a geodetic latitude, both in degrees, in -90..=90.
///
/// A latitude out of range gives a number out of range; one that is not finite gives NaN.
#[inline]
#[must_use]
pub fn authalic_latitude(lat_deg: f64) -> f64 {
    let authalic = add_series(lat_deg.to_radians(), &FORWARD).to_degrees();
    if (-90.0..=90.0).contains(&lat_deg) { authalic.clamp(-90.0, 90.0) } else { authalic }
}

/// Geodetic latitude of an authalic latitude, both in degrees, in -90..=90.
///
/// A latitude out of range gives a number out of range; one that is not finite gives NaN.
#[inline]
#[must_use]
pub fn geodetic_latitude(authalic_deg: f64) -> f64 {
    let geodetic = add_series(authalic_deg.to_radians(), &INVERSE).to_degrees();
    if (-90.0..=90.0).contains(&authalic_deg) { geodetic.clamp(-90.0, 90.0) } else { geodetic }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closed form: `sin β = q(φ) / q(90°)`.
    fn closed_form(lat_deg: f64) -> f64 {
        let q = |s: f64| {
            let e = E2.sqrt();
            (1.0 - E2) * (s / (1.0 - E2 * s * s) + (e * s).atanh() / e)
        };
        (q(lat_deg.to_radians().sin()) / q(1.0)).asin().to_degrees()
    }

    #[test]
    fn the_eccentricity_is_that_of_wgs84() {
        assert_eq!(E2, 0.0066943799901413165);
    }

    #[test]
    fn the_series_agrees_with_the_closed_form() {
        for tenth in -800..=800 {
            let lat = f64::from(tenth) / 10.0;
            assert!((authalic_latitude(lat) - closed_form(lat)).abs() < 1e-11, "at {lat}");
        }
    }

    #[test]
    fn the_poles_and_the_equator_stay() {
        for lat in [-90.0, 0.0, 90.0] {
            assert_eq!(authalic_latitude(lat), lat);
            assert_eq!(geodetic_latitude(lat), lat);
        }
    }

    #[test]
    fn the_inverse_undoes_the_forward_series() {
        for hundredth in -9000..=9000 {
            let lat = f64::from(hundredth) / 100.0;
            assert!((geodetic_latitude(authalic_latitude(lat)) - lat).abs() < 1e-11, "at {lat}");
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        assert!(authalic_latitude(f64::NAN).is_nan());
        assert!(authalic_latitude(f64::INFINITY).is_nan());
    }
}
