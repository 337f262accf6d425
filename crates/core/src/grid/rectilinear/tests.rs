use super::*;

fn grid(step: f64, bounds: [f64; 4], tile: [u32; 2]) -> RectilinearGrid {
    RectilinearGrid::new("EPSG:4326", [step, step], bounds, tile).unwrap()
}

fn cell(grid: &RectilinearGrid, lon: f64, lat: f64) -> Option<(u64, u64)> {
    grid.cell_at(&Projection::new(&grid.crs).unwrap(), lon, lat)
}

#[test]
fn the_grid_is_padded_to_whole_tiles_east_and_south() {
    let grid = grid(1.0, [10.0, 20.0, 13.5, 22.0], [2, 3]);
    assert_eq!(grid.shape, [2, 6]);
    assert_eq!(grid.bounds(), [10.0, 20.0, 16.0, 22.0]);
    assert_eq!((grid.block_rows(), grid.block_cols(), grid.tiles()), (1, 2, 2));
    assert_eq!(grid.affine(), [1.0, 0.0, 10.0, 0.0, -1.0, 22.0]);
    assert_eq!(grid.x_centers(), [10.5, 11.5, 12.5, 13.5, 14.5, 15.5]);
    assert_eq!(grid.y_centers(), [21.5, 20.5]);
    assert_eq!(grid.tile_bounds(0, 1), [13.0, 20.0, 16.0, 22.0]);
    // The padding holds points.
    assert_eq!(cell(&grid, 15.9, 20.1), Some((1, 5)));
}

#[test]
fn a_rounding_error_of_the_span_adds_no_cell() {
    // 0.3 / 0.1 is a little less than 3, and 3 * 0.1 a little more than 0.3.
    assert_eq!(grid(0.1, [0.0, 0.0, 0.3, 0.1 * 3.0], [1, 1]).shape, [3, 3]);
    assert_eq!(grid(0.1, [0.0, 0.0, 0.3 + 1e-6, 0.3], [1, 1]).shape, [3, 4]);
}

#[test]
fn edges_belong_to_the_next_cell_and_the_last_edge_is_out() {
    let grid = grid(1.0, [10.0, 20.0, 12.0, 22.0], [2, 2]);
    assert_eq!(cell(&grid, 10.0, 22.0), Some((0, 0)));
    assert_eq!(cell(&grid, 11.0, 21.0), Some((1, 1)));
    assert_eq!(cell(&grid, 12.0, 21.5), None);
    assert_eq!(cell(&grid, 10.5, 20.0), None);
    assert_eq!(cell(&grid, 10.5, 22.0_f64.next_up()), None);
    assert_eq!(cell(&grid, 10.0_f64.next_down(), 21.0), None);
    assert_eq!(cell(&grid, f64::NAN, 21.0), None);
}

#[test]
fn longitudes_are_found_in_either_convention() {
    let west = grid(1.0, [-180.0, -90.0, 180.0, 90.0], [90, 90]);
    assert_eq!(cell(&west, 190.5, 0.5), cell(&west, -169.5, 0.5));
    assert_eq!(cell(&west, 180.0, 0.5), Some((89, 0)));
    let east = grid(1.0, [0.0, -90.0, 360.0, 90.0], [90, 90]);
    assert_eq!(cell(&east, -0.5, 0.5), Some((89, 359)));
    assert_eq!(cell(&east, 540.5, 0.5), Some((89, 180)));
}

#[test]
fn quotients_are_floored_exactly() {
    // 1.0 / 0.1 rounds to 10, but 0.1 is a little more than a tenth: numpy's 1.0 // 0.1 is 9.
    assert_eq!(floor_div(1.0, 0.1), 9.0);
    assert_eq!(floor_div(0.3, 0.1), 2.0);
    assert_eq!(floor_div(0.6, 0.2), 2.0);
    assert_eq!(floor_div(-0.3, 0.1), -3.0);
    assert_eq!(floor_div(0.5, 0.25), 2.0);
    assert_eq!(floor_div(7.5, 2.5), 3.0);
    assert_eq!(floor_div(-1e-300, 5.0), -1.0);
    assert!(floor_div(f64::INFINITY, 5.0).is_infinite());
}

#[test]
fn tiles_are_numbered_row_by_row() {
    let grid = grid(1.0, [0.0, 0.0, 6.0, 4.0], [2, 2]);
    assert_eq!(grid.shard(4).unwrap().position, Position::Tile { row: 1, col: 1 });
    assert_eq!(grid.shard_by_label("5").unwrap().position, Position::Tile { row: 1, col: 2 });
    assert_eq!(grid.shard(6), Err(GridError::NoSuchTile { key: 6, tiles: 6 }));
    assert_eq!(grid.shard_by_label("x"), Err(GridError::TileLabel { label: "x".to_owned(), tiles: 6 }));
}

#[test]
fn numbers_that_make_no_grid_are_refused_by_name() {
    let new = |step, bounds, tile| RectilinearGrid::new("EPSG:4326", [step, step], bounds, tile);
    let what = |result: Result<RectilinearGrid, GridError>| match result {
        Err(GridError::Rectilinear { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let good = [0.0, 0.0, 1.0, 1.0];
    assert_eq!(what(new(1.0, [1.0, 0.0, 0.0, 1.0], [1, 1])), "bounds");
    assert_eq!(what(new(1.0, [0.0, 0.0, f64::NAN, 1.0], [1, 1])), "bounds");
    assert_eq!(what(new(0.0, good, [1, 1])), "resolution");
    assert_eq!(what(new(-1.0, good, [1, 1])), "resolution");
    assert_eq!(what(new(1e-300, good, [1, 1])), "resolution");
    assert_eq!(what(new(1.0, good, [0, 1])), "chunk_shape");
    assert!(matches!(new(1.0, good, [65536, 65536]), Err(GridError::ShardTooLarge { .. })));
    let unknown = RectilinearGrid::new("EPSG:99999", [1.0, 1.0], good, [1, 1]);
    assert!(matches!(unknown, Err(GridError::CrsUnknown { code: 99999 })));
}
