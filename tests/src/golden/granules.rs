//! The granules of a golden set: where the real ones are, and the synthetic ones made once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::Set;
use crate::kit::{python, shared};

/// The folders that hold the set's granules. Synthetic ones are made if they are not there.
pub(super) fn folders(set: Set) -> Vec<PathBuf> {
    let generator: &[&str] = match set {
        Set::R => {
            return ["antarctica", "greenland", "native"]
                .map(|place| shared::path(&format!("data/atl06/{place}")))
                .to_vec();
        }
        Set::S => &["gen_atl06.py", "--n-granules", "10", "--seed", "1", "--spread-km", "35"],
        Set::M => &["gen_atl06.py", "--n-granules", "60", "--seed", "2", "--spread-km", "230"],
        Set::E => &["gen_edge.py"],
        Set::N => &[
            "gen_atl06.py",
            "--n-granules",
            "4",
            "--seed",
            "5",
            "--center",
            "75",
            "-40",
            "--spread-km",
            "30",
            "--segments",
            "20000",
            "--extras",
            "min",
            "--jobs",
            "1",
        ],
    };
    vec![made(set, generator)]
}

/// `target/golden/SET`, filled by the generator unless it holds the set already.
fn made(set: Set, generator: &[&str]) -> PathBuf {
    // One at a time: generators use every core, and two tests may want one set.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let wanted = hashes(&set.file("granules.json")).expect("the golden set's list of granules");
    let folder = cache().join(set.name());
    if holds(&folder, &wanted) {
        return folder;
    }
    // Another process may make the same: each fills its own folder, and one of them is kept.
    let making = cache().join(format!("{}.{}", set.name(), std::process::id()));
    let (script, arguments) = generator.split_first().expect("a generator has a name");
    let mut command = Command::new(python::python());
    command.arg(shared::path(&format!("tools/{script}"))).args(arguments).arg("--out").arg(&making);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("Python starts");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    if !holds(&folder, &wanted) {
        let _ = std::fs::remove_dir_all(&folder);
        // Fails when another process was first; then its folder is as good.
        let _ = std::fs::rename(&making, &folder);
    }
    let _ = std::fs::remove_dir_all(&making);
    assert!(holds(&folder, &wanted), "this Python's {script} made other values than those of the golden set");
    folder
}

/// `target/golden`, this test being `target/PROFILE/deps/NAME`.
fn cache() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let target = test.ancestors().nth(3).expect("the test is in target/PROFILE/deps");
    let cache = target.join("golden");
    std::fs::create_dir_all(&cache).expect("a folder in target");
    cache
}

/// Whether `folder` holds whole files with the wanted values. The values' hashes are the
/// generator's, in its `granules.json`; a file that was cut short since has another size.
fn holds(folder: &Path, wanted: &[(String, String, u64)]) -> bool {
    let Some(found) = hashes(&folder.join("granules.json")) else { return false };
    let values = |list: &[(String, String, u64)]| -> Vec<(String, String)> {
        list.iter().map(|(file, hash, _)| (file.clone(), hash.clone())).collect()
    };
    let whole = |(file, _, size): &(String, String, u64)| {
        folder.join(file).metadata().is_ok_and(|metadata| metadata.len() == *size)
    };
    values(&found) == values(wanted) && found.iter().all(whole)
}

/// File, hash of the values and size of each granule in a generator's list.
fn hashes(list: &Path) -> Option<Vec<(String, String, u64)>> {
    let list: Value = serde_json::from_slice(&std::fs::read(list).ok()?).ok()?;
    let granules = list["granules"].as_array()?;
    let one = |granule: &Value| {
        let text = |key: &str| granule[key].as_str().map(str::to_owned);
        Some((text("file")?, text("data_sha256")?, granule["size"].as_u64()?))
    };
    granules.iter().map(one).collect()
}
