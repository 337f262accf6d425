//! The tiles of a rectilinear grid as pieces of the Earth's surface.

use std::f64::consts::FRAC_PI_2;

use zagg_core::grid::{Projection, RectilinearGrid, bounds::is_position};

use super::{
    arc::Arc,
    cap::Cap,
    polygon::Witness,
    shape::{Band, Lies},
    vector::{Vector, add, angle, dot, position, unit},
};

/// The most pieces of a tile's side.
const MOST_PIECES: u32 = 256;

/// Sides are cut until no piece strays farther than this from a great circle, in radians (6 cm).
const STRAY: f64 = 1e-8;

/// Added to what was seen to stray, in radians (6 mm): how precise projections are.
const PRECISION: f64 = 1e-9;

/// A projection, and the positions that its plane has.
pub(super) struct Plane<'a> {
    pub(super) grid: &'a RectilinearGrid,
    pub(super) projection: Projection,
}

impl Plane<'_> {
    /// The position of a point of the plane. None where the plane has no position: where points
    /// with that position would be put elsewhere.
    pub(super) fn position(&self, x: f64, y: f64, inwards: [f64; 2]) -> Option<Vector> {
        let (lon, lat) = self.projection.inverse(x, y)?;
        if self.projection.is_geographic() {
            return (lat.abs() <= 90.0 + 1e-9 && is_position(lon, 0.0)).then(|| position(lon, lat.clamp(-90.0, 90.0)));
        }
        let comes_back = |x: f64, y: f64, lon: f64, lat: f64| {
            let there = self.projection.forward(lon, lat);
            there.is_some_and(|(a, b)| {
                (a - x).hypot(b - y) < 1e-3 * self.grid.resolution[0].max(self.grid.resolution[1])
            })
        };
        // On the very seam of the plane a position may come back on the other side of it.
        let beside = || {
            let (x, y) = (x + (inwards[0] - x) * 1e-6, y + (inwards[1] - y) * 1e-6);
            self.projection.inverse(x, y).is_some_and(|(lon, lat)| comes_back(x, y, lon, lat))
        };
        let known = is_position(lon, lat) && (comes_back(x, y, lon, lat) || beside());
        known.then(|| position(lon, lat))
    }
}

/// A tile.
pub(super) struct Tile {
    pub(super) cap: Cap,
    /// Its sides, in order.
    outline: Vec<Arc>,
    /// How far its true sides stray from those arcs, in radians.
    stray: f64,
    /// Authalic latitudes from the southernmost to the northernmost position, in radians.
    latitudes: (f64, f64),
    /// Some of it is where the plane has no positions: only its cap is known.
    ragged: bool,
}

impl Tile {
    /// The tile in a row and column, widened by some radians; none where the plane has no position.
    pub(super) fn new(plane: &Plane<'_>, row: u32, col: u32, margin: f64) -> Option<Self> {
        let [left, bottom, right, top] = plane.grid.tile_bounds(row, col);
        let middle = [(left + right) / 2.0, (bottom + top) / 2.0];
        let at = |fx: f64, fy: f64| plane.position(left + (right - left) * fx, bottom + (top - bottom) * fy, middle);
        let center = at(0.5, 0.5);
        let mut pieces = 1;
        while pieces <= MOST_PIECES {
            let Some((outline, stray)) = outline(pieces, &at) else { break };
            if let (Some(center), true) = (center, stray <= STRAY || pieces == MOST_PIECES) {
                return Some(Self::of_outline(center, outline, stray, margin));
            }
            pieces *= 2;
        }
        Self::of_samples(&at, margin)
    }

    fn of_outline(center: Vector, outline: Vec<Arc>, stray: f64, margin: f64) -> Self {
        let stray = 1.5 * stray + PRECISION;
        let radius = outline.iter().map(|arc| angle(center, arc.start)).fold(0.0, f64::max);
        let latitudes = latitudes(center, &outline, stray);
        let cap = Cap::new(center, radius + stray + margin);
        Self { cap, outline, stray, latitudes, ragged: false }
    }

    /// A tile that is only partly known: the cap about those of 33 by 33 places that are positions.
    fn of_samples(at: &impl Fn(f64, f64) -> Option<Vector>, margin: f64) -> Option<Self> {
        let steps = 32;
        let place = |i: i32| f64::from(i) / f64::from(steps);
        let known = (0..=steps).flat_map(|j| (0..=steps).filter_map(move |i| at(place(i), place(j))));
        let known: Vec<Vector> = known.collect();
        let center = unit(known.iter().fold([0.0; 3], |sum, position| add(sum, *position)))?;
        let spacing = known.windows(2).map(|pair| angle(pair[0], pair[1])).fold(0.0, f64::max);
        let radius = known.iter().map(|position| angle(center, *position)).fold(0.0, f64::max);
        let cap = Cap::new(center, radius + spacing + margin);
        let latitudes = (-FRAC_PI_2, FRAC_PI_2);
        Some(Self { cap, outline: Vec::new(), stray: 0.0, latitudes, ragged: true })
    }

    /// Whether one of some arcs comes within `margin` radians of the tile. It may count when it
    /// is a few times as far from the tile as the tile's sides stray.
    pub(super) fn touches(&self, arcs: &mut dyn Iterator<Item = &Arc>, margin: f64) -> bool {
        if self.ragged {
            return true;
        }
        let reach = self.stray + margin;
        for arc in arcs {
            if self.outline.iter().any(|side| come_near(arc, side, reach)) || self.holds(arc.start) {
                return true;
            }
        }
        false
    }

    /// Whether a position, not on a side, is in the tile.
    fn holds(&self, at: Vector) -> bool {
        encloses(self.cap.center, &self.outline, at)
    }

    /// Where the tile lies with regard to a band.
    pub(super) fn lies(&self, band: &Band) -> Lies {
        band.meets_latitudes(self.latitudes.0, self.latitudes.1)
    }
}

/// The outline with some pieces a side, and how far it strays from the tile's; none when a corner
/// is no position.
fn outline(pieces: u32, at: &impl Fn(f64, f64) -> Option<Vector>) -> Option<(Vec<Arc>, f64)> {
    let mut arcs = Vec::with_capacity(4 * pieces as usize);
    let mut stray = 0.0_f64;
    let step = 1.0 / f64::from(pieces);
    let along: [&dyn Fn(f64) -> Option<Vector>; 4] =
        [&|t| at(t, 0.0), &|t| at(1.0, t), &|t| at(1.0 - t, 1.0), &|t| at(0.0, 1.0 - t)];
    for side in along {
        let mut start = side(0.0)?;
        for piece in 0..pieces {
            let from = f64::from(piece) * step;
            let end = side(from + step)?;
            let arc = Arc::new(start, end);
            for t in [0.25, 0.5, 0.75] {
                let on_side = side(from + t * step)?;
                stray = stray.max(angle(arc.nearest(on_side), on_side));
            }
            arcs.push(arc);
            start = end;
        }
    }
    // Pieces of more than an eighth of a turn are no good to compute with.
    let longest = arcs.iter().map(|arc| angle(arc.start, arc.end)).fold(0.0, f64::max);
    Some((arcs, if longest > 0.8 { f64::MAX } else { stray }))
}

/// From the southernmost to the northernmost latitude of an outline, or of the poles in it.
fn latitudes(center: Vector, outline: &[Arc], stray: f64) -> (f64, f64) {
    let latitude = |at: Vector| at[2].atan2(at[0].hypot(at[1]));
    let (mut south, mut north) = (FRAC_PI_2, -FRAC_PI_2);
    for arc in outline {
        // The northernmost and the southernmost position of its great circle, if they are on it.
        let top = arc.nearest([0.0, 0.0, 1.0]);
        let bottom = arc.nearest([0.0, 0.0, -1.0]);
        north = north.max(latitude(top)).max(latitude(arc.start));
        south = south.min(latitude(bottom)).min(latitude(arc.start));
    }
    let holds = |pole: Vector| encloses(center, outline, pole);
    let north = if holds([0.0, 0.0, 1.0]) { FRAC_PI_2 } else { north + stray };
    let south = if holds([0.0, 0.0, -1.0]) { -FRAC_PI_2 } else { south - stray };
    (south, north)
}

/// Whether a position is on the same side of an outline as `center`. Where it lies just so that
/// rounding would decide, one within a millimetre is asked instead.
fn encloses(center: Vector, outline: &[Arc], at: Vector) -> bool {
    let known = Witness { at: center, inside: true };
    known.moved(&Cap::new(at, PRECISION / 2.0), || outline.iter()).inside
}

/// Whether two arcs come within `reach` radians of each other; perhaps also when they are a few
/// times as far apart.
fn come_near(arc: &Arc, side: &Arc, reach: f64) -> bool {
    let Some(middle) = unit(add(side.start, side.end)) else { return true };
    let apart = |normal: Vector, a: Vector, b: Vector| {
        let (a, b) = (dot(normal, a), dot(normal, b));
        a.min(b) > reach || a.max(b) < -reach
    };
    !apart(side.normal, arc.start, arc.end)
        && !apart(arc.normal, side.start, side.end)
        && arc.comes_into(&Cap::reaching(middle, &[side.start, side.end], reach))
}

#[cfg(test)]
mod tests;
