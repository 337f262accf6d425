//! `zagg export` on stores of sample granules: what GeoPandas, DuckDB, GDAL, rasterio and rioxarray read of the files.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use zagg_core::grid::{Grid, Projection};
use zagg_tests::golden::{atl06, atl06_with};
use zagg_tests::kit::samples::{Granules, grid, polar_pipeline};
use zagg_tests::kit::{Table, python, zagg_bin};

/// A store of 1 km cells around the crossing of the tracks, and its pipeline.
fn polar(granules: &Granules) -> (PathBuf, PathBuf) {
    let pipeline = polar_pipeline(&granules.work);
    (granules.run(&pipeline, "polar").0, pipeline)
}

fn zagg(arguments: &[&str]) -> Output {
    zagg_bin::command().args(arguments).output().unwrap()
}

/// `zagg export`, which must do what it is asked; gives its report.
fn export(store: &Path, file: &Path, more: &[&str]) -> Value {
    let [store, file] = [store, file].map(|path| path.to_str().unwrap());
    let output = zagg(&[&["export", store, "-o", file, "--quiet", "--json"], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn judged(file: &Path, store: &Path, group: &str) -> Value {
    python::script("export_cells.py", &[file.to_str().unwrap(), store.to_str().unwrap(), group])
}

/// What is to be true of every file of cells.
fn sound(found: &Value) {
    let differences = found["differences"].as_object().unwrap();
    assert!(!differences.is_empty() && differences.values().all(|count| *count == 0), "{differences:?}");
    assert_eq!(found["duckdb"], json!({"rows": true, "sum": true, "values": true, "west": true, "wkb": true}));
    assert_eq!((&found["valid"], &found["boxes_differ"], &found["total"]), (&json!(true), &json!(0), &json!(true)));
    assert_eq!(found["part"][0], found["part"][1], "rows by their boxes");
    assert_eq!(found["crs"], "OGC:CRS84");
    assert_eq!(found["geo"]["version"], "1.1.0");
}

#[test]
fn geopandas_and_duckdb_read_the_cells_as_they_are_in_the_store() {
    let granules = Granules::new();
    let (store, _) = granules.run(&atl06(), "store");
    let file = granules.work.path("cells.parquet");
    let report = export(&store, &file, &[]);
    let found = judged(&file, &store, "12");
    sound(&found);
    assert_eq!(report["rows"], Table::read(&store).occupied().len());
    assert_eq!((&found["rows"], &found["morton"]), (&report["rows"], &json!(0)));
    assert_eq!((&found["centres_outside"], &found["ascending"]), (&json!(0), &json!(true)));
    assert_eq!(found["types"]["count"], "int32");
    assert_eq!(found["types"]["h_mean"], "float");
    assert_eq!(found["units"]["h_mean"], "m");
    assert_eq!(found["kinds"], json!(["Polygon"]));
    let bytes = std::fs::read(&file).unwrap();
    export(&store, &file, &[]);
    assert!(bytes == std::fs::read(&file).unwrap(), "the same cells give other bytes");
}

#[test]
fn cells_are_points_or_some_of_the_fields_when_that_is_asked_for() {
    let granules = Granules::new();
    let (store, _) = granules.run(&atl06(), "store");
    let file = granules.work.path("centres.geoparquet");
    export(&store, &file, &["--geometry", "centre", "--field", "h_mean", "--field", "h_q50"]);
    let found = judged(&file, &store, "12");
    sound(&found);
    assert_eq!(found["kinds"], json!(["Point"]));
    assert!(found["off_centre"].as_f64().unwrap() < 1e-9, "{}", found["off_centre"]);
    assert_eq!(found["differences"], json!({"h_mean": 0, "h_q50": 0}));
    assert_eq!(found["types"]["count"], Value::Null);
}

#[test]
fn cells_of_a_plane_are_rows_and_columns_with_outlines_on_the_globe() {
    let granules = Granules::new();
    let (store, _) = polar(&granules);
    let file = granules.work.path("cells.parquet");
    export(&store, &file, &[]);
    let found = judged(&file, &store, "rectilinear");
    sound(&found);
    assert_eq!(found["types"]["row"], "uint64");
    assert_eq!(found["rows"], Table::read(&store).occupied().len());
}

/// What is to be true of every raster.
fn cloud_optimized(found: &Value, report: &Value) {
    assert_eq!(found["wrong"], json!([]));
    assert_eq!(found["crs"], report["crs"]);
    assert_eq!(found["bounds"], report["bounds"]);
    assert_eq!(found["shape"], json!([report["height"], report["width"]]));
    assert_eq!(found["overviews"], report["overviews"]);
    assert_eq!(
        (&found["nodata"], &found["block"], &found["masked"]),
        (&json!("nan"), &json!([512, 512]), &json!(true))
    );
    assert_eq!(found["layout"]["LAYOUT"], "COG");
    assert_eq!(found["overview_differs"].as_u64().unwrap_or(0), 0, "pixels of the overview");
    let of_gdal = &found["gdalinfo"];
    if of_gdal.is_object() {
        let code = report["crs"].as_str().unwrap().rsplit(':').next().unwrap();
        assert!(of_gdal["crs"].as_str().unwrap().contains(code), "{of_gdal}");
        assert_eq!(of_gdal["size"], json!([report["width"], report["height"]]));
        assert_eq!(of_gdal["nodata"].as_str().unwrap().to_lowercase(), "nan");
        assert_eq!(of_gdal["overviews"].as_array().unwrap().len(), report["overviews"].as_array().unwrap().len());
        assert_eq!(of_gdal["corner"], json!([report["bounds"][0], report["bounds"][3]]));
        assert_eq!(of_gdal["description"], report["bands"][0]);
    }
}

/// Compares pixels (column, row, value) with `expected` of the middle of each.
fn compare_pixels(found: &Value, report: &Value, expected: impl Fn(f64, f64) -> f64) -> usize {
    let number = |value: &Value| value.as_f64().unwrap();
    let pixels = found["pixels"].as_array().unwrap();
    for pixel in pixels {
        let x = number(&report["bounds"][0]) + (number(&pixel[0]) + 0.5) * number(&report["pixel"][0]);
        let y = number(&report["bounds"][3]) - (number(&pixel[1]) + 0.5) * number(&report["pixel"][1]);
        let (value, wanted) = (number(&pixel[2]), expected(x, y));
        assert_eq!(value as f32, wanted as f32, "pixel {pixel} at {x}, {y}");
    }
    pixels.len()
}

#[test]
fn gdal_reads_a_plane_as_it_is_in_the_store() {
    let granules = Granules::new();
    let (store, pipeline) = polar(&granules);
    let file = granules.work.path("map.tif");
    let report = export(&store, &file, &["--field", "h_mean", "--field", "count"]);
    let found = python::script("export_raster.py", &[file.to_str().unwrap()]);
    cloud_optimized(&found, &report);
    assert_eq!(found["dtypes"], json!(["float64", "float64"]));
    assert_eq!((&found["descriptions"], &found["units"]), (&json!(["h_mean", "count"]), &json!(["m", "1"])));
    let Grid::Rectilinear(grid) = grid(&pipeline) else { panic!("not a plane") };
    let table = Table::read(&store);
    let compared = compare_pixels(&found, &report, |x, y| {
        let column = ((x - grid.origin[0]) / grid.resolution[0]) as u64;
        let row = ((grid.origin[1] - y) / grid.resolution[1]) as u64;
        table.get("h_mean", row * grid.shape[1] + column)
    });
    assert!(compared > 300, "{compared}");
    let with_value = table.field("h_mean").values().filter(|value| !value.is_nan()).count();
    assert_eq!(found["with_value"], with_value);
}

#[test]
fn gdal_reads_a_map_of_healpix_cells_painted_pixel_by_pixel() {
    let granules = Granules::new();
    let (store, _) = granules.run(&atl06(), "store");
    let file = granules.work.path("map.tif");
    // Pixels much finer than cells show the cell that they lie in.
    let report = export(&store, &file, &["--field", "h_mean", "--grid-spacing", "300m"]);
    assert_eq!((&report["crs"], &report["pixel"]), (&json!("EPSG:3031"), &json!([300.0, 300.0])));
    let found = python::script("export_raster.py", &[file.to_str().unwrap()]);
    cloud_optimized(&found, &report);
    assert_eq!(found["dtypes"], json!(["float32"]));
    assert!(!found["overviews"].as_array().unwrap().is_empty());
    let (table, projection) = (Table::read(&store), Projection::new("EPSG:3031").unwrap());
    let order = table.order.unwrap();
    let compared = compare_pixels(&found, &report, |x, y| {
        let (lon, lat) = projection.inverse(x, y).unwrap();
        table.get("h_mean", zagg_core::grid::healpix::nested_at(order, lon, lat).unwrap())
    });
    assert_eq!(compared, 1000);
    let whole = export(&store, &file, &["--field", "count", "--projection", "plate-carree"]);
    assert_eq!(whole["crs"], "EPSG:4326");
    let found = python::script("export_raster.py", &[file.to_str().unwrap()]);
    cloud_optimized(&found, &whole);
}

#[test]
fn rioxarray_knows_where_a_rectilinear_store_lies() {
    let granules = Granules::new();
    let (store, pipeline) = polar(&granules);
    let found = python::inline(
        r#"
import json, sys, xarray, rioxarray
found = {}
for coords in (True, "all"):
    store = xarray.open_zarr(sys.argv[1], group="rectilinear", chunks=None, decode_coords=coords)
    found[str(coords)] = [store.rio.crs.to_string(), store.h_mean.rio.crs.to_epsg(), list(store.h_mean.rio.transform())[:6]]
store = store.squeeze()
store.h_mean.rio.to_raster(sys.argv[2])
import rasterio
with rasterio.open(sys.argv[2]) as raster:
    found["raster"] = [raster.crs.to_string(), list(raster.bounds)]
print(json.dumps(found))
"#,
        &[store.to_str().unwrap(), granules.work.path("h.tif").to_str().unwrap()],
    );
    let Grid::Rectilinear(grid) = grid(&pipeline) else { panic!("not a plane") };
    let affine = json!([grid.resolution[0], 0.0, grid.origin[0], 0.0, -grid.resolution[1], grid.origin[1]]);
    for coords in ["True", "all"] {
        assert_eq!(found[coords], json!(["EPSG:3031", 3031, affine]));
    }
    assert_eq!(found["raster"], json!(["EPSG:3031", grid.bounds()]));
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_read() {
    let granules = Granules::new();
    let pipeline = atl06_with(&[("child_order: 12", "child_order: 8")], &granules.work.path("coarse.yaml"));
    let (store, _) = granules.run(&pipeline, "store");
    let place = |name: &str| granules.work.path(name).display().to_string();
    for (file, more, words) in [
        (place("cells.csv"), &[][..], "ends in neither .parquet"),
        (place("nowhere/cells.parquet"), &[], "cannot be written"),
        (place("nowhere/map.tif"), &[], "cannot be written"),
        (place("map.tif"), &["--projection", "mollweide"], "has none; choose polar-south"),
        (place("map.tif"), &["--projection", "EPSG:1"], "EPSG:1"),
        (place("map.tif"), &["--grid-spacing", "wide"], "is no length"),
        (place("map.tif"), &["--grid-spacing", "1mm"], "is no length"),
        (place("map.tif"), &["--grid-spacing", "0.001m"], "too many"),
        (place("map.tif"), &["--geometry", "centre"], "not for a raster"),
        (place("cells.parquet"), &["--projection", "polar-south"], "for a raster"),
        (place("cells.parquet"), &["--field", "height"], "has no field `height`"),
    ] {
        let output = zagg(&[&["export", store.to_str().unwrap(), "-o", &file], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{file} {more:?}: {said}");
        assert!(!Path::new(&file).exists(), "{file}");
    }
    let left: Vec<_> =
        std::fs::read_dir(granules.work.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".zagg-")), "{left:?}");
}
