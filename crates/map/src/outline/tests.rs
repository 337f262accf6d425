use zagg_core::{
    grid::{Grid, HealpixGrid, RectilinearGrid},
    order::Order,
};

use super::*;

fn healpix(order: u8) -> Grid {
    Grid::Healpix(HealpixGrid::new(Order::new(order).unwrap(), Order::new(order).unwrap()).unwrap())
}

fn every_shard(grid: &Grid) -> Vec<Vec<LaidOut>> {
    let of = |shard| super::shard(grid, &shard).unwrap().laid_out(0.0);
    match grid {
        Grid::Healpix(inner) => {
            (0..inner.shard_order.cells()).map(|nested| of(inner.nested_shard(nested).unwrap())).collect()
        }
        Grid::Rectilinear(inner) => (0..inner.tiles()).map(|key| of(inner.shard(key).unwrap())).collect(),
    }
}

/// The part of the globe's surface in polygons, along whose lines latitude is taken as straight.
fn share_of_the_globe(polygons: &[LaidOut]) -> f64 {
    let sine = |lat: f64| zagg_core::geodesy::authalic_latitude(lat).to_radians().sin();
    let steps = 64;
    let fine = |ring: &Ring| {
        let between = |(a, b): (&[f64; 2], &[f64; 2])| {
            let at = |k: i32| f64::from(k) / f64::from(steps);
            let points = (0..steps).map(|k| [a[0] + at(k) * (b[0] - a[0]), sine(a[1] + at(k) * (b[1] - a[1]))]);
            points.collect::<Vec<_>>()
        };
        ring.iter().zip(ring.iter().skip(1)).flat_map(between).collect::<Ring>()
    };
    polygons.iter().flat_map(|polygon| &polygon.rings).map(|ring| doubled_area(&fine(ring)) / 2.0 / 720.0).sum()
}

fn within_the_plane(polygons: &[LaidOut]) -> bool {
    let positions = polygons.iter().flat_map(|polygon| &polygon.rings).flatten();
    positions.clone().all(|[lon, lat]| (-180.0..=180.0).contains(lon) && (-90.0..=90.0).contains(lat))
}

#[test]
fn shards_of_one_order_share_the_globe_evenly() {
    for order in 0..=4 {
        let shards = every_shard(&healpix(order));
        let fair = 1.0 / shards.len() as f64;
        for (nested, polygons) in shards.iter().enumerate() {
            let share = share_of_the_globe(polygons);
            assert!((share / fair - 1.0).abs() < 2e-3, "order {order}, shard {nested}: {}", share / fair);
            assert!(within_the_plane(polygons), "order {order}, shard {nested}");
        }
        let whole: f64 = shards.iter().map(|polygons| share_of_the_globe(polygons)).sum();
        assert!((whole - 1.0).abs() < 1e-4, "order {order}: {whole}");
    }
}

#[test]
fn a_shard_across_half_a_turn_has_a_part_on_either_side() {
    let shards = every_shard(&healpix(1));
    let in_two = shards.iter().filter(|polygons| polygons.len() == 2).count();
    assert!(in_two > 0, "no shard is cut");
    for polygons in shards.iter().filter(|polygons| polygons.len() == 2) {
        let touches = |lon: f64| polygons.iter().any(|p| p.rings[0].iter().any(|position| position[0] == lon));
        assert!(touches(180.0) && touches(-180.0));
    }
}

#[test]
fn tiles_about_a_pole_share_it() {
    // The pole in the middle of a tile, on the edge between two, and at the corner of four.
    for bounds in [[-1.5e6, -1.5e6, 1.5e6, 1.5e6], [-1e6, -1.5e6, 1e6, 1.5e6], [-1e6, -1e6, 1e6, 1e6]] {
        let grid = RectilinearGrid::new("EPSG:3031", [1e4, 1e4], bounds, [100, 100]).unwrap();
        let shards = every_shard(&Grid::Rectilinear(grid));
        let corner = zagg_core::grid::Projection::new("EPSG:3031").unwrap().inverse(bounds[0], bounds[1]).unwrap();
        let whole: f64 = shards.iter().map(|polygons| share_of_the_globe(polygons)).sum();
        assert!(shards.iter().all(|polygons| within_the_plane(polygons)));
        let reaches = |polygons: &&Vec<LaidOut>| polygons.iter().flat_map(|p| &p.rings[0]).any(|p| p[1] == -90.0);
        let about = shards.iter().filter(reaches).count();
        let expected = match bounds {
            [-1.5e6, ..] => 1,
            [_, -1.5e6, ..] => 2,
            _ => 4,
        };
        assert_eq!(about, expected, "{bounds:?}");
        // The square lies between the circles in it and about it.
        let cap = |lat: f64| (1.0 - lat.to_radians().sin().abs()) / 2.0;
        assert!(whole < cap(corner.1) && whole > cap(corner.1) * 0.5, "{bounds:?}: {whole}");
    }
}

#[test]
fn tiles_of_degrees_share_the_globe() {
    let grid = RectilinearGrid::new("EPSG:4326", [1.0, 1.0], [-30.0, -90.0, 330.0, 90.0], [60, 90]).unwrap();
    let shards = every_shard(&Grid::Rectilinear(grid));
    let whole: f64 = shards.iter().map(|polygons| share_of_the_globe(polygons)).sum();
    assert!((whole - 1.0).abs() < 1e-6, "{whole}");
    assert!(shards.iter().all(|polygons| within_the_plane(polygons)));
}

#[test]
fn a_ring_round_the_pole_is_closed_along_it_whichever_way_it_goes() {
    let ring: Ring = (0..36).map(|k| [f64::from(k) * 10.0 - 175.0, 70.0]).collect();
    let backwards: Ring = ring.iter().rev().copied().collect();
    for ring in [ring, backwards] {
        let polygons = Outline::Rings(vec![ring]).laid_out(0.0);
        assert_eq!(polygons.len(), 1);
        let ring = &polygons[0].rings[0];
        assert!(doubled_area(ring) > 0.0);
        for corner in [[-180.0, 90.0], [180.0, 90.0], [-180.0, 70.0], [180.0, 70.0]] {
            assert!(ring.contains(&corner), "{corner:?} is not in {ring:?}");
        }
    }
}

#[test]
fn a_hole_stays_a_hole_when_the_cut_goes_through_it() {
    let square =
        |half: f64| vec![[180.0 - half, -half], [180.0 + half, -half], [180.0 + half, half], [180.0 - half, half]];
    let polygons = Outline::Rings(vec![square(4.0), square(2.0)]).laid_out(0.0);
    let area: f64 = polygons.iter().flat_map(|p| &p.rings).map(|ring| doubled_area(ring) / 2.0).sum();
    assert!((area - 48.0).abs() < 1e-9, "{area}");
    assert_eq!(polygons.len(), 2);
    let whole = Outline::Rings(vec![square(4.0), square(2.0)]).laid_out(170.0);
    assert_eq!((whole.len(), whole[0].rings.len()), (1, 2));
}

#[test]
fn great_circles_are_followed_and_corners_stay() {
    let corners = vec![[170.0, -60.0], [-150.0, -60.0], [-150.0, -62.0], [170.0, -62.0], [170.0, -60.0]];
    let Outline::Rings(rings) = Outline::of_great_circles(std::slice::from_ref(&corners)) else { panic!("rings") };
    assert!(corners.iter().all(|corner| rings[0].contains(corner)));
    let southmost = rings[0].iter().map(|p| p[1]).fold(0.0, f64::min);
    // Between two positions on a parallel a great circle runs nearer to the pole: of 62 degrees and 40 of longitude
    // tan(62°) / cos(20°), the flattening aside.
    let expected = -(62_f64.to_radians().tan() / 20_f64.to_radians().cos()).atan().to_degrees();
    assert!((southmost - expected).abs() < 0.01, "{southmost} is not {expected}");
}

#[test]
fn nothing_sensible_makes_no_polygon_and_no_panic() {
    for ring in [
        vec![],
        vec![[0.0, 90.0]],
        vec![[0.0, 90.0]; 4],
        vec![[1.0, 1.0]; 5],
        vec![[f64::NAN, 1.0], [2.0, f64::INFINITY], [3.0, 4.0]],
        vec![[1e18, 1.0], [-1e18, 2.0], [0.0, 3.0]],
    ] {
        let polygons = Outline::of_great_circles(&[ring]).laid_out(0.0);
        assert!(polygons.iter().flat_map(|p| &p.rings).all(|ring| ring.len() > 3));
    }
}
