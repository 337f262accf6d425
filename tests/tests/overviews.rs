//! `zagg overviews` on stores of sample granules, judged by numpy, xarray and xdggs, and by the points themselves.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use zagg_tests::kit::objects::{assert_same, of_folder};
use zagg_tests::kit::run::compare;
use zagg_tests::kit::samples::Granules;
use zagg_tests::kit::{python, workspace, zagg_bin};

const FIELDS: &str = r#"
    count: {function: len, source: h_li, dtype: int32, fill_value: 0}
    h_sum: {function: sum, source: h_li, dtype: float64}
    h_min: {function: min, source: h_li, dtype: float32}
    h_max: {function: max, source: h_li, dtype: float32}
    h_mean: {function: mean, source: h_li, dtype: float32, attrs: {units: m}}
    h_variance: {function: var, source: h_li, dtype: float32}
"#;

/// A store of cells of `order` in shards of order 6, with the fields above and `more`.
fn store_of(granules: &Granules, name: &str, order: u8, more: &str) -> PathBuf {
    let whole = std::fs::read_to_string(workspace().join("configs/pipelines/atl06.yaml")).unwrap();
    let (source, rest) = whole.split_once("  variables:\n    count:").unwrap();
    let (_, output) = rest.split_once("output:\n").unwrap();
    let output = output.replace("child_order: 12", &format!("child_order: {order}"));
    let text = format!("{source}  variables:{FIELDS}{more}\noutput:\n{output}");
    let pipeline = granules.work.write(format!("{name}.yaml"), text);
    granules.run(&pipeline, name).0
}

fn zagg(arguments: &[&str]) -> Output {
    zagg_bin::command().args(arguments).output().unwrap()
}

/// `zagg overviews`, which must do what it is asked; gives its report.
fn overviews(store: &Path, more: &[&str]) -> Value {
    let output = zagg(&[&["overviews", store.to_str().unwrap(), "--quiet", "--json"], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn verified(store: &Path) -> (bool, Value) {
    let report = store.with_extension("verified.json");
    let output = zagg(&["verify", store.to_str().unwrap(), "--report", report.to_str().unwrap()]);
    (output.status.success(), serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap())
}

#[test]
fn every_order_is_what_numpy_makes_of_the_cells() {
    let granules = Granules::new();
    let store = store_of(&granules, "store", 12, "    h_q50: {function: median, source: h_li, dtype: float32}\n");
    let report = overviews(&store, &["--down-to", "2"]);
    assert_eq!(report["written"], json!([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]));
    assert!(report["left_out"]["h_q50"].as_str().unwrap().contains("does not merge"), "{report}");
    let orders = ["11", "10", "8", "6", "5", "2"];
    let found = python::script("overviews.py", &[&[store.to_str().unwrap(), "12"], &orders[..]].concat());
    for order in orders {
        let of = &found["orders"][order];
        for (field, most) in
            [("count", 0.0), ("h_min", 0.0), ("h_max", 0.0), ("h_sum", 64.0), ("h_mean", 1.0), ("h_variance", 64.0)]
        {
            let off = of["off"][field].as_f64().unwrap();
            assert!(off <= most, "{field} of order {order} is {off} units of the last place off");
            assert_eq!(of["empty"][field], true, "{field} of order {order} where there are no points");
        }
        assert!(of["cells"].as_u64().unwrap() > 0);
        assert_eq!(of["xarray"], json!(["count", "h_max", "h_mean", "h_min", "h_sum", "h_variance"]));
        assert_eq!(of["xdggs"][0].to_string(), order);
        assert!(of["xdggs"][1].as_f64().unwrap() < -60.0, "{of}");
        assert_eq!(of["attributes"]["dggs"]["refinement_level"].to_string(), order);
        assert!(of["attributes"]["zagg"]["overview"]["left_out"]["h_q50"].is_string());
    }
    assert_eq!(found["layout"][0]["asset"], "12");
    assert_eq!(found["layout"].as_array().unwrap().len(), 11);
    assert_eq!(found["layout"][2]["transform"]["scale"], json!([4.0]));
}

/// The overview of an order as a store of its own.
fn alone(store: &Path, order: &str) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let place = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &place);
            } else {
                std::fs::copy(entry.path(), place).unwrap();
            }
        }
    }
    let place = store.with_extension(format!("{order}.zarr"));
    copy(&store.join(order), &place.join(order));
    std::fs::copy(store.join("zarr.json"), place.join("zarr.json")).unwrap();
    place
}

#[test]
fn overviews_agree_with_a_run_of_the_same_points_at_their_order() {
    let granules = Granules::new();
    let store = store_of(&granules, "store", 12, "");
    overviews(&store, &["--orders", "10,8"]);
    for order in [10, 8] {
        let points = store_of(&granules, &format!("points{order}"), order, "");
        let overview = alone(&store, &order.to_string());
        // A mean is that of rounded means: a unit of the last place of 32 bits.
        let tolerances = ["--tol", "h_sum=1e-13", "--tol", "h_mean=1.2e-7", "--tol", "h_variance=1e-4:1e-4"];
        let found = compare(&points, &overview, &tolerances);
        assert!(found.same, "order {order}:\n{}", found.table);
        for field in ["count", "h_min", "h_max"] {
            let field = found.field(field);
            assert!(field["cells"].as_u64().unwrap() > 10);
            assert_eq!(field["cells"], field["equal"], "order {order}:\n{}", found.table);
        }
    }
}

#[test]
fn a_store_with_overviews_is_verified_compared_and_resumed_as_before() {
    let granules = Granules::new();
    let (store, plain) = (store_of(&granules, "store", 12, ""), store_of(&granules, "plain", 12, ""));
    let before = verified(&store);
    overviews(&store, &["--down-to", "4"]);
    let (sound, report) = verified(&store);
    assert!(sound, "{report}");
    assert_eq!((&report["unmarked"]["count"], &report["marks"]), (&json!(0), &before.1["marks"]));
    assert_eq!(
        report["overviews"],
        json!({"4": "fresh", "5": "fresh", "6": "fresh", "7": "fresh", "8": "fresh",
        "9": "fresh", "10": "fresh", "11": "fresh"})
    );
    assert!(compare(&plain, &store, &[]).same);
    let objects = of_folder(&store);
    let again = overviews(&store, &["--down-to", "4"]);
    assert_eq!((&again["written"], &again["blocks"]), (&json!([]), &json!(0)));
    assert_same(&objects, &of_folder(&store));
    // A run finds nothing to do, and leaves the overviews and their listing as they are.
    let root = std::fs::read(store.join("zarr.json")).unwrap();
    store_of(&granules, "store", 12, "");
    assert_eq!(std::fs::read(store.join("zarr.json")).unwrap(), root);
}

#[test]
fn overviews_of_other_cells_are_named_and_renewed() {
    let granules = Granules::new();
    let store = store_of(&granules, "store", 12, "");
    overviews(&store, &[]);
    let fresh = of_folder(&store);
    let mark = std::fs::read_dir(store.join(".zagg/marks")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(mark).unwrap();
    let (sound, report) = verified(&store);
    assert!(sound && report["overviews"]["8"] == "stale", "{report}");
    let renewed = overviews(&store, &["--orders", "8"]);
    assert_eq!(renewed["written"], json!([11, 10, 9, 8, 7, 6]));
    assert_eq!(verified(&store).1["overviews"]["8"], "fresh");
    // The shard is computed again, and the overviews are what they were.
    store_of(&granules, "store", 12, "");
    assert_eq!(verified(&store).1["overviews"]["8"], "stale");
    overviews(&store, &[]);
    let chunks = |objects: zagg_tests::kit::objects::Objects| -> zagg_tests::kit::objects::Objects {
        objects.into_iter().filter(|(key, _)| !key.starts_with(".zagg")).collect()
    };
    assert_same(&chunks(fresh), &chunks(of_folder(&store)));
}

/// Files in a folder whose files come and go.
fn files_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

/// An order is finished when its document is there.
fn most_blocks_of_an_unfinished_order(store: &Path) -> usize {
    let folders = (0..12).map(|order| store.join(order.to_string()));
    folders.filter(|folder| !folder.join("zarr.json").exists()).map(|folder| files_in(&folder)).max().unwrap_or(0)
}

#[test]
fn ended_halfway_they_are_not_seen_and_the_next_time_completes_them() {
    let granules = Granules::new();
    let (store, plain) = (store_of(&granules, "store", 12, ""), store_of(&granules, "plain", 12, ""));
    let whole = {
        overviews(&plain, &["--down-to", "0"]);
        of_folder(&plain)
    };
    let mut ended_halfway = 0;
    for blocks in [1, 2, 5, 10, 20, 40, 60] {
        let mut child = zagg_bin::command()
            .args(["overviews", store.to_str().unwrap(), "--down-to", "0", "--overwrite"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while most_blocks_of_an_unfinished_order(&store) < blocks && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        ended_halfway += usize::from(most_blocks_of_an_unfinished_order(&store) > 0);
        let (sound, report) = verified(&store);
        assert!(sound, "after {blocks} blocks: {report}");
        assert!(compare(&plain, &store, &[]).same);
    }
    assert!(ended_halfway > 2, "only {ended_halfway} were ended halfway");
    overviews(&store, &["--down-to", "0"]);
    let of = |objects: &zagg_tests::kit::objects::Objects| -> zagg_tests::kit::objects::Objects {
        let result = |key: &String| !key.starts_with(".zagg") && key != "zarr.json";
        objects.iter().filter(|(key, _)| result(key)).map(|(key, digest)| (key.clone(), *digest)).collect()
    };
    assert_same(&of(&whole), &of(&of_folder(&store)));
}

#[test]
fn what_cannot_be_done_is_refused_with_the_remedy() {
    let granules = Granules::new();
    let store = store_of(&granules, "store", 8, "");
    for (arguments, words) in [
        (&["--orders", "8"][..], "not coarser than the cells"),
        (&["--orders", "30"], "finer than 29"),
        (&["--orders", "7", "--down-to", "3"], "cannot be used with"),
    ] {
        let output = zagg(&[&["overviews", store.to_str().unwrap()], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{arguments:?}: {said}");
    }
    let nowhere = zagg(&["overviews", granules.work.path("nowhere").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("holds no zagg store"));
}
