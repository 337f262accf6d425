use super::*;
use crate::grid::{
    Grid, ShardLocator,
    tests::{Random, healpix, rectilinear},
};

/// A position near the box: in it, or as far out again as it is wide.
fn near(random: &mut Random, bounds: &GeoBox) -> (f64, f64) {
    let height = bounds.north - bounds.south;
    let lat = random.between(bounds.south - 0.3 * height, bounds.north + 0.3 * height).clamp(-90.0, 90.0);
    let half = 1.3 * bounds.lon_half_width;
    (bounds.lon_center + random.between(-half, half), lat)
}

/// Asserts that every one of `n` accepted points near a shard lies in its box, and that a chunk
/// holding just this point, or spanning from it to another, may hold it. Returns how many points
/// were accepted.
fn check(locator: &ShardLocator, n: u32, seed: u64) -> u32 {
    let mut random = Random(seed);
    let bounds = *locator.bounds();
    let mut accepted = 0;
    for i in 0..n {
        // Now and then anywhere, in case the box misses a part of the shard.
        let (lon, lat) = if i % 8 == 0 {
            (random.between(-360.0, 360.0), random.between(-1.0, 1.0).asin().to_degrees())
        } else {
            near(&mut random, &bounds)
        };
        if locator.cell_of(lon, lat).is_none() {
            continue;
        }
        accepted += 1;
        assert!(bounds.contains(lat, lon), "{lon} {lat} not in {bounds:?}");
        assert!(bounds.may_hold(lat, lat, lon, lon), "{lon} {lat} not in {bounds:?}");
        let (other_lon, other_lat) = (random.between(-180.0, 360.0), random.between(-90.0, 90.0));
        let chunk = [lat.min(other_lat), lat.max(other_lat), lon.min(other_lon), lon.max(other_lon)];
        assert!(bounds.may_hold(chunk[0], chunk[1], chunk[2], chunk[3]), "{lon} {lat} not in {bounds:?}");
    }
    accepted
}

#[test]
fn every_point_of_a_healpix_shard_lies_in_its_box() {
    let mut random = Random(1);
    for order in 0..=9 {
        let grid = healpix(order, 12.min(order + 6));
        let per_base = 1_u64 << (2 * order);
        let mut accepted = 0;
        for base in 0..12 {
            // The corners of the base cell (two of the twelve touch each pole) and one inside.
            for place in [0, per_base - 1, per_base / 3, 2 * (per_base / 3), random.next() % per_base] {
                let Grid::Healpix(cells) = &grid else { unreachable!() };
                let shard = cells.nested_shard(base * per_base + place).unwrap();
                accepted += check(&grid.locator(&shard).unwrap(), 2000, random.next());
            }
        }
        assert!(accepted > 20_000, "order {order}: only {accepted} of 120000 points hit");
    }
}

#[test]
fn every_point_of_a_fine_shard_at_a_pole_lies_in_its_box() {
    for order in [13, 20, 29] {
        let grid = healpix(order, order);
        let per_base = 1_u64 << (2 * u32::from(order));
        let Grid::Healpix(cells) = &grid else { unreachable!() };
        for (base, place) in [(0, per_base - 1), (1, per_base - 2), (2, per_base - 4), (8, 0), (9, 1), (11, 3)] {
            let shard = cells.nested_shard(base * per_base + place).unwrap();
            assert!(check(&grid.locator(&shard).unwrap(), 2000, place) > 0);
        }
    }
}

#[test]
fn every_point_of_a_tile_lies_in_its_box() {
    let polar = [-3_333_000.0, -3_333_000.0, 3_333_000.0, 3_333_000.0];
    let grids = [
        rectilinear("EPSG:3031", 5000.0, polar, 256),
        rectilinear("EPSG:3413", 5000.0, polar, 64),
        rectilinear("EPSG:32618", 1000.0, [100_000.0, 0.0, 900_000.0, 9_300_000.0], 400),
        rectilinear("EPSG:32701", 1000.0, [100_000.0, 1_200_000.0, 900_000.0, 10_000_000.0], 500),
        rectilinear("EPSG:4326", 1.0, [-180.0, -90.0, 180.0, 90.0], 45),
        rectilinear("EPSG:4326", 0.5, [0.0, 60.0, 360.0, 90.0], 40),
        rectilinear("EPSG:3395", 50_000.0, [-2.0e7, -1.5e7, 2.0e7, 1.5e7], 100),
        rectilinear("EPSG:3033", 5000.0, [4.0e6, 2.0e6, 9.0e6, 7.0e6], 200),
    ];
    for grid in &grids {
        let Grid::Rectilinear(tiles) = grid else { unreachable!() };
        let mut accepted = 0;
        for tile in 0..tiles.tiles() {
            let locator = grid.locator(&grid.shard(tile).unwrap()).unwrap();
            accepted += check(&locator, 100_000 / tiles.tiles() as u32, tile);
        }
        assert!(accepted > 5000, "{}: only {accepted} points hit", tiles.crs);
    }
}

#[test]
fn a_tile_that_holds_the_pole_has_every_longitude() {
    // One tile over the pole, one with the pole on its corner, one that only comes near it.
    let whole = rectilinear("EPSG:3031", 1000.0, [-1e6, -1e6, 1e6, 1e6], 2000);
    let bounds = *whole.locator(&whole.shard(0).unwrap()).unwrap().bounds();
    assert_eq!((bounds.south, bounds.lon_half_width), (-90.0, 180.0));
    assert!(bounds.north < -70.0, "{bounds:?}");
    let quarters = rectilinear("EPSG:3031", 1000.0, [-1e6, -1e6, 1e6, 1e6], 1000);
    for tile in 0..4 {
        let bounds = *quarters.locator(&quarters.shard(tile).unwrap()).unwrap().bounds();
        assert_eq!((bounds.south, bounds.lon_half_width), (-90.0, 180.0));
    }
    let far = rectilinear("EPSG:3031", 1000.0, [5e5, 5e5, 1e6, 1e6], 500);
    let bounds = *far.locator(&far.shard(0).unwrap()).unwrap().bounds();
    assert!(bounds.south > -89.0 && bounds.lon_half_width < 45.0, "{bounds:?}");
}

#[test]
fn boxes_are_tight_enough_to_be_of_use() {
    let grid = healpix(6, 12);
    let locator = grid.locator(&grid.shard_by_label("-3114111").unwrap()).unwrap();
    let bounds = locator.bounds();
    assert!(bounds.north - bounds.south < 2.0, "{bounds:?}");
    assert!(!bounds.may_hold(bounds.north + 0.1, 90.0, -180.0, 180.0));
    let grid = rectilinear("EPSG:32618", 10.0, [358_300.0, 4_299_600.0, 370_300.0, 4_311_600.0], 300);
    let locator = grid.locator(&grid.shard(5).unwrap()).unwrap();
    let bounds = locator.bounds();
    assert!(bounds.north - bounds.south < 0.035 && bounds.lon_half_width < 0.025, "{bounds:?}");
}

#[test]
fn a_projection_that_fails_on_the_outline_gives_the_globe() {
    // Northings beyond the pole of a Mercator map of half the world and more.
    let grid = rectilinear("EPSG:32618", 100_000.0, [-3.0e7, -3.0e7, 3.0e7, 3.0e7], 600);
    assert_eq!(*grid.locator(&grid.shard(0).unwrap()).unwrap().bounds(), GeoBox::GLOBE);
}

#[test]
fn extremes_of_a_chunk_are_read_conservatively() {
    let bounds = GeoBox { south: -80.0, north: -75.0, lon_center: 179.0, lon_half_width: 3.0 };
    assert!(bounds.contains(-77.0, -178.5) && bounds.contains(-77.0, 181.5) && bounds.contains(-77.0, 176.5));
    assert!(!bounds.contains(-77.0, 175.5) && !bounds.contains(-77.0, -177.5) && !bounds.contains(-74.0, 179.0));
    // Either convention, on either side of the seam.
    assert!(bounds.may_hold(-76.0, -70.0, -179.5, -179.0));
    assert!(bounds.may_hold(-76.0, -70.0, 170.0, 177.0));
    assert!(bounds.may_hold(-76.0, -70.0, 181.0, 200.0));
    assert!(!bounds.may_hold(-76.0, -70.0, 10.0, 170.0));
    assert!(!bounds.may_hold(-76.0, -70.0, -170.0, 170.0));
    assert!(!bounds.may_hold(-70.0, -60.0, 170.0, 180.0));
    // Across the seam the extremes are the whole turn.
    assert!(bounds.may_hold(-76.0, -70.0, -180.0, 180.0));
    assert!(bounds.may_hold(-76.0, -70.0, 0.0, 360.0));
    // Fill values among the coordinates, and extremes that say nothing.
    assert!(bounds.may_hold(-76.0, 3.4e38, 10.0, 3.4e38));
    assert!(bounds.may_hold(-76.0, f64::MAX, -f64::MAX, f64::MAX));
    assert!(bounds.may_hold(f64::NAN, f64::NAN, f64::NAN, f64::NAN));
    assert!(bounds.may_hold(90.0, -90.0, 20.0, 10.0));
    assert!(bounds.may_hold(f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY));
}

#[test]
fn fill_values_are_no_position() {
    for bad in [f64::NAN, f64::INFINITY, 3.4028234663852886e38, f64::MAX, -f64::MAX] {
        assert!(!is_position(bad, 0.0) && !is_position(0.0, bad));
    }
    assert!(is_position(360.0, -90.0) && !is_position(0.0, 90.1) && !is_position(720.1, 0.0));
}
