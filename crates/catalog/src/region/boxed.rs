//! Boxes between meridians and parallels.

use zagg_core::geodesy::{authalic_latitude, geodetic_latitude};

use super::RegionError;
use crate::{
    area::{Area, Part, Ring},
    cover::AUTHALIC_RADIUS_M,
};

/// How far, at most, the polygon of a box reaches beyond its parallels, in metres. It never falls
/// short of them.
pub const BOX_EXCESS_M: f64 = 10.0;
/// The widest polygon: well less than half of the sphere, however tall it is.
const SECTOR_DEG: f64 = 90.0;
/// The longest edge along a meridian or a parallel.
const EDGE_DEG: f64 = 30.0;

/// `west,south,east,north` as numbers.
pub(super) fn parse(text: &str) -> Result<[f64; 4], RegionError> {
    let wrong = |wrong| RegionError::Box { text: text.to_owned(), wrong };
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = numbers.map_err(|_| wrong("is not four numbers"))?;
    numbers.try_into().map_err(|_| wrong("is not four numbers"))
}

/// The area of a box `[west, south, east, north]` in geodetic degrees. West > east crosses the
/// antimeridian. A box of all longitudes is a band; any other becomes polygons of at most 90° of
/// longitude whose edges follow the parallels: they enclose the box and exceed it by at most
/// [`BOX_EXCESS_M`].
///
/// # Errors
/// When it is no box: south not below north, no width, or numbers out of range.
pub fn of_box([west, south, east, north]: [f64; 4]) -> Result<Area, RegionError> {
    let wrong = |wrong| Err(RegionError::Box { text: format!("{west},{south},{east},{north}"), wrong });
    if ![south, north].iter().all(|latitude| (-90.0..=90.0).contains(latitude)) {
        return wrong("has a latitude beyond 90°");
    }
    if ![west, east].iter().all(|longitude| (-360.0..=360.0).contains(longitude)) {
        return wrong("has a longitude beyond 360°");
    }
    if south >= north {
        return wrong("has its south not below its north");
    }
    let width = if west > east { east - west + 360.0 } else { east - west };
    if width >= 360.0 {
        return Ok(Area { parts: vec![Part::Band { south_deg: south, north_deg: north }] });
    }
    if width <= 0.0 {
        return wrong("has no width");
    }
    let sectors = (width / SECTOR_DEG).ceil().max(1.0);
    let edge = |number: f64| if number == sectors { west + width } else { west + width * number / sectors };
    // Only whole sectors up to four: the count is small and exact.
    let count = sectors as u32;
    let parts = (0..count).map(|sector| {
        let [from, to] = [f64::from(sector), f64::from(sector) + 1.0].map(edge);
        Part::Polygon(vec![sector_ring(from, south, to, north)])
    });
    Ok(Area { parts: parts.collect() })
}

/// One sector: east along the south, north along the east, west along the north, and back.
fn sector_ring(west: f64, south: f64, east: f64, north: f64) -> Ring {
    let mut ring = parallel(west, east, south, false);
    let mut top = parallel(west, east, north, true);
    top.reverse();
    for corners in [&top[..], &[ring[0]]] {
        meridian_to(&mut ring, corners[0]);
        ring.extend(corners);
    }
    ring.dedup();
    ring
}

/// Corners between the last of the ring and `to`, on one meridian.
fn meridian_to(ring: &mut Ring, to: [f64; 2]) {
    let Some(&[_, from]) = ring.last() else { return };
    // From a pole any meridian may be left.
    let longitude = if from.abs() == 90.0 { to[0] } else { ring[ring.len() - 1][0] };
    let steps = ((to[1] - from).abs() / EDGE_DEG).ceil() as u32;
    ring.extend((1..steps).map(|step| [longitude, from + (to[1] - from) * f64::from(step) / f64::from(steps)]));
}

/// A parallel as great circles, from west to east. A chord bends poleward: where that is out of
/// the box the corners are on the parallel, where it is into the box the chords' middles are.
fn parallel(west: f64, east: f64, latitude: f64, is_north: bool) -> Ring {
    if latitude.abs() == 90.0 {
        // One corner, on the meridian by which the ring comes to it: east to the north pole.
        return vec![[if is_north { east } else { west }, latitude]];
    }
    let authalic = authalic_latitude(latitude).to_radians();
    // A chord over twice the angle h bends by about R sin φ cos φ h² / 2.
    let bend = (authalic.sin() * authalic.cos()).abs() * AUTHALIC_RADIUS_M;
    let half = (2.0 * BOX_EXCESS_M / bend).sqrt().to_degrees().min(EDGE_DEG / 2.0) * 0.98;
    let steps = ((east - west) / (2.0 * half)).ceil().max(1.0);
    let bends_outwards = (latitude > 0.0) == is_north || latitude == 0.0;
    let corner_latitude = if bends_outwards {
        latitude
    } else {
        let half = ((east - west) / steps / 2.0).to_radians();
        geodetic_latitude((authalic.tan() * half.cos()).atan().to_degrees())
    };
    let count = steps as u32;
    let longitude = |step: u32| if step == count { east } else { west + (east - west) * f64::from(step) / steps };
    (0..=count).map(|step| [longitude(step), corner_latitude]).collect()
}
