use zagg_core::geodesy::geodetic_latitude;

use super::{
    super::{arc::crosses_odd, polygon::Polygon},
    *,
};
use crate::{
    area::{Area, Part, Ring},
    cover::assign,
};
use zagg_core::grid::Grid;

fn plane(grid: &RectilinearGrid) -> Plane<'_> {
    Plane { grid, projection: Projection::new(&grid.crs).unwrap() }
}

/// Positions all along the sides of a ring, in degrees.
fn along(ring: &Ring) -> Vec<[f64; 2]> {
    let mut positions = Vec::new();
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        let (p, q) = (position(a[0], a[1]), position(b[0], b[1]));
        for step in 0..=2000 {
            let t = f64::from(step) / 2000.0;
            let v = unit([0, 1, 2].map(|k| p[k] * (1.0 - t) + q[k] * t)).unwrap();
            let lat = geodetic_latitude(v[2].atan2(v[0].hypot(v[1])).to_degrees());
            positions.push([v[1].atan2(v[0]).to_degrees(), lat]);
        }
    }
    positions
}

/// Each position on a polygon's side is in a tile that the polygon touches, and every tile that
/// it touches has one in it or lies within.
fn agree(grid: RectilinearGrid, ring: &Ring, more: usize) {
    let located: std::collections::BTreeSet<u64> = along(ring)
        .iter()
        .filter_map(|[lon, lat]| grid.cell_at(&Projection::new(&grid.crs).unwrap(), *lon, *lat))
        .map(|(row, col)| row / u64::from(grid.tile[0]) * grid.block_cols() + col / u64::from(grid.tile[1]))
        .collect();
    let region = Area::of_ring(ring.clone());
    let footprints = [Some(region.clone())];
    let assigned = assign(&Grid::Rectilinear(grid.clone()), &region, footprints.as_slice(), 0.0).unwrap();
    let found: Vec<u64> = assigned.shards().map(|(key, _)| key).collect();
    assert_eq!(assigned.region_shards, found.len() as u64);
    assert!(located.iter().all(|key| found.contains(key)), "{:?} lacks of {:?}", found, located);
    let polygon = Polygon::new(0, std::slice::from_ref(ring)).unwrap();
    let within = found.iter().filter(|key| {
        let tile =
            Tile::new(&plane(&grid), (**key / grid.block_cols()) as u32, (**key % grid.block_cols()) as u32, 0.0);
        crosses_odd(polygon.known.at, tile.unwrap().cap.center, polygon.arcs.iter()).unwrap() ^ polygon.known.inside
    });
    let within = within.filter(|key| !located.contains(key)).count();
    assert!(found.len() <= located.len() + within + more, "{found:?} but {located:?} and {within} within");
}

#[test]
fn tiles_about_the_south_pole_are_found_by_position() {
    let grid = || RectilinearGrid::new("EPSG:3031", [1000.0, 1000.0], [-3e6, -3e6, 3e6, 3e6], [300, 300]).unwrap();
    agree(grid(), &vec![[-60.0, -75.0], [-20.0, -80.0], [30.0, -78.0]], 0);
    agree(grid(), &(0..12).map(|i| [f64::from(i) * 30.0, -80.0]).collect(), 0);
    agree(grid(), &vec![[0.0, -89.9], [120.0, -89.9], [240.0, -89.9]], 0);
    agree(grid(), &vec![[170.0, -70.0], [190.0, -70.0], [180.0, -89.0]], 0);
    // One tile that holds the pole, and a polygon deep inside it.
    let one = RectilinearGrid::new("EPSG:3031", [1000.0, 1000.0], [-2e6, -2e6, 2e6, 2e6], [4000, 4000]).unwrap();
    agree(one, &vec![[0.0, -89.9], [120.0, -89.9], [240.0, -89.9]], 0);
}

#[test]
fn tiles_of_other_projections_are_found_by_position() {
    let ring: Ring = vec![[-76.62, 38.85], [-76.5, 38.84], [-76.51, 38.93]];
    let utm =
        RectilinearGrid::new("EPSG:32618", [10.0, 10.0], [358_300.0, 4_299_600.0, 370_300.0, 4_311_600.0], [100, 100]);
    agree(utm.unwrap(), &ring, 0);
    let geographic = || RectilinearGrid::new("EPSG:4326", [0.5, 0.5], [-180.0, -90.0, 180.0, 90.0], [20, 20]).unwrap();
    agree(geographic(), &vec![[-171.0, 51.0], [171.0, 61.0], [141.0, 41.0]], 0);
    agree(geographic(), &vec![[10.0, 85.0], [130.0, 84.0], [250.0, 83.0]], 36);
    let mercator = RectilinearGrid::new("EPSG:3395", [1e5, 1e5], [-20e6, -15e6, 20e6, 15e6], [10, 10]).unwrap();
    agree(mercator, &vec![[-171.0, 51.0], [171.0, 61.0], [141.0, 41.0]], 0);
}

#[test]
fn a_tile_of_all_longitudes_touches_what_is_between_its_parallels() {
    let grid = RectilinearGrid::new("EPSG:4326", [1.0, 1.0], [-180.0, -90.0, 180.0, 90.0], [30, 360]).unwrap();
    agree(grid.clone(), &vec![[100.0, 35.0], [120.0, 36.0], [110.0, 50.0]], 0);
    let band = Area { parts: vec![Part::Band { south_deg: 31.0, north_deg: 59.0 }] };
    let footprints = [Some(band.clone())];
    let assigned = assign(&Grid::Rectilinear(grid), &band, footprints.as_slice(), 0.0).unwrap();
    assert_eq!(assigned.shards().map(|(key, _)| key).collect::<Vec<_>>(), [1]);
}

#[test]
fn tiles_where_the_plane_has_no_position_have_no_shards() {
    // Beyond the poles, and beyond a turn of a plane of one turn.
    let grid = RectilinearGrid::new("EPSG:4326", [1.0, 1.0], [-180.0, -180.0, 180.0, 180.0], [90, 90]).unwrap();
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    let footprints = [Some(globe.clone())];
    let assigned = assign(&Grid::Rectilinear(grid), &globe, footprints.as_slice(), 0.0).unwrap();
    let rows: std::collections::BTreeSet<u64> = assigned.shards().map(|(key, _)| key / 4).collect();
    assert!(rows.contains(&1) && rows.contains(&2));
}

#[test]
fn the_sides_of_a_tile_stray_little_from_its_outline() {
    for (crs, bounds) in [("EPSG:3031", [-3e6, -3e6, 3e6, 3e6]), ("EPSG:3413", [-3e6, -3e6, 3e6, 3e6])] {
        let grid = RectilinearGrid::new(crs, [1e4, 1e4], bounds, [100, 100]).unwrap();
        for row in 0..6 {
            for col in 0..6 {
                let tile = Tile::new(&plane(&grid), row, col, 0.0).unwrap();
                // A metre, for tiles of a thousand kilometres.
                assert!(!tile.ragged && tile.stray < 1.6e-7, "{row} {col} {}", tile.stray);
            }
        }
    }
}
