//! What must not change a cover, and what no area may do to the program.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use zagg_catalog::{
    area::{Area, Part, Ring},
    cover::{self, CoverError},
};
use zagg_core::{grid::healpix::nested_at, order::Order};

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn cells(rings: Vec<Ring>, k: u8) -> Vec<u64> {
    cover::nested(&Area { parts: vec![Part::Polygon(rings)] }, order(k)).unwrap()
}

/// A star about a place: its corners at growing angles, at distances of its own each.
fn star() -> impl Strategy<Value = Ring> {
    let corners = prop::collection::vec(0.2_f64..1.0, 3..12);
    (-180.0_f64..180.0, -90.0_f64..90.0, 0.01_f64..40.0, corners).prop_map(|(lon, lat, size, distances)| {
        let count = distances.len() as f64;
        let place = |(i, distance): (usize, f64)| around(lon, lat, size * distance, 360.0 * i as f64 / count);
        distances.into_iter().enumerate().map(place).collect()
    })
}

/// The position at a distance from a place in a direction, all in degrees, on a sphere.
fn around(lon: f64, lat: f64, distance: f64, direction: f64) -> [f64; 2] {
    let (lat, distance, direction) = (lat.to_radians(), distance.to_radians(), direction.to_radians());
    let sin = lat.sin() * distance.cos() + lat.cos() * distance.sin() * direction.cos();
    let east = (direction.sin() * distance.sin() * lat.cos()).atan2(distance.cos() - lat.sin() * sin);
    [lon + east.to_degrees(), sin.clamp(-1.0, 1.0).asin().to_degrees()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn direction_first_corner_turns_and_closing_do_not_change_a_cover(
        ring in star(), first in 0_usize..12, turns in prop::collection::vec(-1_i8..=1, 12), k in 0_u8..8,
    ) {
        let expected = cells(vec![ring.clone()], k);
        let reversed: Ring = ring.iter().rev().copied().collect();
        prop_assert_eq!(&cells(vec![reversed], k), &expected);
        let mut turned = ring.clone();
        turned.rotate_left(first % ring.len());
        prop_assert_eq!(&cells(vec![turned], k), &expected);
        let elsewhere = ring.iter().zip(&turns).map(|([lon, lat], turn)| [lon + 360.0 * f64::from(*turn), *lat]);
        prop_assert_eq!(&cells(vec![elsewhere.collect()], k), &expected);
        let mut closed = ring.clone();
        closed.extend_from_slice(&ring[..1]);
        closed.insert(1, closed[0]);
        prop_assert_eq!(&cells(vec![closed], k), &expected);
    }

    #[test]
    fn a_cover_is_the_parents_of_a_finer_one(ring in star(), k in 0_u8..6, finer in 1_u8..4) {
        let mut parents: Vec<u64> = cells(vec![ring.clone()], k + finer).iter().map(|id| id >> (2 * finer)).collect();
        parents.dedup();
        prop_assert_eq!(cells(vec![ring], k), parents);
    }

    /// A polygon that is split at a meridian is the same set of positions: the meridian is a great
    /// circle. Where it crosses a side is rounded to 10^-14 degrees, so that cells may differ which
    /// the polygon touches by less than that; none of the random ones does.
    #[test]
    fn splitting_at_the_antimeridian_does_not_change_a_cover(
        lat in -70.0_f64..70.0, size in 0.05_f64..10.0, shift in -0.8_f64..0.8,
        distances in prop::collection::vec(0.5_f64..1.0, 4..10), k in 2_u8..8,
    ) {
        let count = distances.len() as f64;
        let lon = 180.0 + shift * size;
        let ring: Ring =
            distances.iter().enumerate().map(|(i, d)| around(lon, lat, size * d, 360.0 * i as f64 / count)).collect();
        let parts = [1.0, -1.0].map(|side| Part::Polygon(vec![half(&ring, side)]));
        let parts = parts.into_iter().filter(|part| matches!(part, Part::Polygon(rings) if !rings[0].is_empty()));
        let split = cover::nested(&Area { parts: parts.collect() }, order(k)).unwrap();
        let whole = cells(vec![ring], k);
        // The new side lies on the antimeridian, within the polygon: its touches are not new.
        prop_assert_eq!(split, whole);
    }

    #[test]
    fn what_lies_in_a_polygon_lies_in_its_cover(ring in star(), s in 0.0_f64..1.0, t in 0.0_f64..1.0, k in 0_u8..10) {
        let ids = cells(vec![ring.clone()], k);
        // Between a corner and the next: on a side of the polygon.
        let corner = (s * ring.len() as f64) as usize % ring.len();
        let [a, b] = [ring[corner], ring[(corner + 1) % ring.len()]];
        let [lon, lat] = between(a, b, t);
        prop_assert!(ids.contains(&nested_at(order(k), lon, lat).unwrap()));
    }

    #[test]
    fn no_ring_of_numbers_panics_or_hangs(ring in prop::collection::vec([wild(400.0), wild(95.0)], 0..7), k in 0_u8..6) {
        match cover::nested(&Area::of_ring(ring.clone()), order(k)) {
            Ok(ids) => {
                for [lon, lat] in ring {
                    prop_assert!(ids.contains(&nested_at(order(k), lon, lat).unwrap()));
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// Mostly round numbers, of which many coincide.
fn wild(most: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-8_i32..=8).prop_map(|n| f64::from(n) * 11.25),
        4 => -most..most,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, 90.0, -90.0, 180.0, -0.0, 1e-300]),
    ]
}

/// The position on the way between two, on the authalic sphere.
fn between(a: [f64; 2], b: [f64; 2], t: f64) -> [f64; 2] {
    let vector = |[lon, lat]: [f64; 2]| {
        let lat = zagg_core::geodesy::authalic_latitude(lat).to_radians();
        [lat.cos() * lon.to_radians().cos(), lat.cos() * lon.to_radians().sin(), lat.sin()]
    };
    let (a, b) = (vector(a), vector(b));
    let v: Vec<f64> = (0..3).map(|i| a[i] * (1.0 - t) + b[i] * t).collect();
    let lat = v[2].atan2(v[0].hypot(v[1])).to_degrees();
    [v[1].atan2(v[0]).to_degrees(), zagg_core::geodesy::geodetic_latitude(lat)]
}

/// The part of a ring about 180° that is west (side 1) or east (side -1) of the antimeridian.
fn half(ring: &Ring, side: f64) -> Ring {
    let mut kept = Ring::new();
    for (i, corner) in ring.iter().enumerate() {
        let next = ring[(i + 1) % ring.len()];
        if (180.0 - corner[0]) * side >= 0.0 {
            kept.push(*corner);
        }
        if (180.0 - corner[0]) * (180.0 - next[0]) < 0.0 {
            kept.push(crossing(*corner, next));
        }
    }
    kept
}

/// Where the way between two positions crosses the antimeridian.
fn crossing(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    // Always from the west, so that both halves get the same.
    let (a, b) = if a[0] < b[0] { (a, b) } else { (b, a) };
    let beta = |lat: f64| zagg_core::geodesy::authalic_latitude(lat).to_radians();
    let (west, east) = ((180.0 - a[0]).to_radians().sin(), (b[0] - 180.0).to_radians().sin());
    let (la, lb) = (beta(a[1]), beta(b[1]));
    let z = la.sin() * lb.cos() * east + lb.sin() * la.cos() * west;
    let x = la.cos() * lb.cos() * (west * (b[0] - 180.0).to_radians().cos() + east * (180.0 - a[0]).to_radians().cos());
    [180.0, zagg_core::geodesy::geodetic_latitude(z.atan2(x).to_degrees())]
}

#[test]
fn bands_hold_the_cells_that_reach_into_them_and_no_others() {
    for (south, north) in [(-90.0, -88.0), (10.0, 10.0), (-41.9, 41.7), (66.5, 90.0), (-90.0, 90.0), (89.9, 90.0)] {
        let band = Area { parts: vec![Part::Band { south_deg: south, north_deg: north }] };
        let ids = cover::nested(&band, order(5)).unwrap();
        let reaches = |id: &u64| {
            let corners = zagg_core::grid::healpix::corners(order(5), *id).unwrap();
            let (low, high) = corners.iter().fold((90.0_f64, -90.0_f64), |(l, h), (_, lat)| (l.min(*lat), h.max(*lat)));
            high >= south - 1e-12 && low <= north + 1e-12
        };
        let expected: Vec<u64> = (0..order(5).cells()).filter(reaches).collect();
        assert_eq!(ids, expected, "{south} to {north}");
    }
}

#[test]
fn a_line_there_and_back_a_point_and_a_spike_touch_what_they_pass() {
    let line = vec![[3.0, 4.0], [30.0, 40.0], [3.0, 4.0]];
    let ids = cells(vec![line], 6);
    for step in 0..=100 {
        let [lon, lat] = between([3.0, 4.0], [30.0, 40.0], f64::from(step) / 100.0);
        assert!(ids.contains(&nested_at(order(6), lon, lat).unwrap()));
    }
    assert!(ids.len() < 100);
    assert_eq!(cells(vec![vec![[3.3, 4.4]; 5]], 6), [nested_at(order(6), 3.3, 4.4).unwrap()]);
    let square = vec![[0.1, 0.1], [2.1, 0.1], [2.1, 2.1], [0.1, 2.1]];
    let mut spiked = square.clone();
    spiked.splice(2..2, [[2.1, 1.1], [9.3, 1.1], [2.1, 1.1]]);
    let (plain, spiked) = (cells(vec![square], 7), cells(vec![spiked], 7));
    assert!(plain.iter().all(|id| spiked.contains(id)) && spiked.len() > plain.len() + 10);
}

#[test]
fn what_is_no_area_is_refused_by_its_place() {
    let area = |rings: Vec<Ring>| Area {
        parts: vec![Part::Polygon(vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]), Part::Polygon(rings)],
    };
    let refused = |rings: Vec<Ring>| cover::nested(&area(rings), order(3)).unwrap_err();
    let hole = vec![[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]];
    let nan = refused(vec![hole.clone(), vec![[0.0, 0.0], [1.0, f64::NAN], [2.0, 2.0]]]);
    assert!(
        matches!(nan, CoverError::NotAPosition { place, .. } if (place.part, place.ring, place.corner) == (1, 1, 1))
    );
    let opposite = refused(vec![hole.clone(), vec![[0.0, 0.0], [10.0, 20.0], [-170.0, -20.0]]]);
    assert!(matches!(opposite, CoverError::Antipodal { place } if (place.part, place.ring, place.corner) == (1, 1, 1)));
    assert!(matches!(refused(vec![hole, vec![]]), CoverError::Empty { place } if (place.part, place.ring) == (1, 1)));
    assert!(matches!(refused(vec![]), CoverError::Empty { place } if place.part == 1));
    for (south_deg, north_deg) in [(10.0, 5.0), (-91.0, 0.0), (0.0, f64::NAN)] {
        let band = Area { parts: vec![Part::Band { south_deg, north_deg }] };
        assert!(matches!(cover::nested(&band, order(3)), Err(CoverError::Band { part: 0, .. })));
    }
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    assert!(matches!(cover::nested(&globe, order(29)), Err(CoverError::TooManyCells { .. })));
}

#[test]
fn a_ring_about_a_pole_and_one_about_the_equator_enclose_their_smaller_sides() {
    let circle = |lat: f64| (0..36).map(|i| [f64::from(i) * 10.0, lat]).collect::<Ring>();
    let polar = cells(vec![circle(-60.0)], 4);
    assert!(polar.contains(&nested_at(order(4), 12.0, -90.0).unwrap()) && polar.len() < 300);
    let north = cells(vec![circle(2.0)], 4);
    assert!(north.contains(&nested_at(order(4), 12.0, 80.0).unwrap()));
    assert!(!north.contains(&nested_at(order(4), 12.0, -80.0).unwrap()));
    let mut back = circle(0.0);
    let there = cells(vec![back.clone()], 4);
    back.reverse();
    assert_eq!(there, cells(vec![back], 4));
    assert!(there.contains(&nested_at(order(4), 12.0, 80.0).unwrap()));
    let ring = cells(vec![circle(80.0), circle(70.0)], 4);
    assert!(!ring.contains(&nested_at(order(4), 0.0, 90.0).unwrap()));
    assert!(ring.contains(&nested_at(order(4), 5.0, 75.0).unwrap()));
}
