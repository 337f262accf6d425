//! Caps: all positions within an angle of a centre.

use std::f64::consts::{FRAC_PI_2, PI};

use super::vector::{Vector, add, angle, dot, sub, unit};

/// Added to a cap's radius, in radians (a tenth of a millimetre on Earth), so that no rounding
/// error of the tests made with it matters.
const HAIR: f64 = 2e-11;

/// A cap around a centre.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cap {
    pub(super) center: Vector,
    /// Sine of its radius; above one when the radius may be a quarter turn or more.
    pub(super) sin: f64,
    /// Cosine of its radius, or less.
    pub(super) cos: f64,
}

impl Cap {
    /// The cap of a radius in radians, and a hair more.
    pub(super) fn new(center: Vector, radius: f64) -> Self {
        let radius = radius + HAIR;
        if radius >= FRAC_PI_2 - 1e-6 {
            return Self { center, sin: 2.0, cos: radius.min(PI).cos() - 1e-12 };
        }
        Self { center, sin: radius.sin(), cos: radius.cos() - 4e-16 }
    }

    /// The cap that holds `positions`, which are less than a sixth of a turn from the centre, and
    /// whatever is within `widened` radians (at most 0.2) of it.
    #[inline]
    pub(super) fn reaching(center: Vector, positions: &[Vector], widened: f64) -> Self {
        // The square of the chord is precise also where the cosine is not: for small caps.
        let square = |position: &Vector| {
            let chord = sub(*position, center);
            dot(chord, chord)
        };
        let square = positions.iter().map(square).fold(0.0, f64::max);
        let (sin, cos) = ((square * (1.0 - square / 4.0)).max(0.0).sqrt(), 1.0 - square / 2.0);
        let more = widened + HAIR;
        Self { center, sin: sin + more, cos: cos - more * sin - more * more / 2.0 - 4e-16 }
    }

    /// Whether the caps have a position in common; true as well when they miss by a hair.
    #[inline]
    pub(super) fn meets(&self, other: &Self) -> bool {
        let wide = self.sin > 1.0 || other.sin > 1.0;
        wide || dot(self.center, other.center) >= self.cos * other.cos - self.sin * other.sin - 1e-15
    }

    /// Its radius in radians, or more.
    pub(super) fn radius(&self) -> f64 {
        if self.sin > 1.0 { self.cos.max(-1.0).acos() } else { self.sin.atan2(self.cos) }
    }

    /// The cap around all of `caps`; none of none.
    pub(super) fn around(caps: &[Self]) -> Option<Self> {
        let sum = caps.iter().fold([0.0; 3], |sum, cap| add(sum, cap.center));
        let center = unit(sum).or_else(|| caps.first().map(|cap| cap.center))?;
        let radius = caps.iter().map(|cap| angle(center, cap.center) + cap.radius()).fold(0.0, f64::max);
        Some(Self::new(center, radius))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::vector::position, *};

    #[test]
    fn a_cap_holds_what_it_reaches_for_and_little_more() {
        let center = position(30.0, 80.0);
        for (lat, widened) in [(81.0, 0.0), (80.000_001, 0.0), (79.0, 0.01), (70.0, 0.1)] {
            let far = position(30.0, lat);
            let cap = Cap::reaching(center, &[far, position(30.0, 80.0)], widened);
            assert!(dot(far, center) >= cap.cos);
            let expected = angle(far, center) + widened;
            assert!(cap.radius() >= expected && cap.radius() < expected * 1.1 + 1e-7, "{lat}");
        }
    }

    #[test]
    fn caps_meet_when_their_centres_are_near() {
        let of = |lon: f64, radius: f64| Cap::new(position(lon, 0.0), f64::to_radians(radius));
        assert!(of(0.0, 5.0).meets(&of(14.9, 10.0)) && !of(0.0, 5.0).meets(&of(15.1, 10.0)));
        assert!(of(0.0, 80.0).meets(&of(165.0, 86.0)) && !of(0.0, 80.0).meets(&of(175.0, 86.0)));
        assert!(of(0.0, 91.0).meets(&of(180.0, 1.0)));
        let around = Cap::around(&[of(0.0, 5.0), of(40.0, 5.0)]).unwrap();
        assert!((around.radius().to_degrees() - 25.0).abs() < 1e-6);
    }
}
