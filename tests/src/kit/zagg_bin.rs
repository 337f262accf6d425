//! The built `zagg` program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use super::workspace;

/// Folders whose sources are in the program.
const SOURCES: [&str; 4] = ["cli", "crates", "producer", "worker"];

/// The program: `ZAGG_BIN`, else the one beside this test, which is built first if it is absent
/// or older than a source.
///
/// `cargo test --workspace` has just built it (a package's programs are built for its integration
/// tests); `cargo test -p zagg-tests` has not.
#[must_use]
pub fn zagg() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("ZAGG_BIN") {
            return PathBuf::from(path);
        }
        let program = beside_this_test();
        if older_than_sources(&program) {
            build();
        }
        assert!(program.exists(), "{} is not there after `cargo build -p zagg`", program.display());
        program
    })
}

/// `zagg`, ready for arguments.
#[must_use]
pub fn command() -> Command {
    Command::new(zagg())
}

/// `target/PROFILE/zagg`, this test being `target/PROFILE/deps/NAME`.
fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let profile = test.parent().and_then(Path::parent).expect("the test is in target/PROFILE/deps");
    profile.join(format!("zagg{}", std::env::consts::EXE_SUFFIX))
}

fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["build", "--quiet", "--package", "zagg", "--bin", "zagg"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let status = command.status().expect("cargo starts");
    assert!(status.success(), "cargo build --package zagg failed");
}

fn older_than_sources(program: &Path) -> bool {
    let Ok(built) = program.metadata().and_then(|metadata| metadata.modified()) else { return true };
    SOURCES.iter().any(|folder| newest(&workspace().join(folder)) > built)
}

/// When the newest Rust source or manifest under `folder` was changed.
fn newest(folder: &Path) -> SystemTime {
    super::source::files(folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs" || kind == "toml"))
        .filter_map(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
