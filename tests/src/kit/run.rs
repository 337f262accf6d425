//! Runs and comparisons by the `zagg` program, told by their JSON reports.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::zagg_bin;

/// Runs a pipeline over a shard map whose granules have `file` locations, and gives the report.
/// The run must finish with nothing missing.
pub fn run(pipeline: &Path, shard_map: &Path, store: &Path) -> Value {
    let report = store.with_extension("run.json");
    let mut command = zagg_bin::command();
    command.args(["run", "--quiet", "--driver", "file"]);
    for (flag, path) in [("--config", pipeline), ("--catalog", shard_map), ("--store", store), ("--report", &report)] {
        command.arg(flag).arg(path);
    }
    let output = ended(&mut command);
    assert!(output.status.success(), "zagg run ended with {}:\n{}", output.status, words(&output));
    json(&report)
}

/// Compares two stores with `zagg compare` and `tolerances` (its flags), and gives the report.
/// `same` is the program's own judgement, by its exit code.
#[must_use]
pub fn compare(reference: &Path, other: &Path, tolerances: &[&str]) -> Compared {
    let report = other.with_extension("compare.json");
    let mut command = zagg_bin::command();
    command.arg("compare").arg(reference).arg(other).args(tolerances).arg("--report").arg(&report);
    let output = ended(&mut command);
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "zagg compare ended with {}:\n{}",
        output.status,
        words(&output)
    );
    Compared { same: output.status.success(), report: json(&report), table: words(&output) }
}

/// What `zagg compare` found.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Whether it found no difference.
    pub same: bool,
    /// Its report.
    pub report: Value,
    /// Its table, for people.
    pub table: String,
}

impl Compared {
    /// A field's part of the report.
    #[must_use]
    pub fn field(&self, name: &str) -> &Value {
        let fields = self.report["fields"].as_array().expect("a report has fields");
        fields.iter().find(|field| field["name"] == name).unwrap_or_else(|| panic!("no field {name}:\n{}", self.table))
    }
}

fn ended(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("cannot start {:?}: {error}", command.get_program()))
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
