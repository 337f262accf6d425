//! Footprints out of GeoJSON geometries.

use serde_json::Value;

use crate::area::{Area, Part, Ring};

/// The area of a Polygon or MultiPolygon, whole and with its holes; none for null, for other
/// geometries, and for one that is broken anywhere.
pub(super) fn area(geometry: &Value) -> Option<Area> {
    let coordinates = geometry.get("coordinates")?.as_array()?;
    let parts = match geometry.get("type")?.as_str()? {
        "Polygon" => vec![polygon(coordinates)?],
        "MultiPolygon" => coordinates.iter().map(|part| polygon(part.as_array()?)).collect::<Option<_>>()?,
        _ => return None,
    };
    (!parts.is_empty()).then_some(Area { parts })
}

fn polygon(rings: &[Value]) -> Option<Part> {
    let rings: Vec<Ring> = rings.iter().map(ring).collect::<Option<_>>()?;
    match rings.as_slice() {
        [] => None,
        [only] => Some(rectangle(only).unwrap_or_else(|| Part::Polygon(rings.clone()))),
        _ => Some(Part::Polygon(rings)),
    }
}

/// Positions with at least three different ones; heights are left.
fn ring(positions: &Value) -> Option<Ring> {
    let ring: Ring = positions.as_array()?.iter().map(position).collect::<Option<_>>()?;
    let mut different: Vec<[f64; 2]> = Vec::new();
    for position in &ring {
        if different.len() < 3 && !different.contains(position) {
            different.push(*position);
        }
    }
    (different.len() == 3).then_some(ring)
}

fn position(value: &Value) -> Option<[f64; 2]> {
    let [longitude, latitude, ..] = value.as_array()?.as_slice() else { return None };
    let (longitude, latitude) = (longitude.as_f64()?, latitude.as_f64()?);
    // A turn beyond ±180 is what archives write of footprints that cross it.
    (longitude.abs() <= 540.0 && latitude.abs() <= 90.0).then_some([longitude, latitude])
}

/// The longest edge along a parallel, in degrees: its great circle stays within 130 m of it.
const STEP_DEG: f64 = 1.0;

/// What stands for a ring that is a rectangle of longitude and latitude, as CMR writes its
/// bounding rectangles: their northern and southern edges are parallels, not great circles.
fn rectangle(ring: &Ring) -> Option<Part> {
    let corners = match ring.as_slice() {
        [first, .., last] if ring.len() == 5 && first == last => ring.get(..4)?,
        _ => return None,
    };
    let [a, b, c, d] = *corners else { return None };
    let flat = |p: [f64; 2], q: [f64; 2]| p[1] == q[1] && p[0] != q[0];
    let steep = |p: [f64; 2], q: [f64; 2]| p[0] == q[0] && p[1] != q[1];
    let is_one = (flat(a, b) && steep(b, c) && flat(c, d) && steep(d, a))
        || (steep(a, b) && flat(b, c) && steep(c, d) && flat(d, a));
    if !is_one {
        return None;
    }
    let (west, east) = (a[0].min(c[0]), a[0].max(c[0]));
    let (south, north) = (a[1].min(c[1]), a[1].max(c[1]));
    if east - west >= 360.0 {
        return Some(Part::Band { south_deg: south, north_deg: north });
    }
    let steps = ((east - west) / STEP_DEG).ceil().max(1.0);
    let along = |latitude: f64| {
        // At a pole all longitudes are one position.
        let steps = if latitude.abs() == 90.0 { 0.0 } else { steps };
        (0..=steps as u32).map(move |step| {
            let part = if steps > 0.0 { f64::from(step) / steps } else { 0.5 };
            [west + (east - west) * part, latitude]
        })
    };
    let mut ring: Ring = along(south).collect();
    let mut northern: Ring = along(north).collect();
    northern.reverse();
    ring.extend(northern);
    Some(Part::Polygon(vec![ring]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_polygon_keeps_its_holes_and_loses_its_heights() {
        let outer = json!([[0, 0, 5.5], [10, 1], [10, 9], [0, 10], [0, 0]]);
        let hole = json!([[4, 4], [6, 4], [5, 6], [4, 4]]);
        let area = area(&json!({"type": "Polygon", "coordinates": [outer, hole]})).unwrap();
        let [Part::Polygon(rings)] = area.parts.as_slice() else { panic!("{area:?}") };
        assert_eq!((rings.len(), rings[0][0], rings[1].len()), (2, [0.0, 0.0], 4));
    }

    #[test]
    fn a_multipolygon_is_covered_whole() {
        let part = |west: f64| json!([[[west, 0], [west + 1.0, 0.5], [west, 2], [west, 0]]]);
        let area = area(&json!({"type": "MultiPolygon", "coordinates": [part(179.0), part(-181.0)]})).unwrap();
        assert_eq!(area.parts.len(), 2);
    }

    #[test]
    fn what_is_no_area_is_none() {
        for geometry in [
            json!(null),
            json!({}),
            json!({"type": "Point", "coordinates": [1, 2]}),
            json!({"type": "LineString", "coordinates": [[1, 2], [3, 4], [5, 6]]}),
            json!({"type": "Polygon", "coordinates": []}),
            json!({"type": "Polygon", "coordinates": null}),
            json!({"type": "Polygon", "coordinates": [[]]}),
            json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}),
            json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 91], [2, 0], [0, 0]]]}),
            json!({"type": "Polygon", "coordinates": [[[0, 0], [1e9, 1], [2, 0], [0, 0]]]}),
            json!({"type": "Polygon", "coordinates": [[[0, 0], ["1", 1], [2, 0], [0, 0]]]}),
            json!({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 1], [2, 0], [0, 0]]], []]}),
        ] {
            assert_eq!(area(&geometry), None, "{geometry}");
        }
    }

    fn box_of(west: f64, south: f64, east: f64, north: f64) -> Part {
        let ring = json!([[west, south], [east, south], [east, north], [west, north], [west, south]]);
        area(&json!({"type": "Polygon", "coordinates": [ring]})).unwrap().parts.remove(0)
    }

    #[test]
    fn a_box_around_the_earth_is_a_band() {
        let band = Part::Band { south_deg: -90.0, north_deg: 90.0 };
        assert_eq!(box_of(-180.0, -90.0, 180.0, 90.0), band);
    }

    #[test]
    fn the_edges_of_a_box_follow_its_parallels() {
        let Part::Polygon(rings) = box_of(-90.0, 45.0, 90.0, 90.0) else { panic!("a polygon") };
        assert_eq!(rings[0].len(), 182, "a vertex a degree, and the pole once");
        assert!(rings[0].windows(2).all(|pair| (pair[1][0] - pair[0][0]).abs() <= 90.0));
        let Part::Polygon(rings) = box_of(0.0, 0.0, 0.5, 1.0) else { panic!("a polygon") };
        assert_eq!(rings[0], [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]);
    }
}
