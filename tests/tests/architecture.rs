//! The layering, the outside words and the sizes that `ARCHITECTURE.md` promises.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use zagg_tests::kit::{source, workspace};

/// What each package may import of the workspace.
const LAYERS: [(&str, &[&str]); 12] = [
    ("zagg-core", &[]),
    ("zagg-catalog", &["zagg-core"]),
    ("zagg-granule", &["zagg-core"]),
    ("zagg-store", &["zagg-core"]),
    ("zagg-queue", &["zagg-core"]),
    ("zagg-sample", &["zagg-core"]),
    ("zagg-map", &["zagg-core", "zagg-store"]),
    ("zagg-program", &["zagg-core", "zagg-granule", "zagg-store"]),
    ("zagg-producer", &["zagg-core", "zagg-catalog", "zagg-store", "zagg-queue", "zagg-program"]),
    ("zagg-worker", &["zagg-core", "zagg-granule", "zagg-store", "zagg-queue", "zagg-program"]),
    (
        "zagg",
        &[
            "zagg-core",
            "zagg-catalog",
            "zagg-granule",
            "zagg-store",
            "zagg-queue",
            "zagg-sample",
            "zagg-map",
            "zagg-program",
            "zagg-producer",
            "zagg-worker",
        ],
    ),
    (
        "zagg-tests",
        &[
            "zagg-core",
            "zagg-catalog",
            "zagg-granule",
            "zagg-store",
            "zagg-queue",
            "zagg-sample",
            "zagg-map",
            "zagg-program",
            "zagg-producer",
            "zagg-worker",
            "zagg",
        ],
    ),
];

/// Crates of the outside, and the packages that know them (the tests aside).
const OUTSIDE: [(&str, &[&str]); 15] = [
    ("parquet", &["zagg-catalog", "zagg-map"]),
    ("arrow-array", &["zagg-catalog", "zagg-map"]),
    ("resvg", &["zagg-map"]),
    ("colorous", &["zagg-map"]),
    ("geotiff-writer", &["zagg-map"]),
    ("zarrs", &["zagg-store"]),
    ("hdf5-reader", &["zagg-granule"]),
    ("hdf5-writer", &["zagg-sample"]),
    ("libdeflater", &["zagg-granule"]),
    ("rusqlite", &["zagg-queue"]),
    ("aws-sdk-sqs", &["zagg-queue"]),
    ("lapin", &["zagg-queue"]),
    ("redis", &["zagg-queue"]),
    ("lambda_runtime", &["zagg-worker"]),
    ("prometheus", &["zagg-worker"]),
];

/// What the core does without: I/O, async, network.
const NOT_IN_CORE: [&str; 7] = ["tokio", "futures", "async-trait", "object_store", "tempfile", "tracing", "rayon"];

/// A package's dependencies by kind: `normal`, `dev` or `build`.
type Dependencies = BTreeMap<String, BTreeSet<String>>;

fn packages() -> BTreeMap<String, Dependencies> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(workspace())
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let of = |package: &Value| {
        let mut all = Dependencies::new();
        for dependency in package["dependencies"].as_array().unwrap() {
            let kind = dependency["kind"].as_str().unwrap_or("normal").to_owned();
            all.entry(kind).or_default().insert(name(dependency));
        }
        all
    };
    metadata["packages"].as_array().unwrap().iter().map(|package| (name(package), of(package))).collect()
}

fn ours(name: &str) -> bool {
    name == "zagg" || name.starts_with("zagg-")
}

#[test]
fn packages_import_only_the_layers_below_them() {
    let mut wrong = Vec::new();
    for (package, dependencies) in packages() {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package) else {
            wrong.push(format!("{package} has no place in the layers; give it one"));
            continue;
        };
        for (kind, names) in dependencies {
            for name in names.into_iter().filter(|name| ours(name)) {
                // A package's tests may have sample granules, and the package itself with other features.
                let for_its_tests = kind == "dev" && (name == "zagg-sample" || name == package);
                if !allowed.contains(&name.as_str()) && !for_its_tests {
                    wrong.push(format!("{package} imports {name} ({kind})"));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn an_outside_word_is_known_in_one_place() {
    let mut wrong = Vec::new();
    for (package, dependencies) in packages() {
        for name in dependencies.get("normal").into_iter().flatten() {
            let places = OUTSIDE.iter().find(|(word, _)| word == name).map(|(_, places)| *places);
            if package != "zagg-tests" && places.is_some_and(|places| !places.contains(&package.as_str())) {
                wrong.push(format!("{package} knows {name}"));
            }
            if package == "zagg-core" && NOT_IN_CORE.contains(&name.as_str()) {
                wrong.push(format!("{package} is to do without {name}"));
            }
            if name == "anyhow" && package != "zagg" {
                wrong.push(format!("{package} uses anyhow, which is for main alone"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_package_takes_the_workspaces_lints() {
    let manifests = texts(&["toml"]).into_iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
    let without: Vec<PathBuf> = manifests
        .filter(|(path, _)| !path.starts_with("fuzz"))
        .filter(|(_, text)| text.contains("[package]") && !text.contains("[lints]\nworkspace = true"))
        .map(|(path, _)| path)
        .collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn the_core_reads_no_clock_no_file_and_no_environment() {
    let mut wrong = Vec::new();
    for (path, code) in library_code(&["crates/core"]) {
        for word in ["std::fs", "std::env", "std::net", "std::process", "SystemTime", "Instant::now"] {
            if code.contains(word) {
                wrong.push(format!("{} uses {word}", path.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn libraries_read_no_environment() {
    let reads =
        library_code(&["crates", "producer", "worker"]).into_iter().filter(|(_, code)| code.contains("env::var"));
    let one = Path::new("crates/program/src/environment.rs");
    let wrong: Vec<PathBuf> = reads.map(|(path, _)| path).filter(|path| path != one).collect();
    assert!(wrong.is_empty(), "the environment is the programs' part: {wrong:?}");
}

#[test]
fn files_and_functions_are_small() {
    let mut long = Vec::new();
    for (path, text) in texts(&["rs"]) {
        let lines = text.lines().count();
        if lines > 400 {
            long.push(format!("{} has {lines} lines (400 at most)", path.display()));
        }
        for function in source::functions(&text).into_iter().filter(|function| function.lines > 60) {
            let source::Function { name, line, lines } = function;
            long.push(format!("{}:{line} {name} has {lines} lines (60 at most)", path.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_unfinished_and_nothing_private_is_in_the_tree() {
    let root = workspace();
    let shared = root.parent().unwrap_or(Path::new("/")).join("shared");
    let machine = [root, shared].map(|path| path.display().to_string());
    // Spelt in halves, so that this file has none of them.
    let mut banned = vec![
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("issue ", "#"),
        concat!("Issue ", "#"),
    ];
    banned.extend(machine.iter().map(String::as_str));
    let mut found = Vec::new();
    for (path, text) in texts(&["rs", "md", "toml", "yaml", "yml", "sh", "py", "json", "ipynb", ""]) {
        for (number, line) in text.lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{} {word}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The Rust code under `folders`, comments and literals blanked, tests left out: files and folders
/// of that name, and the modules at the ends of files.
fn library_code(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let is_test = |path: &Path| path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "benches");
    texts(&["rs"])
        .into_iter()
        .filter(|(path, _)| folders.iter().any(|folder| path.starts_with(folder)) && !is_test(path))
        .map(|(path, text)| {
            let code = source::blanked(text.split("#[cfg(test)]\nmod").next().unwrap_or_default());
            (path, code)
        })
        .collect()
}

/// The workspace's text files with one of these extensions, by their path in it.
fn texts(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let root = workspace();
    let wanted = |path: &PathBuf| {
        let extension = path.extension().map_or("", |extension| extension.to_str().unwrap_or("?"));
        extensions.contains(&extension)
    };
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some((path.strip_prefix(&root).ok()?.to_path_buf(), text))
    };
    source::files(&root).into_iter().filter(wanted).filter_map(read).collect()
}
