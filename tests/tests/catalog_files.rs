//! Catalogs and shard maps as files, through the programs that others read and write them with.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use zagg_catalog::{Area, Catalog, Entry, Part, geoparquet, table};
use zagg_core::shard_map::{Granule, ShardEntry, ShardMap, ShardMapBuilder};
use zagg_tests::kit::{Workdir, python};

fn script(way: &str, files: &[&std::path::Path]) -> Value {
    let mut arguments = vec![way];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let found = python::script("catalog_files.py", &arguments);
    assert_eq!(found["warnings"], json!([]), "the readers warn");
    found
}

fn catalog() -> Catalog {
    let text = |text: &str| Some(text.to_owned());
    let ring = |west: f64| vec![[west, 0.0], [west + 2.0, 0.0], [west + 2.0, 3.0], [west, 0.0]];
    let full = Entry {
        id: "ATL06_20190105163308_01260202_007_01.h5".to_owned(),
        collection: text("ATL06_007"),
        footprint: Some(Area::of_ring(ring(170.0))),
        https: text("https://host/A.h5"),
        s3: text("s3://bucket/A.h5"),
        metadata: text("https://host/A.xml"),
        thumbnails: vec![("thumbnail_0".to_owned(), "https://host/A.png".to_owned())],
        datetime_us: Some(1_546_705_988_267_000),
        start_us: Some(1_546_705_988_267_000),
        end_us: Some(1_546_706_498_895_000),
    };
    let parts = [1.0, 5.0].map(|west| Part::Polygon(vec![ring(west)])).to_vec();
    let two =
        Entry { id: "B.h5".to_owned(), footprint: Some(Area { parts }), datetime_us: Some(0), ..Entry::default() };
    let nowhere = Entry { id: "C.h5".to_owned(), s3: text("s3://bucket/é"), datetime_us: Some(1), ..Entry::default() };
    let metadata = json!({"source": "CMR-STAC", "bbox": [-76.5, 38.0, -76.0, 39.25], "total_granules": 3});
    Catalog { metadata: metadata.as_object().unwrap().clone(), entries: vec![full, two, nowhere] }
}

#[test]
fn pyarrow_geopandas_and_stac_geoparquet_read_a_catalog() {
    let work = Workdir::new();
    let path = work.path("granules.parquet");
    geoparquet::write(&catalog(), &path).unwrap();
    let found = script("catalog", &[&path]);
    let columns: Vec<_> = found["columns"].as_object().unwrap().keys().collect();
    assert_eq!(
        columns,
        [
            "type",
            "stac_version",
            "stac_extensions",
            "id",
            "collection",
            "geometry",
            "bbox",
            "assets",
            "links",
            "datetime",
            "start_datetime",
            "end_datetime"
        ]
    );
    assert_eq!(found["columns"]["geometry"], "binary");
    assert_eq!(found["columns"]["start_datetime"], "timestamp[us, tz=UTC]");
    assert_eq!(found["extension"], "geoarrow.wkb");
    assert_eq!(found["notes"]["zagg:catalog_meta"], Value::Object(catalog().metadata));
    assert_eq!(found["notes"]["stac-geoparquet"], json!({"version": "1.0.0"}));
    let geo = &found["notes"]["geo"];
    assert_eq!((&geo["version"], &geo["primary_column"]), (&json!("1.1.0"), &json!("geometry")));
    assert_eq!(geo["columns"]["geometry"]["geometry_types"], json!(["MultiPolygon", "Polygon"]));
    assert_eq!(found["epsg"], 4326);
    let shape = |index: usize| found["geometries"][index].as_str().unwrap_or_default().to_owned();
    assert_eq!(shape(0), "POLYGON ((170 0, 172 0, 172 3, 170 0))");
    assert!(shape(1).starts_with("MULTIPOLYGON (((1 0, 3 0"), "{}", shape(1));
    assert_eq!(found["geometries"][2], json!(null));
    let row = json!({
        "id": "ATL06_20190105163308_01260202_007_01.h5",
        "https": "https://host/A.h5",
        "s3": "s3://bucket/A.h5",
        "start": "2019-01-05T16:33:08.267000+00:00",
        "bbox": [170.0, 0.0, 172.0, 3.0],
    });
    assert_eq!(found["rows"][0], row);
    assert_eq!(
        found["rows"][1],
        json!({"id": "B.h5", "https": null, "s3": null, "start": null, "bbox": [1.0, 0.0, 7.0, 3.0]})
    );
    assert_eq!(found["rows"][2]["s3"], "s3://bucket/é");
    assert_eq!(found["items"], json!(["ATL06_20190105163308_01260202_007_01.h5", "B.h5"]));
    let item = &found["item"];
    assert_eq!(item["assets"]["data_s3"], json!({"href": "s3://bucket/A.h5", "roles": ["data"]}));
    assert_eq!(item["assets"]["thumbnail_0"], json!({"href": "https://host/A.png", "roles": ["thumbnail"]}));
    assert_eq!(item["geometry"]["type"], "Polygon");
}

fn map() -> ShardMap {
    let header = r#"{"metadata": {"short_name": "ATL06", "note": "é😀\u007f", "bbox": [1e-06, 1e16, -0.1], "none": []},
        "grid_signature": {"type": "healpix", "indexing_scheme": "nested", "parent_order": 9, "child_order": 12,
        "layout": "fullsphere"}}"#;
    let header = ShardMapBuilder::from_header(header).unwrap().finish().unwrap();
    let granule = |name: &str, https: bool| Granule {
        id: name.to_owned(),
        hrefs: [("s3", true), ("https", https)]
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(driver, _)| (driver.to_owned(), format!("{driver}://host/{name}")))
            .collect(),
        time_start: https.then(|| "2019-01-05T16:33:08.267000+00:00".to_owned()),
        time_end: None,
    };
    let granules = vec![granule("B", true), granule("A", false), granule("é", true)];
    let shard =
        |key: u64, granules: &[u32]| ShardEntry { key: 0xa000_0000_0000_0009 + key, granules: granules.to_vec() };
    let shards = vec![shard(2048, &[0, 1]), shard(0, &[2, 1, 0]), shard(1024, &[2])];
    ShardMap::new(header.metadata().clone(), header.signature().clone(), granules, shards).unwrap()
}

#[test]
fn pandas_reads_the_pairs_of_a_shard_map() {
    let work = Workdir::new();
    let path = work.path("shardmap.parquet");
    table::write(&map(), &path).unwrap();
    let found = script("pairs", &[&path]);
    assert_eq!(found["columns"], json!(["shard_key", "granule_id", "s3", "https", "time_start", "time_end"]));
    assert_eq!(found["rows"], 6);
    assert_eq!(found["notes"]["zagg:shardmap_meta"]["metadata"], Value::Object(map().metadata().clone()));
    assert_eq!(found["notes"]["zagg:shardmap_meta"]["grid_signature"]["latitude"], "authalic-wgs84");
    assert_eq!(
        found["notes"]["zagg:shardmap_table"],
        json!({"version": 1, "drivers": ["s3", "https"], "empty_shards": []})
    );
    let shards: Vec<_> = found["granules"].as_object().unwrap().iter().collect();
    for (shard, (key, granules)) in map().shards().iter().zip(shards) {
        assert_eq!(*key, shard.key.to_string());
        let ids: Vec<_> = map().granules_of(shard).map(|granule| json!(granule.id)).collect();
        assert_eq!(*granules, json!(ids));
    }
    let first = json!({
        "shard_key": (0xa000_0000_0000_0009_u64 + 2048).to_string(),
        "granule_id": "B",
        "s3": "s3://host/B",
        "https": "https://host/B",
        "time_start": "2019-01-05T16:33:08.267000+00:00",
        "time_end": null,
    });
    assert_eq!(found["first"], first);
}

#[test]
fn python_would_write_the_same_json_to_the_byte() {
    let work = Workdir::new();
    let path = work.write("shardmap.json", map().to_json().unwrap());
    assert_eq!(script("dumps", &[&path])["same"], true);
}

#[test]
fn a_table_with_a_text_per_shard_made_by_python_is_read() {
    let work = Workdir::new();
    let (text, path) = (work.write("shardmap.json", map().to_json().unwrap()), work.path("shardmap.parquet"));
    assert_eq!(script("texts", &[&text, &path])["shards"], 3);
    assert_eq!(table::load(&path).unwrap(), table::load(&text).unwrap());
    assert_eq!(table::load(&path).unwrap().to_json().unwrap(), map().to_json().unwrap());
}
