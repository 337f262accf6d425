//! Logs on standard error: one line per job, and what goes wrong.

use std::io::IsTerminal as _;

use tracing_subscriber::{filter::LevelFilter, fmt};

use super::arguments::LogForm;

/// Starts logging: a worker says what it does, as nobody else will.
pub(crate) fn start(form: Option<LogForm>, verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let terminal = std::io::stderr().is_terminal();
    let form = form.unwrap_or(if terminal { LogForm::Text } else { LogForm::Json });
    let log = fmt().with_writer(std::io::stderr).with_ansi(terminal).with_max_level(level);
    match form {
        LogForm::Text => log.with_target(verbose > 1).init(),
        LogForm::Json => log.json().flatten_event(true).init(),
    }
}
