//! What a map has beneath its shards: meridians, parallels, the ice sheet.

use serde_json::{Value, json};
use zagg_catalog::{Part, region};
use zagg_map::outline::{Outline, Ring};

use super::{frame::Frame, plane::PagePlane};

/// Distances of meridians and parallels, in degrees.
const DISTANCES: [f64; 12] = [30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
/// Points of a line.
const POINTS: u32 = 90;
/// The frame is looked at in so many points along each side.
const LOOKS: u32 = 24;
/// A map of less than this width, in metres, shows no ice sheet.
const LAND_FROM_M: f64 = 200_000.0;

/// Meridians and parallels, each with its name.
pub(super) fn graticule(plane: &PagePlane, frame: &Frame) -> Vec<Value> {
    let [west, south, east, north] = frame.surroundings();
    let at = |from: f64, to: f64, k: u32| from + (to - from) * f64::from(k) / f64::from(LOOKS);
    let looks = (0..=LOOKS).flat_map(|i| (0..=LOOKS).map(move |j| (i, j)));
    let seen: Vec<[f64; 2]> =
        looks.filter_map(|(i, j)| plane.position([at(west, east, i), at(south, north, j)])).collect();
    let bounds = |axis: usize| {
        let values = || seen.iter().map(|position| position[axis]);
        [values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max)]
    };
    let ([west, east], [south, north]) = (bounds(0), bounds(1));
    if seen.is_empty() {
        return Vec::new();
    }
    let holds_a_pole = matches!(plane, PagePlane::Polar { .. }) && east - west > 270.0;
    let [west, east] = if holds_a_pole { [-180.0, 180.0] } else { [west, east] };
    let mut lines = Vec::new();
    let between = |from: f64, to: f64, k: u32| from + (to - from) * f64::from(k) / f64::from(POINTS);
    for lat in multiples(south, north, distance(north - south), false) {
        let line: Ring = (0..=POINTS).map(|k| [between(west, east, k), lat]).collect();
        lines.push(named(plane, frame, name(lat, ["N", "S"]), &line));
    }
    // Towards the poles meridians meet.
    let [south, north] = if holds_a_pole { [south.max(-89.0), north.min(89.0)] } else { [south, north] };
    // A line is named where it begins: there where meridians are far apart.
    let [begin, end] =
        if matches!(plane, PagePlane::Polar { south: true, .. }) { [north, south] } else { [south, north] };
    for lon in multiples(west, east, distance(east - west), holds_a_pole) {
        let line: Ring = (0..=POINTS).map(|k| [lon, between(begin, end, k)]).collect();
        lines.push(named(plane, frame, name((lon + 180.0).rem_euclid(360.0) - 180.0, ["E", "W"]), &line));
    }
    lines
}

fn distance(span: f64) -> f64 {
    DISTANCES.into_iter().find(|distance| span / distance >= 8.0).unwrap_or(0.01)
}

fn multiples(from: f64, to: f64, distance: f64, but_the_last: bool) -> Vec<f64> {
    let (first, last) = ((from / distance).ceil() as i64, (to / distance).floor() as i64);
    let last = if but_the_last { last - 1 } else { last };
    (first..=last).take(200).map(|k| k as f64 * distance).collect()
}

fn named(plane: &PagePlane, frame: &Frame, name: String, line: &[[f64; 2]]) -> Value {
    json!([name, frame.steps(&plane.line(line))])
}

/// `75°S`.
fn name(degrees: f64, [plus, minus]: [&str; 2]) -> String {
    let number = format!("{:.2}", degrees.abs());
    let number = number.trim_end_matches('0').trim_end_matches('.');
    match number {
        "0" => "0°".to_owned(),
        _ => format!("{number}°{}", if degrees < 0.0 { minus } else { plus }),
    }
}

/// The edge of Antarctica's grounded ice, where a map is large enough to show it.
pub(super) fn land(plane: &PagePlane, frame: &Frame) -> Vec<Vec<i64>> {
    let width = (frame.bounds[2] - frame.bounds[0]) * plane.metres_per_unit();
    let (PagePlane::Polar { south: true, .. }, true) = (plane, width > LAND_FROM_M) else { return Vec::new() };
    // The region is built in: it is read or the program is broken, which its own tests would say.
    let Ok(region) = region::builtin("antarctica") else { return Vec::new() };
    let apart = width / 1500.0;
    let rings = region.area.parts.iter().flat_map(|part| match part {
        Part::Polygon(rings) => plane.rings(&Outline::Rings(rings.clone())),
        Part::Band { .. } => Vec::new(),
    });
    rings.map(|ring| frame.steps(&frame.clipped(&sparser(&ring, apart)))).filter(|ring| ring.len() > 6).collect()
}

/// Without points that are near the last one.
fn sparser(ring: &[[f64; 2]], apart: f64) -> Ring {
    let mut out: Ring = Vec::new();
    for point in ring {
        if out.last().is_none_or(|last| (last[0] - point[0]).hypot(last[1] - point[1]) > apart) {
            out.push(*point);
        }
    }
    out
}
