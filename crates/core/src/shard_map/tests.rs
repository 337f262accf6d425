use serde_json::json;

use super::*;

const HEALPIX: &str = r#""grid_signature": {"type": "healpix", "indexing_scheme": "nested", "parent_order": 6,
    "child_order": 12, "layout": "fullsphere"}"#;

fn map(keys: &str, granules: &str) -> Result<ShardMap, ShardMapError> {
    let text = format!(
        r#"{{"metadata": {{"short_name": "ATL06"}}, {HEALPIX}, "shard_keys": {keys}, "granules": {granules}}}"#
    );
    ShardMap::from_json(text.as_bytes())
}

const A: &str =
    r#"{"id": "A", "s3": "s3://bucket/A.h5", "https": "https://host/A.h5", "time_start": "2019-01-01T00:00:00+00:00"}"#;
const B: &str = r#"{"id": "B", "s3": null, "https": "https://host/B.h5"}"#;

#[test]
fn a_granule_of_two_shards_is_held_once() {
    let map = map("[10430336736990068742, 12706343398672433158]", &format!("[[{A}, {B}], [{B}]]")).unwrap();
    assert_eq!(map.granules().len(), 2);
    assert_eq!(map.shards()[0], ShardEntry { key: 10_430_336_736_990_068_742, granules: vec![0, 1] });
    assert_eq!(map.shards()[1], ShardEntry { key: 12_706_343_398_672_433_158, granules: vec![1] });
    assert_eq!(map.pairs(), 3);
    assert_eq!(map.shard(12_706_343_398_672_433_158), Some(&map.shards()[1]));
    assert_eq!(map.granules()[0].time_start.as_deref(), Some("2019-01-01T00:00:00+00:00"));
    assert_eq!(map.granules()[0].time_end, None);
    assert_eq!(map.metadata()["short_name"], "ATL06");
    assert!(map.notes().is_empty());
}

#[test]
fn a_missing_location_names_the_granule_and_its_drivers() {
    let map = map("[1]", &format!("[[{A}, {B}]]")).unwrap();
    assert_eq!(map.granules()[0].href("s3"), Ok("s3://bucket/A.h5"));
    let missing = map.granules()[1].href("s3").unwrap_err();
    assert_eq!(missing.drivers, ["https"]);
    let text = missing.to_string();
    assert!(text.contains("granule B has no s3") && text.contains("https") && text.contains("--driver"), "{text}");
}

#[test]
fn any_key_with_a_url_is_a_driver() {
    let granule = r#"{"id": "A", "file": "granules/A.h5", "mirror": "https://m/A.h5", "datetime": "2019-01-01",
        "assets": {"x": "s3://y"}, "size": 18446744073709551615, "cloud_cover": 1.5}"#;
    let map = map("[1]", &format!("[[{granule}]]")).unwrap();
    let hrefs = [("file", "granules/A.h5"), ("mirror", "https://m/A.h5")];
    assert_eq!(map.granules()[0].hrefs, hrefs.map(|(driver, href)| (driver.to_owned(), href.to_owned())));
}

#[test]
fn a_granule_listed_twice_in_a_shard_is_read_once_with_a_note() {
    let map = map("[1, 2]", &format!("[[{A}, {B}, {A}, {A}], [{A}]]")).unwrap();
    assert_eq!(map.shards()[0].granules, [0, 1]);
    assert_eq!(map.shards()[1].granules, [0]);
    assert_eq!(map.notes(), ["2 granules were listed twice in one shard and are read once"]);
}

#[test]
fn records_of_one_granule_complete_each_other_or_are_refused() {
    let also = r#"{"id": "B", "s3": "s3://bucket/B.h5", "https": null}"#;
    let complete = map("[1, 2]", &format!("[[{B}], [{also}]]")).unwrap();
    assert_eq!(complete.granules()[0].href("s3"), Ok("s3://bucket/B.h5"));
    assert_eq!(complete.granules()[0].href("https"), Ok("https://host/B.h5"));
    let other = r#"{"id": "B", "https": "https://elsewhere/B.h5"}"#;
    let error = map("[1, 2]", &format!("[[{B}], [{other}]]")).unwrap_err();
    assert!(matches!(&error, ShardMapError::ConflictingLocations { id, driver, .. } if id == "B" && driver == "https"));
    assert!(error.to_string().contains("https://elsewhere/B.h5"));
}

#[test]
fn maps_that_contradict_themselves_are_refused() {
    let twice = map("[7, 7]", "[[], []]").unwrap_err();
    assert!(matches!(twice, ShardMapError::DuplicateShard { key: 7 }));
    let lengths = map("[7, 8]", "[[]]").unwrap_err();
    assert!(matches!(lengths, ShardMapError::Lengths { keys: 2, lists: 1 }));
    assert!(matches!(map("[1.5]", "[[]]"), Err(ShardMapError::Json(_))));
    assert!(matches!(map(r#"["1"]"#, "[[]]"), Err(ShardMapError::Json(_))));
    assert!(matches!(map("[18446744073709551616]", "[[]]"), Err(ShardMapError::Json(_))));
    assert!(matches!(map("[1]", r#"[[{"s3": "s3://b/x.h5"}]]"#), Err(ShardMapError::Json(_))));
    assert!(matches!(map("[1]", "[[3]]"), Err(ShardMapError::Json(_))));
    assert!(matches!(ShardMap::from_json(b"not json"), Err(ShardMapError::Json(_))));
    assert!(matches!(ShardMap::from_json(b""), Err(ShardMapError::Json(_))));
}

#[test]
fn older_forms_are_named() {
    let read = |value: Value| ShardMap::from_json(value.to_string().as_bytes()).unwrap_err();
    let v0 = read(json!({"metadata": {}, "catalog": {"-6134114": ["s3://b/x.h5"]}}));
    assert!(matches!(v0, ShardMapError::CatalogForm));
    let v1 =
        read(json!({"metadata": {"grid_type": "healpix"}, "shard_keys": [-6134114], "granules": [["s3://b/x.h5"]]}));
    assert!(matches!(v1, ShardMapError::BareUrlForm));
    assert!(matches!(map("[-6134114]", "[[]]"), Err(ShardMapError::SignedKey { key: -6134114 })));
    assert!(matches!(ShardMap::from_json(b"PAR1\x15\x04"), Err(ShardMapError::ParquetForm)));
    for error in [v0, v1, ShardMapError::ParquetForm] {
        assert!(error.to_string().contains("regenerate it"), "{error}");
    }
    let bare = read(json!({"type": "FeatureCollection", "features": []}));
    assert!(matches!(bare, ShardMapError::MissingKey { key: "granules" }));
    let unsigned = read(json!({"shard_keys": [1], "granules": [[]]}));
    assert!(matches!(unsigned, ShardMapError::MissingKey { key: "grid_signature" }));
}

#[test]
fn a_written_map_reads_back_the_same() {
    let first = map("[10430336736990068742, 3]", &format!("[[{A}, {B}], [{B}]]")).unwrap();
    let json = first.to_json().unwrap();
    assert!(json.contains("10430336736990068742"));
    assert_eq!(ShardMap::from_json(json.as_bytes()).unwrap(), first);
    let keys: Vec<_> = serde_json::from_str::<Map<String, Value>>(&json).unwrap().into_iter().map(|(k, _)| k).collect();
    assert_eq!(keys, ["metadata", "grid_signature", "shard_keys", "granules"]);
}

#[test]
fn digests_follow_the_meaning() {
    let first = map("[5, 3]", &format!("[[{A}, {B}], [{B}]]")).unwrap();
    // Other places, other metadata, another order of shards: the same work.
    let moved = A.replace("bucket", "other");
    let same = map("[3, 5]", &format!("[[{B}], [{moved}, {B}]]")).unwrap();
    assert_eq!(first.digest(), same.digest());
    assert_eq!(first.granules_digest(&first.shards()[0]), same.granules_digest(&same.shards()[1]));
    // Another order of granules, another granule, another key: not the same.
    for (keys, lists) in [
        ("[5, 3]", format!("[[{B}, {A}], [{B}]]")),
        ("[5, 3]", format!("[[{A}, {B}], [{A}]]")),
        ("[5, 4]", format!("[[{A}, {B}], [{B}]]")),
    ] {
        assert_ne!(map(keys, &lists).unwrap().digest(), first.digest());
    }
    let finer = HEALPIX.replace("12", "13");
    let text = format!(r#"{{{finer}, "shard_keys": [5, 3], "granules": [[{A}, {B}], [{B}]]}}"#);
    assert_ne!(ShardMap::from_json(text.as_bytes()).unwrap().digest(), first.digest());
}

#[test]
fn a_map_can_be_made_by_hand() {
    let signature = map("[]", "[]").unwrap().signature().clone();
    let granules = vec![Granule { id: "A".to_owned(), ..Granule::default() }];
    let shard = |key, granules| ShardEntry { key, granules };
    let new = |shards| ShardMap::new(Map::new(), signature.clone(), granules.clone(), shards);
    assert!(new(vec![shard(1, vec![0]), shard(2, vec![])]).is_ok());
    let error = new(vec![shard(1, vec![1])]).unwrap_err();
    assert!(matches!(error, ShardMapError::NoSuchGranule { key: 1, index: 1, granules: 1 }));
    assert!(matches!(new(vec![shard(1, vec![]), shard(1, vec![])]), Err(ShardMapError::DuplicateShard { key: 1 })));
}

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/");

#[test]
#[ignore = "needs ../shared"]
fn real_shard_maps_are_read_whole() {
    for (file, shards, pairs, distinct) in [
        ("catalog/sm_healpix_o9.json", 4, 218, 66),
        ("catalog/sm_healpix_o10.json", 9, 360, 66),
        ("catalog/sm_rect_3km.json", 16, 457, 59),
        ("golden/zagg/S.shardmap.json", 1, 10, 10),
        ("golden/zagg/M.shardmap.json", 20, 356, 60),
        ("golden/zagg/E.shardmap.json", 3, 14, 6),
        ("golden/zagg/N.shardmap.json", 5, 16, 4),
        ("golden/zagg/R.shardmap.json", 19, 33, 0),
    ] {
        let map = ShardMap::from_json(&std::fs::read(format!("{SHARED}{file}")).unwrap()).unwrap();
        assert_eq!((map.shards().len(), map.pairs()), (shards, pairs), "{file}");
        assert!(distinct == 0 || map.granules().len() == distinct, "{file}: {}", map.granules().len());
        assert!(map.notes().is_empty(), "{file}: {:?}", map.notes());
        for granule in map.granules() {
            assert!(granule.href("s3").is_ok() && granule.href("https").is_ok());
        }
        let again = ShardMap::from_json(map.to_json().unwrap().as_bytes()).unwrap();
        assert_eq!((&again, again.digest()), (&map, map.digest()));
    }
}

#[test]
#[ignore = "needs ../shared"]
fn keys_of_real_shard_maps_are_shards_of_their_grids() {
    use crate::{grid::Grid, order::Order, pipeline::GridSpec};
    for (file, shard_order, cell_order) in
        [("catalog/sm_healpix_o9.json", 9, 19), ("golden/zagg/M.shardmap.json", 6, 12)]
    {
        let map = ShardMap::from_json(&std::fs::read(format!("{SHARED}{file}")).unwrap()).unwrap();
        let order = |k| Order::new(k).unwrap();
        let spec = GridSpec::Healpix { shard_order: order(shard_order), cell_order: order(cell_order) };
        let grid = Grid::new(&spec).unwrap();
        assert_eq!(grid.signature().matches(map.signature()), Ok(()));
        for shard in map.shards() {
            assert_eq!(grid.shard(shard.key).unwrap().key, shard.key);
        }
    }
    let map = ShardMap::from_json(&std::fs::read(format!("{SHARED}catalog/sm_rect_3km.json")).unwrap()).unwrap();
    let GridSignature::Rectilinear { crs, affine, shape, chunk_shape } = map.signature().clone() else { panic!() };
    let [xmin, ymax] = [affine[2], affine[5]];
    let bounds = [xmin, ymax - 10.0 * shape[0] as f64, xmin + 10.0 * shape[1] as f64, ymax];
    let spec = GridSpec::Rectilinear { crs, resolution: [10.0, 10.0], bounds, tile: chunk_shape };
    let grid = Grid::new(&spec).unwrap();
    assert_eq!(grid.signature().matches(map.signature()), Ok(()));
    assert!(map.shards().iter().all(|shard| grid.shard(shard.key).is_ok()));
}

#[test]
#[ignore = "needs ../shared"]
fn real_shard_maps_are_written_to_the_byte_as_they_were_read() {
    for file in ["catalog/sm_healpix_o9.json", "catalog/sm_healpix_o10.json", "catalog/sm_rect_3km.json"] {
        let text = std::fs::read_to_string(format!("{SHARED}{file}")).unwrap();
        let map = ShardMap::from_json(text.as_bytes()).unwrap();
        assert!(map.to_json().unwrap() == text, "{file} is written otherwise than it was read");
    }
}

#[test]
fn a_map_that_was_read_keeps_its_latitude_unsaid_and_a_new_one_says_it() {
    let read = map("[1]", &format!("[[{A}]]")).unwrap();
    assert!(!read.to_json().unwrap().contains("latitude"));
    assert!(!read.header_json().unwrap().contains("latitude"));
    let made =
        ShardMap::new(Map::new(), read.signature().clone(), read.granules().to_vec(), read.shards().to_vec()).unwrap();
    assert!(made.to_json().unwrap().contains("\"layout\": \"fullsphere\",\n    \"latitude\": \"authalic-wgs84\"\n  }"));
    assert_eq!((made.digest(), made.signature()), (read.digest(), read.signature()));
    let again = ShardMap::from_json(made.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(again.to_json().unwrap(), made.to_json().unwrap());
}

#[test]
fn a_location_that_the_python_zagg_expects_is_null_where_it_is_absent() {
    let only = |driver: &str| format!(r#"{{"id": "A", "{driver}": "x://y"}}"#);
    let lists = format!("[[{B}], [{}], [{}]]", only("s3").replace('A', "C"), only("file").replace('A', "D"));
    let json: Value = serde_json::from_str(&map("[1, 2, 3]", &lists).unwrap().to_json().unwrap()).unwrap();
    assert_eq!(json["granules"][0][0].to_string(), r#"{"id":"B","s3":null,"https":"https://host/B.h5"}"#);
    assert_eq!(json["granules"][1][0].to_string(), r#"{"id":"C","s3":"x://y","https":null}"#);
    assert_eq!(json["granules"][2][0].to_string(), r#"{"id":"D","file":"x://y"}"#);
}

#[test]
fn decimal_keys_of_the_north_are_refused_like_signed_ones() {
    let error = map("[7, 4111234]", "[[], []]").unwrap_err();
    assert!(matches!(error, ShardMapError::SignedKey { key: 4_111_234 }), "{error}");
    assert!(error.to_string().contains("`zagg catalog --config ...`"), "{error}");
    // Not of seven digits, not of a base cell, not of digits from 1 to 4.
    assert!(map("[411123, 7111234, 4111534]", "[[], [], []]").is_ok());
}

#[test]
fn a_writer_that_fails_is_told() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = map("[1]", &format!("[[{A}]]")).unwrap().write_json(Full).unwrap_err();
    assert!(matches!(error, ShardMapError::Write(_)));
    assert_eq!(error.fault(), crate::fault::Fault::Capacity);
}

#[test]
fn a_map_is_built_row_by_row_as_it_is_read_whole() {
    let whole = map("[5, 3, 4]", &format!("[[{A}, {B}], [{B}], []]")).unwrap();
    let mut rows = ShardMapBuilder::from_header(&whole.header_json().unwrap()).unwrap();
    let mut lists = ShardMapBuilder::from_header(&whole.header_json().unwrap()).unwrap();
    for (shard, text) in whole.shards().iter().zip([format!("[{A}, {B}]"), format!("[{B}]"), "[]".to_owned()]) {
        lists.shard_of_json(shard.key, &text).unwrap();
        rows.shard(shard.key);
        for granule in whole.granules_of(shard) {
            let hrefs: Vec<_> = granule.hrefs.iter().map(|(driver, href)| (driver.as_str(), href.as_str())).collect();
            let (id, time_start) = (granule.id.as_str(), granule.time_start.as_deref());
            rows.pair(Pair { id, hrefs: &hrefs, time_start, time_end: granule.time_end.as_deref() });
        }
    }
    assert_eq!(rows.finish().unwrap(), whole);
    assert_eq!(lists.finish().unwrap(), whole);
    let mut older = ShardMapBuilder::from_header(&whole.header_json().unwrap()).unwrap();
    assert!(matches!(older.shard_of_json(1, r#"["s3://b/x.h5"]"#), Err(ShardMapError::BareUrlForm)));
    assert!(matches!(older.shard_of_json(1, "[]x"), Err(ShardMapError::Json(_))));
    assert!(ShardMapBuilder::from_header("{}").is_err());
}
