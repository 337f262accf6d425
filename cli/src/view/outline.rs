//! Lines of the globe in the plane of a map: outlines of shards, meridians and parallels, coasts.

use zagg_core::grid::{Grid, Position, Projection, Shard, healpix};
use zagg_map::{
    projection::{MapProjection, Plane},
    pyramid::Pyramid,
};

/// Points of a plane, `x` and `y` in turn, rounded to what a pixel can show.
pub(super) type Line = Vec<f64>;

/// Longitude and latitude, in degrees, of points along a shard's edge.
pub(super) fn outline(grid: &Grid, shard: &Shard) -> Vec<(f64, f64)> {
    match (grid, shard.position) {
        (Grid::Healpix(grid), Position::Nested(nested)) => {
            // Sides of small shards are nearly straight.
            let per_side = (64_u32 >> grid.shard_order.get().min(4)).max(4);
            healpix::outline(grid.shard_order, nested, per_side).unwrap_or_default()
        }
        (Grid::Rectilinear(grid), Position::Tile { row, col }) => {
            let Ok(projection) = Projection::new(&grid.crs) else { return Vec::new() };
            let [left, bottom, right, top] = grid.tile_bounds(row, col);
            let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
            let side = |pair: &[(f64, f64)]| {
                let (from, to) = (pair[0], pair[1]);
                (0..8)
                    .map(f64::from)
                    .map(move |k| (from.0 + (to.0 - from.0) * k / 8.0, from.1 + (to.1 - from.1) * k / 8.0))
            };
            let points = corners.windows(2).flat_map(side);
            points.filter_map(|(x, y)| projection.inverse(x, y)).collect()
        }
        _ => Vec::new(),
    }
}

/// A closed outline as rings of the plane: two where the map is cut through it, none where it has no place.
pub(super) fn rings(pyramid: &Pyramid, outline: &[(f64, f64)]) -> Vec<Line> {
    let whole = |points: &[(f64, f64)]| -> Option<Line> {
        let placed: Option<Vec<(f64, f64)>> =
            points.iter().map(|(lon, lat)| pyramid.plane.forward(*lon, *lat)).collect();
        let placed = placed.filter(|points| points.len() > 2)?;
        let near = |(x, y): &(f64, f64)| {
            (x - pyramid.left).abs() < 2.0 * pyramid.side && (y - pyramid.top).abs() < 2.0 * pyramid.side
        };
        placed.iter().all(near).then(|| flat(pyramid, &placed))
    };
    if !is_cut(&pyramid.plane) {
        return whole(outline).into_iter().collect();
    }
    let Some(unwound) = unwound(outline) else { return Vec::new() };
    [-360.0, 0.0, 360.0]
        .into_iter()
        .filter_map(|turn| {
            let moved = unwound.iter().map(|(lon, lat)| ((lon + turn).clamp(-180.0, 180.0), *lat));
            let moved: Vec<(f64, f64)> = moved.collect();
            moved.iter().any(|(lon, _)| lon.abs() < 180.0).then(|| whole(&moved)).flatten()
        })
        .collect()
}

/// A line of the globe as lines of the plane: cut where the map is, or where it has no place.
pub(super) fn lines(pyramid: &Pyramid, points: &[(f64, f64)]) -> Vec<Line> {
    let mut found: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    let mut before: Option<(f64, f64)> = None;
    for (lon, lat) in points {
        let placed = pyramid.plane.forward(*lon, *lat).filter(|(x, y)| x.hypot(*y) < 3.0 * pyramid.side);
        let jumps = placed.zip(before).is_some_and(|(a, b)| (a.0 - b.0).abs() > pyramid.side / 3.0);
        if (placed.is_none() || jumps) && found.last().is_some_and(|line| !line.is_empty()) {
            found.push(Vec::new());
        }
        if let (Some(placed), Some(line)) = (placed, found.last_mut()) {
            line.push(placed);
        }
        before = placed;
    }
    found.into_iter().filter(|line| line.len() > 1).map(|line| flat(pyramid, &line)).collect()
}

/// Meridians and parallels, each with what it is called.
pub(super) fn graticule(pyramid: &Pyramid, extent: [f64; 4]) -> Vec<(String, Vec<Line>)> {
    let (step, [west, south, east, north]) = match pyramid.plane.projection() {
        MapProjection::PolarSouth => ([30.0, 10.0], [-180.0, -90.0, 180.0, -40.0]),
        MapProjection::PolarNorth => ([30.0, 10.0], [-180.0, 40.0, 180.0, 90.0]),
        MapProjection::Mollweide | MapProjection::PlateCarree => ([30.0, 30.0], [-180.0, -90.0, 180.0, 90.0]),
        _ => near(pyramid, extent),
    };
    let along = |from: f64, to: f64| (0..=90).map(move |k| from + (to - from) * f64::from(k) / 90.0);
    let ticks = |from: f64, to: f64, step: f64| {
        let (first, last) = ((from / step - 1e-9).ceil() as i64, (to / step + 1e-9).floor() as i64);
        (first..=last).take(200).map(move |k| k as f64 * step)
    };
    let mut all = Vec::new();
    for lon in ticks(west, east, step[0]).filter(|lon| *lon > -180.0 || is_cut(&pyramid.plane)) {
        // Meridians end before the pole, where they would only blacken it.
        let points: Vec<(f64, f64)> = along(south.max(-89.0), north.min(89.0)).map(|lat| (lon, lat)).collect();
        all.push((name(lon, "E", "W"), lines(pyramid, &points)));
    }
    for lat in ticks(south, north, step[1]).filter(|lat| lat.abs() < 90.0) {
        let points: Vec<(f64, f64)> = (0..=4)
            .flat_map(|part| (0..90).map(move |k| (part, k)))
            .map(|(part, k)| {
                let share = (f64::from(part) * 90.0 + f64::from(k)) / 449.0;
                (west + (east - west) * share, lat)
            })
            .collect();
        all.push((name(lat, "N", "S"), lines(pyramid, &points)));
    }
    all
}

fn name(degrees: f64, positive: &str, negative: &str) -> String {
    let side = if degrees > 0.0 {
        positive
    } else if degrees < 0.0 {
        negative
    } else {
        ""
    };
    let rounded = (degrees.abs() * 1e4).round() / 1e4;
    format!("{rounded}°{side}")
}

/// Steps and bounds, in degrees, of a graticule for a part of a plane.
fn near(pyramid: &Pyramid, [xmin, ymin, xmax, ymax]: [f64; 4]) -> ([f64; 2], [f64; 4]) {
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for (i, j) in (0..=8).flat_map(|i| (0..=8).map(move |j| (f64::from(i) / 8.0, f64::from(j) / 8.0))) {
        // A little more than the extent, so that lines do not end in the view.
        let (x, y) = (xmin + (xmax - xmin) * (i * 1.4 - 0.2), ymin + (ymax - ymin) * (j * 1.4 - 0.2));
        if let Some((lon, lat)) = pyramid.plane.inverse(x, y) {
            bounds = [bounds[0].min(lon), bounds[1].min(lat), bounds[2].max(lon), bounds[3].max(lat)];
        }
    }
    if bounds[0] >= bounds[2] || bounds[1] >= bounds[3] {
        bounds = [-180.0, -90.0, 180.0, 90.0];
    }
    let nice = |span: f64| {
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .find(|step| span / step <= 8.0)
            .unwrap_or(30.0)
    };
    ([nice(bounds[2] - bounds[0]), nice(bounds[3] - bounds[1])], bounds)
}

/// Whether the map ends at longitude 180.
fn is_cut(plane: &Plane) -> bool {
    matches!(plane.projection(), MapProjection::Mollweide | MapProjection::PlateCarree) || plane.is_geographic()
}

/// The outline with longitudes that do not jump; none when it goes around a pole.
fn unwound(outline: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
    let turn = |lon: f64| (lon + 180.0).rem_euclid(360.0) - 180.0;
    let first = turn(outline.first()?.0);
    let mut at = first;
    let unwound = outline.iter().map(|(lon, lat)| {
        at += turn(lon - at);
        (at, *lat)
    });
    let unwound: Vec<(f64, f64)> = unwound.collect();
    let closes = (at + turn(first - at) - first).abs() < 1.0;
    closes.then_some(unwound)
}

/// Points of the plane as a [`Line`].
pub(super) fn flat(pyramid: &Pyramid, points: &[(f64, f64)]) -> Line {
    let least = pyramid.spacing(pyramid.most_zoom) / 4.0;
    let scale = 10_f64.powf((-least.log10()).ceil());
    points.iter().flat_map(|(x, y)| [*x, *y]).map(|number| (number * scale).round() / scale).collect()
}

#[cfg(test)]
mod tests {
    use zagg_core::order::Order;
    use zagg_map::places::Places;

    use super::*;

    fn pyramid(name: &str) -> Pyramid {
        let places = Places::Healpix { order: Order::new(9).unwrap(), inside: 6 };
        Pyramid::new(&name.parse().unwrap(), &places).unwrap()
    }

    #[test]
    fn an_outline_across_the_cut_becomes_two_rings() {
        let square = [(179.0, 0.0), (-179.0, 0.0), (-179.0, 2.0), (179.0, 2.0)];
        let found = rings(&pyramid("plate-carree"), &square);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], [-180.0, 0.0, -179.0, 0.0, -179.0, 2.0, -180.0, 2.0]);
        assert_eq!(found[1], [179.0, 0.0, 180.0, 0.0, 180.0, 2.0, 179.0, 2.0]);
        assert_eq!(rings(&pyramid("polar-south"), &[(179.0, -80.0), (-179.0, -80.0), (-179.0, -79.0)]).len(), 1);
    }

    #[test]
    fn an_outline_about_a_pole_has_no_ring_on_a_cut_map() {
        let about: Vec<(f64, f64)> = (0..36).map(|k| (f64::from(k) * 10.0, 89.0)).collect();
        assert_eq!(rings(&pyramid("mollweide"), &about).len(), 0);
        assert_eq!(rings(&pyramid("polar-north"), &about).len(), 1);
    }

    #[test]
    fn parallels_are_cut_where_the_map_is() {
        let parallel: Vec<(f64, f64)> = (0..=36).map(|k| (f64::from(k) * 10.0, 10.0)).collect();
        assert_eq!(lines(&pyramid("mollweide"), &parallel).len(), 2);
        assert_eq!(lines(&pyramid("polar-north"), &parallel).len(), 1);
    }

    #[test]
    fn every_graticule_has_lines_with_names() {
        for name in ["polar-south", "polar-north", "mollweide", "plate-carree", "EPSG:32618"] {
            let found = graticule(&pyramid(name), [400_000.0, 4_000_000.0, 500_000.0, 4_200_000.0]);
            let drawn = found.iter().filter(|(name, lines)| name.contains('°') && !lines.is_empty()).count();
            assert!((4..60).contains(&drawn), "{name}: {drawn}");
        }
    }
}
