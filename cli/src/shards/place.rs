//! Where the outlines go, and in which form.

use std::{
    cell::RefCell,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::ShardsArguments;
use crate::error::CommandError;

/// A form of outlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Page,
    GeoJson,
}

/// Where they go.
#[derive(Debug)]
pub(super) enum Place {
    /// GeoJSON on standard output.
    Terminal,
    /// A file that is there whole or not at all.
    File {
        path: PathBuf,
        form: Form,
        /// The file beside it that will take its place.
        staged: RefCell<Option<NamedTempFile>>,
    },
}

impl Place {
    /// The place that was typed, if it can be written.
    pub(super) fn ready(typed: &ShardsArguments) -> Result<Self, CommandError> {
        let path = &typed.output;
        if typed.json || path == Path::new("-") {
            return Ok(Self::Terminal);
        }
        let form = form(path)?;
        let failed = |source| cannot_write(path, source);
        if path.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".zagg-").suffix(".tmp");
        // As any new file, for whom the user's mask says; a temporary file would be for its owner alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let staged = builder.tempfile_in(folder).map_err(failed)?;
        Ok(Self::File { path: path.clone(), form, staged: RefCell::new(Some(staged)) })
    }

    /// Has `write` fill the file.
    pub(super) fn fill(&self, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), CommandError> {
        let Self::File { path, staged, .. } = self else { return Ok(()) };
        let Some(mut staged) = staged.take() else { return Ok(()) };
        write(staged.as_file_mut()).map_err(|source| cannot_write(path, source))?;
        staged.persist(path).map(|_| ()).map_err(|error| cannot_write(path, error.error))
    }
}

fn form(path: &Path) -> Result<Form, CommandError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match ending.as_str() {
        "html" | "htm" => Ok(Form::Page),
        "geojson" | "json" => Ok(Form::GeoJson),
        _ => Err(CommandError::Usage(format!(
            "{} has no ending that says what to write: give -o with .html (a page), .geojson or .json, or - for GeoJSON on standard output",
            path.display()
        ))),
    }
}

fn cannot_write(path: &Path, source: io::Error) -> CommandError {
    CommandError::WriteFile { what: "the outlines' file", path: path.into(), source }
}
