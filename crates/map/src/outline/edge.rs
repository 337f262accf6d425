//! The edges of shards.

use zagg_core::grid::{Grid, Position, Projection, RectilinearGrid, Shard, healpix};

use super::{Outline, Ring, half_turn, is_pole};
use crate::error::{MapError, Result};

/// Positions on each side of a HEALPix shard, before those are left out that a straight line makes up for.
const PER_SIDE: usize = 16;
/// The same of shards so coarse that a side may have a corner of the projection in it.
const PER_COARSE_SIDE: usize = 64;
/// The finest shard order that is coarse.
const COARSE: u8 = 3;
/// How far an edge may leave a straight line, as a share of the side.
const TOLERANCE: f64 = 3e-4;
/// Halvings of a tile's side, at the least and at the most.
const HALVINGS: [u32; 2] = [1, 12];
/// A latitude that is no pole, and is written like one.
const NEAR_A_POLE: f64 = 90.0 - 2e-9;

/// The outline of a shard, for lines that are straight in longitude and latitude (or finer). Neighbours share their
/// positions along the side between them.
///
/// # Errors
/// When the shard is none of the grid, or the grid's coordinate system is not supported.
pub fn shard(grid: &Grid, shard: &Shard) -> Result<Outline> {
    let foreign = || MapError::ForeignShard { label: shard.label.clone() };
    match (grid, shard.position) {
        (Grid::Healpix(grid), Position::Nested(nested)) => {
            let order = grid.shard_order;
            let per_side = if order.get() <= COARSE { PER_COARSE_SIDE } else { PER_SIDE };
            let dense = healpix::outline(order, nested, per_side as u32).ok_or_else(foreign)?;
            let dense: Ring = dense.into_iter().map(|(lon, lat)| [lon, lat]).collect();
            let side = 60.0 / f64::from(1_u32 << order.get().min(29));
            Ok(Outline::Rings(vec![thin(&dense, per_side, TOLERANCE * side, aside)]))
        }
        (Grid::Rectilinear(grid), Position::Tile { row, col }) => {
            let projection = Projection::new(&grid.crs).map_err(|source| MapError::Crs { source })?;
            Ok(Outline::Rings(vec![tile(grid, &projection, row, col)]))
        }
        _ => Err(foreign()),
    }
}

/// A ring of sides of `per_side` positions each, without the positions that lie within `tolerance` of the line
/// between those kept, as `aside(from, to, between)` measures it. Corners stay.
#[must_use]
pub fn thin(
    ring: &[[f64; 2]],
    per_side: usize,
    tolerance: f64,
    aside: impl Fn(&[f64; 2], &[f64; 2], &[f64; 2]) -> f64 + Copy,
) -> Ring {
    let mut out = Ring::new();
    for begin in (0..ring.len()).step_by(per_side.max(1)) {
        let side: Ring = ring.iter().cycle().skip(begin).take(per_side.max(1) + 1).copied().collect();
        out.extend(side.first());
        thin_side(&side, tolerance, aside, &mut out);
    }
    out
}

/// The same positions whichever way the side is walked: it is halved, not searched for its farthest position.
fn thin_side(
    side: &[[f64; 2]],
    tolerance: f64,
    aside: impl Fn(&[f64; 2], &[f64; 2], &[f64; 2]) -> f64 + Copy,
    out: &mut Ring,
) {
    let (Some(from), Some(to)) = (side.first(), side.last()) else { return };
    if side.len() < 3 || side.iter().all(|position| aside(from, to, position) <= tolerance) {
        return;
    }
    let middle = side.len() / 2;
    thin_side(&side[..=middle], tolerance, aside, out);
    out.push(side[middle]);
    thin_side(&side[middle..], tolerance, aside, out);
}

/// How far a position is from the line between two others, straight in longitude and latitude, in degrees of the
/// globe.
fn aside(from: &[f64; 2], to: &[f64; 2], position: &[f64; 2]) -> f64 {
    // The longitude of a pole is that of whoever looks at it.
    let lon = |at: &[f64; 2]| if is_pole(at) { position[0] } else { at[0] };
    let shrink = ((from[1] + to[1]) / 2.0).to_radians().cos();
    let flat = |at: &[f64; 2]| [half_turn(lon(at) - lon(from)) * shrink, at[1] - from[1]];
    let ([x, y], [u, v]) = (flat(to), flat(position));
    let length = x.hypot(y);
    if length == 0.0 { u.hypot(v) } else { (x * v - y * u).abs() / length }
}

/// The edge of a tile. On a geographic grid it is a rectangle, of no more than a turn and no farther than the poles.
fn tile(grid: &RectilinearGrid, projection: &Projection, row: u32, col: u32) -> Ring {
    let [left, bottom, right, top] = grid.tile_bounds(row, col);
    if projection.is_geographic() {
        return rectangle(left, bottom.max(-90.0), right.min(grid.origin[0] + 360.0), top.min(90.0));
    }
    let corners = [[left, bottom], [right, bottom], [right, top], [left, top]];
    let tolerance = TOLERANCE * (right - left).min(top - bottom) / 111_000.0;
    let at = |[x, y]: [f64; 2]| projection.inverse(x, y).map(|(lon, lat)| [lon, lat]);
    let mut out = Ring::new();
    for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        out.extend(at(*from));
        tile_side(*from, *to, 0, tolerance, &at, &mut out);
    }
    out
}

/// A rectangle in longitude and latitude, in quarters: a step of half a turn would be taken for its complement.
fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Ring {
    // A hair off the poles, where longitudes mean something.
    let [south, north] = [south, north].map(|lat| lat.clamp(-NEAR_A_POLE, NEAR_A_POLE));
    let step = |k: u32| west + (east - west) * f64::from(k) / 4.0;
    (0..=4).map(|k| [step(k), south]).chain((0..=4).rev().map(|k| [step(k), north])).collect()
}

fn tile_side(
    from: [f64; 2],
    to: [f64; 2],
    depth: u32,
    tolerance: f64,
    at: &impl Fn([f64; 2]) -> Option<[f64; 2]>,
    out: &mut Ring,
) {
    let middle = [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0];
    let (Some(a), Some(b), Some(between)) = (at(from), at(to), at(middle)) else { return };
    let [least, most] = HALVINGS;
    if depth >= most || (depth >= least && aside(&a, &b, &between) <= tolerance) {
        return;
    }
    tile_side(from, middle, depth + 1, tolerance, at, out);
    out.push(between);
    tile_side(middle, to, depth + 1, tolerance, at, out);
}
