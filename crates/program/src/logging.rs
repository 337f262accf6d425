//! Logs on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines for people.
    Text,
    /// A JSON object per line.
    Json,
}

/// Starts logging for a person: warnings by default, nothing but errors when quiet, more with `-v`.
pub fn start(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    start_at(level, Form::Text, verbose > 1);
}

/// Starts logging at `level`; with the place in the code where `target` says so.
pub fn start_at(level: LevelFilter, form: Form, target: bool) {
    // A RabbitMQ client that logs what it also returns as an error.
    let filter = Targets::new().with_default(level).with_target("lapin", LevelFilter::OFF);
    let log = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let log = match form {
        Form::Text => log.with_target(target).boxed(),
        Form::Json => log.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(log.with_filter(filter)).init();
}
