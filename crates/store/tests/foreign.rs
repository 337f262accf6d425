//! zarr-python, xarray and xdggs read what we wrote.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests
use std::{path::Path, process::Command};

use serde_json::{Value, json};
use zagg_core::{
    column::{ShardColumns, Values},
    grid::Grid,
    with_values,
};
use zagg_store::{
    Location, Store, StoreSettings,
    consolidate::consolidate,
    encode::encode_shard,
    mark::{self, Mark},
    sample::Sample,
    template::{OverwriteChoice, cast},
    write::write_shard,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn python() -> String {
    let beside = format!("{ROOT}/.venv/bin/python");
    std::env::var("ZAGG_PYTHON").unwrap_or_else(|_| if Path::new(&beside).exists() { beside } else { "python3".into() })
}

/// What `tests/python/read_store.py` prints.
fn read(store: &Store, arguments: &[&str]) -> Value {
    let out = Command::new(python())
        .arg(format!("{ROOT}/tests/python/read_store.py"))
        .arg(store.location().to_string())
        .args(arguments)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(answer["warnings"], json!([]), "{arguments:?}");
    answer
}

/// A store with two shards, finished.
async fn finished(sample: &Sample, seed: u64, shards: [u64; 2]) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::parse(folder.path().join("s.zarr").to_str().unwrap()).unwrap();
    let store = Store::open(&location, &StoreSettings { volatile: true, ..StoreSettings::default() }).unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    for index in shards {
        let shard = sample.shard(index).unwrap();
        let encoded = encode_shard(&sample.layout, &shard, &sample.columns(seed, 3)).unwrap();
        write_shard(&store, &encoded).await.unwrap();
        mark::create(&store, &Mark::data(&shard, sample.inputs("a"), &encoded, 1, 1)).await.unwrap();
    }
    consolidate(&store).await.unwrap();
    (folder, store)
}

/// JSON as Python prints it: NaN as null, floats of 32 bits widened.
fn printed(values: &Values) -> Value {
    fn number(text: &str, float: Option<f64>) -> Value {
        match float {
            Some(x) if x.is_nan() => Value::Null,
            Some(x) => json!(x),
            None => text.parse().unwrap(),
        }
    }
    let float = values.dtype().is_float();
    let widened = |i: usize| match values {
        Values::Float32(v) => Some(f64::from(v[i])),
        Values::Float64(v) => Some(v[i]),
        _ => None,
    };
    with_values!(values, v => v.iter().enumerate().map(|(i, x)| number(&x.to_string(), float.then(|| widened(i)).flatten())).collect())
}

fn assert_fields(answer: &Value, reader: &str, columns: &ShardColumns, width: Option<usize>) {
    for (name, values) in &columns.fields {
        let found = match reader {
            "zarr" => &answer["zarr"][name]["values"],
            _ => &answer["xarray"][name],
        };
        let mut wanted = printed(values);
        if let Some(width) = width {
            let flat = wanted.as_array().unwrap().clone();
            wanted = flat.chunks(width).map(|row| json!(row)).collect();
        }
        assert_eq!(*found, wanted, "{reader} {name}");
    }
}

#[tokio::test]
#[ignore = "needs Python with zarr and xarray"]
async fn zarr_python_and_xarray_read_every_healpix_layout() {
    for sample in [
        Sample::healpix().unwrap(),
        Sample::healpix_inner(true).unwrap(),
        Sample::healpix_inner(false).unwrap(),
        Sample::healpix_with(None, false, zagg_core::pipeline::Compression::None).unwrap(),
    ] {
        let (_folder, store) = finished(&sample, 4, [7, 30]).await;
        let answer = read(&store, &["6", "cells=1792:2048"]);
        let columns = sample.columns(4, 3);
        assert_fields(&answer, "zarr", &columns, None);
        assert_fields(&answer, "xarray", &columns, None);
        assert_eq!(answer["zarr"]["cell_ids"]["values"], json!((1792..2048).collect::<Vec<u64>>()));
        let words: Vec<u64> = (1792..2048).map(|n: u64| ((n + 4096) << 48) | 6).collect();
        assert_eq!(answer["zarr"]["morton"]["values"], json!(words));
        assert_eq!(answer["coords"], json!(["cell_ids", "morton"]));
        assert_eq!(answer["attrs"]["h_mean"]["units"], "m");
        assert_eq!(answer["group"]["zagg"]["schema"], "zagg-store/1");
        let untouched = read(&store, &["6", "cells=0:4"]);
        assert_eq!(untouched["xarray"]["count"], json!([0, 0, 0, 0]));
        assert_eq!(untouched["xarray"]["h_mean"], json!([null, null, null, null]));
    }
}

#[tokio::test]
#[ignore = "needs Python with zarr and xarray"]
async fn zarr_python_and_xarray_read_every_rectilinear_layout() {
    for (inner, packed) in [(None, false), (Some([4, 5]), true), (Some([4, 5]), false)] {
        let sample = Sample::rectilinear(inner, packed).unwrap();
        // Tile 5 is block row 1, block column 1.
        let (_folder, store) = finished(&sample, 4, [5, 0]).await;
        let answer = read(&store, &["rectilinear", "y=8:16", "x=10:20"]);
        let columns = sample.columns(4, 3);
        assert_fields(&answer, "zarr", &columns, Some(10));
        assert_fields(&answer, "xarray", &columns, Some(10));
        let x: Vec<f64> = (10..20).map(|i| -97_500.0 + 5000.0 * f64::from(i)).collect();
        let y: Vec<f64> = (8..16).map(|i| 57_500.0 - 5000.0 * f64::from(i)).collect();
        assert_eq!((&answer["xarray"]["x"], &answer["xarray"]["y"]), (&json!(x), &json!(y)));
        assert_eq!(answer["coords"], json!(["spatial_ref", "x", "y"]));
        assert_eq!(answer["attrs"]["spatial_ref"]["grid_mapping_name"], "polar_stereographic");
    }
}

#[tokio::test]
#[ignore = "needs Python with zarr, xarray and xdggs"]
async fn xdggs_gives_the_centres_of_authalic_cells() {
    let sample = Sample::healpix().unwrap();
    let Grid::Healpix(grid) = &sample.grid else { panic!("the sample is HEALPix") };
    // In the north cap, the belt and the south cap (the first base cells of each).
    for shard in [3, 70, 130] {
        let (_folder, store) = finished(&sample, 4, [shard, 191]).await;
        let part = format!("cells={}:{}", shard * 256, (shard + 1) * 256);
        for convention in ["xdggs", "zarr"] {
            let answer = read(&store, &["6", &part, "--xdggs", convention]);
            let number = |name: &str, i: usize| answer["centres"][name][i].as_f64().unwrap();
            for (i, nested) in (shard * 256..(shard + 1) * 256).enumerate() {
                let (lon, lat) = grid.cell_center(nested).unwrap();
                assert!((number("latitude", i) - lat).abs() < 1e-8, "{nested}: {} {lat}", number("latitude", i));
                let turn = (number("longitude", i) - lon).rem_euclid(360.0);
                assert!(turn.min(360.0 - turn) < 1e-8, "{nested}: {} {lon}", number("longitude", i));
            }
        }
    }
}
