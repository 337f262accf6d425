//! Sample granules and shard maps for any grid.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Map;
use zagg_core::grid::{Grid, Projection, healpix};
use zagg_core::pipeline::Pipeline;
use zagg_core::shard_map::{Granule, ShardEntry, ShardMap};
use zagg_sample::{SampleGranule, SampleParameters, write_granules};

use super::{Workdir, run::run, workspace};

/// One granule's file and where its points are.
#[derive(Debug, Clone)]
pub struct Track {
    /// The granule's name.
    pub id: String,
    /// Its file.
    pub file: PathBuf,
    /// Longitude and latitude of every point, degrees.
    pub points: Vec<(f64, f64)>,
}

impl From<&SampleGranule> for Track {
    fn from(granule: &SampleGranule) -> Self {
        Self { id: granule.id.clone(), file: granule.file.clone(), points: granule.points().collect() }
    }
}

/// The ATL06-like sample granules, in `work/granules`.
#[must_use]
pub fn granules(work: &Workdir, parameters: &SampleParameters) -> Vec<Track> {
    let granules = write_granules(&work.path("granules"), parameters).expect("sample granules");
    granules.iter().map(Track::from).collect()
}

/// `atl06_polar.yaml` with 1 km cells around the crossing of the samples' tracks.
#[must_use]
pub fn polar_pipeline(work: &Workdir) -> PathBuf {
    let shipped = workspace().join("configs/pipelines/atl06_polar.yaml");
    let mut text = std::fs::read_to_string(shipped).expect("the pipeline");
    for (from, to) in [
        ("resolution: 5000 # metres", "resolution: 1000"),
        ("[-3200000, -3200000, 3200000, 3200000]", "[-1400000, -400000, -1100000, -100000]"),
        ("[256, 256]", "[64, 64]"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    work.write("polar.yaml", text)
}

/// The grid of a pipeline.
#[must_use]
pub fn grid(pipeline: &Path) -> Grid {
    let text = std::fs::read_to_string(pipeline).expect("a pipeline");
    let pipeline = Pipeline::from_yaml(&text).unwrap_or_else(|error| panic!("{error}"));
    Grid::new(&pipeline.grid).expect("a grid")
}

/// The key of the shard that holds a position.
#[must_use]
pub fn shard_key(grid: &Grid, lon_deg: f64, lat_deg: f64) -> Option<u64> {
    match grid {
        Grid::Healpix(grid) => {
            let nested = healpix::nested_at(grid.shard_order, lon_deg, lat_deg)?;
            Some(grid.nested_shard(nested).expect("a shard").key)
        }
        Grid::Rectilinear(grid) => {
            let projection = Projection::new(&grid.crs).expect("a projection");
            let (row, col) = grid.cell_at(&projection, lon_deg, lat_deg)?;
            Some(row / u64::from(grid.tile[0]) * grid.block_cols() + col / u64::from(grid.tile[1]))
        }
    }
}

/// Writes the shard map of `tracks` for `grid`: every shard that holds at least one point.
#[must_use]
pub fn shard_map(work: &Workdir, name: &str, grid: &Grid, tracks: &[Track]) -> PathBuf {
    let mut touched: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for (number, track) in (0..).zip(tracks) {
        for key in track.points.iter().filter_map(|(lon, lat)| shard_key(grid, *lon, *lat)) {
            touched.entry(key).or_default().insert(number);
        }
    }
    let granules = tracks.iter().map(|track| Granule {
        id: track.id.clone(),
        hrefs: vec![("file".to_owned(), track.file.display().to_string())],
        time_start: None,
        time_end: None,
    });
    let shards =
        touched.into_iter().map(|(key, granules)| ShardEntry { key, granules: granules.into_iter().collect() });
    let map = ShardMap::new(Map::new(), grid.signature(), granules.collect(), shards.collect()).expect("a shard map");
    work.write(name, map.to_json().expect("JSON"))
}

/// Four of the sample granules, of which any pipeline makes stores.
#[derive(Debug)]
pub struct Granules {
    /// Where everything of them lies.
    pub work: Workdir,
    /// The granules.
    pub tracks: Vec<Track>,
}

impl Granules {
    /// Writes the granules.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it writes files")]
    pub fn new() -> Self {
        let work = Workdir::new();
        let tracks = granules(&work, &SampleParameters { granules: 4, ..SampleParameters::default() });
        Self { work, tracks }
    }

    /// Runs a pipeline over the granules, with the shard map `NAME.map.json`; gives the store `NAME.zarr` and the group
    /// in it.
    #[must_use]
    pub fn run(&self, pipeline: &Path, name: &str) -> (PathBuf, String) {
        let map = shard_map(&self.work, &format!("{name}.map.json"), &grid(pipeline), &self.tracks);
        let store = self.work.path(format!("{name}.zarr"));
        let report = run(pipeline, &map, &store);
        (store, report["group"].as_str().expect("the report names the group").to_owned())
    }
}
