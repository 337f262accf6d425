//! Logs on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::{filter::LevelFilter, fmt};

/// Starts logging: warnings by default, nothing but errors when quiet, more with `-v`.
pub fn start(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let colours = std::io::stderr().is_terminal();
    fmt().with_writer(std::io::stderr).with_ansi(colours).with_max_level(level).with_target(verbose > 1).init();
}
