//! The folder of reference data beside the checkout. Users of the project don't have it: a test
//! that needs it is `#[ignore = "needs ../shared"]`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::workspace;

/// The folder, if it is there.
#[must_use]
pub fn root() -> Option<PathBuf> {
    let root = workspace().parent()?.join("shared");
    root.join("README.md").exists().then_some(root)
}

/// A file or folder in it, like `data/golden/zagg/S.shardmap.json`.
#[must_use]
pub fn path(relative: &str) -> PathBuf {
    let path = root().expect("this test needs the folder ../shared beside the checkout").join(relative);
    assert!(path.exists(), "{} is not there", path.display());
    path
}

/// Unpacks a `.tar.gz` of it into `folder`.
pub fn unpack(relative: &str, folder: &Path) {
    let archive = path(relative);
    let status = Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(folder).status();
    assert!(status.is_ok_and(|status| status.success()), "cannot unpack {}", archive.display());
}
