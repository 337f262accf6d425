//! Logs on standard error: one line per job, and what goes wrong.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::LevelFilter;
use zagg_program::logging::{Form, start_at};

use super::arguments::LogForm;

/// Starts logging: a worker says what it does, as nobody else will.
pub(crate) fn start(form: Option<LogForm>, verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let form = match form {
        Some(LogForm::Text) => Form::Text,
        None if std::io::stderr().is_terminal() => Form::Text,
        _ => Form::Json,
    };
    start_at(level, form, verbose > 1);
}
