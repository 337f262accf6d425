//! Boxes that an archive is asked for.

use std::f64::consts::PI;

use zagg_core::geodesy::{authalic_latitude, geodetic_latitude};

use super::size::{Winding, edges, signed_turn};
use crate::area::{Area, Part, Ring};

/// As many boxes as an archive is asked for, before those that cross the antimeridian are split.
const MOST: usize = 4;
/// Boxes are united while no more than this part of the united one is waste.
const WASTE: f64 = 0.25;
/// More parts than these are taken as one.
const PARTS: usize = 100;
const WHOLE: Bounds = Bounds { arc: Arc { west: -180.0, east: 180.0 }, south: -90.0, north: 90.0 };

/// Boxes `[west, south, east, north]` in degrees that together hold the area: west <= east,
/// longitudes within ±180. The poleward bend of great circles and poles within the area are
/// counted in. Parts that are near each other share a box; parts that are far apart do not.
#[must_use]
pub fn query_boxes(area: &Area) -> Vec<[f64; 4]> {
    let mut boxes: Vec<Bounds> = area.parts.iter().filter_map(Bounds::of_part).collect();
    if boxes.len() > PARTS {
        boxes = boxes.into_iter().reduce(|a, b| a.united(&b)).into_iter().collect();
    }
    while let Some((a, b, united)) = best_union(&boxes) {
        boxes[a] = united;
        boxes.remove(b);
    }
    boxes.sort_by(|a, b| a.arc.west.total_cmp(&b.arc.west).then(a.south.total_cmp(&b.south)));
    boxes.iter().flat_map(Bounds::split).collect()
}

/// The two boxes whose union wastes least, if it is worth it.
fn best_union(boxes: &[Bounds]) -> Option<(usize, usize, Bounds)> {
    let mut best: Option<(f64, (usize, usize, Bounds))> = None;
    for (a, first) in boxes.iter().enumerate() {
        for (b, second) in boxes.iter().enumerate().skip(a + 1) {
            let united = first.united(second);
            let waste = 1.0 - (first.size() + second.size()) / united.size();
            if best.as_ref().is_none_or(|(least, _)| waste < *least) {
                best = Some((waste, (a, b, united)));
            }
        }
    }
    best.filter(|(waste, _)| *waste <= WASTE || boxes.len() > MOST).map(|(_, union)| union)
}

/// Longitudes from west eastwards to east, each in -180..=180; west > east crosses the
/// antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Arc {
    west: f64,
    east: f64,
}

impl Arc {
    /// The shortest arc that holds all of the given ones: the rest of the circle is their largest gap.
    fn around(arcs: impl IntoIterator<Item = Arc>) -> Option<Arc> {
        let mut pieces: Vec<Arc> = arcs.into_iter().flat_map(Arc::split).collect();
        pieces.sort_by(|a, b| a.west.total_cmp(&b.west));
        let mut merged: Vec<Arc> = Vec::new();
        for piece in pieces {
            match merged.last_mut() {
                Some(last) if piece.west <= last.east => last.east = last.east.max(piece.east),
                _ => merged.push(piece),
            }
        }
        let (first, last) = (*merged.first()?, *merged.last()?);
        let mut gap = (first.west + 360.0 - last.east, Arc { west: first.west, east: last.east });
        for pair in merged.windows(2) {
            let width = pair[1].west - pair[0].east;
            if width > gap.0 {
                gap = (width, Arc { west: pair[1].west, east: pair[0].east });
            }
        }
        Some(if gap.0 <= 0.0 { WHOLE.arc } else { gap.1 })
    }

    fn split(self) -> impl Iterator<Item = Arc> {
        let whole = self.west <= self.east;
        let first = if whole { self } else { Arc { west: self.west, east: 180.0 } };
        std::iter::once(first).chain((!whole).then_some(Arc { west: -180.0, east: self.east }))
    }

    fn width(self) -> f64 {
        if self.west <= self.east { self.east - self.west } else { self.east - self.west + 360.0 }
    }
}

/// What holds a part.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    arc: Arc,
    south: f64,
    north: f64,
}

impl Bounds {
    fn of_part(part: &Part) -> Option<Self> {
        match part {
            Part::Band { south_deg, north_deg } => Some(Self { arc: WHOLE.arc, south: *south_deg, north: *north_deg }),
            // A hole is within its outer ring.
            Part::Polygon(rings) => rings.first().and_then(Self::of_ring),
        }
    }

    fn of_ring(ring: &Ring) -> Option<Self> {
        let arc = Arc::around(edges(ring).map(|(a, b)| arc_of(a[0], b[0])))?;
        let (mut south, mut north) = (90.0_f64, -90.0_f64);
        for (a, b) in edges(ring) {
            let [least, most] = latitudes(a, b);
            (south, north) = (south.min(least), north.max(most));
        }
        let winding = Winding::of(ring);
        if winding.turns == 0.0 {
            // A ring around less than half of the sphere that encloses no pole, or both.
            return Some(if winding.to_equator.abs() > 2.0 * PI { WHOLE } else { Self { arc, south, north } });
        }
        // Going east, the smaller side is the northern one if the ring is mostly north.
        let northern = winding.to_equator * winding.turns;
        let south = if northern <= 0.0 { -90.0 } else { south };
        let north = if northern >= 0.0 { 90.0 } else { north };
        Some(Self { arc: WHOLE.arc, south, north })
    }

    fn united(&self, other: &Self) -> Self {
        let arc = Arc::around([self.arc, other.arc]).unwrap_or(WHOLE.arc);
        Self { arc, south: self.south.min(other.south), north: self.north.max(other.north) }
    }

    /// Steradians, and a little, so that no box has none.
    fn size(&self) -> f64 {
        let height = self.north.to_radians().sin() - self.south.to_radians().sin();
        self.arc.width().to_radians() * height + 1e-12
    }

    fn split(&self) -> impl Iterator<Item = [f64; 4]> {
        let (south, north) = (self.south, self.north);
        self.arc.split().map(move |arc| [arc.west, south, arc.east, north])
    }
}

/// The longitude in -180..=180; one that is there already stays to the bit.
fn wrapped(longitude: f64) -> f64 {
    if (-180.0..=180.0).contains(&longitude) {
        longitude
    } else {
        // 360 - tiny rounds to 360.
        (longitude + 180.0).rem_euclid(360.0).min(360.0) - 180.0
    }
}

/// The longitudes of an edge, the short way.
fn arc_of(a: f64, b: f64) -> Arc {
    let (west, east) = if signed_turn(a, b) >= 0.0 { (wrapped(a), wrapped(b)) } else { (wrapped(b), wrapped(a)) };
    // An edge on the antimeridian, or one that begins or ends there.
    let west = if west == 180.0 && east != 180.0 { -180.0 } else { west };
    let east = if east == -180.0 && west > 0.0 { 180.0 } else { east };
    if signed_turn(west, east) == 0.0 { Arc { west, east: west } } else { Arc { west, east } }
}

/// The least and greatest latitude of an edge, geodetic degrees: those of its ends, or of the
/// great circle's summit where that is on the edge.
fn latitudes(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    let (least, most) = (a[1].min(b[1]), a[1].max(b[1]));
    let (u, v) = (vector(a), vector(b));
    let normal = cross(u, v);
    let length = dot(normal, normal).sqrt();
    if length < 1e-12 {
        return [least, most];
    }
    let normal = normal.map(|x| x / length);
    // The summit is the pole's shadow on the circle's plane.
    let summit = [-normal[2] * normal[0], -normal[2] * normal[1], 1.0 - normal[2] * normal[2]];
    let on_edge = |point: [f64; 3]| dot(cross(u, point), normal) >= 0.0 && dot(cross(point, v), normal) >= 0.0;
    let height = geodetic_latitude(normal[2].abs().min(1.0).acos().to_degrees());
    // A summit's cosine is flat: what rounding takes is far below this.
    let height = (height + 1e-7).min(90.0);
    let north = if on_edge(summit) { most.max(height) } else { most };
    let south = if on_edge(summit.map(|x| -x)) { least.min(-height) } else { least };
    [south, north]
}

fn vector([longitude, latitude]: [f64; 2]) -> [f64; 3] {
    let (sin_lat, cos_lat) = authalic_latitude(latitude).to_radians().sin_cos();
    let (sin_lon, cos_lon) = longitude.to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
