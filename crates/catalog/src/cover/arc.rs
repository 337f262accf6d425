//! Great-circle arcs: the sides of polygons.

use robust::{Coord3D, orient3d};

use super::{
    cap::Cap,
    vector::{Vector, add, cross, dot, normal, scale, sub, unit},
};

/// The longest arc, in radians: longer sides are halved until none is. With it an arc and a cell
/// lie in one hemisphere, where convex shapes that do not meet are kept apart by a plane through
/// a side of one of them.
const LONGEST: f64 = 0.3;

/// The shortest way between two positions, at most [`LONGEST`]; a single position when they are equal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    /// Where it starts.
    pub(super) start: Vector,
    /// Where it ends.
    pub(super) end: Vector,
    /// Square to its plane, on the left of the way from start to end.
    pub(super) normal: Vector,
    /// A position is past the start when its product with this is not negative.
    past_start: Vector,
    /// A position is before the end when its product with this is not negative.
    before_end: Vector,
}

impl Arc {
    pub(super) fn new(start: Vector, end: Vector) -> Self {
        let normal = normal(start, end);
        Self { start, end, normal, past_start: cross(normal, start), before_end: cross(end, normal) }
    }

    /// Appends the arcs of a polygon's side, which is shorter than half a turn.
    pub(super) fn of_side(start: Vector, end: Vector, arcs: &mut Vec<Self>) {
        // The sum does not depend on the direction of the side: both give the same middle.
        match unit(add(start, end)) {
            Some(middle) if dot(start, end) < LONGEST.cos() => {
                Self::of_side(start, middle, arcs);
                Self::of_side(middle, end, arcs);
            }
            _ => arcs.push(Self::new(start, end)),
        }
    }

    /// Whether the arc comes into a cap; true as well when it misses it by a rounding error.
    #[inline]
    pub(super) fn comes_into(&self, cap: &Cap) -> bool {
        let away = dot(self.normal, cap.center);
        if away.abs() > cap.sin {
            return false;
        }
        if cap.sin > 1.0 {
            return true;
        }
        if dot(self.past_start, cap.center) >= 0.0 && dot(self.before_end, cap.center) >= 0.0 {
            return true;
        }
        dot(self.start, cap.center) >= cap.cos || dot(self.end, cap.center) >= cap.cos
    }

    /// The part of the arc that is within about `reach` radians of a position, in its own plane:
    /// products with its ends are then precise even where a plane is known only from close by.
    pub(super) fn near(&self, position: Vector, reach: f64) -> Self {
        let foot = self.nearest(position);
        let along = scale(cross(self.normal, foot), reach);
        let kept = |from: Vector, far: Vector, past: Vector| {
            unit(far).filter(|far| dot(past, *far) > 0.0 && dot(past, from) < dot(past, *far)).unwrap_or(from)
        };
        let start = kept(self.start, sub(foot, along), self.past_start);
        let end = kept(self.end, add(foot, along), self.before_end);
        Self { start, end, past_start: cross(self.normal, start), before_end: cross(end, self.normal), ..*self }
    }

    /// The position of the arc that is nearest to `position`.
    pub(super) fn nearest(&self, position: Vector) -> Vector {
        let (past_start, before_end) = (dot(self.past_start, position), dot(self.before_end, position));
        if past_start > 0.0 && before_end > 0.0 {
            let away = dot(self.normal, position);
            if let Some(foot) = unit(sub(position, scale(self.normal, away))) {
                return foot;
            }
        }
        // Not by the products with the ends: of close positions these are the same number.
        if past_start < before_end { self.start } else { self.end }
    }
}

/// The exact sign of the determinant of three vectors: positive when `c` is on the left of the
/// way from `a` to `b`.
#[inline]
fn side(a: Vector, b: Vector, c: Vector) -> f64 {
    let fast = dot(cross(a, b), c);
    // Ten roundings of numbers that are at most two.
    if fast.abs() > 1e-14 {
        return fast;
    }
    let coord = |v: Vector| Coord3D { x: v[0], y: v[1], z: v[2] };
    orient3d(coord(a), coord(b), coord(c), coord([0.0; 3]))
}

/// Whether the way from `from` to `to` crosses an odd number of the arcs. Exact; none when a
/// position of one lies exactly on the great circle of another, which leaves it open.
///
/// Two arcs cross when the ends of each lie on different sides of the other, the right way round:
/// the great circles also meet at the opposite side of the sphere.
pub(super) fn crosses_odd<'a>(from: Vector, to: Vector, arcs: impl Iterator<Item = &'a Arc>) -> Option<bool> {
    let mut odd = false;
    let mut before: Option<(Vector, f64)> = None;
    for arc in arcs {
        let start = match before {
            Some((position, sign)) if position == arc.start => sign,
            _ => side(from, to, arc.start),
        };
        let end = side(from, to, arc.end);
        before = Some((arc.end, end));
        if start == 0.0 || end == 0.0 {
            return None;
        }
        if (start > 0.0) == (end > 0.0) || arc.start == arc.end {
            continue;
        }
        let (near, far) = (side(arc.start, arc.end, from), side(arc.start, arc.end, to));
        if near == 0.0 || far == 0.0 {
            return None;
        }
        odd ^= (near > 0.0) != (far > 0.0) && (far > 0.0) == (start > 0.0);
    }
    Some(odd)
}

#[cfg(test)]
mod tests {
    use super::{super::vector::position, *};

    #[test]
    fn ways_cross_where_they_meet_and_not_on_the_other_side_of_the_earth() {
        let arc = [Arc::new(position(-10.0, 1.0), position(-10.0, -1.5))];
        let crosses = |a: (f64, f64), b: (f64, f64)| crosses_odd(position(a.0, a.1), position(b.0, b.1), arc.iter());
        assert_eq!(crosses((-12.0, 0.1), (-8.0, 0.2)), Some(true));
        assert_eq!(crosses((-8.0, 0.2), (-12.0, 0.1)), Some(true));
        assert_eq!(crosses((168.0, 0.1), (172.0, 0.2)), Some(false));
        assert_eq!(crosses((172.0, 0.1), (168.0, 0.2)), Some(false));
        assert_eq!(crosses((-12.0, 1.2), (-8.0, 1.2)), Some(false));
        assert_eq!(crosses((-12.0, 0.1), (-11.0, 0.2)), Some(false));
        assert_eq!(crosses((-80.0, 0.1), (50.0, 0.2)), Some(true));
    }

    #[test]
    fn a_way_through_a_corner_is_left_open_or_counted_once() {
        let corner = position(0.0, 0.0);
        let arcs = [Arc::new(position(0.0, 1.0), corner), Arc::new(corner, position(0.0, -1.0))];
        for shift in [-1e-15, 0.0, 1e-15, 1e-16] {
            let crosses = crosses_odd(position(-1.0, shift), position(1.0, shift), arcs.iter());
            assert!(crosses.is_none_or(|odd| odd), "{shift}");
        }
        assert_eq!(crosses_odd(position(-1.0, 0.0), position(1.0, 0.0), arcs.iter()), None);
    }

    #[test]
    fn long_sides_are_halved_to_the_same_arcs_from_both_ends() {
        let (a, b) = (position(-70.0, -20.0), position(100.0, 30.0));
        let (mut there, mut back) = (Vec::new(), Vec::new());
        Arc::of_side(a, b, &mut there);
        Arc::of_side(b, a, &mut back);
        assert!(there.len() == back.len() && there.len() > 8);
        for (x, y) in there.iter().zip(back.iter().rev()) {
            assert_eq!((x.start, x.end), (y.end, y.start));
        }
        assert!(there.windows(2).all(|pair| pair[0].end == pair[1].start));
    }

    #[test]
    fn the_nearest_position_of_an_arc_is_found() {
        let arc = Arc::new(position(0.0, 0.0), position(10.0, 0.0));
        for (lon, lat, nearest) in [(5.0, 3.0, 5.0), (-2.0, 1.0, 0.0), (12.0, -4.0, 10.0)] {
            let found = arc.nearest(position(lon, lat));
            assert!(dot(found, position(nearest, 0.0)) > 1.0 - 1e-15);
        }
    }
}
