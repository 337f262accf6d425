//! What a shard map of two million pairs costs as a table and as JSON: bytes, seconds, and the
//! memory of each step, which runs in a process of its own.
//!
//! `cargo run --release -p zagg-catalog --example table_size [FOLDER]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use zagg_catalog::table;
use zagg_core::shard_map::{Granule, ShardEntry, ShardMap, ShardMapBuilder};

/// The ring at 88°S of ATL03 at order 9: its shards, its granules, and its pairs, about.
const SHARDS: u64 = 564;
const GRANULES: u32 = 35_639;
const PAIRS: u64 = 2_070_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["step", step, folder] => run(step, Path::new(folder)),
        ref folder => steps(&folder.first().map_or_else(env::temp_dir, PathBuf::from)),
    }
}

fn steps(folder: &Path) {
    println!("{:<12} {:>9} {:>10} {:>12}", "step", "seconds", "peak MB", "file bytes");
    for step in ["make", "write-table", "read-table", "write-json", "read-json"] {
        let status = Command::new(env::current_exe().unwrap()).args(["step", step]).arg(folder).status().unwrap();
        assert!(status.success(), "{step} failed");
    }
}

fn run(step: &str, folder: &Path) {
    let (parquet, json) = (folder.join("table_size.parquet"), folder.join("table_size.json"));
    let made = || if step.starts_with("read") { None } else { Some(made()) };
    let map = made();
    let start = Instant::now();
    let file = match step {
        "write-table" => {
            table::write(map.as_ref().unwrap(), &parquet).unwrap();
            Some(parquet.as_path())
        }
        "write-json" => {
            map.as_ref().unwrap().write_json(fs::File::create(&json).unwrap()).unwrap();
            Some(json.as_path())
        }
        "read-table" => Some(checked(&parquet)),
        "read-json" => Some(checked(&json)),
        _ => None,
    };
    // What it takes to make the map is not counted; its memory is, and is shown by the first step.
    let seconds = start.elapsed().as_secs_f64();
    let bytes = file.map_or(0, |file| fs::metadata(file).unwrap().len());
    println!("{step:<12} {seconds:>9.2} {:>10} {bytes:>12}", peak_mb());
}

fn checked(path: &Path) -> &Path {
    let map = table::load(path).unwrap();
    assert_eq!(map.shards().len() as u64, SHARDS);
    path
}

/// The most memory that this process has had, where the system tells it.
fn peak_mb() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string())
}

/// Each shard takes the granules by a hash, in their order: no two lists are alike.
fn made() -> ShardMap {
    let header = r#"{"metadata": {"short_name": "ATL03"}, "grid_signature": {"type": "healpix",
        "indexing_scheme": "nested", "parent_order": 9, "child_order": 19, "layout": "fullsphere"}}"#;
    let header = ShardMapBuilder::from_header(header).unwrap().finish().unwrap();
    let granules = (0..GRANULES).map(granule).collect();
    let limit = PAIRS * 10_000 / (SHARDS * u64::from(GRANULES));
    let chosen = |shard: u64, granule: u32| {
        let mixed = (shard << 32 | u64::from(granule)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 10_000 < limit
    };
    let shards = (0..SHARDS).map(|shard| ShardEntry {
        key: 0xa000_0000_0000_0009 + (shard << 40),
        granules: (0..GRANULES).filter(|granule| chosen(shard, *granule)).collect(),
    });
    ShardMap::new(header.metadata().clone(), header.signature().clone(), granules, shards.collect()).unwrap()
}

fn granule(number: u32) -> Granule {
    let (day, second) = (1 + number / 3 % 28, number % 60);
    let (year, month, track) = (2018 + number / 5000, 1 + number / 400 % 12, 1 + number % 1387);
    let name = format!("ATL03_{year}{month:02}{day:02}1633{second:02}_{track:04}0{:03}_007_01.h5", 100 + number % 9);
    let folder = format!("nsidc-cumulus-prod-protected/ATLAS/ATL03/007/{year}/{month:02}/{day:02}");
    let time = |minute: u32| Some(format!("{year}-{month:02}-{day:02}T16:{minute}:{second:02}.{number:06}+00:00"));
    Granule {
        // The number keeps names apart.
        id: format!("{number:05}_{name}"),
        hrefs: vec![
            ("s3".to_owned(), format!("s3://{folder}/{name}")),
            ("https".to_owned(), format!("https://data.nsidc.earthdatacloud.nasa.gov/{folder}/{name}")),
        ],
        time_start: time(33),
        time_end: time(41),
    }
}
