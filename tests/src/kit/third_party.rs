//! What others' licences want to go along with our programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::python::python;
use super::workspace;

/// This machine's platform, as Rust names it.
pub const TARGET: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };

/// `scripts/third-party`, about programs for this machine.
#[must_use]
pub fn script(output: &Path, programs: &[&str]) -> Command {
    let mut command = Command::new(python());
    command.arg(workspace().join("scripts/third-party")).args(["--target", TARGET, "--output"]).arg(output);
    command.args(programs);
    command
}

/// Writes it to `folder`, about these programs, or about all where none is named; gives the file's path.
#[must_use]
pub fn third_party_in(folder: &Path, programs: &[&str]) -> PathBuf {
    let file = folder.join("THIRD-PARTY");
    let output = script(&file, programs).output().expect("scripts/third-party starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}
