//! The notebooks, executed from a clean environment, and the blocks of the page for Python's readers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use zagg_sample::SampleParameters;
use zagg_tests::golden::atl06;
use zagg_tests::kit::run::run;
use zagg_tests::kit::samples::{Track, granules, grid, polar_pipeline, shard_map};
use zagg_tests::kit::{MiniStack, Table, Workdir, python, source, workspace, zagg_bin};

/// The interpreter that has `notebooks/requirements.txt` and nothing else: `ZAGG_NOTEBOOKS_PYTHON`, else that of
/// `.venv-notebooks`.
fn clean_python() -> PathBuf {
    let path = std::env::var_os("ZAGG_NOTEBOOKS_PYTHON")
        .map_or_else(|| workspace().join(".venv-notebooks/bin/python"), PathBuf::from);
    assert!(path.exists(), "{} is not there; run scripts/setup-tests", path.display());
    path
}

/// A path for programs on which `zagg` and its kin are, and the system's, but no environment of ours.
fn search_path() -> String {
    format!("{}:/usr/bin:/bin", zagg_bin::program("zagg").parent().unwrap().display())
}

/// A notebook executed in an empty folder, and what it gave. None may print warnings or hold outputs.
struct Executed {
    work: Workdir,
    found: Value,
}

impl Executed {
    fn of(name: &str) -> Self {
        let work = Workdir::new();
        let mut command = Command::new(python::python());
        command.arg(workspace().join("tests/python/notebooks.py"));
        command.arg(workspace().join(format!("notebooks/{name}.ipynb"))).arg(clean_python()).arg(work.root());
        let output = command.env("PATH", search_path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} ended with {}:\n{said}", output.status);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["stderr"], "", "{name} warns");
        assert_eq!(found["stored"], 0, "{name}: outputs are to be stripped before a notebook is kept");
        Self { work, found }
    }

    fn text(&self) -> &str {
        self.found["text"].as_str().unwrap()
    }

    #[track_caller]
    fn says(&self, text: &str) {
        assert!(self.text().contains(text), "`{text}` is not in:\n{}", self.text());
    }

    /// The store that it made: cells with points, and their points.
    fn cells_and_points(&self, store: &str) -> (usize, f64) {
        let table = Table::read(&self.work.path(store));
        let occupied = table.occupied();
        (occupied.len(), occupied.iter().map(|cell| table.get("count", *cell)).sum())
    }
}

#[test]
fn the_notebook_on_opening_a_store_finds_every_populated_cell() {
    let executed = Executed::of("open-with-xarray-and-xdggs");
    let (cells, points) = executed.cells_and_points("demo/store.zarr");
    assert!(cells > 1000, "{cells}");
    executed.says(&format!("6 shards, {cells} cells with {points} points"));
    executed.says("HealpixInfo(level=12");
    assert_eq!(executed.found["pictures"], 1);
    let results: Vec<&str> = executed.found["results"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(results.iter().any(|text| text.starts_with("<POLYGON")), "{results:?}");
}

#[test]
fn the_notebook_on_polar_maps_shows_every_populated_cell() {
    let executed = Executed::of("polar-stereographic-map");
    let (cells, _) = executed.cells_and_points("demo/store.zarr");
    executed.says(&format!("{cells} cells with points"));
    executed.says(&format!("show {cells} of {cells} cells"));
    assert_eq!(executed.found["pictures"], 1);
}

#[test]
fn the_notebook_on_statistics_of_ones_own_agrees_with_numpy() {
    let executed = Executed::of("custom-aggregations");
    let (cells, _) = executed.cells_and_points("mine.zarr");
    assert!(cells > 300, "{cells}");
    for field in ["count", "good", "h_median", "h_range", "h_spread", "h_rms"] {
        executed.says(&format!("{field:9} {cells} cells, greatest difference"));
    }
    assert_eq!(executed.found["pictures"], 1);
}

#[test]
fn the_notebook_on_costs_adds_up_what_the_marks_say() {
    let executed = Executed::of("cost-of-a-run");
    let mut command = zagg_bin::command();
    let output = command.args(["status", "--json"]).arg(executed.work.path("fleet.zarr")).output().unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["done"], 6, "{status}");
    let usd: f64 = ["compute", "puts", "gets", "queue"].map(|part| status["usd"][part].as_f64().unwrap()).iter().sum();
    executed.says(&format!("cost ${usd:.6}"));
    executed.says(&format!("6 shards, {} points", status["points"]));
    assert_eq!(executed.found["pictures"], 1);
}

#[test]
fn the_prices_in_the_notebook_are_those_of_the_program() {
    let text = std::fs::read_to_string(workspace().join("notebooks/cost-of-a-run.ipynb")).unwrap();
    let table = std::fs::read_to_string(workspace().join("crates/core/src/price.rs")).unwrap();
    for (name, what) in [
        ("LAMBDA_ARM_GB_SECOND", "Lambda, GB-second on arm64"),
        ("LAMBDA_REQUEST", "Lambda, request"),
        ("CONTAINER_VCPU_HOUR", "container, vCPU-hour with 2 GB"),
        ("S3_PUT", "S3, PUT"),
        ("S3_GET", "S3, GET"),
        ("SQS_REQUEST", "SQS, request"),
    ] {
        let after = |text: &str, begin: &str, end: char| {
            let rest = text.split_once(begin).unwrap_or_else(|| panic!("`{begin}` is not there")).1;
            rest.split(end).next().unwrap().replace('_', "").trim().parse::<f64>().unwrap()
        };
        let ours = after(&table, &format!("pub const {name}: f64 ="), ';');
        let theirs = after(&text, &format!("\\\"{what}\\\":"), ',');
        assert_eq!(ours, theirs, "{what}");
    }
}

#[test]
fn every_notebook_is_executed_here() {
    let folder = workspace().join("notebooks");
    let mut names: Vec<String> = source::files(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "ipynb"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let here = std::fs::read_to_string(workspace().join("tests/tests/notebooks.rs")).unwrap();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in names {
        assert!(here.contains(&format!("Executed::of(\"{name}\")")), "no test executes {name}");
    }
}

#[test]
fn every_block_of_the_page_for_python_runs() {
    let work = Workdir::new();
    let tracks: Vec<Track> = granules(&work, &SampleParameters { granules: 4, ..SampleParameters::default() });
    let map = shard_map(&work, "shardmap.json", &grid(&atl06()), &tracks);
    run(&atl06(), &map, &work.path("out.zarr"));
    let polar = polar_pipeline(&work);
    run(&polar, &shard_map(&work, "polar.map.json", &grid(&polar), &tracks), &work.path("polar.zarr"));
    let server = MiniStack::shared();
    server.create_bucket("bucket");
    let environment = MiniStack::environment(&server.endpoint());
    let mut upload = zagg_bin::command();
    upload.args(["run", "--quiet", "--driver", "file", "--store", "s3://bucket/run1/out.zarr", "--config"]);
    upload.arg(atl06()).arg("--catalog").arg(&map).envs(environment.clone());
    assert!(upload.status().unwrap().success());

    let mut command = Command::new(python::python());
    command.arg(workspace().join("tests/python/blocks.py")).arg(workspace().join("docs/reference/python.md"));
    command.current_dir(work.root()).env("PATH", search_path()).envs(environment);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let texts = |list: &str, key: &str| -> Vec<String> {
        found[list].as_array().unwrap().iter().map(|block| block[key].as_str().unwrap_or_default().to_owned()).collect()
    };
    let cells = Table::read(&work.path("out.zarr")).occupied().len();
    let printed = texts("ran", "printed").concat();
    assert!(printed.contains(&format!("{cells} cells with points")), "{printed}");
    assert!(printed.contains(&format!("True {cells}")), "{printed}");
    assert!(printed.contains("EPSG:3031"), "{printed}");
    let on_s3 = texts("ran", "marker").iter().filter(|marker| *marker == "on S3").count();
    assert_eq!(on_s3, 2);
    // What is left out is left out by name.
    for first in texts("left_out", "first") {
        assert!(first.starts_with("pip install"), "{first}");
    }
}
