//! A cell's outline as polygons of the plane of longitudes and latitudes.

/// A ring of corners, `[longitude, latitude]` in degrees, the first one not repeated.
pub(super) type Ring = Vec<[f64; 2]>;

/// The longitude in -180..=180.
pub(super) fn half_turn(longitude: f64) -> f64 {
    if (-180.0..=180.0).contains(&longitude) { longitude } else { (longitude + 180.0).rem_euclid(360.0) - 180.0 }
}

/// The polygons that an outline on the globe makes in the plane: one, or one on either side of longitude 180. An
/// outline with a pole on it or in it reaches the plane's edge there.
pub(super) fn polygons(outline: &[(f64, f64)]) -> Vec<Ring> {
    let Some(ring) = unrolled(outline) else { return Vec::new() };
    if ring.iter().all(|[lon, _]| (-180.0..=180.0).contains(lon)) {
        return vec![ring];
    }
    let turns = [-360.0, 0.0, 360.0];
    let shifted = turns.into_iter().map(|turn| ring.iter().map(|[lon, lat]| [lon + turn, *lat]).collect::<Ring>());
    let inside = shifted.map(|ring| cut(&cut(&ring, -180.0, 1.0), 180.0, -1.0));
    inside.filter(|ring| area(ring).abs() > 1e-12).collect()
}

/// The outline with longitudes that go on past 180 where it does.
fn unrolled(outline: &[(f64, f64)]) -> Option<Ring> {
    let is_pole = |lat: f64| lat.abs() > 90.0 - 1e-7;
    // From a corner that has a longitude.
    let start = outline.iter().position(|(_, lat)| !is_pole(*lat))?;
    let corners = (0..outline.len()).map(|k| outline[(start + k) % outline.len()]);
    let first = half_turn(outline[start].0);
    let (mut ring, mut at, mut pole): (Ring, f64, Option<f64>) = (Vec::with_capacity(8), first, None);
    for (lon, lat) in corners.chain([outline[start]]) {
        if is_pole(lat) {
            ring.push([at, lat]);
            pole = Some(lat);
            continue;
        }
        let step = (lon - at + 540.0).rem_euclid(360.0) - 180.0;
        at = if ring.is_empty() { first } else { at + step };
        if let Some(lat) = pole.take() {
            ring.push([at, lat]);
        }
        ring.push([at, lat]);
    }
    // The first corner again: in the same place, or a turn further when a pole lies inside.
    if (at - first).abs() > 180.0 {
        let pole = if ring.iter().map(|[_, lat]| lat).sum::<f64>() < 0.0 { -90.0 } else { 90.0 };
        ring.extend([[at, pole], [first, pole]]);
    } else {
        ring.pop();
    }
    // Corners that are west of -180 together are the same polygon a turn further.
    let west = ring.iter().map(|[lon, _]| *lon).fold(f64::MAX, f64::min);
    let east = ring.iter().map(|[lon, _]| *lon).fold(f64::MIN, f64::max);
    let turn = if east <= -180.0 {
        360.0
    } else if west >= 180.0 {
        -360.0
    } else {
        0.0
    };
    ring.iter_mut().for_each(|[lon, _]| *lon += turn);
    Some(ring)
}

/// The part of a ring where `side * (longitude - at) >= 0` (Sutherland and Hodgman 1974).
fn cut(ring: &[[f64; 2]], at: f64, side: f64) -> Ring {
    let inside = |corner: &[f64; 2]| side * (corner[0] - at) >= 0.0;
    let mut kept = Vec::with_capacity(ring.len() + 2);
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        if inside(a) {
            kept.push(*a);
        }
        if inside(a) != inside(b) {
            let part = (at - a[0]) / (b[0] - a[0]);
            kept.push([at, a[1] + part * (b[1] - a[1])]);
        }
    }
    kept.dedup();
    if kept.len() > 1 && kept.first() == kept.last() {
        kept.pop();
    }
    kept
}

fn area(ring: &[[f64; 2]]) -> f64 {
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    pairs.map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas(outline: &[(f64, f64)]) -> Vec<f64> {
        let polygons = polygons(outline);
        for [lon, lat] in polygons.iter().flatten() {
            assert!((-180.0..=180.0).contains(lon) && (-90.0..=90.0).contains(lat), "{polygons:?}");
        }
        polygons.iter().map(|ring| area(ring).abs()).collect()
    }

    #[test]
    fn a_square_stays_a_square_wherever_its_longitudes_begin() {
        let square = |west: f64| [(west, 0.0), (west + 1.0, 0.0), (west + 1.0, 1.0), (west, 1.0)];
        for west in [10.0, 370.0, -180.0, 179.0, -540.0] {
            let areas = areas(&square(west));
            assert!(areas.len() == 1 && (areas[0] - 1.0).abs() < 1e-9, "{west}: {areas:?}");
        }
    }

    #[test]
    fn a_square_across_longitude_180_is_two() {
        let areas = areas(&[(179.5, 0.0), (-179.75, 0.0), (-179.75, 1.0), (179.5, 1.0)]);
        assert_eq!(areas.len(), 2);
        assert!((areas.iter().sum::<f64>() - 0.75).abs() < 1e-9, "{areas:?}");
    }

    #[test]
    fn a_cell_with_a_pole_reaches_the_edge_of_the_plane() {
        let around = areas(&[(-135.0, -89.0), (-45.0, -89.0), (45.0, -89.0), (135.0, -89.0)]);
        assert!((around.iter().sum::<f64>() - 360.0).abs() < 1e-6, "{around:?}");
        let touching = areas(&[(0.0, 89.0), (45.0, 88.0), (90.0, 89.0), (0.0, 90.0)]);
        assert!(touching.len() == 1 && (touching[0] - 135.0).abs() < 1e-6, "{touching:?}");
    }
}
