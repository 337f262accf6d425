//! What we write, through the readers that its users have: zarr-python, xarray and xdggs.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use serde_json::{Value, json};
use zagg_core::grid::Grid;
use zagg_core::morton::Word;
use zagg_tests::golden::{atl06, atl06_with};
use zagg_tests::kit::samples::{Granules, grid, polar_pipeline};
use zagg_tests::kit::{MiniStack, Table, python, zagg_bin};

const FIELDS: [&str; 9] = ["count", "h_max", "h_mean", "h_min", "h_q25", "h_q50", "h_q75", "h_sigma", "h_variance"];

/// A part of a store, by `read_store.py`. No reader may warn.
fn read(store: &Path, group: &str, part: &[String], more: &[&str]) -> Value {
    let mut arguments = vec![store.to_str().unwrap(), group];
    arguments.extend(part.iter().map(String::as_str));
    arguments.extend(more);
    let found = python::script("read_store.py", &arguments);
    assert_eq!(found["warnings"], json!([]), "the readers warn");
    found
}

/// The number at `index` of an array; `null` is NaN.
fn number(values: &Value, index: usize) -> f64 {
    match &values[index] {
        Value::Null => f64::NAN,
        value => value.as_f64().unwrap_or_else(|| panic!("{value} is no number")),
    }
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// The first cell of the shard (of 4096 cells) that has the most cells with data.
fn fullest(table: &Table) -> u64 {
    let occupied = table.occupied();
    let inside = |first: u64| occupied.iter().filter(|cell| **cell / 4096 == first).count();
    occupied.iter().map(|cell| cell / 4096).max_by_key(|first| inside(*first)).unwrap() * 4096
}

fn cells(first: u64, count: u64) -> Vec<String> {
    vec![format!("cells={first}:{}", first + count)]
}

#[test]
fn zarr_python_and_xarray_read_every_number_that_was_written() {
    let granules = Granules::new();
    let (store, group) = granules.run(&atl06(), "store");
    let table = Table::read(&store);
    let first = fullest(&table);
    let found = read(&store, &group, &cells(first, 4096), &[]);
    let order = table.order.unwrap();
    assert_eq!(found["zarr"].as_object().unwrap().len(), FIELDS.len() + 2);
    assert_eq!(found["coords"], json!(["cell_ids", "morton"]));
    let mut with_data = 0;
    for (index, cell) in (first..first + 4096).enumerate() {
        let word = Word::from_nested(cell, order).unwrap().bits();
        for reader in ["zarr", "xarray"] {
            let column = |name: &str| match reader {
                "zarr" => &found["zarr"][name]["values"],
                _ => &found["xarray"][name],
            };
            assert_eq!(column("cell_ids")[index], cell, "{reader}");
            assert_eq!(column("morton")[index], word, "{reader}");
            for field in FIELDS {
                let (read, written) = (number(column(field), index), table.get(field, cell));
                assert!(same(read, written), "{field} of cell {cell} is {written}; {reader} reads {read}");
            }
        }
        with_data += usize::from(table.get("count", cell) > 0.0);
    }
    assert!(with_data > 100, "the fullest shard has {with_data} cells with data");
}

#[test]
fn the_readers_see_names_units_and_where_the_numbers_come_from() {
    let granules = Granules::new();
    let (store, group) = granules.run(&atl06(), "store");
    let found = read(&store, &group, &cells(0, 1), &[]);
    for field in FIELDS {
        let attributes = &found["attrs"][field];
        assert!(attributes["long_name"].as_str().is_some_and(|name| name.len() > 5), "{field}: {attributes}");
        let units = match field {
            "count" => "1",
            "h_variance" => "m2",
            _ => "m",
        };
        assert_eq!(attributes["units"], units, "{field}");
    }
    let (about, report) = (&found["group"], store.with_extension("run.json"));
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(about["Conventions"], "CF-1.11");
    assert_eq!(about["latitude"], "authalic-wgs84");
    assert_eq!(about["dggs"]["name"], "healpix");
    assert_eq!(about["dggs"]["coordinate"], "cell_ids");
    assert_eq!((&about["zagg"]["pipeline"], &about["zagg"]["catalog"]), (&report["pipeline"], &report["catalog"]));
    assert_eq!(about["zagg"]["version"], report["version"]);
    assert_eq!(about["zagg"]["grid"]["child_order"], 12);
    // A cell that no shard wrote reads as fill: no points, no height.
    assert_eq!(found["zarr"]["count"]["values"], json!([0]));
    assert_eq!(found["zarr"]["h_mean"]["values"], json!([null]));
}

#[test]
fn xdggs_puts_a_thousand_cells_where_the_formulas_do() {
    let granules = Granules::new();
    let (store, group) = granules.run(&atl06(), "store");
    let first = fullest(&Table::read(&store)) + 1500;
    let ids: Vec<u64> = (first..first + 1000).collect();
    let wanted = python::script("centres.py", &["12", &serde_json::to_string(&ids).unwrap()]);
    for convention in ["xdggs", "zarr"] {
        let found = read(&store, &group, &cells(first, 1000), &["--xdggs", convention]);
        assert_eq!(found["xarray"]["cell_ids"], json!(ids));
        for (index, id) in ids.iter().enumerate() {
            let off = |name: &str| number(&found["centres"][name], index) - number(&wanted[name], index);
            assert!(off("latitude").abs() < 1e-10, "{convention}: {id} is off by {}", off("latitude"));
            let turn = off("longitude").rem_euclid(360.0);
            assert!(turn.min(360.0 - turn) < 1e-10, "{convention}: {id} is off by {turn}");
        }
    }
}

#[test]
fn inner_chunks_packed_or_not_read_the_same_through_zarr_python() {
    let granules = Granules::new();
    let (plain, group) = granules.run(&atl06(), "plain");
    let first = fullest(&Table::read(&plain));
    let plain = read(&plain, &group, &cells(first, 4096), &[]);
    let inner = |extra: &str| ("child_order: 12\n", format!("child_order: 12\n    chunk_inner: 8\n{extra}"));
    for (name, extra, packed) in [("packed", "", true), ("loose", "    sharded: false\n", false)] {
        let (from, to) = inner(extra);
        let pipeline = atl06_with(&[(from, &to)], &granules.work.path(format!("{name}.yaml")));
        let (store, group) = granules.run(&pipeline, name);
        let found = read(&store, &group, &cells(first, 4096), &[]);
        for (field, array) in found["zarr"].as_object().unwrap() {
            assert_eq!(array["values"], plain["zarr"][field]["values"], "{name}: {field}");
            assert_eq!(found["xarray"][field], plain["xarray"][field], "{name}: {field}");
            assert_eq!(array["chunks"], json!([256]), "{name}: {field}");
            let shards = if packed { json!([4096]) } else { Value::Null };
            assert_eq!(array["shards"], shards, "{name}: {field}");
            let sharding = array["codecs"].as_array().unwrap().contains(&json!("sharding_indexed"));
            assert_eq!(sharding, packed, "{name}: {field} has {}", array["codecs"]);
        }
    }
    assert_eq!(plain["zarr"]["h_mean"]["chunks"], json!([4096]));
}

#[test]
fn a_rectilinear_store_opens_with_x_and_y_and_points_lie_where_pyproj_puts_them() {
    let granules = Granules::new();
    let pipeline = polar_pipeline(&granules.work);
    let (store, group) = granules.run(&pipeline, "polar");
    let Grid::Rectilinear(grid) = grid(&pipeline) else { panic!("not a plane") };
    let [rows, columns] = grid.shape;
    let found = read(&store, &group, &[format!("y=0:{rows}"), format!("x=0:{columns}")], &[]);
    assert_eq!(found["xarray"]["x"], json!(grid.x_centers()));
    assert_eq!(found["xarray"]["y"], json!(grid.y_centers()));
    let files: Vec<String> = granules.tracks.iter().map(|track| track.file.display().to_string()).collect();
    let mut arguments = vec!["EPSG:3031", "-1400000", "-100000", "1000"];
    arguments.extend(files.iter().map(String::as_str));
    let wanted = python::script("plane.py", &arguments);
    let table = Table::read(&store);
    assert_eq!(table.columns, Some(columns));
    let mut points = 0;
    for row in 0..rows {
        for column in 0..columns {
            let cell = row * columns + column;
            let at = |values: &Value, field: &str| number(&values[field][row as usize], column as usize);
            let written = |field: &str| table.field(field).get(&cell).copied();
            let count = wanted[format!("{row},{column}")].as_u64().unwrap_or(0);
            assert_eq!(at(&found["xarray"], "count"), count as f64, "points of row {row}, column {column}");
            for field in ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance"] {
                let empty = if field == "count" { 0.0 } else { f64::NAN };
                let read = at(&found["xarray"], field);
                assert!(same(read, written(field).unwrap_or(empty)), "{field} of row {row}, column {column}: {read}");
            }
            points += count;
        }
    }
    assert!(points > 50_000, "{points} points are in the grid");
    let outside = wanted.as_object().unwrap().keys().filter(|key| !inside(key, rows, columns)).count();
    assert_eq!(outside, 0, "cells outside the grid");
}

fn inside(key: &str, rows: u64, columns: u64) -> bool {
    let numbers: Vec<i64> = key.split(',').map(|number| number.parse().unwrap()).collect();
    (0..rows as i64).contains(&numbers[0]) && (0..columns as i64).contains(&numbers[1])
}

#[test]
fn a_store_on_s3_reads_the_same_through_zarr_and_xarray() {
    let granules = Granules::new();
    let pipeline = atl06();
    let (local, group) = granules.run(&pipeline, "local");
    let server = MiniStack::shared();
    let bucket = server.create_bucket("readers");
    let remote = format!("s3://{bucket}/granules/store.zarr");
    let mut command = zagg_bin::command();
    command.args(["run", "--quiet", "--driver", "file", "--store", &remote, "--config"]).arg(&pipeline);
    command.arg("--catalog").arg(granules.work.path("local.map.json"));
    command.envs(MiniStack::environment(&server.endpoint()));
    assert!(command.status().unwrap().success());

    let part = cells(fullest(&Table::read(&local)), 4096);
    let here = read(&local, &group, &part, &["--xdggs", "xdggs"]);
    let there = read(Path::new(&remote), &group, &part, &["--xdggs", "xdggs", "--endpoint", &server.endpoint()]);
    for what in ["zarr", "xarray", "coords", "attrs", "group", "centres"] {
        assert_eq!(here[what], there[what], "{what}");
    }
}
