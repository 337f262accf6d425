//! One small job for `zagg run`: sample granules, their shard map, a pipeline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};
use zagg_core::grid::{Grid, HealpixGrid};
use zagg_core::pipeline::Pipeline;
use zagg_core::shard_map::ShardMap;
use zagg_sample::{Layout, Oddity, SampleGranule, SampleParameters, shard_map, write_granules};

use super::objects::{Objects, results_of_folder};
use super::{Workdir, workspace, zagg_bin};

/// The beam that granule 1 lacks.
pub const MISSING_BEAM: (usize, &str) = (1, "gt2r");

/// What the shared granules are made with.
#[must_use]
pub fn parameters() -> SampleParameters {
    SampleParameters {
        granules: 6,
        // More than a granule's first request brings: shards ask for what they need.
        segments: 12_000,
        layout: Layout::Chunked(1000),
        oddities: vec![(MISSING_BEAM.0, Oddity::MissingBeam { beam: MISSING_BEAM.1 })],
        ..SampleParameters::default()
    }
}

/// The granules that all tests of this process read, made once. Nobody changes them.
pub fn granules() -> &'static [SampleGranule] {
    static GRANULES: OnceLock<Vec<SampleGranule>> = OnceLock::new();
    GRANULES.get_or_init(|| {
        let test = std::env::current_exe().expect("this program's path");
        let target = test.ancestors().nth(3).expect("the test is in target/PROFILE/deps");
        let folder = target.join("tmp").join("sample-granules");
        std::fs::create_dir_all(&folder).expect("a folder for the granules");
        // Another process may be making the same files: each appears whole, and with the same bytes.
        let making = tempfile::tempdir_in(&folder).expect("a temporary folder");
        let mut granules = write_granules(making.path(), &parameters()).expect("sample granules");
        for granule in &mut granules {
            let place = folder.join(granule.file.file_name().expect("a file has a name"));
            std::fs::rename(&granule.file, &place).expect("a renamed file");
            granule.file = place;
        }
        granules
    })
}

/// The pipeline of the tests: the ordinary one for ATL06 with smaller shards, so that there are more.
#[must_use]
pub fn pipeline_text() -> String {
    let path = workspace().join("configs/pipelines/atl06.yaml");
    let text = std::fs::read_to_string(path).expect("the repository's pipeline");
    text.replace("parent_order: 6", "parent_order: 7")
}

/// The grid of a pipeline.
#[must_use]
pub fn grid_of(pipeline: &str) -> HealpixGrid {
    let pipeline = Pipeline::from_yaml(pipeline).expect("a pipeline");
    match Grid::new(&pipeline.grid).expect("a grid") {
        Grid::Healpix(grid) => grid,
        other => panic!("{other:?} is not a HEALPix grid"),
    }
}

/// A folder with `atl06.yaml` and `shardmap.json`, and the environment that `zagg` gets.
#[derive(Debug)]
pub struct Job {
    /// The folder.
    pub work: Workdir,
    /// The shard map.
    pub map: ShardMap,
    environment: Vec<(String, String)>,
    runs: AtomicU64,
}

impl Job {
    /// A job on the shared granules where they are.
    #[must_use]
    pub fn new() -> Self {
        Self::reading(|granule| vec![("file".to_owned(), granule.file.display().to_string())])
    }

    /// A job on copies of the granules, in the folder `granules` beside the shard map.
    #[must_use]
    pub fn with_copies() -> Self {
        let job = Self::reading(|granule| vec![("file".to_owned(), format!("granules/{}.h5", granule.id))]);
        for granule in granules() {
            job.repair(granule);
        }
        job
    }

    /// A job whose shard map has these hrefs by driver.
    #[must_use]
    pub fn reading(hrefs: impl Fn(&SampleGranule) -> Vec<(String, String)>) -> Self {
        let work = Workdir::new();
        std::fs::create_dir(work.path("tmp")).expect("a new folder");
        work.write("atl06.yaml", pipeline_text());
        let map = shard_map(granules(), &grid_of(&pipeline_text()), hrefs).expect("a shard map");
        let job = Self { work, map, environment: Vec::new(), runs: AtomicU64::new(0) };
        job.write_map(&job.map);
        job
    }

    /// Writes another `shardmap.json`.
    pub fn write_map(&self, map: &ShardMap) {
        self.work.write("shardmap.json", map.to_json().expect("a shard map is JSON"));
    }

    /// The map with each shard's granules (by number) as `change` leaves them; shards without any are
    /// left out.
    #[must_use]
    pub fn map_with(&self, change: impl Fn(&mut Vec<u32>)) -> ShardMap {
        let mut shards = self.map.shards().to_vec();
        shards.iter_mut().for_each(|shard| change(&mut shard.granules));
        shards.retain(|shard| !shard.granules.is_empty());
        let (signature, granules) = (self.map.signature().clone(), self.map.granules().to_vec());
        ShardMap::new(Map::new(), signature, granules, shards).expect("a smaller shard map")
    }

    /// The place of the copy of a granule.
    #[must_use]
    pub fn copy_of(&self, granule: &SampleGranule) -> PathBuf {
        self.work.path(format!("granules/{}.h5", granule.id))
    }

    /// Puts a whole copy of a granule in its place.
    pub fn repair(&self, granule: &SampleGranule) {
        self.work.write(format!("granules/{}.h5", granule.id), std::fs::read(&granule.file).expect("a granule"));
    }

    /// From now on `zagg` has this in its environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The labels of the shards that list the granule of this number.
    #[must_use]
    pub fn shards_of(&self, granule: usize) -> Vec<String> {
        let grid = Grid::Healpix(grid_of(&pipeline_text()));
        let of = self.map.shards().iter().filter(|shard| shard.granules.contains(&(granule as u32)));
        of.map(|shard| grid.shard(shard.key).expect("the map is of the grid").label).collect()
    }

    /// The path of a store in the job's folder.
    #[must_use]
    pub fn store(&self, name: &str) -> String {
        self.work.path(name).display().to_string()
    }

    /// `zagg` with nothing but the job's environment, in the job's folder.
    #[must_use]
    pub fn zagg(&self) -> Command {
        let mut command = zagg_bin::command();
        command.env_clear().env("TMPDIR", self.work.path("tmp")).current_dir(self.work.root());
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// `zagg run` on this job, not started, with the place of its report.
    #[must_use]
    pub fn run_command(&self, store: &str, more: &[&str]) -> (Command, PathBuf) {
        let report = self.work.path(format!("report-{}.json", self.runs.fetch_add(1, Ordering::Relaxed)));
        let mut command = self.zagg();
        command.args(["run", "--config", "atl06.yaml", "--catalog", "shardmap.json", "--store", store]);
        if !more.contains(&"--driver") {
            command.args(["--driver", "file"]);
        }
        command.args(more).arg("--report").arg(&report);
        (command, report)
    }

    /// Runs the job.
    #[must_use]
    pub fn run(&self, store: &str, more: &[&str]) -> Ended {
        let (mut command, report) = self.run_command(store, more);
        Ended::new(&command.output().expect("zagg starts"), &report)
    }

    /// Runs the job and asserts that everything was done.
    pub fn must_run(&self, store: &str, more: &[&str]) -> Ended {
        self.run(store, more).expect(0)
    }

    /// What the job gives undisturbed: the digests of a `zagg run` by itself, made once.
    #[must_use]
    pub fn expected(&self) -> Objects {
        let clean = self.store("clean.zarr");
        if !Path::new(&clean).exists() {
            self.must_run(&clean, &[]);
        }
        results_of_folder(Path::new(&clean))
    }

    /// `zagg verify`.
    #[must_use]
    pub fn verify(&self, store: &str) -> Ended {
        let report = self.work.path("verified.json");
        _ = std::fs::remove_file(&report);
        let mut command = self.zagg();
        command.args(["verify", store, "--report"]).arg(&report);
        Ended::new(&command.output().expect("zagg starts"), &report)
    }

    /// Any other command.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Ended {
        Ended::new(&self.zagg().args(arguments).output().expect("zagg starts"), Path::new(""))
    }
}

impl Default for Job {
    fn default() -> Self {
        Self::new()
    }
}

/// How a `zagg` ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The report that it wrote; null when it wrote none.
    pub report: Value,
}

impl Ended {
    /// What `output` and the file `report` say.
    #[must_use]
    pub fn new(output: &Output, report: &Path) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let report = std::fs::read(report).ok().map_or(Value::Null, |bytes| {
            serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("the report is no JSON: {error}"))
        });
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr), report }
    }

    /// What `output` says, whose standard output is the report if it is JSON.
    #[must_use]
    pub fn of_json(output: &Output) -> Self {
        let mut ended = Self::new(output, Path::new(""));
        ended.report = serde_json::from_str(&ended.out).unwrap_or_default();
        ended
    }

    /// Itself, if it exited so.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Standard output and standard error.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// One of the report's counts of shards.
    #[must_use]
    #[track_caller]
    pub fn shards(&self, what: &str) -> u64 {
        self.report["shards"][what].as_u64().unwrap_or_else(|| panic!("no count `{what}` in {}", self.report))
    }

    /// What reading did, of the report's totals.
    #[must_use]
    #[track_caller]
    pub fn read(&self, what: &str) -> u64 {
        self.report["totals"]["read"][what].as_u64().unwrap_or_else(|| panic!("no count `{what}` in {}", self.report))
    }

    /// The shards that failed, with their faults and reasons.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, (String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let failures = self.report["failures"].as_array().into_iter().flatten();
        failures.map(|f| (text(&f["shard"]), (text(&f["fault"]), text(&f["reason"])))).collect()
    }
}
