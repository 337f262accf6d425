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

/// Lambda's name for this machine's architecture.
pub const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// Makes the package of it in `folder`, by `deployment/aws/build.sh`; gives the package's path.
#[must_use]
pub fn build_in(folder: &Path) -> PathBuf {
    let mut command = Command::new(workspace().join("deployment/aws/build.sh"));
    command.arg("--bootstrap").arg(bootstrap()).arg("--output").arg(folder).env("PYTHON", python());
    let output = command.output().expect("deployment/aws/build.sh starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join(format!("zagg-lambda-{ARCHITECTURE}.zip"))
}

/// The bytes of the package.
pub fn package() -> &'static [u8] {
    static PACKAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::read(build_in(folder.path())).expect("the package")
    })
}

/// The target folder, this test being `target/PROFILE/deps/NAME`.
fn target() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    test.ancestors().nth(3).expect("the test is in target/PROFILE/deps").to_owned()
}
