use serde_json::Value;

use super::*;
use crate::grid::tests::Random;

fn order(k: u8) -> Order {
    Order::new(k).unwrap()
}

fn grid(shard: u8, cell: u8) -> HealpixGrid {
    HealpixGrid::new(order(shard), order(cell)).unwrap()
}

#[test]
fn cells_of_a_shard_follow_each_other() {
    let grid = grid(6, 12);
    let shard = grid.shard(10_430_336_736_990_068_742).unwrap();
    assert_eq!(shard.label, "-3114111");
    assert_eq!(shard.position, Position::Nested(32960));
    assert_eq!(grid.cells_per_shard(), 4096);
    assert_eq!(grid.cells(32960), 32960 * 4096..32961 * 4096);
    assert_eq!((grid.parent(135_005_124), grid.rank(135_005_124)), (32960, 135_005_124 - 32960 * 4096));
    assert_eq!(grid.nested_shard(32960), Ok(shard));
    assert!(grid.nested_shard(order(6).cells()).is_err());
}

#[test]
fn the_latitude_is_authalic() {
    // With the geodetic latitude it would be 135005032.
    assert_eq!(grid(6, 12).cell_at(45.1, -77.75), Some(135_005_124));
}

#[test]
fn inner_chunks_divide_a_shard() {
    let grid = grid(6, 13);
    assert_eq!(grid.inner_chunks_per_shard(order(7)), Some(4));
    assert_eq!(grid.first_inner_chunk(order(7), 32960), Some(131_840));
    assert_eq!(grid.inner_chunk(order(7), 3), Some(3 * 4096..4 * 4096));
    assert_eq!(grid.inner_chunk(order(7), 4), None);
    assert_eq!(grid.inner_chunk(order(6), 0), Some(0..16384));
    assert_eq!(grid.inner_chunks_per_shard(order(5)), None);
    assert_eq!(grid.inner_chunks_per_shard(order(14)), None);
}

#[test]
fn keys_that_are_no_shard_are_refused_with_the_reason() {
    let grid = grid(6, 12);
    let word = |text: &str| text.parse::<Word>().unwrap().bits();
    assert!(matches!(
        grid.shard(word("-31141")),
        Err(GridError::WrongOrder { label, found, expected, .. })
            if label == "-31141" && found == order(4) && expected == order(6)
    ));
    assert!(matches!(grid.shard(Word::point(7).unwrap().bits()), Err(GridError::PointKey { .. })));
    assert!(matches!(grid.shard(3_114_111), Err(GridError::SignedDecimalKey { key: 3_114_111 })));
    assert!(matches!(grid.shard(0), Err(GridError::NotAWord { .. })));
    assert!(matches!(grid.shard(u64::MAX), Err(GridError::NotAWord { .. })));
    assert!(matches!(grid.shard(word("-3114111") | 1 << 20), Err(GridError::NotAWord { .. })));
}

#[test]
fn labels_are_decimals_or_packed_words() {
    let grid = grid(6, 12);
    let shard = grid.shard_by_label("-3114111").unwrap();
    assert_eq!(grid.shard_by_label("10430336736990068742").as_ref(), Ok(&shard));
    assert!(matches!(grid.shard_by_label("-311411"), Err(GridError::WrongOrder { .. })));
    assert!(matches!(grid.shard_by_label("-3114119"), Err(GridError::Label { .. })));
    assert!(matches!(grid.shard_by_label(""), Err(GridError::Label { .. })));
    assert!(matches!(grid.shard_by_label("0"), Err(GridError::Label { .. })));
    let order_5 = "-311411".parse::<Word>().unwrap().bits().to_string();
    assert!(matches!(grid.shard_by_label(&order_5), Err(GridError::WrongOrder { .. })));
}

#[test]
fn orders_that_make_no_grid_are_refused() {
    assert!(matches!(HealpixGrid::new(order(7), order(6)), Err(GridError::CellsCoarserThanShards { .. })));
    assert!(matches!(HealpixGrid::new(order(0), order(16)), Err(GridError::ShardTooLarge { .. })));
    assert_eq!(HealpixGrid::new(order(0), order(15)).map(|grid| grid.cells_per_shard()), Ok(1 << 30));
    assert_eq!(grid(6, 6).cells_per_shard(), 1);
}

#[test]
fn a_coarse_hash_is_the_prefix_of_the_finest() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let (lon, lat) = (random.between(-360.0, 360.0), random.between(-90.0, 90.0));
        let finest = nested_at(Order::MAX, lon, lat).unwrap();
        for k in [0, 1, 6, 12, 19, 28] {
            assert_eq!(nested_at(order(k), lon, lat), Some(finest >> (2 * (29 - k))), "at {lon} {lat}, order {k}");
        }
    }
}

#[test]
fn a_cell_holds_its_own_center() {
    let mut random = Random(8);
    for k in 0..=29 {
        for _ in 0..300 {
            let nested = random.next() % order(k).cells();
            let (lon, lat) = center(order(k), nested).unwrap();
            assert_eq!(nested_at(order(k), lon, lat), Some(nested), "order {k}");
        }
        assert_eq!(center(order(k), order(k).cells()), None);
        assert_eq!(corners(order(k), order(k).cells()), None);
    }
}

#[test]
fn longitudes_far_around_are_the_same_place() {
    for lon in [-179.5, -33.3, 12.25, 170.0] {
        for lat in [-80.0, -10.0, 45.0] {
            let here = nested_at(order(12), lon, lat);
            for turn in [-720.0, -360.0, 360.0, 720.0] {
                let there = lon + turn;
                assert_eq!(nested_at(order(12), there, lat), here.filter(|_| there.abs() <= 720.0));
            }
        }
    }
}

#[test]
fn the_poles_and_every_edge_of_the_range_hash() {
    for lat in [-90.0, 90.0, -0.0] {
        for lon in [-720.0, -360.0, -180.0, -0.0, 0.0, 180.0, 360.0, 540.0, 720.0] {
            for k in 0..=29 {
                assert!(nested_at(order(k), lon, lat).is_some_and(|nested| nested < order(k).cells()));
            }
        }
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.4028234663852886e38, f64::MAX, -f64::MAX] {
        assert_eq!(nested_at(order(6), bad, 10.0), None);
        assert_eq!(nested_at(order(6), 10.0, bad), None);
    }
    assert_eq!(nested_at(order(6), 0.0, 90.0_f64.next_up()), None);
    assert_eq!(nested_at(order(6), 720.0_f64.next_up(), 0.0), None);
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/golden/morton/");

#[test]
#[ignore = "needs ../shared"]
fn golden_points_fall_in_their_golden_cells() {
    let text = std::fs::read_to_string(format!("{GOLDEN}points.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut compared = [0; 4];
    for line in lines {
        let row: Vec<&str> = line.split(',').collect();
        let get = |name: &str| row[header.iter().position(|column| *column == name).unwrap()];
        let (lat, lon): (f64, f64) = (get("lat").parse().unwrap(), get("lon").parse().unwrap());
        assert_eq!(authalic_latitude(lat).to_bits(), get("lat_authalic").parse::<f64>().unwrap().to_bits(), "{line}");
        for (i, k) in [6, 12, 18, 29].into_iter().enumerate() {
            if get(&format!("agree_o{k}")) != "1" {
                continue;
            }
            let nested = nested_at(order(k), lon, lat).unwrap();
            let word = Word::from_nested(nested, order(k)).unwrap();
            assert_eq!(nested.to_string(), get(&format!("nest_o{k}")), "{line}");
            assert_eq!(word.bits().to_string(), get(&format!("word_o{k}")), "{line}");
            assert_eq!(word.to_string(), get(&format!("dec_o{k}")), "{line}");
            if k == 29 {
                let point = Word::point(nested).unwrap();
                assert_eq!(point.bits().to_string(), get("word_point29"), "{line}");
                assert_eq!(point.to_string(), get("dec_point29"), "{line}");
            }
            compared[i] += 1;
        }
    }
    assert!(compared.iter().all(|&n| n > 1600), "too few rows were compared: {compared:?}");
}

#[test]
#[ignore = "needs ../shared"]
fn golden_invalid_points_are_refused() {
    let rows: Vec<Value> =
        serde_json::from_slice(&std::fs::read(format!("{GOLDEN}points_invalid.json")).unwrap()).unwrap();
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
    assert!(rows.len() >= 12);
    for row in rows {
        let (lat, lon) = (number(&row["lat"]), number(&row["lon"]));
        let found = nested_at(order(6), lon, lat);
        // A longitude of no more than two turns is a place, and the golden cell's.
        if lat.abs() <= 90.0 && lon.abs() <= 720.0 {
            let word = Word::from_nested(found.unwrap(), order(6)).unwrap();
            assert_eq!(word.bits(), row["word_o6"].as_u64().unwrap());
        } else {
            assert_eq!(found, None, "{row}");
        }
    }
}

#[test]
#[ignore = "needs ../shared"]
fn golden_cell_centers_and_corners_agree() {
    let golden: Value = serde_json::from_slice(&std::fs::read(format!("{GOLDEN}hierarchy.json")).unwrap()).unwrap();
    let near = |(lon, lat): (f64, f64), golden: &Value| {
        let (golden_lat, golden_lon) = (golden[0].as_f64().unwrap(), golden[1].as_f64().unwrap());
        let turn = (lon - golden_lon + 540.0).rem_euclid(360.0) - 180.0;
        (lat - golden_lat).abs() < 1e-8 && (turn * lat.to_radians().cos()).abs() < 1e-8
    };
    let rows = golden["cell_geometry"].as_array().unwrap();
    assert!(rows.len() > 5);
    for row in rows {
        let (order, nested) = (order(row["order"].as_u64().unwrap() as u8), row["nested"].as_u64().unwrap());
        assert!(near(center(order, nested).unwrap(), &row["center"]), "{row}");
        let [south, east, north, west] = corners(order, nested).unwrap();
        for (corner, golden) in [(north, 0), (west, 1), (south, 2), (east, 3)] {
            assert!(near(corner, &row["polygon_step1_latlon"][golden]), "corner {golden} of {row}");
        }
    }
}

#[test]
fn an_outline_goes_through_the_corners_and_lies_on_the_edge() {
    for (order, nested) in [(0, 11), (3, 0), (6, 40_000), (12, 134_964_273)] {
        let order = Order::new(order).unwrap();
        let outline = outline(order, nested, 4).unwrap();
        assert_eq!(outline.len(), 16);
        let corners = corners(order, nested).unwrap();
        for corner in corners {
            let near = |p: &&(f64, f64)| {
                (p.1 - corner.1).abs() < 1e-9 && ((p.0 - corner.0 + 180.0).rem_euclid(360.0) - 180.0).abs() < 1e-6
            };
            assert!(outline.iter().any(|p| near(&p)), "{corner:?} not in {outline:?}");
        }
    }
    assert_eq!(outline(Order::new(0).unwrap(), 12, 1), None);
}
