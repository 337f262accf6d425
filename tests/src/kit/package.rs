//! The package of the Lambda function, as it is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::python::python;
use super::{workspace, zagg_bin};

/// The program that the package holds: `ZAGG_BOOTSTRAP`, else the release build of `zagg-worker` in
/// this test's target folder, which is built first if it is absent or older than a source.
#[must_use]
pub fn bootstrap() -> &'static Path {
    static BOOTSTRAP: OnceLock<PathBuf> = OnceLock::new();
    BOOTSTRAP.get_or_init(|| {
        if let Some(path) = std::env::var_os("ZAGG_BOOTSTRAP") {
            return PathBuf::from(path);
        }
        let program = target().join("release/zagg-worker");
        if zagg_bin::older_than_sources(&program) {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.current_dir(workspace()).args(["build", "--quiet", "--release", "--package", "zagg-worker"]);
            let status = command.env("CARGO_TARGET_DIR", target()).status().expect("cargo starts");
            assert!(status.success(), "cargo build failed");
        }
        program
    })
}

/// The bytes of the package that `scripts/package-lambda` makes of it.
pub fn package() -> &'static [u8] {
    static PACKAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let zip = folder.path().join("zagg-lambda.zip");
        let mut command = Command::new(workspace().join("scripts/package-lambda"));
        command.arg("--bootstrap").arg(bootstrap()).arg("--output").arg(&zip).env("PYTHON", python());
        let output = command.output().expect("scripts/package-lambda starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(zip).expect("the package")
    })
}

/// The target folder, this test being `target/PROFILE/deps/NAME`.
fn target() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    test.ancestors().nth(3).expect("the test is in target/PROFILE/deps").to_owned()
}
