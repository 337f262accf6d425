//! HEALPix cells as they are: their curved sides, and what touches them.
//!
//! A cell is the closed set of all positions that are hashed to it, with its sides. A side is not
//! an arc of a great circle: it is within a *band* about the plane through its two corners. What
//! stays out of the band decides at once; what does not is left to the four cells of the next
//! order, whose bands are a fourth as wide, down to the finest order, whose cells are of a
//! centimetre and whose bands are of a rounding error. So a cell is touched exactly if one of its
//! descendants is, and a coarse cover is that of the parents of a finer one.

use zagg_core::morton::rank_to_xy;

use super::{
    arc::Arc,
    cap::Cap,
    vector::{Vector, add, dot, norm, normal, scale, sin_cos_deg, sub, unit},
};

/// The finest order, at which what is still open counts as touched.
const FINEST: u8 = 29;

/// What is nearer to a side than this, in radians (1.3 µm on Earth), touches it: twice the bound of
/// the series for authalic latitudes, and much more than rounding does.
const TOUCH: f64 = 2e-13;

/// How much of an arc is kept about a small cell, in radii of its cap: far ends would blur the
/// cell's planes.
const NEAR: f64 = 4.0;

/// A cell of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) order: u8,
    pub(super) nested: u64,
}

impl Cell {
    /// The twelve cells of order 0.
    pub(super) fn bases() -> impl Iterator<Item = Self> {
        (0..12).map(|nested| Self { order: 0, nested })
    }

    /// The four cells of the next order.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        (0..4).map(move |i| Self { order: self.order + 1, nested: 4 * self.nested + i })
    }

    /// The base cell, and the place of the south corner in it, 0..1 to the north-east and to the
    /// north-west; and the length of a side.
    fn place(self) -> (usize, f64, f64, f64) {
        let bits = 2 * u32::from(self.order);
        let (x, y) = rank_to_xy(self.nested & ((1 << bits) - 1));
        let side = 0.5_f64.powi(i32::from(self.order));
        ((self.nested >> bits) as usize % 12, f64::from(x) * side, f64::from(y) * side, side)
    }

    /// The south, east, north and west corner.
    #[inline]
    pub(super) fn corners(self) -> [Vector; 4] {
        let (base, x, y, d) = self.place();
        [at(base, x, y), at(base, x + d, y), at(base, x + d, y + d), at(base, x, y + d)]
    }

    /// A cap around the cell, widened by some radians. The corners are farthest from the middle.
    #[inline]
    pub(super) fn cap(self, widened: f64) -> Cap {
        let corners = self.corners();
        let sum = add(add(corners[0], corners[1]), add(corners[2], corners[3]));
        Cap::reaching(unit(sum).unwrap_or(corners[0]), &corners, widened)
    }

    /// From its north to its south corner: how far they are below the north pole, in the steps of
    /// [`depth_of`].
    pub(super) fn depths(self) -> (f64, f64) {
        let (base, x, y, d) = self.place();
        (ROW[base] - x - y - 2.0 * d, ROW[base] - x - y)
    }

    /// Whether one of the arcs comes within `margin` radians of the cell. With a margin, an arc
    /// up to twice as far may count as well, beyond a corner.
    pub(super) fn touches(self, arcs: &mut dyn Iterator<Item = &Arc>, margin: f64) -> bool {
        let rough = Bands::rough(self);
        let mut bands = None;
        let mut open = Vec::new();
        for arc in arcs {
            let mut arc = *arc;
            if self.order == FINEST {
                let cap = self.cap(margin);
                arc = arc.near(cap.center, NEAR * cap.sin);
            }
            let mut verdict = rough.judge(&arc, margin);
            if verdict == Verdict::Open {
                verdict = bands.get_or_insert_with(|| Bands::of(self)).judge(&arc, margin);
            }
            match verdict {
                Verdict::Touches => return true,
                Verdict::Open if margin > 0.0 => return true,
                Verdict::Open => open.push(arc),
                Verdict::Misses => {}
            }
        }
        !open.is_empty() && self.is_touched_below(&open)
    }

    /// Whether a descendant is touched by an arc that its own bands leave open.
    fn is_touched_below(self, open: &[Arc]) -> bool {
        if self.order >= FINEST {
            return true;
        }
        self.children().any(|child| {
            let cap = child.cap(0.0);
            let near = |arc: &Arc| arc.comes_into(&cap).then(|| arc.near(cap.center, NEAR * cap.sin));
            let near: Vec<Arc> = open.iter().filter_map(near).collect();
            !near.is_empty() && child.touches(&mut near.iter(), 0.0)
        })
    }
}

/// How far the south corner of each base cell is below the north pole, in quarters of the way.
const ROW: [f64; 12] = [2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0];

/// The longitude of the south corner of each base cell, in eighths of a turn.
const COLUMN: [f64; 12] = [1.0, 3.0, 5.0, 7.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0];

/// The position at a place in a base cell: 0..1 to the north-east and to the north-west. The same
/// corner of two cells has the same bits, except across the border of base cells.
///
/// From K. M. Górski et al., "HEALPix", The Astrophysical Journal 622 (2005), section 5.
fn at(base: usize, x: f64, y: f64) -> Vector {
    let depth = ROW[base] - x - y;
    let polar = depth.min(4.0 - depth);
    let (width, cos, sin) = if polar >= 1.0 {
        let sin = (2.0 - depth) * (2.0 / 3.0);
        (1.0, ((1.0 - sin) * (1.0 + sin)).max(0.0).sqrt(), sin)
    } else {
        let below_pole = polar * polar / 3.0;
        let sin = 1.0 - below_pole;
        (polar, (below_pole * (1.0 + sin)).sqrt(), if depth < 2.0 { sin } else { -sin })
    };
    let east = if width > 0.0 { (x - y) / width } else { 0.0 };
    let (sin_lon, cos_lon) = sin_cos_deg(45.0 * (COLUMN[base] + east));
    [cos * cos_lon, cos * sin_lon, sin]
}

/// How far a parallel is below the north pole, in quarters of the way as HEALPix lays out its
/// rows of cells: 1 and 3 are the borders of the polar caps, 2 is the equator.
pub(super) fn depth_of(authalic_deg: f64) -> f64 {
    let north = |lat_deg: f64| {
        let sin = sin_cos_deg(lat_deg).0;
        if sin <= 2.0 / 3.0 { 2.0 - 1.5 * sin } else { 6.0_f64.sqrt() * sin_cos_deg((90.0 - lat_deg) / 2.0).0 }
    };
    if authalic_deg < 0.0 { 4.0 - north(-authalic_deg) } else { north(authalic_deg) }
}

/// What the bands of a cell say of an arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Touches,
    Misses,
    /// It comes into a band.
    Open,
}

/// The four sides of a cell, each between two distances from the plane through its corners.
struct Bands {
    corners: [Vector; 4],
    /// Square to the planes, inwards.
    normals: [Vector; 4],
    /// All of the cell is at least so far inwards (at most zero).
    outer: [f64; 4],
    /// What is farther inwards than this, of all sides, is in the cell.
    inner: [f64; 4],
    /// The farthest that a side is outside of its plane.
    bulge: f64,
}

/// The planes through the sides between corners.
fn planes(corners: &[Vector; 4]) -> [Vector; 4] {
    [0, 1, 2, 3].map(|k: usize| normal(corners[k], corners[(k + 1) % 4]))
}

/// The longest side of a cell, and how far its planes may be off within 0.3 radians, or within
/// 8 sides of a cell of the finest order: a corner's rounding error tilts a plane the more, the
/// shorter the side.
fn side_and_blur(cell: Cell, corners: &[Vector; 4]) -> (f64, f64) {
    let lengths = [0, 1, 2, 3].map(|k: usize| norm(sub(corners[k], corners[(k + 1) % 4])));
    let (shortest, longest) = lengths.iter().fold((2.0_f64, 0.0_f64), |(s, l), a| (s.min(*a), l.max(*a)));
    let tilt = if cell.order < FINEST { 1.2e-16 / shortest.max(1e-10) } else { 0.0 };
    // A coarser cell's band is always the wider: what touches a child is not missed before.
    (longest, TOUCH * (2.0 - f64::from(cell.order) / 30.0) + tilt)
}

/// A side's farthest distance from its plane is at most 1.1 times the farthest of three positions
/// on it (a test looks at all cells of coarse orders and at those about the poles).
const SLACK: f64 = 0.25;

impl Bands {
    /// The bands from a bound of how much sides bend, which is quick; far too wide next to a pole.
    fn rough(cell: Cell) -> Self {
        let corners = cell.corners();
        let (length, blur) = side_and_blur(cell, &corners);
        // At any distance from a pole, a side bends less than a circle of that radius and a little
        // more (a test looks at all cells of coarse orders and at those about the poles).
        let from_pole = corners.iter().map(|c| c[0].hypot(c[1])).fold(1.0, f64::min);
        let bend = 0.3 * length * length * (1.0 + 1.0 / from_pole) + blur;
        Self { normals: planes(&corners), corners, outer: [-bend; 4], inner: [bend; 4], bulge: bend }
    }

    /// The bands from three positions on each side.
    fn of(cell: Cell) -> Self {
        let corners = cell.corners();
        let (base, x, y, d) = cell.place();
        let normals = planes(&corners);
        let (_, blur) = side_and_blur(cell, &corners);
        let (mut outer, mut inner, mut bulge) = ([0.0; 4], [0.0; 4], 0.0_f64);
        for side in 0..4 {
            let on_side = |t: f64| match side {
                0 => at(base, x + t * d, y),
                1 => at(base, x + d, y + t * d),
                2 => at(base, x + (1.0 - t) * d, y + d),
                _ => at(base, x, y + (1.0 - t) * d),
            };
            let away = [0.25, 0.5, 0.75].map(|t| dot(normals[side], on_side(t)));
            let (low, high) = away.iter().fold((0.0_f64, 0.0_f64), |(low, high), a| (low.min(*a), high.max(*a)));
            let slack = SLACK * high.max(-low) + blur;
            (outer[side], inner[side]) = (low - slack, high + slack);
            bulge = bulge.max(slack - low);
        }
        Self { corners, normals, outer, inner, bulge }
    }

    /// Convex shapes of a hemisphere that do not meet are kept apart by the plane of a side of one
    /// of them. What is beyond a plane by more than some distance is a cap, and so convex too: an
    /// arc is there when its ends are, and a cell when its corners are.
    fn judge(&self, arc: &Arc, margin: f64) -> Verdict {
        let Arc { start, end, normal, .. } = *arc;
        let ends = self.normals.map(|normal| (dot(normal, start), dot(normal, end)));
        if ends.iter().zip(self.outer).any(|((a, b), outer)| a.max(*b) < outer - margin) {
            return Verdict::Misses;
        }
        let away = self.corners.map(|corner| dot(normal, corner));
        let reach = self.bulge + margin;
        if away.iter().all(|a| *a > reach) || away.iter().all(|a| *a < -reach) {
            return Verdict::Misses;
        }
        let all_inside = |pick: fn(&(f64, f64)) -> f64| ends.iter().zip(self.inner).all(|(e, inner)| pick(e) >= inner);
        if all_inside(|e| e.0) || all_inside(|e| e.1) || self.crosses_middle(arc, &ends) {
            return Verdict::Touches;
        }
        Verdict::Open
    }

    /// Whether the middle of the part of the arc between the four planes is surely in the cell.
    fn crosses_middle(&self, arc: &Arc, ends: &[(f64, f64); 4]) -> bool {
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for &(a, b) in ends {
            if a < 0.0 && b < 0.0 {
                return false;
            }
            let t = a / (a - b);
            match (a < 0.0, b < 0.0) {
                (true, false) => from = from.max(t),
                (false, true) => to = to.min(t),
                _ => {}
            }
        }
        let t = (from + to) / 2.0;
        let middle = unit(add(scale(arc.start, 1.0 - t), scale(arc.end, t)));
        from <= to && middle.is_some_and(|m| self.normals.iter().zip(self.inner).all(|(n, inner)| dot(*n, m) >= inner))
    }
}

#[cfg(test)]
mod tests;
