//! Real granules and awkward HDF5 files, read value by value and compared with what the HDF5
//! library gives (`expected.json`: a SHA-256 of each dataset's little-endian values).
#![allow(clippy::unwrap_used)]

mod whole;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use zagg_core::digest::Digest;
use zagg_core::fault::Fault;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// No file may take longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of a dataset.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Equal,
    Refused(String),
    Wrong(String),
}

fn expected(folder: &str) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(Path::new(SHARED).join(folder).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The types that are read: numpy's integers and floats, in either byte order.
fn is_number(dtype: &str) -> bool {
    let name = dtype.trim_start_matches(['<', '>', '|']);
    let named = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"];
    let short = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"];
    named.contains(&name) || short.contains(&name)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn compare(granule: &whole::Opened, path: &str, expected: &Value) -> Option<Outcome> {
    let digest = expected.get("sha256_le")?.as_str()?;
    let shape: Vec<u64> = expected["shape"].as_array()?.iter().filter_map(Value::as_u64).collect();
    if !is_number(expected["dtype"].as_str()?) {
        return None;
    }
    Some(match granule.bytes(path) {
        Ok((got, _)) if got != shape => Outcome::Wrong(format!("shape {got:?} instead of {shape:?}")),
        Ok((_, bytes)) if Digest::of(&bytes).to_string() == digest => Outcome::Equal,
        Ok(_) => Outcome::Wrong("other values".to_owned()),
        Err(error) if error.fault() == Fault::Bug => Outcome::Wrong(chain(&error)),
        Err(error) => Outcome::Refused(chain(&error)),
    })
}

/// Compares every dataset of a file, in a thread that is given up when it takes too long. What the
/// reference could not open is read too: it may give anything but a panic or a hang.
fn compare_file(folder: &str, name: &str, datasets: &Value) -> Result<Vec<(String, Outcome)>, String> {
    let path: PathBuf = Path::new(SHARED).join(folder).join(name);
    let datasets = datasets.clone();
    let (give, take) = mpsc::channel();
    std::thread::spawn(move || {
        let mut outcomes = Vec::new();
        let granule = match whole::Opened::new(&path) {
            Ok(granule) => granule,
            Err(error) => {
                let all = datasets.as_object().into_iter().flatten();
                let refused = all.map(|(path, _)| (path.clone(), Outcome::Refused(chain(&error))));
                let _ = give.send(refused.collect());
                return;
            }
        };
        for (path, expected) in datasets.as_object().into_iter().flatten() {
            if let Some(outcome) = compare(&granule, path, expected) {
                outcomes.push((path.clone(), outcome));
            }
        }
        for path in granule.list().unwrap_or_default() {
            if datasets.get(path.as_str()).is_none() {
                let _ = granule.bytes(path.as_str());
            }
        }
        let _ = give.send(outcomes);
    });
    take.recv_timeout(PATIENCE).map_err(|error| format!("{name}: {error} (a panic or a hang)"))
}

fn compare_folder(folder: &str) -> Vec<(String, Outcome)> {
    let mut outcomes = Vec::new();
    for (name, datasets) in expected(folder) {
        let compared = compare_file(folder, &name, &datasets).unwrap();
        outcomes.extend(compared.into_iter().map(|(path, outcome)| (format!("{name}:{path}"), outcome)));
    }
    outcomes
}

fn wrong(outcomes: &[(String, Outcome)]) -> Vec<&(String, Outcome)> {
    outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Wrong(_))).collect()
}

#[test]
#[ignore = "needs ../shared"]
fn every_number_of_every_real_granule_is_what_the_library_reads() {
    let mut outcomes = compare_folder("atl06");
    outcomes.extend(compare_folder("products"));
    let others: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Equal).collect();
    assert!(others.is_empty(), "{others:#?}");
    println!("{} datasets equal", outcomes.len());
    assert!(outcomes.len() > 1500, "{}", outcomes.len());
}

#[test]
#[ignore = "needs ../shared"]
fn awkward_files_are_read_right_or_refused_by_name() {
    let outcomes = compare_folder("hdf5");
    for (path, outcome) in &outcomes {
        if *outcome != Outcome::Equal {
            println!("{path} {outcome:?}");
        }
    }
    assert!(wrong(&outcomes).is_empty(), "{:#?}", wrong(&outcomes));
    let equal = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Equal).count();
    println!("{equal} of {} equal", outcomes.len());
    // What is refused: bit fields, LZF, shared messages, virtual datasets, HDF5 1.6 and places never written.
    assert!(equal >= 2364, "only {equal} of {} equal", outcomes.len());
}
