//! Rings as they come from files, made fit for the sphere.

use super::{Place, RegionError};
use crate::area::{Part, Ring};

/// A polygon of rings, the outer one first; none when it is empty.
pub(super) fn polygon(rings: Vec<Ring>, place: Place) -> Result<Option<Part>, RegionError> {
    if rings.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let rings = rings.into_iter().enumerate().map(|(number, ring)| checked(ring, place.ring(number)));
    Ok(Some(Part::Polygon(rings.collect::<Result<_, _>>()?)))
}

/// The ring, closed, without corners that repeat their neighbour or that only lead to a pole and
/// back, as outlines drawn on a flat map have them.
fn checked(ring: Ring, place: Place) -> Result<Ring, RegionError> {
    for (number, &[longitude, latitude]) in ring.iter().enumerate() {
        // Not-a-number is in no range.
        if !(-360.0..=360.0).contains(&longitude) || !(-90.0..=90.0).contains(&latitude) {
            return Err(RegionError::Corner { place: place.corner(number), longitude, latitude });
        }
    }
    let mut corners: Vec<(usize, [f64; 2])> = Vec::with_capacity(ring.len());
    for corner in ring.into_iter().enumerate() {
        push(&mut corners, corner);
    }
    close(&mut corners);
    if corners.len() < 3 {
        return Err(RegionError::Flat { place, corners: corners.len() });
    }
    let next = corners.iter().cycle().skip(1);
    for ((number, a), (_, b)) in corners.iter().zip(next) {
        if !is_pole(*a) && !is_pole(*b) && turn(a[0], b[0]) == 180.0 {
            return Err(RegionError::HalfTurn { place: place.corner(*number) });
        }
    }
    let first = corners.first().map(|(_, corner)| *corner);
    Ok(corners.into_iter().map(|(_, corner)| corner).chain(first).collect())
}

/// Adds a corner, unless it is where the ring already is, or takes back what led to a pole.
fn push(corners: &mut Vec<(usize, [f64; 2])>, corner: (usize, [f64; 2])) {
    if let [.., (_, before), (_, last)] = corners[..]
        && leads_back(before, last, corner.1)
    {
        corners.pop();
    }
    if corners.last().is_none_or(|(_, last)| !same(*last, corner.1)) {
        corners.push(corner);
    }
}

/// Lets the ring's end meet its beginning.
fn close(corners: &mut Vec<(usize, [f64; 2])>) {
    loop {
        let (Some((_, first)), Some((_, last))) = (corners.first().copied(), corners.last().copied()) else { return };
        if corners.len() > 1 && same(first, last) {
            corners.pop();
        } else if let [(_, before), .., (_, last)] = corners[..]
            && corners.len() > 2
            && leads_back(last, before, corners[1].1)
        {
            // The ring begins at a pole to which it leads and from which it comes back.
            corners.remove(0);
        } else if let [.., (_, before), (_, last)] = corners[..]
            && corners.len() > 2
            && leads_back(before, last, first)
        {
            corners.pop();
        } else {
            return;
        }
    }
}

/// Whether a path goes to a pole and returns by the same meridian, or goes somewhere and returns
/// to the very place.
fn leads_back(from: [f64; 2], over: [f64; 2], to: [f64; 2]) -> bool {
    same(from, to) || (is_pole(over) && turn(from[0], to[0]) == 0.0)
}

fn is_pole([_, latitude]: [f64; 2]) -> bool {
    latitude.abs() == 90.0
}

/// Whether two corners are one place.
fn same(a: [f64; 2], b: [f64; 2]) -> bool {
    a[1] == b[1] && (is_pole(a) || turn(a[0], b[0]) == 0.0)
}

/// The angle from one longitude to another, the short way, 0 to 180 degrees.
pub(super) fn turn(a: f64, b: f64) -> f64 {
    let turn = (b - a).abs() % 360.0;
    turn.min(360.0 - turn)
}
