//! The built programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use super::workspace;

/// Folders whose sources are in the program.
const SOURCES: [&str; 4] = ["cli", "crates", "producer", "worker"];

/// The programs, and their packages.
const PROGRAMS: [(&str, &str); 3] =
    [("zagg", "zagg"), ("zagg-produce", "zagg-producer"), ("zagg-worker", "zagg-worker")];

/// The programs' folder: `ZAGG_BIN_DIR`, else the one of this test, where they are built first if one
/// is absent or older than a source.
///
/// `cargo test --workspace` has just built `zagg` (a package's programs are built for its integration
/// tests); `cargo test -p zagg-tests` has not.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        if let Some(path) = std::env::var_os("ZAGG_BIN_DIR") {
            return PathBuf::from(path);
        }
        let folder = beside_this_test();
        let path = |name: &str| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if PROGRAMS.iter().any(|(name, _)| older_than_sources(&path(name))) {
            build();
        }
        for (name, package) in PROGRAMS {
            assert!(path(name).exists(), "{name} is not there after `cargo build -p {package}`");
        }
        folder
    })
}

/// The path of a program.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    folder().join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// `zagg`, ready for arguments.
#[must_use]
pub fn command() -> Command {
    Command::new(program("zagg"))
}

/// `target/PROFILE`, this test being `target/PROFILE/deps/NAME`.
fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    test.parent().and_then(Path::parent).expect("the test is in target/PROFILE/deps").to_owned()
}

fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["build", "--quiet", "--bins"]);
    for (_, package) in PROGRAMS {
        command.args(["--package", package]);
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let status = command.status().expect("cargo starts");
    assert!(status.success(), "cargo build failed");
}

/// Whether a program is absent, or older than a source of it.
pub(super) fn older_than_sources(program: &Path) -> bool {
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
