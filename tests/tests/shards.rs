//! `zagg shards`, judged by GeoPandas and Shapely, and its page by Chromium and axe.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::f64::consts::PI;
use std::path::Path;

use serde_json::{Map, Value, json};
use zagg_catalog::table;
use zagg_core::grid::{Grid, HealpixGrid, RectilinearGrid};
use zagg_core::order::Order;
use zagg_core::shard_map::{Granule, ShardEntry, ShardMap};
use zagg_tests::kit::job::granules;
use zagg_tests::kit::{Ended, Job, Workdir, python, shared, zagg_bin};

/// The area of the globe, in square metres.
const GLOBE: f64 = 4.0 * PI * 6_371_007.180_918_475 * 6_371_007.180_918_475;

fn zagg(work: &Workdir, arguments: &[&str]) -> Ended {
    let output = zagg_bin::command().current_dir(work.root()).arg("shards").args(arguments).output().unwrap();
    Ended::new(&output, Path::new(""))
}

/// What GeoPandas finds in GeoJSON; nothing may be wrong in it.
fn judged(file: &Path, more: &[&str]) -> Value {
    let mut arguments = vec![file.to_str().unwrap()];
    arguments.extend(more);
    let found = python::script("shards.py", &arguments);
    assert_eq!(found["wrong"], json!([]), "{}", file.display());
    assert_eq!(found["warnings"], json!([]), "{}", file.display());
    assert_eq!(found["epsg"], 4326);
    found
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn near(value: &Value, expected: f64, part: f64) {
    let off = number(value) / expected - 1.0;
    assert!(off.abs() < part, "{value} is not {expected}: {off:.2e} of it more");
}

/// A map with every given shard, all of the same granules.
fn map_of(grid: &Grid, keys: impl Iterator<Item = u64>, granules: u32) -> ShardMap {
    let all = (0..granules).map(|number| Granule { id: format!("granule_{number:05}.h5"), ..Granule::default() });
    let shards = keys.map(|key| ShardEntry { key, granules: (0..granules).collect() });
    ShardMap::new(Map::new(), grid.signature(), all.collect(), shards.collect()).unwrap()
}

fn healpix(shard_order: u8) -> HealpixGrid {
    let cell = Order::new(shard_order + 4).unwrap();
    HealpixGrid::new(Order::new(shard_order).unwrap(), cell).unwrap()
}

fn every_key(grid: HealpixGrid) -> impl Iterator<Item = u64> {
    (0..grid.shard_order.cells()).map(move |nested| grid.nested_shard(nested).unwrap().key)
}

#[test]
fn every_shard_of_the_globe_is_valid_and_together_they_are_the_globe() {
    let work = Workdir::new();
    for order in [0, 1, 2, 4] {
        let grid = healpix(order);
        let shards = grid.shard_order.cells();
        let map = map_of(&Grid::Healpix(grid), every_key(grid), 2);
        work.write("all.json", map.to_json().unwrap());
        let ended = zagg(&work, &["all.json", "-o", "all.geojson"]).expect(0);
        assert!(ended.out.contains("2 granules"), "{}", ended.out);
        let found = judged(&work.path("all.geojson"), &[]);
        assert_eq!(found["shards"], shards);
        near(&found["area"], GLOBE, 1e-3);
        assert!(number(&found["overlap"]) < 1e-4, "order {order}: {}", found["overlap"]);
        let in_two = found["parts"].as_array().unwrap().iter().filter(|parts| **parts == 2).count();
        assert!(in_two > 0, "order {order}: no shard is cut at half a turn");
    }
}

#[test]
fn tiles_about_the_pole_are_valid_and_together_they_are_the_grid() {
    let work = Workdir::new();
    // The pole within a tile, between two, and at the corner of four.
    for (name, bounds) in [
        ("within", [-1_250_000.0, -1_250_000.0, 1_250_000.0, 1_250_000.0]),
        ("between", [-1_000_000.0, -1_250_000.0, 1_000_000.0, 1_250_000.0]),
        ("corner", [-1_000_000.0, -1_000_000.0, 1_000_000.0, 1_000_000.0]),
    ] {
        let grid = RectilinearGrid::new("EPSG:3031", [5000.0, 5000.0], bounds, [100, 100]).unwrap();
        let map = map_of(&Grid::Rectilinear(grid.clone()), 0..grid.tiles(), 1);
        work.write("tiles.json", map.to_json().unwrap());
        zagg(&work, &["tiles.json", "-o", "tiles.geojson"]).expect(0);
        let found = judged(&work.path("tiles.geojson"), &[]);
        assert_eq!(found["shards"], grid.tiles(), "{name}");
        assert!(number(&found["overlap"]) < 1e-4, "{name}: {}", found["overlap"]);
        // The surface below the square: the cap within it is less, the one about it more.
        let cap = |colatitude_m: f64| PI * colatitude_m * colatitude_m;
        let half = bounds[2].min(-bounds[1]);
        let area = number(&found["area"]);
        assert!(area > cap(half) && area < cap(bounds[3]) * 4.0 / PI * 1.06, "{name}: {area}");
    }
}

#[test]
#[ignore = "needs ../shared"]
fn the_maps_of_another_program_have_their_shards_their_area_and_their_footprints() {
    let work = Workdir::new();
    let catalog = shared::path("data/catalog/cat_neon.parquet");
    let catalog = catalog.to_str().unwrap();
    for (name, shards, granules, area, crs) in [
        ("sm_healpix_o9", 4, 66, 4.0 * GLOBE / Order::new(9).unwrap().cells() as f64, "EPSG:6933"),
        ("sm_healpix_o10", 9, 66, 9.0 * GLOBE / Order::new(10).unwrap().cells() as f64, "EPSG:6933"),
        ("sm_rect_3km", 16, 59, 16.0 * 3000.0 * 3000.0, "EPSG:32618"),
    ] {
        let map = shared::path(&format!("data/catalog/{name}.json"));
        let file = work.path(format!("{name}.geojson"));
        let (from, to) = (map.to_str().unwrap(), file.to_str().unwrap());
        zagg(&work, &[from, "-o", to, "--footprints", catalog]).expect(0);
        let found = judged(&file, &["--crs", crs, "--catalog", catalog]);
        assert_eq!((&found["shards"], &found["granules"]), (&json!(shards), &json!(granules)), "{name}");
        near(&found["area"], area, 1e-3);
        assert!(number(&found["overlap"]) < 1e-5, "{name}: {}", found["overlap"]);
        assert_eq!(found["corners_missing"], 0, "{name}");
        assert!(number(&found["area_differs"]) < 1e-3, "{name}: {}", found["area_differs"]);
        let map = table::load(&map).unwrap();
        let counts: Vec<usize> = map.shards().iter().map(|shard| shard.granules.len()).collect();
        assert_eq!(found["counts"], json!(counts), "{name}");
    }
}

/// Features of GeoJSON by their labels.
fn features(text: &str) -> Vec<Value> {
    let whole: Value = serde_json::from_str(text).unwrap();
    assert_eq!(whole["type"], "FeatureCollection");
    whole["features"].as_array().unwrap().iter().map(|feature| feature["properties"].clone()).collect()
}

#[test]
fn what_is_done_is_told_as_the_marks_have_it() {
    let job = Job::new();
    let store = job.store("out.zarr");
    let labels: Vec<String> = {
        let grid = Grid::of_signature(job.map.signature()).unwrap();
        job.map.shards().iter().map(|shard| grid.shard(shard.key).unwrap().label).collect()
    };
    let begun = job.command(&["shards", "shardmap.json", "--json", "--store", &store]).expect(0);
    assert!(features(&begun.out).iter().all(|shard| shard["state"] == "left"), "{}", begun.out);
    assert!(begun.err.contains("does not say of which grid"), "{}", begun.err);
    job.must_run(&store, &["--max-cells", "3"]);
    let told = job.command(&["shards", "shardmap.json", "-o", "-", "--store", &store]).expect(0);
    let shards = features(&told.out);
    assert_eq!(shards.len(), labels.len());
    for (shard, (entry, label)) in shards.iter().zip(job.map.shards().iter().zip(&labels)) {
        assert_eq!(&shard["label"], label);
        assert_eq!(shard["key"], entry.key.to_string());
        assert_eq!(shard["granules"], entry.granules.len());
        let ids: Vec<&str> = job.map.granules_of(entry).map(|granule| granule.id.as_str()).collect();
        assert_eq!(shard["granule_ids"], json!(ids));
        let mark = job.work.path(format!("out.zarr/.zagg/marks/{label}.json"));
        let mark: Value = std::fs::read(mark).map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap());
        let state = match mark["outcome"].as_str() {
            Some("data") => "done",
            Some(other) => other,
            None => "left",
        };
        assert_eq!((&shard["state"], &shard["points"]), (&json!(state), &mark["points"]), "{label}");
    }
    let done = shards.iter().filter(|shard| shard["state"] != "left").count();
    assert_eq!(done, 3);
    let said = job.command(&["shards", "shardmap.json", "--store", &store]).expect(0);
    assert!(said.out.contains(&format!("{} left", labels.len() - 3)), "{}", said.out);
    assert!(said.out.contains("--catalog-out FILE"), "{}", said.out);
}

#[test]
fn the_workers_of_a_fleet_are_told_with_what_they_cost() {
    let job = Job::new();
    let (store, queue) = (job.store("fleet.zarr"), "file:queue.sqlite");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(zagg_bin::program(program));
        assert!(command.current_dir(job.work.root()).args(arguments).output().unwrap().status.success(), "{program}");
    };
    let inputs = ["--config", "atl06.yaml", "--catalog", "shardmap.json", "--driver", "file", "--store", &store];
    run("zagg-produce", &[&inputs[..], &["--max-cells", "2", "--queue", queue, "--create-queue"]].concat());
    run("zagg-worker", &["--queue", queue, "--until-empty"]);
    let told = job.command(&["shards", "shardmap.json", "--json", "--store", &store]).expect(0);
    let done: Vec<Value> = features(&told.out).into_iter().filter(|shard| shard["state"] == "done").collect();
    assert_eq!(done.len(), 2);
    for shard in done {
        assert!(number(&shard["seconds"]) > 0.0 && number(&shard["usd"]) > 0.0, "{shard}");
        assert!(shard["worker"].as_str().is_some_and(|name| !name.is_empty()), "{shard}");
    }
}

#[test]
fn what_cannot_be_is_said_before_anything_is_read() {
    let work = Workdir::new();
    let refused = |arguments: &[&str], words: &[&str]| {
        let ended = zagg(&work, arguments).expect(2);
        for word in words {
            assert!(ended.err.contains(word), "`{word}` is not in {}", ended.err);
        }
        assert!(!ended.err.contains("nowhere.json"), "the map was read first: {}", ended.err);
    };
    refused(&["nowhere.json", "-o", "shards.svg"], &["shards.svg", ".html", ".geojson"]);
    refused(&["nowhere.json", "-o", "shards"], &["no ending"]);
    refused(&["nowhere.json", "-o", "no/folder/shards.html"], &["no/folder/shards.html", "cannot be written"]);
    std::fs::create_dir(work.path("folder.html")).unwrap();
    refused(&["nowhere.json", "-o", "folder.html"], &["folder.html", "cannot be written"]);
    let ended = zagg(&work, &["nowhere.json"]).expect(2);
    assert!(ended.err.contains("nowhere.json"), "{}", ended.err);
    // Nothing is left behind.
    let left: Vec<_> = std::fs::read_dir(work.root()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["folder.html"]);
}

#[test]
fn a_store_of_another_grid_is_refused_by_name() {
    let job = Job::new();
    let store = job.store("out.zarr");
    job.must_run(&store, &["--max-cells", "1"]);
    let grid = healpix(5);
    job.work.write("other.json", map_of(&Grid::Healpix(grid), every_key(grid).take(3), 1).to_json().unwrap());
    let ended = job.command(&["shards", "other.json", "--json", "--store", &store]).expect(2);
    assert!(ended.err.contains("another grid") && ended.err.contains("parent_order"), "{}", ended.err);
    assert_eq!(ended.out, "");
}

/// The page in Chromium; nothing may be wrong with it.
fn looked_at(page: &Path, label: &str, granule: Option<&str>) -> Value {
    let mut arguments = vec![page.to_str().unwrap(), label];
    arguments.extend(granule);
    let found = python::script("shards_page.py", &arguments);
    for what in ["errors", "fetched", "serious"] {
        assert_eq!(found[what], json!([]), "{what} of {}", page.display());
    }
    assert_eq!(found["wider_than_screen"], 0, "{}", page.display());
    found
}

#[track_caller]
fn says(found: &Value, key: &str, words: &[&str]) {
    let text = found[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {found}"));
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {key}: {text}");
    }
}

#[test]
fn the_page_finds_shards_and_granules_and_works_by_keyboard() {
    let job = Job::new();
    let store = job.store("out.zarr");
    job.must_run(&store, &["--max-cells", "3"]);
    job.command(&["shards", "shardmap.json", "--store", &store]).expect(0);
    let grid = Grid::of_signature(job.map.signature()).unwrap();
    let entry = &job.map.shards()[0];
    let label = grid.shard(entry.key).unwrap().label;
    let id = &granules()[0].id;
    let found = looked_at(&job.work.path("shards.html"), &label, Some(id));
    let count = format!("{}", entry.granules.len());
    says(&found, "summary", &[&format!("{} shards", job.map.shards().len()), "3 done", "HEALPix"]);
    says(&found, "found", &[&label, "done", "Granules", &count, &entry.key.to_string()]);
    says(&found, "tip", &[&label, "Points"]);
    says(&found, "described", &[&label, "state done"]);
    says(&found, "granule", &[id, &format!("in {} shards", job.shards_of(0).len())]);
    says(&found, "nothing", &["Nothing is called no such name"]);
    says(&found, "notes", &["--footprints"]);
    assert!(number(&found["moves"]) >= 2.0, "{found}");
    let most = job.map.shards().iter().map(|shard| shard.granules.len()).max().unwrap();
    assert!(found["most"].as_array().unwrap().contains(&json!(most.to_string())), "{}", found["most"]);
    assert_eq!(found["sorted"], "descending");
    says(&found, "by_table", &["Shard "]);
}

#[test]
#[ignore = "needs ../shared"]
fn the_pages_of_another_programs_maps_show_their_footprints() {
    let work = Workdir::new();
    let catalog = shared::path("data/catalog/cat_neon.parquet");
    for name in ["sm_healpix_o9", "sm_rect_3km"] {
        let path = shared::path(&format!("data/catalog/{name}.json"));
        let map = table::load(&path).unwrap();
        let page = work.path(format!("{name}.html"));
        let arguments =
            [path.to_str().unwrap(), "-o", page.to_str().unwrap(), "--footprints", catalog.to_str().unwrap()];
        zagg(&work, &arguments).expect(0);
        let grid = Grid::of_signature(map.signature()).unwrap();
        let label = grid.shard(map.shards()[1].key).unwrap().label;
        let found = looked_at(&page, &label, Some(&map.granules()[2].id));
        says(&found, "found", &[&label]);
        let bytes = std::fs::metadata(&page).unwrap().len();
        assert!(bytes < 300_000, "{name}: {bytes} bytes");
    }
}

#[test]
fn a_map_of_two_million_pairs_makes_a_page_that_can_be_used() {
    let work = Workdir::new();
    // The contiguous United States in shards of order 9 are as many.
    let grid = healpix(9);
    let keys: Vec<u64> = (0..12_596).map(|nested| grid.nested_shard(1_000_000 + nested).unwrap().key).collect();
    let map = map_of(&Grid::Healpix(grid), keys.iter().copied(), 160);
    assert!(map.pairs() > 2_000_000);
    table::save(&map, &work.path("large.parquet")).unwrap();
    let ended = zagg(&work, &["large.parquet", "-o", "large.html"]).expect(0);
    assert!(ended.out.contains("counted, not named") && ended.out.contains("2,015,360"), "{}", ended.out);
    let bytes = std::fs::metadata(work.path("large.html")).unwrap().len();
    assert!(bytes < 2_500_000, "{bytes} bytes");
    let label = grid.shard(keys[77]).unwrap().label;
    let found = looked_at(&work.path("large.html"), &label, None);
    says(&found, "found", &[&label, "160"]);
    says(&found, "summary", &["12,596 shards", "160 granules"]);
    says(&found, "notes", &["counted, not named"]);
    zagg(&work, &["large.parquet", "-o", "large.geojson"]).expect(0);
    let told = std::fs::read_to_string(work.path("large.geojson")).unwrap();
    assert!(!told.contains("granule_ids") && told.len() < 12_000_000, "{} bytes", told.len());
    assert!(told.contains("counted, not named"));
}
