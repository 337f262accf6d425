//! Positions as unit vectors of the authalic sphere.

use zagg_core::geodesy::authalic_latitude;

/// A direction from the Earth's centre; on the sphere when its length is one.
pub(super) type Vector = [f64; 3];

/// The mean radius of the authalic sphere of WGS84, in metres: its area is the ellipsoid's.
pub const AUTHALIC_RADIUS_M: f64 = 6_371_007.180_918_474;

#[inline]
pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
pub(super) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

#[inline]
pub(super) fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

#[inline]
pub(super) fn scale(a: Vector, s: f64) -> Vector {
    [a[0] * s, a[1] * s, a[2] * s]
}

#[inline]
pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[inline]
pub(super) fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

/// `a` with length one; none of a length that is too small to have a direction.
#[inline]
pub(super) fn unit(a: Vector) -> Option<Vector> {
    let length = norm(a);
    (length > 1e-150).then(|| scale(a, 1.0 / length))
}

/// The direction of `a × b`, precise also for neighbouring `a` and `b`: the difference of close
/// numbers is exact. For (nearly) equal or opposite ones, some direction square to `a`.
#[inline]
pub(super) fn normal(a: Vector, b: Vector) -> Vector {
    let n = cross(add(a, b), sub(b, a));
    let length = norm(n);
    if length > 1e-30 { scale(n, 1.0 / length) } else { any_normal(a) }
}

/// Some direction square to `a`, the same for `-a`.
fn any_normal(a: Vector) -> Vector {
    let smallest = (0..3).min_by(|&i, &j| a[i].abs().total_cmp(&a[j].abs())).unwrap_or(0);
    let mut axis = [0.0; 3];
    axis[smallest] = 1.0;
    unit(cross(a, axis)).unwrap_or([0.0, 0.0, 1.0])
}

/// The angle between two directions, in radians; precise at all angles.
pub(super) fn angle(a: Vector, b: Vector) -> f64 {
    norm(cross(a, b)).atan2(dot(a, b))
}

/// Sine and cosine of degrees, exact at multiples of 90.
#[inline]
pub(super) fn sin_cos_deg(degrees: f64) -> (f64, f64) {
    let within = degrees % 360.0;
    let quarter = (within / 90.0).round();
    let (s, c) = (within - 90.0 * quarter).to_radians().sin_cos();
    match (quarter as i64).rem_euclid(4) {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// The position at a longitude and a geodetic latitude, in degrees.
#[inline]
pub(super) fn position(lon_deg: f64, lat_deg: f64) -> Vector {
    let (sin_lat, cos_lat) = sin_cos_deg(authalic_latitude(lat_deg));
    let (sin_lon, cos_lon) = sin_cos_deg(lon_deg);
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_are_exact() {
        for turn in -8..=8 {
            for (degrees, expected) in
                [(0.0, (0.0, 1.0)), (90.0, (1.0, 0.0)), (180.0, (0.0, -1.0)), (270.0, (-1.0, 0.0))]
            {
                assert_eq!(sin_cos_deg(degrees + 360.0 * f64::from(turn)), expected);
            }
        }
        assert_eq!(position(123.4, 90.0), [0.0, 0.0, 1.0]);
        assert_eq!(position(180.0, 0.0), position(-180.0, 0.0));
    }

    #[test]
    fn the_normal_of_neighbours_is_precise() {
        let a = position(10.0, 50.0);
        let b = position(10.000_000_1, 50.000_000_1);
        let n = normal(a, b);
        assert!(dot(n, a).abs() < 3e-16 && dot(n, b).abs() < 3e-16);
        assert_eq!(normal(a, b), scale(normal(b, a), -1.0));
        assert!((norm(normal(a, a)) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_sphere_has_the_area_of_the_ellipsoid() {
        let (a, f) = (zagg_core::geodesy::WGS84_SEMIMAJOR_AXIS_M, zagg_core::geodesy::WGS84_FLATTENING);
        let e2 = f * (2.0 - f);
        let e = e2.sqrt();
        let radius = a * ((1.0 + (1.0 - e2) / e * e.atanh()) / 2.0).sqrt();
        assert!((radius - AUTHALIC_RADIUS_M).abs() < 1e-6, "{radius}");
    }
}
