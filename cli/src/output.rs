//! What goes to the terminal, and to report files.

use std::{fs, path::Path};

use serde::Serialize;

use crate::error::CommandError;

/// An error, on standard error.
#[allow(clippy::print_stderr)]
pub(crate) fn error(text: &str) {
    eprintln!("error: {text}");
}

/// A result, on standard output, unless quiet.
#[allow(clippy::print_stdout)]
pub(crate) fn result(text: &str, quiet: bool) {
    if !quiet {
        println!("{}", text.trim_end());
    }
}

/// Writes `report` as JSON to `path`.
pub(crate) fn write_report(path: &Path, report: &impl Serialize) -> Result<(), CommandError> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    fs::write(path, text).map_err(|source| CommandError::WriteFile { what: "the report", path: path.into(), source })
}
