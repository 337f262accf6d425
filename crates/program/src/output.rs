//! What goes to the terminal, and to report files.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;

/// A report that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file refuses.
    #[error("the report {path} cannot be written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// JSON that cannot be written: a defect.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// An error, on standard error.
pub fn error(text: &str) {
    aside(&format!("error: {text}"));
}

/// A line beside the results, on standard error.
pub fn aside(text: &str) {
    say(&mut std::io::stderr().lock(), text);
}

/// A line for whoever listens: nobody may, as when the output goes to `head`.
fn say(to: &mut impl Write, text: &str) {
    _ = writeln!(to, "{text}").and_then(|()| to.flush());
}

/// A value as JSON for people and programs.
///
/// # Errors
/// [`ReportError::Json`].
pub fn json(value: &impl Serialize) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(value)?)
}

/// A result, on standard output, unless quiet.
pub fn result(text: &str, quiet: bool) {
    if !quiet {
        say(&mut std::io::stdout().lock(), text.trim_end());
    }
}

/// Whether a report can be written to `path`: better known before the work than after it. Leaves
/// nothing behind.
///
/// # Errors
/// [`ReportError::File`].
pub fn check_report(path: &Path) -> Result<(), ReportError> {
    let failed = |source| ReportError::File { path: path.into(), source };
    let is_new = !path.exists();
    fs::OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    if is_new { fs::remove_file(path).map_err(failed) } else { Ok(()) }
}

/// Writes `report` as JSON to `path`.
///
/// # Errors
/// [`ReportError`].
pub fn write_report(path: &Path, report: &impl Serialize) -> Result<(), ReportError> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    fs::write(path, text).map_err(|source| ReportError::File { path: path.into(), source })
}

/// A count that grows on a terminal; silent elsewhere.
#[derive(Debug)]
pub struct Counter(Option<indicatif::ProgressBar>);

impl Counter {
    /// A counter of `what`.
    pub fn new(what: &'static str, quiet: bool) -> Self {
        if quiet || !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            return Self(None);
        }
        let bar = indicatif::ProgressBar::new_spinner();
        let style = indicatif::ProgressStyle::with_template("{pos} {msg}");
        bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner()));
        bar.set_message(what);
        Self(Some(bar))
    }

    /// The count so far.
    pub fn at(&mut self, count: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(count);
        }
    }

    /// Takes the counter off the screen.
    pub fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
