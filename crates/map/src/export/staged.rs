//! Files that are there whole or not at all.

use std::{fs::File, io, path::Path};

use tempfile::NamedTempFile;

use super::ExportError;

/// A file beside its place, which it takes when it is complete.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    file: NamedTempFile,
    path: &'a Path,
}

impl<'a> Staged<'a> {
    /// A new file in the folder of `path`: what cannot be written is known before anything is read.
    pub(super) fn new(path: &'a Path) -> Result<Self, ExportError> {
        if path.is_dir() {
            return Err(refused(path, io::ErrorKind::IsADirectory.into()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".zagg-").suffix(".tmp");
        // As any new file, for whom the user's mask says; a temporary file would be for its owner alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|source| refused(path, source))?;
        Ok(Self { file, path })
    }

    /// Another handle of the file.
    pub(super) fn handle(&self) -> Result<File, ExportError> {
        self.file.as_file().try_clone().map_err(|source| refused(self.path, source))
    }

    /// Puts the file in its place, and gives its size in bytes.
    pub(super) fn finish(self) -> Result<u64, ExportError> {
        let path = self.path;
        let size = self.file.as_file().sync_all().and_then(|()| self.file.as_file().metadata());
        let size = size.map_err(|source| refused(path, source))?.len();
        self.file.persist(path).map_err(|error| refused(path, error.error))?;
        Ok(size)
    }
}

pub(super) fn refused(path: &Path, source: io::Error) -> ExportError {
    ExportError::Write { path: path.to_owned(), source }
}
