//! Boxes that are given, and boxes that are asked for.

use super::*;

#[test]
fn a_box_of_all_longitudes_is_a_band() {
    for text in ["-180,-90,180,-60", "0,-90,360,-60", " -180 , -90, 180.0,-60 "] {
        let band = Part::Band { south_deg: -90.0, north_deg: -60.0 };
        assert_eq!(from_bbox(text).unwrap().area.parts, [band], "{text}");
    }
}

#[test]
fn a_box_that_is_none_says_what_is_wrong() {
    for (text, wrong) in [
        ("1,2,3", "four numbers"),
        ("1,2,3,north", "four numbers"),
        ("0,-91,1,0", "latitude"),
        ("0,nan,1,0", "latitude"),
        ("0,0,inf,1", "longitude"),
        ("0,5,1,5", "south"),
        ("7,0,7,1", "width"),
    ] {
        let error = from_bbox(text).unwrap_err();
        assert!(matches!(&error, RegionError::Box { .. }) && error.to_string().contains(wrong), "{text}: {error}");
    }
}

/// The area of a box on the authalic sphere.
fn box_km2([west, south, east, north]: [f64; 4]) -> f64 {
    let band = Area { parts: vec![Part::Band { south_deg: south, north_deg: north }] };
    area_km2(&band) * (east - west).rem_euclid(360.0) / 360.0
}

#[test]
fn a_box_is_enclosed_by_its_polygons_and_exceeded_by_metres() {
    for text in
        ["-76.7,38.8,-76.5,38.9", "-20,-90,200,-60", "170,-10,-170,80", "-179,-90,179,90", "0,0,300,1", "5,-1,95,0"]
    {
        let numbers = boxed::parse(text).unwrap();
        let area = of_box(numbers).unwrap();
        let (exact, found) = (box_km2(numbers), area_km2(&area));
        let [west, south, east, north] = numbers;
        let width = (east - west).rem_euclid(360.0);
        let round = 40_031.0 * width / 360.0;
        let excess = found - exact;
        assert!(excess > -1e-6 * exact && excess < round * 2.0 * BOX_EXCESS_M / 1000.0, "{text}: {found} for {exact}");
        // Between corners a great circle may be nearest to the box: look at the middle of each edge.
        for (a, b) in area.parts.iter().flat_map(|part| match part {
            Part::Polygon(rings) => size::edges(&rings[0]).collect::<Vec<_>>(),
            Part::Band { .. } => vec![],
        }) {
            assert!((south - 0.0001..=north + 0.0001).contains(&a[1]), "{text}: {a:?}");
            assert!(ring::turn(a[0], b[0]) <= 30.0 || a[1].abs() == 90.0 || b[1].abs() == 90.0, "{text}: {a:?} {b:?}");
        }
        assert!(area.parts.len() <= 4);
    }
}

fn boxes(parts: Vec<Vec<[f64; 2]>>) -> Vec<[f64; 4]> {
    query_boxes(&Area { parts: parts.into_iter().map(|ring| Part::Polygon(vec![ring])).collect() })
}

#[test]
fn a_box_holds_the_poleward_bend_of_great_circles() {
    let [[west, south, east, north]] = boxes(vec![square(0.0, 40.0, 20.0)])[..] else { panic!("one box") };
    assert_eq!((west, south, east), (0.0, 40.0, 20.0));
    // tan φ / cos 10° on the authalic sphere, a little north of 60.37°.
    assert!((60.37..60.38).contains(&north), "{north}");
    let mirrored = boxes(vec![square(0.0, -60.0, 20.0)]);
    assert!(close(&mirrored, &[[0.0, -north, 20.0, -40.0]]), "{mirrored:?}");
}

#[test]
fn a_box_over_the_antimeridian_is_split() {
    let west = [-180.0, 0.0, -178.0, 2.0];
    let east = [179.0, 0.0, 180.0, 2.0];
    let near = |found: &[[f64; 4]], expected: &[[f64; 4]]| {
        found.len() == expected.len()
            && found.iter().zip(expected).all(|(a, b)| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.002))
    };
    let ring = |first: f64, second: f64| vec![[first, 0.0], [second, 0.0], [second, 2.0], [first, 2.0], [first, 0.0]];
    for parts in [
        vec![ring(179.0, -178.0)],
        vec![ring(179.0, 182.0)],
        vec![ring(-181.0, -178.0)],
        // RFC 7946 section 3.1.9: cut in two.
        vec![ring(179.0, 180.0), ring(-180.0, -178.0)],
        vec![ring(-180.0, -178.0), ring(179.0, 180.0)],
    ] {
        let found = boxes(parts.clone());
        assert!(near(&found, &[east, west]), "{parts:?}: {found:?}");
    }
    assert!(near(&boxes(vec![ring(178.0, 180.0)]), &[[178.0, 0.0, 180.0, 2.0]]));
    assert!(near(&boxes(vec![ring(-180.0, -178.0)]), &[west]));
}

#[test]
fn a_ring_around_a_pole_asks_for_all_longitudes_up_to_it() {
    let ring = |latitude: f64| (0..=8).map(|i| [f64::from(i) * 45.0, latitude]).collect::<Vec<_>>();
    for reversed in [false, true] {
        let turned = |latitude: f64| {
            let mut ring = ring(latitude);
            if reversed {
                ring.reverse();
            }
            boxes(vec![ring])
        };
        assert!(close(&turned(70.0), &[[-180.0, 70.0, 180.0, 90.0]]), "{:?}", turned(70.0));
        assert!(close(&turned(-70.0), &[[-180.0, -90.0, 180.0, -70.0]]), "{:?}", turned(-70.0));
    }
    // A pole that is a corner.
    let wedge = boxes(vec![vec![[10.0, 60.0], [50.0, 60.0], [0.0, 90.0], [10.0, 60.0]]]);
    assert!(close(&wedge, &[[10.0, 60.0, 50.0, 90.0]]) || close(&wedge, &[[0.0, 60.0, 50.0, 90.0]]), "{wedge:?}");
    assert_eq!(query_boxes(&from_bbox("-180,-90,180,-60").unwrap().area), [[-180.0, -90.0, 180.0, -60.0]]);
}

#[test]
fn parts_far_apart_are_asked_for_apart_and_near_ones_together() {
    let far = boxes(vec![square(0.0, 60.0, 5.0), square(-70.0, -30.0, 5.0)]);
    assert_eq!(far.len(), 2, "{far:?}");
    let near = boxes((0..20).map(|i| square(f64::from(i), 10.0, 1.5)).collect());
    assert_eq!(near.len(), 1, "{near:?}");
    let many = boxes((0..30).map(|i| square(f64::from(i) * 12.0 - 180.0, f64::from(i) - 15.0, 1.0)).collect());
    assert!(many.len() <= 5, "{many:?}");
    assert!(boxes(vec![]).is_empty());
    let full = from_bbox("-20,-90,200,-60").unwrap().area;
    assert!(
        close(&query_boxes(&full), &[[-20.0, -90.0, 180.0, -60.0], [-180.0, -90.0, -160.0, -60.0]])
            || query_boxes(&full)
                .iter()
                .all(|[west, south, east, north]| west <= east && *south == -90.0 && *north < -59.99)
    );
}
