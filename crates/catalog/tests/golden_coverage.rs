//! Covers compared with the golden ones, which are mortie's. A cell that one has and the other has
//! not is shown to have no area in common with the polygon.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::Value;
use zagg_catalog::{
    area::{Area, Part, Ring},
    cover,
};
use zagg_core::{grid::healpix, morton::Word, order::Order};

fn golden(name: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/golden/morton/coverage.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let polygons = all["polygons"].as_array().unwrap();
    polygons.iter().find(|polygon| polygon["name"] == name).unwrap().clone()
}

fn rings(case: &Value) -> Vec<Ring> {
    let numbers = |list: &Value| list.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let ring =
        |ring: &Value| numbers(&ring["lons"]).into_iter().zip(numbers(&ring["lats"])).map(|(x, y)| [x, y]).collect();
    case["rings"].as_array().unwrap().iter().map(ring).collect()
}

/// The NESTED ids, at an order, of the golden multi-order cover.
fn expected(case: &Value, order: u8) -> BTreeSet<u64> {
    let words = case[format!("moc_o{order}")].as_array().unwrap().iter().map(|word| word.as_u64().unwrap());
    let words = words.map(|word| Word::from_bits(word).unwrap());
    let ids: BTreeSet<u64> =
        words.flat_map(|word| word.children(Order::new(order).unwrap())).map(Word::nested).collect();
    assert_eq!(ids.len() as u64, case[format!("n_o{order}")].as_u64().unwrap());
    ids
}

fn cover(parts: Vec<Part>, order: u8) -> BTreeSet<u64> {
    cover::nested(&Area { parts }, Order::new(order).unwrap()).unwrap().into_iter().collect()
}

fn polygon(rings: Vec<Ring>) -> Vec<Part> {
    vec![Part::Polygon(rings)]
}

#[test]
#[ignore = "needs ../shared"]
fn covers_of_single_polygons_and_donuts_are_the_golden_ones() {
    for name in [
        "south_pole_cap",
        "antimeridian_box_pm180",
        "antimeridian_box_0_360",
        "tiny_jakobshavn",
        "donut_greenland",
        "donut_hole_ccw",
        "midlat_box_ccw",
        "concave_c",
        "order4_cell_outline",
    ] {
        let case = golden(name);
        for order in [6, 9] {
            assert_eq!(cover(polygon(rings(&case)), order), expected(&case, order), "{name} at order {order}");
        }
    }
}

/// The golden cover has the larger side of the ring, ours the smaller: together they are the
/// sphere, and in both are just the cells that the ring itself passes.
#[test]
#[ignore = "needs ../shared"]
fn the_side_of_a_ring_that_is_the_larger_is_the_complement_of_ours() {
    let case = golden("hemisphere_plus_false");
    let ring = rings(&case).remove(0);
    let line: Ring = ring.iter().chain(&ring[..1]).copied().collect();
    let there_and_back: Ring = line.iter().chain(line.iter().rev()).copied().collect();
    for order in [6, 9] {
        let (ours, theirs) = (cover(polygon(vec![ring.clone()]), order), expected(&case, order));
        assert_eq!(ours.union(&theirs).count() as u64, Order::new(order).unwrap().cells());
        let passed = cover(polygon(vec![there_and_back.clone()]), order);
        assert_eq!(ours.intersection(&theirs).copied().collect::<BTreeSet<_>>(), passed);
    }
}

/// One side of the first ring is on the meridian of 0°, which is a side of the cells on both
/// sides of it. We count those to the west as touched; the golden cover does so for a single ring
/// (`order4_cell_outline`), but not here.
#[test]
#[ignore = "needs ../shared"]
fn overlapping_rings_of_one_polygon_cancel_as_in_the_golden_cover_but_for_touches_of_no_area() {
    let case = golden("multipart_overlapping");
    for (order, touches) in [(6, 6), (9, 53)] {
        let (ours, theirs) = (cover(polygon(rings(&case)), order), expected(&case, order));
        assert!(theirs.is_subset(&ours));
        let extra: Vec<u64> = ours.difference(&theirs).copied().collect();
        assert_eq!(extra.len(), touches);
        assert!(rings(&case).iter().flatten().all(|[lon, _]| (0.0..=15.0).contains(lon)));
        for id in extra {
            let corners = healpix::corners(Order::new(order).unwrap(), id).unwrap();
            // All of the cell is at or west of the meridian of 0°, all of the polygon at or east.
            assert!(corners.iter().all(|(lon, _)| *lon == 0.0 || (345.0..=360.0).contains(lon)), "{id} {corners:?}");
        }
    }
}

#[test]
#[ignore = "needs ../shared"]
fn overlapping_parts_are_united_where_the_golden_cover_loses_their_overlap() {
    let case = golden("multipart_overlapping");
    let parts: Vec<Part> = rings(&case).into_iter().map(|ring| Part::Polygon(vec![ring])).collect();
    let each: Vec<BTreeSet<u64>> = parts.iter().map(|part| cover(vec![part.clone()], 9)).collect();
    let united = cover(parts, 9);
    assert_eq!(united, each[0].union(&each[1]).copied().collect());
    let even_odd = cover(polygon(rings(&case)), 9);
    assert!(even_odd.is_subset(&united));
    assert_eq!(united.difference(&even_odd).count(), 407);
}

/// The shipped region about 88°S, whose numbers of shards the Python zagg documents.
#[test]
#[ignore = "needs ../shared"]
fn the_ring_at_88_south_has_its_known_shards() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/geojson/antarctic_88s.geojson");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let corner = |corner: &Value| [corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap()];
    let parts = json["features"][0]["geometry"]["coordinates"].as_array().unwrap().iter();
    let parts: Vec<Part> = parts
        .map(|part| {
            let rings = part.as_array().unwrap().iter();
            Part::Polygon(rings.map(|ring| ring.as_array().unwrap().iter().map(corner).collect()).collect())
        })
        .collect();
    assert_eq!((cover(parts.clone(), 9).len(), cover(parts, 10).len()), (564, 1692));
}
