use super::*;
use crate::{
    grid::{
        Grid, Position,
        healpix::{corners, nested_at},
        tests::{Random, healpix, rectilinear},
    },
    order::Order,
};

/// Positions spread over the globe, with every awkward one: poles, meridians, base-cell and cell
/// corners and points a rounding error beside them, in both conventions of longitude.
fn awkward(order: Order, random: &mut Random) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for lat in [-90.0, -89.999_999_999, -41.937_853_910_160_07, -0.0, 0.0, 41.937_853_910_160_07, 90.0] {
        for lon in 0..=32 {
            points.push((f64::from(lon) * 22.5 - 360.0, lat));
        }
    }
    for corner_order in [Order::new(0).unwrap(), Order::new(1).unwrap(), order] {
        let cells = corner_order.cells();
        for _ in 0..400 {
            for (lon, lat) in corners(corner_order, random.next() % cells).unwrap() {
                points.extend([(lon, lat), (lon - 360.0, lat), (lon.next_up(), lat), (lon.next_down(), lat)]);
                points.extend([(lon, lat.next_up().min(90.0)), (lon, lat.next_down().max(-90.0))]);
            }
        }
    }
    for _ in 0..20_000 {
        points.push((random.between(-180.0, 360.0), random.between(-1.0, 1.0).asin().to_degrees()));
    }
    points
}

#[test]
fn selecting_agrees_with_hashing_every_point_alone() {
    let mut random = Random(11);
    for (shard_order, cell_order) in [(0, 0), (0, 6), (1, 7), (3, 12), (6, 12), (9, 19), (14, 29)] {
        let grid = healpix(shard_order, cell_order);
        let Grid::Healpix(cells) = &grid else { unreachable!() };
        let points = awkward(cells.shard_order, &mut random);
        let lon: Vec<f64> = points.iter().map(|point| point.0).collect();
        let lat: Vec<f64> = points.iter().map(|point| point.1).collect();
        // Shards that hold some of the points, among them the awkward ones.
        let shard_at = |i: usize| cells.parent(nested_at(cells.cell_order, lon[i], lat[i]).unwrap());
        let mut shards: Vec<u64> = (0..231).step_by(4).map(shard_at).collect();
        shards.extend((231..points.len()).step_by(points.len() / 40).map(shard_at));
        shards.sort_unstable();
        shards.dedup();
        for nested in shards {
            let locator = grid.locator(&cells.nested_shard(nested).unwrap()).unwrap();
            let mut found = Selection::default();
            locator.select(&lat, &lon, 1000, &mut found);
            let mut expected = Selection::default();
            for (row, &(lon, lat)) in points.iter().enumerate() {
                let cell = nested_at(cells.cell_order, lon, lat).unwrap();
                if cells.parent(cell) == nested {
                    expected.rows.push(1000 + row as u64);
                    expected.cells.push(cells.rank(cell));
                }
            }
            assert_eq!(found, expected, "shard {nested} of order {shard_order}");
            assert!(!found.rows.is_empty());
        }
    }
}

#[test]
fn every_point_of_the_globe_lies_in_exactly_one_shard() {
    let grid = healpix(1, 5);
    let Grid::Healpix(cells) = &grid else { unreachable!() };
    let points = awkward(cells.shard_order, &mut Random(12));
    let (lon, lat): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
    let mut found = Selection::default();
    for nested in 0..cells.shard_order.cells() {
        grid.locator(&cells.nested_shard(nested).unwrap()).unwrap().select(&lat, &lon, 0, &mut found);
    }
    found.rows.sort_unstable();
    assert!(found.rows.iter().copied().eq(0..lat.len() as u64));
    assert_eq!(found.rejected, 0);
}

#[test]
fn bad_coordinates_are_counted_and_cost_no_other_point() {
    let grid = healpix(6, 12);
    let locator = grid.locator(&grid.shard_by_label("-3114111").unwrap()).unwrap();
    let (lon, lat) = (45.1, -77.75);
    assert_eq!(locator.cell_of(lon, lat), Some(135_005_124 - 32960 * 4096));
    let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.4028234663852886e38, f64::MAX];
    let mut lats = vec![lat];
    let mut lons = vec![lon];
    for value in bad {
        lats.extend([value, lat, value]);
        lons.extend([lon, value, value]);
    }
    lats.extend([lat, 10.0]);
    lons.extend([lon + 360.0, 10.0]);
    let mut out = Selection::default();
    locator.select(&lats, &lons, 5, &mut out);
    assert_eq!(out.rows, [5, 21]);
    assert_eq!(out.cells[0], out.cells[1]);
    assert_eq!(out.rejected, 15);
    // An array that is too long has points without a partner.
    locator.select(&lats, &lons[..1], 100, &mut out);
    assert_eq!((out.rows.len(), out.rejected), (3, 15 + 17));
    for value in bad {
        assert_eq!((locator.cell_of(value, lat), locator.cell_of(lon, value)), (None, None));
    }
}

#[test]
fn a_locator_can_be_shared_by_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<ShardLocator>();
    shared::<Grid>();
}

#[test]
fn tiles_share_out_the_grid_row_by_row() {
    let grid = rectilinear("EPSG:3031", 5000.0, [-1e6, -1e6, 1e6, 1e6], 100);
    let Grid::Rectilinear(tiles) = &grid else { unreachable!() };
    let projection = Projection::new("EPSG:3031").unwrap();
    let mut random = Random(13);
    let (lon, lat): (Vec<f64>, Vec<f64>) =
        (0..20_000).map(|_| (random.between(-180.0, 360.0), random.between(-90.0, -78.0))).unzip();
    let mut inside = 0;
    for tile in 0..tiles.tiles() {
        let shard = grid.shard(tile).unwrap();
        let Position::Tile { row, col } = shard.position else { unreachable!() };
        let mut out = Selection::default();
        grid.locator(&shard).unwrap().select(&lat, &lon, 0, &mut out);
        let mut expected = Selection::default();
        for i in 0..lon.len() {
            let Some((cell_row, cell_col)) = tiles.cell_at(&projection, lon[i], lat[i]) else { continue };
            if (cell_row / 100, cell_col / 100) == (u64::from(row), u64::from(col)) {
                expected.rows.push(i as u64);
                expected.cells.push((cell_row % 100 * 100 + cell_col % 100) as u32);
            }
        }
        assert_eq!(out, expected);
        inside += out.rows.len();
    }
    let whole = (0..lon.len()).filter(|&i| tiles.cell_at(&projection, lon[i], lat[i]).is_some()).count();
    assert_eq!(inside, whole);
    assert!(inside > 10_000);
}
