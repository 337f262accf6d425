//! Assignment of the real footprints of `cat_neon.parquet` compared with the Python zagg's maps.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde_json::Value;
use zagg_catalog::{
    area::{Area, Part},
    catalog::Catalog,
    cover, geoparquet,
};
use zagg_core::{
    grid::{Grid, GridSignature, HealpixGrid, RectilinearGrid},
    order::Order,
};

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name)
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(shared(name)).unwrap()).unwrap()
}

/// The region of the maps, exterior rings only.
fn region() -> Area {
    let json = json("geojson/AOP_NEON.geojson");
    let corner = |corner: &Value| [corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap()];
    let ring = |feature: &Value| {
        let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
        Part::Polygon(vec![ring.iter().map(corner).collect()])
    };
    Area { parts: json["features"].as_array().unwrap().iter().map(ring).collect() }
}

/// The map: shard keys, and the ids of each one's granules in their order.
fn map(name: &str) -> (Value, Vec<(u64, Vec<String>)>) {
    let map = json(name);
    let keys = map["shard_keys"].as_array().unwrap().iter().map(|key| key.as_u64().unwrap());
    let id = |granule: &Value| granule["id"].as_str().unwrap().to_owned();
    let lists =
        map["granules"].as_array().unwrap().iter().map(|list| list.as_array().unwrap().iter().map(id).collect());
    let shards = keys.zip(lists).collect();
    (map, shards)
}

/// The granules of the catalog that a map names, in the catalog's order.
fn named_by(shards: &[(u64, Vec<String>)]) -> Catalog {
    let ids: HashSet<&String> = shards.iter().flat_map(|(_, ids)| ids).collect();
    let mut catalog = geoparquet::read(&shared("catalog/cat_neon.parquet")).unwrap();
    assert_eq!(catalog.entries.len(), 2089);
    catalog.entries.retain(|entry| ids.contains(&entry.id));
    catalog
}

fn assigned(grid: &Grid, region: &Area, catalog: &Catalog) -> Vec<(u64, Vec<String>)> {
    let assigned = cover::assign(grid, region, catalog, 0.0).unwrap();
    assert!(assigned.outside.is_empty() && assigned.without_footprint.is_empty() && assigned.unusable.is_empty());
    let ids = |granules: &[u32]| granules.iter().map(|i| catalog.entries[*i as usize].id.clone()).collect();
    assigned.shards().map(|(key, granules)| (key, ids(granules))).collect()
}

fn healpix(order: u8) -> Grid {
    let order = Order::new(order).unwrap();
    Grid::Healpix(HealpixGrid::new(order, order).unwrap())
}

#[test]
#[ignore = "needs ../shared"]
fn the_healpix_maps_of_neon_come_out_as_they_are() {
    for (order, shards, pairs, of_all) in [(9, 4, 218, 314), (10, 9, 360, 454)] {
        let (_, expected) = map(&format!("catalog/sm_healpix_o{order}.json"));
        let catalog = named_by(&expected);
        assert_eq!(catalog.entries.len(), 66);
        assert_eq!(assigned(&healpix(order), &region(), &catalog), expected);
        assert_eq!((expected.len(), expected.iter().map(|(_, ids)| ids.len()).sum::<usize>()), (shards, pairs));
        // The whole catalog holds granules that pass by.
        let all = geoparquet::read(&shared("catalog/cat_neon.parquet")).unwrap();
        let assigned = cover::assign(&healpix(order), &region(), &all, 0.0).unwrap();
        assert_eq!((assigned.pairs(), assigned.empty_shards()), (of_all, 0));
        assert_eq!(assigned.outside.len() + touching(&assigned), 2089);
    }
}

fn touching(assigned: &cover::Assigned) -> usize {
    assigned.shards().flat_map(|(_, granules)| granules).collect::<HashSet<_>>().len()
}

/// The sum over the footprints of the cells that each touches, on the whole globe.
#[test]
#[ignore = "needs ../shared"]
fn all_real_footprints_together_touch_as_many_cells_of_order_9_as_in_the_golden_covers() {
    let all = geoparquet::read(&shared("catalog/cat_neon.parquet")).unwrap();
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    let assigned = cover::assign(&healpix(9), &globe, &all, 0.0).unwrap();
    assert_eq!((assigned.region_shards, assigned.pairs()), (12 << 18, 1_325_447));
    // One by one they have the same.
    let order = Order::new(9).unwrap();
    let one_by_one: u64 = all
        .entries
        .iter()
        .map(|entry| cover::nested(entry.footprint.as_ref().unwrap(), order).unwrap().len() as u64)
        .sum();
    assert_eq!(one_by_one, 1_325_447);
}

/// The map was made with S2 and with geodetic latitudes taken as those of a sphere. At these tiles
/// of 3 km that makes no difference: nothing has to be explained.
#[test]
#[ignore = "needs ../shared"]
fn the_rectilinear_map_of_neon_comes_out_as_it_is() {
    let (json, expected) = map("catalog/sm_rect_3km.json");
    let grid =
        RectilinearGrid::new("EPSG:32618", [10.0, 10.0], [358_300.0, 4_299_600.0, 370_300.0, 4_311_600.0], [300, 300]);
    let grid = Grid::Rectilinear(grid.unwrap());
    let theirs: GridSignature = serde_json::from_value(json["grid_signature"].clone()).unwrap();
    assert_eq!(grid.signature(), theirs);
    let ours = assigned(&grid, &region(), &named_by(&expected));
    assert_eq!(ours, expected);
    assert_eq!((ours.len(), ours.iter().map(|(_, ids)| ids.len()).sum::<usize>()), (16, 457));
}
