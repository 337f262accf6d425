//! A folder for one test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A fresh folder that goes away with its test, unless the test fails: then it stays, and its
/// place is printed.
#[derive(Debug)]
pub struct Workdir(Option<TempDir>);

impl Workdir {
    /// A fresh folder in the system's folder for temporary files.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Some(tempfile::Builder::new().prefix("zagg-test-").tempdir().expect("a temporary folder")))
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.0.as_ref().expect("the folder is there until it is dropped").path()
    }

    /// A path in the folder. Nothing is created.
    #[must_use]
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root().join(relative)
    }

    /// Writes a file, and the folders above it; gives its path.
    pub fn write(&self, relative: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, contents)).expect("a written file");
        path
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take()
            && std::thread::panicking()
        {
            eprintln!("the test's folder is kept: {}", folder.keep().display());
        }
    }
}
