//! Meridians and parallels of a map, and what is written beside them.

use crate::{
    coast::Points,
    frame::Frame,
    projection::{MapProjection, Plane},
};

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Outside, left of its point.
    Left,
    /// Outside, right of its point.
    Right,
    /// Outside, above its point.
    Top,
    /// Outside, below its point.
    Bottom,
    /// On the map, at its point.
    Inside,
}

/// The name of a meridian or a parallel.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Where, in units of the plane.
    pub at: (f64, f64),
    /// How the text stands to its point.
    pub side: Side,
    /// The text.
    pub text: String,
}

/// Meridians and parallels of a frame, in units of the plane.
#[derive(Debug, Clone, Default)]
pub struct Graticule {
    /// Meridians and parallels.
    pub lines: Vec<Points>,
    /// Their names.
    pub labels: Vec<Label>,
    /// The edge of the globe, where the map shows it.
    pub globe: Points,
}

/// Points on each line, and looks taken along each edge.
const LOOKS: u32 = 360;

/// What a frame shows of the globe: the extents in degrees, and whether it goes all around.
#[derive(Debug, Clone, Copy)]
struct Extent {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
    all_around: bool,
}

/// The meridians and parallels that suit a frame.
#[must_use]
pub fn graticule(plane: &Plane, frame: &Frame) -> Graticule {
    let Some(extent) = extent(plane, frame) else { return Graticule::default() };
    let is_globe = *plane.projection() == MapProjection::Mollweide;
    let lat_step = step(extent.north - extent.south, &[30.0, 15.0, 10.0, 5.0, 2.0, 1.0]);
    let lon_step = if extent.all_around {
        30.0
    } else {
        step(extent.east - extent.west, &[60.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0])
    };
    let lons = multiples(extent.west, extent.east, lon_step);
    let lats: Vec<f64> =
        multiples(extent.south, extent.north, lat_step).into_iter().filter(|lat| lat.abs() < 90.0).collect();
    let mut graticule = Graticule::default();
    for lon in &lons {
        let along = |share: f64| (*lon, extent.south + share * (extent.north - extent.south));
        graticule.lines.extend(lines(plane, frame, along));
    }
    for lat in &lats {
        let along = |share: f64| (extent.west + share * (extent.east - extent.west), *lat);
        graticule.lines.extend(lines(plane, frame, along));
    }
    if is_globe {
        graticule.globe = globe(plane);
        graticule.labels = labels_of_globe(plane, &lons, &lats, (lon_step, lat_step));
    } else {
        graticule.labels = labels_of_edges(plane, frame, extent, (lon_step, lat_step));
        if extent.all_around {
            graticule.labels.extend(labels_inside(plane, frame, &lats, lat_step));
        }
    }
    graticule
}

fn extent(plane: &Plane, frame: &Frame) -> Option<Extent> {
    let [xmin, ymin, xmax, ymax] = frame.bounds();
    let middle = plane.inverse((xmin + xmax) / 2.0, (ymin + ymax) / 2.0).map_or(0.0, |(lon, _)| lon);
    let mut found: Option<Extent> = None;
    const N: u32 = 60;
    for k in 0..(N + 1) * (N + 1) {
        let (u, v) = (f64::from(k % (N + 1)) / f64::from(N), f64::from(k / (N + 1)) / f64::from(N));
        let Some((lon, lat)) = plane.inverse(xmin + u * (xmax - xmin), ymin + v * (ymax - ymin)) else { continue };
        let lon = middle + (lon - middle + 180.0).rem_euclid(360.0) - 180.0;
        let known = found.unwrap_or(Extent { west: lon, east: lon, south: lat, north: lat, all_around: false });
        found = Some(Extent {
            west: known.west.min(lon),
            east: known.east.max(lon),
            south: known.south.min(lat),
            north: known.north.max(lat),
            all_around: false,
        });
    }
    let mut extent = found?;
    let holds = |lat: f64| {
        let pole = plane.forward(0.0, lat).and_then(|(x, y)| frame.pixel_at(x, y));
        !plane.is_geographic() && pole.is_some()
    };
    let (south, north) = (holds(-90.0), holds(90.0));
    if south || north {
        let (south, north) = if south { (-90.0, extent.north) } else { (extent.south, 90.0) };
        extent = Extent { west: -180.0, east: 180.0, south, north, all_around: true };
        if *plane.projection() == MapProjection::Mollweide {
            extent = Extent { south: -90.0, north: 90.0, ..extent };
        }
    }
    Some(extent)
}

/// The largest step that gives a span three parts; smaller ones go on by tens.
fn step(span: f64, steps: &[f64]) -> f64 {
    let smaller = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
    steps.iter().copied().chain(smaller).find(|step| span / step >= 3.0).unwrap_or(0.001)
}

fn multiples(from: f64, to: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((from / step - 1e-9).ceil() as i64, (to / step + 1e-9).floor() as i64);
    let all_around = to - from >= 360.0 - 1e-9;
    (first..=last).skip(usize::from(all_around)).map(|k| k as f64 * step).collect()
}

/// The parts within the frame of a line, given by positions along it.
fn lines(plane: &Plane, frame: &Frame, along: impl Fn(f64) -> (f64, f64)) -> Vec<Points> {
    let [xmin, ymin, xmax, ymax] = frame.bounds();
    let (more_x, more_y) = (0.02 * (xmax - xmin), 0.02 * (ymax - ymin));
    let is_near =
        |(x, y): &(f64, f64)| *x >= xmin - more_x && *x <= xmax + more_x && *y >= ymin - more_y && *y <= ymax + more_y;
    let mut parts: Vec<Points> = vec![Vec::new()];
    for k in 0..=LOOKS {
        let (lon, lat) = along(f64::from(k) / f64::from(LOOKS));
        match plane.forward(lon, lat).filter(is_near) {
            Some(at) => {
                if let Some(part) = parts.last_mut() {
                    part.push(at);
                }
            }
            None => parts.push(Vec::new()),
        }
    }
    parts.retain(|part| part.len() > 1);
    parts
}

fn globe(plane: &Plane) -> Points {
    let half = |lon: f64, sign: f64| {
        (0..=180).filter_map(move |k| plane.forward(lon, sign * (f64::from(k) - 90.0))).collect::<Points>()
    };
    [half(-180.0, 1.0), half(180.0, -1.0)].concat()
}

fn labels_of_globe(plane: &Plane, lons: &[f64], lats: &[f64], (lon_step, lat_step): (f64, f64)) -> Vec<Label> {
    let label = |lon: f64, lat: f64, side, text| plane.forward(lon, lat).map(|at| Label { at, side, text });
    let parallels = lats.iter().filter_map(|lat| label(-180.0, *lat, Side::Left, latitude(*lat, lat_step)));
    let wide = lons.iter().filter(|lon| lon.abs() < 179.0 && (*lon / 60.0).fract() == 0.0);
    let meridians = wide.filter_map(|lon| label(*lon, 0.0, Side::Inside, longitude(*lon, lon_step)));
    parallels.chain(meridians).collect()
}

/// Labels of parallels along one meridian of a map about a pole: one that runs to a corner, where room is.
fn labels_inside(plane: &Plane, frame: &Frame, lats: &[f64], step: f64) -> Vec<Label> {
    let [xmin, ymin, xmax, ymax] = frame.bounds();
    // Half a meridian's distance beside one, so that the texts stand on parallels alone.
    let corner = plane.inverse(xmin + 0.15 * (xmax - xmin), ymax - 0.15 * (ymax - ymin)).map_or(-45.0, |(lon, _)| lon);
    let lon = (corner / 30.0).floor() * 30.0 + 15.0;
    let at = |lat: &f64| {
        let (x, y) = plane.forward(lon, *lat)?;
        frame.pixel_at(x, y)?;
        let edge = 0.03 * (xmax - xmin);
        let is_inside = x - xmin > edge && xmax - x > edge && y - ymin > edge && ymax - y > edge;
        is_inside.then(|| Label { at: (x, y), side: Side::Inside, text: latitude(*lat, step) })
    };
    lats.iter().filter_map(at).collect()
}

/// Labels where lines cross the edges: all edges on maps about a pole, else the lower and the left one.
fn labels_of_edges(plane: &Plane, frame: &Frame, extent: Extent, steps: (f64, f64)) -> Vec<Label> {
    let [xmin, ymin, xmax, ymax] = frame.bounds();
    let edges = [
        (Side::Bottom, (xmin, ymin), (xmax, ymin)),
        (Side::Left, (xmin, ymin), (xmin, ymax)),
        (Side::Top, (xmin, ymax), (xmax, ymax)),
        (Side::Right, (xmax, ymin), (xmax, ymax)),
    ];
    let used = if extent.all_around { 4 } else { 2 };
    let mut labels: Vec<Label> = Vec::new();
    let apart = 0.05 * (xmax - xmin).max(ymax - ymin);
    for (side, from, to) in edges.into_iter().take(used) {
        let place = |k: u32| {
            let share = f64::from(k) / f64::from(LOOKS);
            (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
        };
        for k in 0..LOOKS {
            let (a, b) = (place(k), place(k + 1));
            let (Some(at_a), Some(at_b)) = (plane.inverse(a.0, a.1), plane.inverse(b.0, b.1)) else { continue };
            let by_lon = crossing(at_a.0, at_b.0, steps.0).map(|(lon, share)| (longitude(lon, steps.0), share));
            let by_lat = crossing(at_a.1, at_b.1, steps.1).map(|(lat, share)| (latitude(lat, steps.1), share));
            let by_lat = by_lat.filter(|_| !extent.all_around);
            for (text, share) in by_lon.into_iter().chain(by_lat) {
                let at = (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1));
                let is_near = |label: &Label| {
                    label.side == side && (label.at.0 - at.0).hypot(label.at.1 - at.1) < apart || label.at == at
                };
                if !labels.iter().any(is_near) {
                    labels.push(Label { at, side, text });
                }
            }
        }
    }
    labels
}

/// The multiple of `step` between two angles, and how far along it lies.
fn crossing(a: f64, b: f64, step: f64) -> Option<(f64, f64)> {
    // Over longitude 180 the same angle has two names.
    let b = if (b - a).abs() > 180.0 { b + 360.0 * (a - b).signum() } else { b };
    let (below, above) = (a.min(b) / step, a.max(b) / step);
    let multiple = (below - 1e-12).ceil();
    (multiple <= above && a != b && (b - a).abs() < 2.0 * step)
        .then(|| (multiple * step, (multiple * step - a) / (b - a)))
}

fn longitude(lon: f64, step: f64) -> String {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    let side = match lon {
        lon if lon.abs() < step * 1e-6 || (lon.abs() - 180.0).abs() < step * 1e-6 => "",
        lon if lon < 0.0 => "W",
        _ => "E",
    };
    format!("{}\u{b0}{side}", decimal(lon.abs(), step))
}

fn latitude(lat: f64, step: f64) -> String {
    let side = match lat {
        lat if lat.abs() < step * 1e-6 => "",
        lat if lat < 0.0 => "S",
        _ => "N",
    };
    format!("{}\u{b0}{side}", decimal(lat.abs(), step))
}

/// With the decimals that multiples of `step` need.
fn decimal(number: f64, step: f64) -> String {
    format!("{number:.*}", (-step.log10()).ceil().max(0.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(projection: MapProjection, bounds: [f64; 4], spacing: f64) -> (Frame, Graticule) {
        let frame = Frame::around(bounds, spacing).unwrap();
        let graticule = graticule(&projection.plane().unwrap(), &frame);
        (frame, graticule)
    }

    fn texts(graticule: &Graticule, side: Side) -> Vec<&str> {
        graticule.labels.iter().filter(|label| label.side == side).map(|label| label.text.as_str()).collect()
    }

    #[test]
    fn a_map_about_the_pole_is_labelled_all_around() {
        let (frame, graticule) = of(MapProjection::PolarSouth, [-3e6, -3e6, 3e6, 3e6], 1e4);
        let all: Vec<&str> = graticule.labels.iter().map(|label| label.text.as_str()).collect();
        for text in ["0\u{b0}", "90\u{b0}E", "180\u{b0}", "90\u{b0}W", "30\u{b0}W"] {
            assert_eq!(all.iter().filter(|found| **found == text).count(), 1, "{text} in {all:?}");
        }
        assert!(texts(&graticule, Side::Inside).contains(&"70\u{b0}S"), "{all:?}");
        let is_in = |(x, y): &(f64, f64)| x.abs() < 3.2e6 && y.abs() < 3.2e6;
        assert!(graticule.lines.iter().flatten().all(is_in) && graticule.lines.len() > 12);
        assert_eq!(frame.width, 600);
    }

    #[test]
    fn a_small_box_has_steps_of_its_own() {
        let (_, graticule) = of(MapProjection::PlateCarree, [9.95, -3.25, 10.9, -2.65], 0.001);
        assert_eq!(
            texts(&graticule, Side::Bottom),
            ["10.0\u{b0}E", "10.2\u{b0}E", "10.4\u{b0}E", "10.6\u{b0}E", "10.8\u{b0}E"]
        );
        assert_eq!(texts(&graticule, Side::Left), ["3.2\u{b0}S", "3.0\u{b0}S", "2.8\u{b0}S"]);
    }

    #[test]
    fn the_globe_has_an_edge_and_labels_by_it() {
        let domain = MapProjection::Mollweide.plane().unwrap().domain().unwrap();
        let (_, graticule) = of(MapProjection::Mollweide, domain, 5e4);
        assert!(graticule.globe.len() > 300);
        assert_eq!(texts(&graticule, Side::Left), ["60\u{b0}S", "30\u{b0}S", "0\u{b0}", "30\u{b0}N", "60\u{b0}N"]);
        assert!(texts(&graticule, Side::Inside).contains(&"120\u{b0}W"));
    }

    #[test]
    fn names_of_angles_follow_the_hemispheres() {
        assert_eq!(
            [-30.0, 0.0, 330.0, 180.0, -180.0].map(|lon| longitude(lon, 30.0)),
            ["30\u{b0}W", "0\u{b0}", "30\u{b0}W", "180\u{b0}", "180\u{b0}"]
        );
        assert_eq!(crossing(179.0, -179.0, 30.0), Some((180.0, 0.5)));
        assert_eq!(crossing(1.0, 2.0, 30.0), None);
    }
}
