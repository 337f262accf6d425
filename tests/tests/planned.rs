//! Granules with two levels: planned reads against full ones, and both against numpy.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use zagg_core::morton::Word;
use zagg_sample::photon::write_photon_granule;
use zagg_sample::{Layout, SampleParameters};
use zagg_tests::golden::exact::ulps;
use zagg_tests::kit::run::{compare, run};
use zagg_tests::kit::samples::{Track, grid, shard_map};
use zagg_tests::kit::{Table, Workdir, python};

/// Photons per HEALPix cell, in shards that a track crosses in a few kilometres. The two `#` lines
/// are replaced.
const PIPELINE: &str = r#"
data_source:
  driver: file
  groups: [gt1l, gt1r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables:
    h_ph: "/{group}/heights/h_ph"
    conf: {path: "/{group}/heights/signal_conf_ph", column: 3}
  #filters
  base_level: photons
  levels:
    photons:
      path: "/{group}/heights"
      coordinates: {latitude: lat_ph, longitude: lon_ph}
      link: null
    segments:
      path: "/{group}/geolocation"
      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}
      variables: {n_ph: "/{group}/geolocation/segment_ph_cnt"}
      link:
        to: photons
        index_beg: "/{group}/geolocation/ph_index_beg"
        count: "/{group}/geolocation/segment_ph_cnt"
        index_base: 1
  #plan
aggregation:
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_min: {function: min, source: h_ph}
    h_mean: {function: mean, source: h_ph}
    h_median: {function: median, source: h_ph}
    conf_max: {function: max, source: conf, dtype: int32, fill_value: -9}
    conf_mean: {function: mean, source: conf}
    n_mean: {function: mean, source: n_ph}
output:
  grid: {type: healpix, parent_order: 9, child_order: 13}
"#;

/// A column of a two-dimensional dataset, and a dataset of the coarse level.
const FILTERS: &str = r#"filters:
    - {dataset: "/{group}/heights/signal_conf_ph", column: 3, op: ge, value: 2}
    - {dataset: "/{group}/geolocation/segment_ph_cnt", op: ge, value: 5, level: segments}"#;

const PLAN: &str = "read_plan: {spatial_index: segments, pad: 1}";

struct Made {
    work: Workdir,
    file: PathBuf,
    map: PathBuf,
}

impl Made {
    fn new() -> Self {
        let work = Workdir::new();
        let parameters =
            SampleParameters { segments: 4000, layout: Layout::Chunked(1000), ..SampleParameters::default() };
        let granule = write_photon_granule(&work.path("granules"), &parameters).unwrap();
        let points = granule.beams.iter().flat_map(|beam| beam.lon_deg.iter().copied().zip(beam.lat_deg.clone()));
        let track = Track { id: granule.id.clone(), file: granule.file.clone(), points: points.collect() };
        let grid = grid(&work.write("grid.yaml", PIPELINE));
        let map = shard_map(&work, "map.json", &grid, &[track]);
        Self { work, file: granule.file, map }
    }

    /// A store by the pipeline with `filters` and `plan`, and the run's report.
    fn store(&self, name: &str, filters: &str, plan: &str) -> (PathBuf, Value) {
        let text = PIPELINE.replace("#filters", filters).replace("#plan", plan);
        let pipeline = self.work.write(format!("{name}.yaml"), text);
        let store = self.work.path(format!("{name}.zarr"));
        let report = run(&pipeline, &self.map, &store);
        (store, report)
    }
}

/// What each shard's mark says of its chunks: keys, sizes, hashes, points, cells.
fn marks(store: &Path) -> Vec<Value> {
    let entries = std::fs::read_dir(store.join(".zagg/marks")).unwrap();
    let mut marks: Vec<Value> = entries
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .map(|mark: Value| {
            ["shard", "outcome", "points", "cells", "objects"].map(|key| mark[key].clone()).to_vec().into()
        })
        .collect();
    marks.sort_by_key(Value::to_string);
    marks
}

fn count(report: &Value, name: &str) -> u64 {
    report["totals"]["read"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn a_planned_read_writes_the_same_bytes_as_a_full_one_and_looks_at_fewer_photons() {
    let made = Made::new();
    for (name, filters) in [("all", ""), ("some", FILTERS)] {
        let (planned, planned_report) = made.store(&format!("{name}-planned"), filters, PLAN);
        let (full, full_report) = made.store(&format!("{name}-full"), filters, "");
        let compared = compare(&full, &planned, &[]);
        assert!(compared.same, "{}", compared.table);
        assert_eq!(marks(&planned), marks(&full), "{name}: chunks");
        assert!(marks(&full).len() > 5, "the track crosses {} shards", marks(&full).len());
        assert_ne!(planned_report["pipeline"], full_report["pipeline"], "a plan is part of a pipeline");
        for same in ["points_in_shard", "points_kept"] {
            assert_eq!(count(&planned_report, same), count(&full_report, same), "{name}: {same}");
        }
        let scanned = [&planned_report, &full_report].map(|report| count(report, "rows_scanned"));
        assert!(scanned[0] < scanned[1], "{name}: rows scanned {scanned:?}");
        // A plan with a threshold that nothing passes is a full read.
        let threshold = "read_plan: {spatial_index: segments, pad: 1, full_read_threshold: 0.0}";
        let (forced, forced_report) = made.store(&format!("{name}-forced"), filters, threshold);
        assert_eq!(marks(&forced), marks(&full), "{name}: chunks of a plan given up");
        assert_eq!(count(&forced_report, "rows_scanned"), scanned[1]);
    }
}

#[test]
fn columns_coarse_filters_and_spread_variables_are_what_numpy_makes_of_them() {
    let made = Made::new();
    let (store, report) = made.store("some", FILTERS, PLAN);
    let table = Table::read(&store);
    let wanted = python::script("photons.py", &["13", made.file.to_str().unwrap()]);
    let list = |name: &str| wanted[name].as_array().unwrap_or_else(|| panic!("photons.py gave no {name}")).clone();
    let cells: Vec<u64> =
        list("morton").iter().map(|word| Word::from_bits(word.as_u64().unwrap()).unwrap().nested()).collect();
    assert_eq!(table.occupied(), cells);
    for field in ["count", "h_min", "h_mean", "h_median", "conf_max", "conf_mean", "n_mean"] {
        for (cell, exact) in cells.iter().zip(list(field)) {
            let (ours, exact) = (table.get(field, *cell) as f32, exact.as_f64().unwrap() as f32);
            assert!(ulps(ours, exact) <= 1, "{field} of cell {cell} is {ours}, numpy says {exact}");
        }
    }
    // The test would see nothing if the filters kept or dropped everything.
    let kept: u64 = list("count").iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(count(&report, "points_kept"), kept);
    let dropped = report["totals"]["read"]["dropped"].as_array().unwrap();
    assert_eq!(dropped.len(), 2, "{dropped:?}");
    assert!(dropped.iter().all(|filter| filter[1].as_u64().unwrap() > 1000), "{dropped:?}");
    assert!(kept > 5000, "{kept} photons are kept");
}
