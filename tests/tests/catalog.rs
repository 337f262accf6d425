//! `zagg catalog`, from a search or a saved catalog to a shard map that runs.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use zagg_catalog::{Catalog, Entry, geoparquet};
use zagg_tests::kit::{Cmr, Job, Workdir, cmr, shared, workspace, zagg_bin};

/// Where a user works, with a pipeline and an archive.
struct Desk {
    work: Workdir,
    cmr: Cmr,
}

impl Desk {
    /// An archive with so many granules.
    fn new(granules: usize) -> Self {
        Self::with(cmr::sample::granules(granules))
    }

    /// An archive with these granules.
    fn with(granules: Vec<Entry>) -> Self {
        let desk = Self { work: Workdir::new(), cmr: Cmr::of(granules) };
        std::fs::copy(workspace().join("configs/pipelines/atl06.yaml"), desk.work.path("atl06.yaml")).unwrap();
        desk
    }

    /// `zagg catalog` with these arguments.
    fn catalog(&self, arguments: &[&str]) -> Said {
        let mut zagg = Command::new(zagg_bin::program("zagg"));
        zagg.env_clear().env("ZAGG_CMR_URL", self.cmr.root()).current_dir(self.work.root());
        Said::of(&zagg.arg("catalog").args(arguments).output().unwrap())
    }

    /// The same with the pipeline, and the whole archive of some days.
    fn search(&self, arguments: &[&str]) -> Said {
        let days = ["--short-name", "ATL06", "--start-date", "2024-01-06", "--end-date", "2024-01-16"];
        self.catalog(&[&["--config", "atl06.yaml"], &days[..], arguments].concat())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.work.path(name)).unwrap()
    }
}

/// How a command ended.
struct Said {
    code: Option<i32>,
    text: String,
    out: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        Self { code: output.status.code(), text: format!("{out}{err}"), out }
    }

    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }

    fn has(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.text.contains(text), "no {text:?} in {}", self.text);
        }
        self
    }
}

#[test]
fn a_search_becomes_a_shard_map_and_the_saved_catalog_gives_the_same_one() {
    let desk = Desk::new(500);
    let region = ["--region", "antarctica"];
    let said = desk.search(&[&region[..], &["-o", "one.json", "--catalog-out", "granules.parquet"]].concat());
    said.expect(0).has(&["one.json", "shards", "granules per shard", "HEALPix, shard order 6", "granules.parquet"]);
    let asked = desk.cmr.log().len();
    let from = ["--config", "atl06.yaml", "--from", "granules.parquet", "-o", "two.json"];
    desk.catalog(&[&from[..], &region].concat()).expect(0);
    assert_eq!(desk.cmr.log().len(), asked, "a saved catalog needs no network");
    assert_eq!(desk.read("one.json"), desk.read("two.json"));
    desk.catalog(&["info", "one.json"]).expect(0).has(&["ATL06_007", "latitude authalic-wgs84", "a run"]);
}

#[test]
fn a_table_holds_what_the_json_holds() {
    let desk = Desk::new(500);
    for name in ["map.json", "map.parquet"] {
        desk.search(&["--bbox", "-180,-90,180,-60", "-o", name]).expect(0);
    }
    let info = |name: &str| {
        let said = desk.catalog(&["info", name, "--json"]).expect(0);
        let mut info: Value = serde_json::from_str(&said.out).unwrap();
        let bytes = info.as_object_mut().unwrap().remove("bytes").unwrap().as_u64().unwrap();
        (info, bytes)
    };
    let ((json, of_json), (table, of_table)) = (info("map.json"), info("map.parquet"));
    assert_eq!(json, table);
    assert!(json["pairs"].as_u64().unwrap() > 1000, "{json}");
    assert!(10 * of_table < of_json, "{of_table} bytes against {of_json}");
}

#[test]
fn a_run_takes_a_table_for_a_shard_map() {
    let job = Job::new();
    zagg_catalog::table::save(&job.map, &job.work.path("shardmap.parquet")).unwrap();
    let clean = job.store("of-json.zarr");
    job.must_run(&clean, &[]);
    let mut zagg = job.zagg();
    let store = job.store("of-table.zarr");
    zagg.args([
        "run",
        "--config",
        "atl06.yaml",
        "--catalog",
        "shardmap.parquet",
        "--driver",
        "file",
        "--store",
        &store,
    ]);
    Said::of(&zagg.output().unwrap()).expect(0);
    let results = |store: &str| zagg_tests::kit::objects::results_of_folder(Path::new(store));
    zagg_tests::kit::objects::assert_same(&results(&clean), &results(&store));
}

#[test]
fn a_cycle_is_what_the_names_say_unless_its_dates_are_asked_for() {
    let desk = Desk::new(300);
    let cycle = |number: &str, more: &[&str]| {
        let typed = ["--config", "atl06.yaml", "--short-name", "ATL06", "--region", "antarctica", "--cycle", number];
        desk.catalog(&[&typed[..], more].concat())
    };
    cycle("22", &["-o", "22.json"]).expect(0);
    let dates = desk.cmr.log()[0].parameters["datetime"].clone();
    assert!(dates.as_str().unwrap().starts_with("2023-12-"), "{dates}");
    cycle("22", &["--cycle-dates", "-o", "dates.json"]).expect(0);
    let dates = desk.cmr.log().last().unwrap().parameters["datetime"].clone();
    assert!(dates.as_str().unwrap().starts_with("2024-01-06T00:00:00"), "{dates}");
    cycle("21", &[]).expect(2).has(&["cycle 21"]);
}

#[test]
fn what_a_cycle_leaves_out_is_not_named_for_what_it_lacks() {
    let mut granules = cmr::sample::granules(40);
    for number in [0, 4] {
        let bare = &mut granules[number];
        (bare.https, bare.s3) = (None, None);
    }
    let (kept, other) = (granules[0].id.clone(), granules[4].id.replace("22", "21"));
    granules[4].id = other.clone();
    let desk = Desk::with(granules);
    let typed = ["--config", "atl06.yaml", "--short-name", "ATL06", "--region", "antarctica", "--cycle", "22"];
    let said = desk.catalog(&typed).expect(0).has(&["1 granules of other cycles are left out"]);
    let said = said.has(&[&format!("1 granules have no .h5 file: {kept}")]);
    assert!(!said.text.contains(&other), "{}", said.text);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_searched() {
    let desk = Desk::new(10);
    desk.search(&[]).expect(2).has(&["--region NAME (antarctica, greenland)"]);
    desk.search(&["--region", "antartica"]).expect(2).has(&["antarctica"]);
    desk.search(&["--bbox", "1,2,3"]).expect(2).has(&["1,2,3"]);
    desk.search(&["--polygon", "absent.geojson"]).expect(2).has(&["absent.geojson"]);
    desk.search(&["--wkt", "POLYGON ((0 0, 1"]).expect(2);
    let typed = ["--config", "atl06.yaml", "--short-name", "ATL06", "--region", "antarctica"];
    desk.catalog(&typed).expect(2).has(&["--start-date", "--cycle"]);
    desk.catalog(&[&typed[..], &["--start-date", "6 January"]].concat()).expect(2).has(&["6 January"]);
    desk.catalog(&["info", "atl06.yaml"]).expect(2).has(&["atl06.yaml"]);
    assert!(desk.cmr.log().is_empty());
}

#[test]
fn a_region_without_granules_makes_no_map() {
    let desk = Desk::new(4);
    let said = desk.search(&["--bbox", "0,0,1,1", "-o", "map.json"]).expect(2);
    said.has(&["has no granules"]);
    assert!(!desk.work.path("map.json").exists());
}

#[test]
fn an_archive_that_is_away_is_out_of_reach() {
    let desk = Desk::new(4);
    let mut zagg = Command::new(zagg_bin::program("zagg"));
    zagg.env_clear().env("ZAGG_CMR_URL", "http://127.0.0.1:9/stac");
    zagg.current_dir(desk.work.root()).args(["catalog", "--config", "atl06.yaml", "--short-name", "ATL06"]);
    zagg.args(["--tries", "2", "--region", "antarctica", "--start-date", "2024-01-06", "--end-date", "2024-01-07"]);
    Said::of(&zagg.output().unwrap()).expect(3).has(&["127.0.0.1:9"]);
}

#[test]
fn another_stac_api_is_searched_by_its_root() {
    let desk = Desk::new(300);
    let (api, days) = (desk.cmr.api(), ["--start-date", "2024-01-06", "--end-date", "2024-01-16"]);
    let typed = ["--config", "atl06.yaml", "--stac-url", &api, "--region", "antarctica", "-o", "map.json"];
    desk.catalog(&[&typed[..], &days, &["--collection", "ATL06_007"]].concat()).expect(0).has(&["ATL06_007"]);
    desk.search(&["--region", "antarctica", "-o", "cmr.json"]).expect(0);
    assert_eq!(body(&desk.read("map.json")), body(&desk.read("cmr.json")));
    desk.catalog(&[&typed[..], &days].concat()).expect(2).has(&["--collection"]);
}

#[test]
fn nobody_listening_to_the_result_is_no_error() {
    let desk = Desk::new(100);
    desk.search(&["--region", "antarctica", "-o", "map.json"]).expect(0);
    let mut zagg = Command::new(zagg_bin::program("zagg"));
    zagg.env_clear().current_dir(desk.work.root()).args(["catalog", "info", "map.json"]);
    let mut child = zagg.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

/// From `shard_keys` on: keys, granules and their order.
fn body(map: &str) -> &str {
    &map[map.find("\"shard_keys\"").unwrap()..]
}

/// The Python zagg's map of order `order`, made anew from the granules that it lists.
fn neon(order: u8) -> (String, String) {
    let desk = Desk::new(1);
    let theirs = std::fs::read_to_string(shared::path(&format!("data/catalog/sm_healpix_o{order}.json"))).unwrap();
    let document: Value = serde_json::from_str(&theirs).unwrap();
    let lists = document["granules"].as_array().unwrap().iter().flat_map(|list| list.as_array().unwrap());
    let ids: std::collections::BTreeSet<&str> = lists.map(|granule| granule["id"].as_str().unwrap()).collect();
    let Catalog { metadata, mut entries } = geoparquet::read(&shared::path("data/catalog/cat_neon.parquet")).unwrap();
    entries.retain(|entry| ids.contains(entry.id.as_str()));
    assert_eq!(entries.len(), ids.len());
    geoparquet::write(&Catalog { metadata, entries }, &desk.work.path("neon.parquet")).unwrap();
    let pipeline = std::fs::read_to_string(workspace().join("configs/pipelines/atl06.yaml")).unwrap();
    let lines = pipeline.lines().map(|line| match line.trim_start() {
        text if text.starts_with("parent_order:") => line.replace(text, &format!("parent_order: {order}")),
        text if text.starts_with("child_order:") => line.replace(text, "child_order: 19"),
        text if text.starts_with("chunk_inner:") => String::new(),
        _ => line.to_owned(),
    });
    desk.work.write("neon.yaml", lines.collect::<Vec<_>>().join("\n"));
    let polygon: PathBuf = shared::path("data/geojson/AOP_NEON.geojson");
    let polygon = polygon.display().to_string();
    let from = ["--config", "neon.yaml", "--from", "neon.parquet", "--polygon", &polygon, "--margin", "0"];
    desk.catalog(&[&from[..], &["-o", "neon.json"]].concat()).expect(0);
    (theirs, desk.read("neon.json"))
}

#[test]
#[ignore = "needs ../shared"]
fn the_python_zaggs_maps_of_a_neon_site_come_out_byte_for_byte() {
    for order in [9, 10] {
        let (theirs, ours) = neon(order);
        assert_eq!(body(&theirs).trim_end(), body(&ours).trim_end(), "order {order}");
    }
}
