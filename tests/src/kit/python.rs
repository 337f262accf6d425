//! Python with numpy, h5py, zarr, xarray and xdggs: the readers that our users have.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::workspace;

/// The Python to use: `ZAGG_PYTHON`, else the repository's `.venv`, else `python3`.
#[must_use]
pub fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("ZAGG_PYTHON") {
        return PathBuf::from(path);
    }
    let venv = workspace().join(".venv/bin/python");
    if venv.exists() { venv } else { PathBuf::from("python3") }
}

/// Runs `tests/python/NAME` with `arguments` and gives the one JSON document that it prints.
#[must_use]
pub fn script(name: &str, arguments: &[&str]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name);
    let mut command = Command::new(python());
    command.arg(path).args(arguments);
    json(name, command)
}

/// Runs `code` with `arguments` as `sys.argv[1:]` and gives the one JSON document that it prints.
#[must_use]
pub fn inline(code: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new(python());
    command.arg("-c").arg(code).args(arguments);
    json("inline code", command)
}

fn json(name: &str, mut command: Command) -> Value {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {:?}: {error}", command.get_program()));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "{name} ended with {}; if a module is missing, run scripts/setup-tests\n{err}",
        output.status
    );
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{name} printed no JSON ({error}):\n{out}\n{err}"))
}
