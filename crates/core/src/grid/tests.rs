use super::*;
use crate::order::Order;

/// A generator of well-mixed numbers (Steele, Lea and Flood's SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub(super) fn healpix(shard: u8, cell: u8) -> Grid {
    let order = |k| Order::new(k).unwrap();
    Grid::new(&GridSpec::Healpix { shard_order: order(shard), cell_order: order(cell) }).unwrap()
}

pub(super) fn rectilinear(crs: &str, step: f64, bounds: [f64; 4], tile: u32) -> Grid {
    let spec = GridSpec::Rectilinear { crs: crs.to_owned(), resolution: [step, step], bounds, tile: [tile, tile] };
    Grid::new(&spec).unwrap()
}

#[test]
fn both_kinds_of_grid_name_their_shards() {
    let grid = healpix(6, 12);
    assert_eq!(grid.cells_per_shard(), 4096);
    let shard = grid.shard_by_label("-3114111").unwrap();
    assert_eq!(grid.shard(shard.key), Ok(shard));

    let grid = rectilinear("EPSG:3031", 5000.0, [-3.2e6, -3.2e6, 3.2e6, 3.2e6], 256);
    assert_eq!(grid.cells_per_shard(), 65536);
    let shard = grid.shard_by_label("7").unwrap();
    assert_eq!(shard.position, Position::Tile { row: 1, col: 2 });
    assert_eq!(grid.shard(7), Ok(shard));
    assert!(matches!(grid.shard(25), Err(GridError::NoSuchTile { key: 25, tiles: 25 })));
    assert!(matches!(grid.shard_by_label("-3114111"), Err(GridError::TileLabel { tiles: 25, .. })));
}

#[test]
fn a_shard_of_the_other_kind_has_no_locator() {
    let cells = healpix(6, 12);
    let tiles = rectilinear("EPSG:4326", 1.0, [-180.0, -90.0, 180.0, 90.0], 60);
    let shard = tiles.shard(0).unwrap();
    assert!(matches!(cells.locator(&shard), Err(GridError::ForeignShard { .. })));
    assert!(tiles.locator(&shard).is_ok());
}
