//! How fast granules are planned and decoded, on one thread:
//! `cargo bench -p zagg-granule --bench decode -- FOLDER-OF-GRANULES`.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use tokio::sync::Semaphore;
use zagg_granule::cpu::CpuPool;
use zagg_granule::hdf5::{DatasetPath, DatasetPlan, Fills, Granule, PlanSettings, Planned};
use zagg_granule::source::file::FileSource;
use zagg_granule::source::metered::Metered;
use zagg_granule::source::object::ObjectSource;
use zagg_granule::source::{Coalescing, Meter, Usage};

const TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];
const DATASETS: [&str; 5] = ["latitude", "longitude", "h_li", "h_li_sigma", "atl06_quality_summary"];

/// A dataset and the stored bytes of all its pieces.
struct Loaded {
    name: &'static str,
    plan: DatasetPlan,
    stored: Vec<(u64, Bytes)>,
}

impl Loaded {
    fn find(&self, piece: u64) -> Option<&[u8]> {
        let found = self.stored.binary_search_by_key(&piece, |(number, _)| *number).ok()?;
        self.stored.get(found).map(|(_, bytes)| bytes.as_ref())
    }

    /// Bytes of all values.
    fn bytes(&self) -> u64 {
        self.plan.rows() * self.plan.element.size() as u64
    }
}

fn wants() -> Vec<(&'static str, DatasetPath)> {
    let path = |track: &&str, name: &&str| DatasetPath::new(&format!("{track}/land_ice_segments/{name}")).unwrap();
    TRACKS.iter().flat_map(|track| DATASETS.iter().map(move |name| (*name, path(track, name)))).collect()
}

fn open(path: &Path) -> Granule {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let source = Arc::new(FileSource::open(path, 8 << 20).unwrap());
    runtime.block_on(Granule::open(source, PlanSettings::default())).unwrap()
}

/// What planning costs when the granule is an object of a store.
fn far(path: &Path, paths: &[DatasetPath]) -> Usage {
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(path.parent().unwrap()).unwrap());
    let key = Key::parse(path.file_name().unwrap().to_str().unwrap()).unwrap();
    let rule = Coalescing { gap: 256 << 10, max: 8 << 20 };
    let meter = Arc::new(Meter::default());
    let source = ObjectSource::new("s3://bench/granule".to_owned(), store, key, rule);
    let source = Metered::new(source, Arc::clone(&meter), Arc::new(Semaphore::new(64)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let cpu = CpuPool::new(1).unwrap();
    runtime.block_on(async {
        let granule = Granule::open(Arc::new(source), PlanSettings::default()).await.unwrap();
        granule.plan(paths, &cpu).await.unwrap();
    });
    meter.usage()
}

fn load(path: &Path) -> Vec<Loaded> {
    let granule = open(path);
    let wants = wants();
    let paths: Vec<DatasetPath> = wants.iter().map(|(_, path)| path.clone()).collect();
    let planned = granule.plan_blocking(&paths).unwrap().unwrap();
    let mut loaded = Vec::new();
    for ((name, _), planned) in wants.iter().zip(planned) {
        let Planned::Present(plan) = planned else { continue };
        let pieces = plan.pieces_for_range(0..plan.rows(), None).unwrap();
        let fetch = |piece: u64| {
            let range = plan.extent(piece)?.range();
            Some((piece, granule.ranges_blocking(std::slice::from_ref(&range))?.ok()?.remove(0)))
        };
        let stored = pieces.into_iter().filter_map(fetch).collect();
        loaded.push(Loaded { name, plan, stored });
    }
    loaded
}

/// The best of several runs.
fn best(mut work: impl FnMut()) -> Duration {
    let timed = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..7).map(|_| timed(&mut work)).min().unwrap_or_default()
}

fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e6
}

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let Some(folder) = folder else {
        println!("name a folder of ATL06 granules");
        return;
    };
    let listed = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let mut granules: Vec<PathBuf> = listed.filter(|path| path.extension().is_some_and(|end| end == "h5")).collect();
    granules.sort();
    granules.truncate(4);

    let paths: Vec<DatasetPath> = wants().into_iter().map(|(_, path)| path).collect();
    let planning = best(|| granules.iter().for_each(|path| drop(black_box(open(path).plan_blocking(&paths)))));
    println!("plan of {} datasets: {:?} a granule", paths.len(), planning / granules.len().max(1) as u32);

    for path in granules.iter().take(1) {
        let usage = far(path, &paths);
        println!("the same from afar: {} requests, {:.2} MB", usage.requests, usage.bytes as f64 / 1e6);
    }

    let loaded: Vec<Loaded> = granules.iter().flat_map(|path| load(path)).collect();
    for name in DATASETS.iter().copied().chain(["all"]) {
        let some: Vec<&Loaded> = loaded.iter().filter(|one| name == "all" || one.name == name).collect();
        let bytes: u64 = some.iter().map(|one| one.bytes()).sum();
        let read = |one: &&Loaded| {
            drop(black_box(
                one.plan.read_rows(0..one.plan.rows(), None, Fills::Missing, |piece| one.find(piece)).unwrap(),
            ));
        };
        let sparse = |one: &&Loaded| {
            let rows: Vec<u64> = (0..one.plan.rows()).step_by(30).collect();
            drop(black_box(one.plan.gather(&rows, None, Fills::Missing, |piece| one.find(piece)).unwrap()));
        };
        let (all, few) = (best(|| some.iter().for_each(read)), best(|| some.iter().for_each(sparse)));
        let mb = bytes as f64 / 1e6;
        println!(
            "{name:22} {mb:7.1} MB  {:6.0} MB/s all rows  {:6.0} MB/s every 30th",
            rate(bytes, all),
            rate(bytes, few)
        );
    }
}
