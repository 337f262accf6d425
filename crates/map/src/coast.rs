//! The land of the Earth, for maps: Natural Earth 1:50m (public domain), as `scripts/make-map-assets` has it. Around
//! Antarctica it is the grounded ice; ice shelves are sea.

use std::sync::LazyLock;

use crate::{
    frame::Frame,
    projection::{MapProjection, Plane},
};

/// Points of a line or of an area's edge.
pub type Points = Vec<(f64, f64)>;

/// Land in a frame, in units of the plane.
#[derive(Debug, Clone, Default)]
pub struct Land {
    /// Closed areas, the first point not repeated; to be filled by the even-odd rule.
    pub areas: Vec<Points>,
    /// Coasts, where areas end because land does.
    pub coasts: Vec<Points>,
}

/// Every ring of the land: longitude and latitude in degrees, the first point not repeated.
static RINGS: LazyLock<Vec<Points>> = LazyLock::new(|| decode(include_bytes!("../assets/land.bin")));

fn decode(bytes: &[u8]) -> Vec<Points> {
    let mut bytes = bytes.iter();
    let mut number = || {
        let (mut number, mut shift) = (0_u64, 0);
        for byte in bytes.by_ref() {
            number |= u64::from(byte & 127) << shift;
            shift += 7;
            if *byte < 128 {
                return Some(number);
            }
        }
        None
    };
    let mut rings = Vec::new();
    while let Some(points) = number() {
        let (mut lon, mut lat) = (0_i64, 0_i64);
        let mut step = || number().map(|n| (n >> 1) as i64 ^ -((n & 1) as i64));
        let ring = (0..points).map_while(|_| {
            (lon, lat) = (lon + step()?, lat + step()?);
            Some((lon as f64 / 100.0, lat as f64 / 100.0))
        });
        rings.push(ring.collect());
    }
    rings
}

/// A box: `xmin, ymin, xmax, ymax`.
type Bounds = [f64; 4];

/// The land that a frame shows. `detail` is the distance in the plane below which points need not be told apart.
#[must_use]
pub fn land(plane: &Plane, frame: &Frame, detail: f64) -> Land {
    let [xmin, ymin, xmax, ymax] = frame.bounds();
    // Wider than the frame, so that the edge along which areas are cut is not seen.
    let margin = 0.05 * (xmax - xmin).max(ymax - ymin);
    let around = [xmin - margin, ymin - margin, xmax + margin, ymax + margin];
    let window = Window::of(plane, frame);
    let mut land = Land::default();
    for ring in RINGS.iter() {
        for area in window.areas(ring) {
            let projected: Points = area.into_iter().filter_map(|(lon, lat)| plane.forward(lon, lat)).collect();
            let area = thinned(clipped(&projected, around), detail);
            if area.len() > 2 {
                land.areas.push(area);
            }
        }
        land.coasts.extend(coasts(ring, plane, around).into_iter().map(|line| thinned(line, detail)));
    }
    land
}

/// The parts of a ring's line near a box of the plane: those whose steps may touch it.
fn coasts(ring: &[(f64, f64)], plane: &Plane, around: Bounds) -> Vec<Points> {
    // Maps that are cut are cut at longitude 180; a step over it is no line.
    let is_cut = plane.domain().is_some() && !is_polar(plane.projection());
    let touches = |a: (f64, f64), b: (f64, f64)| {
        a.0.max(b.0) >= around[0] && a.0.min(b.0) <= around[2] && a.1.max(b.1) >= around[1] && a.1.min(b.1) <= around[3]
    };
    let places: Vec<(f64, Option<(f64, f64)>)> =
        ring.iter().chain(ring.first()).map(|(lon, lat)| (*lon, plane.forward(*lon, *lat))).collect();
    let mut lines: Vec<Points> = Vec::new();
    let mut goes_on = false;
    for ((lon_a, a), (lon_b, b)) in places.iter().zip(places.iter().skip(1)) {
        let step = a.zip(*b).filter(|(a, b)| touches(*a, *b) && !(is_cut && (lon_a - lon_b).abs() > 180.0));
        match (step, lines.last_mut()) {
            (Some((_, b)), Some(line)) if goes_on => line.push(b),
            (Some((a, b)), _) => lines.push(vec![a, b]),
            (None, _) => {}
        }
        goes_on = step.is_some();
    }
    lines
}

fn is_polar(projection: &MapProjection) -> bool {
    matches!(projection, MapProjection::PolarSouth | MapProjection::PolarNorth)
}

/// Which part of the globe a frame shows.
#[derive(Debug, Clone, Copy)]
enum Window {
    /// About a pole: all longitudes, latitudes on one side of a parallel.
    Polar {
        /// Land beyond is drawn at this parallel, out of sight.
        south: f64,
        /// The same to the north.
        north: f64,
    },
    /// A box of longitudes and latitudes.
    Box(Bounds),
}

impl Window {
    fn of(plane: &Plane, frame: &Frame) -> Self {
        const GLOBE: Bounds = [-180.0, -90.0, 180.0, 90.0];
        match plane.projection() {
            MapProjection::PolarSouth => return Self::Polar { south: -90.0, north: 20.0 },
            MapProjection::PolarNorth => return Self::Polar { south: -20.0, north: 90.0 },
            MapProjection::Mollweide | MapProjection::PlateCarree => return Self::Box(GLOBE),
            MapProjection::Crs(_) if plane.is_geographic() => return Self::Box(GLOBE),
            MapProjection::Crs(_) => {}
        }
        let [xmin, ymin, xmax, ymax] = frame.bounds();
        let middle = plane.inverse((xmin + xmax) / 2.0, (ymin + ymax) / 2.0).map_or(0.0, |(lon, _)| lon);
        let mut window: Option<Bounds> = None;
        for k in 0..=20 * 21 {
            let (u, v) = (f64::from(k % 21) / 20.0, f64::from(k / 21) / 20.0);
            let Some((lon, lat)) = plane.inverse(xmin + u * (xmax - xmin), ymin + v * (ymax - ymin)) else { continue };
            let lon = middle + (lon - middle + 180.0).rem_euclid(360.0) - 180.0;
            let [west, south, east, north] = window.unwrap_or([lon, lat, lon, lat]);
            window = Some([west.min(lon), south.min(lat), east.max(lon), north.max(lat)]);
        }
        match window {
            Some([_, south, _, north]) if south < -85.0 => {
                Self::Polar { south: -90.0, north: (north + 20.0).min(60.0) }
            }
            Some([_, south, _, north]) if north > 85.0 => Self::Polar { south: (south - 20.0).max(-60.0), north: 90.0 },
            Some([west, south, east, north]) => {
                let margin = 0.2 * (east - west).max(north - south) + 0.1;
                Self::Box([west - margin, (south - margin).max(-90.0), east + margin, (north + margin).min(90.0)])
            }
            None => Self::Box(GLOBE),
        }
    }

    /// The parts of a ring's area in the window.
    fn areas(self, ring: &[(f64, f64)]) -> Vec<Points> {
        match self {
            Self::Polar { south, north } => {
                if ring.iter().all(|(_, lat)| *lat <= south || *lat >= north) {
                    return Vec::new();
                }
                vec![ring.iter().map(|(lon, lat)| (*lon, lat.clamp(south, north))).collect()]
            }
            Self::Box(window) => {
                let (unwound, turns) = unwound(ring);
                let copies: Vec<Points> = if turns == 0 {
                    [-360.0, 0.0, 360.0].map(|shift| shifted(&unwound, shift)).to_vec()
                } else {
                    vec![about_a_pole(&unwound, f64::from(turns))]
                };
                let areas = copies.iter().map(|copy| dense(clipped(copy, window)));
                areas.filter(|area| area.len() > 2).collect()
            }
        }
    }
}

/// The ring with longitudes that go on beyond 180 degrees, and how many turns about the Earth it makes.
fn unwound(ring: &[(f64, f64)]) -> (Points, i32) {
    let mut turn = 0.0;
    let mut before = ring.first().map_or(0.0, |(lon, _)| *lon);
    let mut step = |lon: f64| {
        turn -= ((lon - before) / 360.0).round() * 360.0;
        before = lon;
        lon + turn
    };
    let points: Points = ring.iter().map(|(lon, lat)| (step(*lon), *lat)).collect();
    let Some(first) = ring.first() else { return (points, 0) };
    let turns = ((step(first.0) - first.0) / 360.0).round() as i32;
    (points, turns)
}

fn shifted(points: &[(f64, f64)], shift: f64) -> Points {
    points.iter().map(|(lon, lat)| (lon + shift, *lat)).collect()
}

/// The area between a line about the Earth and its pole, over three turns, so that any window lies within.
fn about_a_pole(line: &[(f64, f64)], direction: f64) -> Points {
    let pole = if line.iter().map(|(_, lat)| lat).sum::<f64>() < 0.0 { -90.0 } else { 90.0 };
    let mut points: Points = [-1.0, 0.0, 1.0, 2.0].map(|turn| shifted(line, turn * direction * 360.0)).concat();
    if let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) {
        points.extend([(last.0, pole), (first.0, pole)]);
    }
    points
}

/// An area cut by the four sides of a box, one after the other (Sutherland and Hodgman, 1974).
fn clipped(points: &[(f64, f64)], [xmin, ymin, xmax, ymax]: Bounds) -> Points {
    let by_x = |points: Points, limit: f64, sign: f64| cut(points, limit, sign);
    let turned = |points: Points| -> Points { points.into_iter().map(|(x, y)| (y, x)).collect() };
    let by_columns = by_x(by_x(points.to_vec(), xmin, 1.0), xmax, -1.0);
    turned(by_x(by_x(turned(by_columns), ymin, 1.0), ymax, -1.0))
}

/// The part of an area with `sign * x >= sign * limit`.
fn cut(points: Points, limit: f64, sign: f64) -> Points {
    let is_in = |x: f64| sign * x >= sign * limit;
    if points.iter().all(|(x, _)| is_in(*x)) {
        return points;
    }
    let mut kept = Points::new();
    let Some(mut a) = points.last().copied() else { return kept };
    for b in points {
        if is_in(a.0) != is_in(b.0) {
            kept.push((limit, a.1 + (b.1 - a.1) * (limit - a.0) / (b.0 - a.0)));
        }
        if is_in(b.0) {
            kept.push(b);
        }
        a = b;
    }
    kept
}

/// Points at most a degree apart in latitude: the edge of a map is no straight line.
fn dense(points: Points) -> Points {
    let mut all = Points::with_capacity(points.len());
    for (a, b) in points.iter().zip(points.iter().cycle().skip(1)) {
        let steps = ((a.1 - b.1).abs().ceil() as u32).clamp(1, 180);
        all.extend((0..steps).map(|k| {
            let share = f64::from(k) / f64::from(steps);
            (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
        }));
    }
    all
}

/// Without points nearer than `detail` to the one before.
fn thinned(points: Points, detail: f64) -> Points {
    let mut kept = Points::with_capacity(points.len());
    let last = points.len().saturating_sub(1);
    for (index, (x, y)) in points.into_iter().enumerate() {
        let is_near = |(a, b): &(f64, f64)| (a - x).abs() < detail && (b - y).abs() < detail;
        if index == last || !kept.last().is_some_and(is_near) {
            kept.push((x, y));
        }
    }
    kept
}

#[cfg(test)]
mod tests;
