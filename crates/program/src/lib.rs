//! What the programs do alike: what is typed and found in the environment, how they exit, log, and
//! talk to people. Nothing here knows what is computed.
//!
//! Modules are listed bottom-up: each uses only those above it.

#[cfg(target_env = "musl")]
mod allocator;

pub mod numbers;

pub mod process;

pub mod exit;

pub mod logging;

pub mod bounds;

pub mod arguments;

mod profile;

pub mod environment;

pub mod output;

pub mod overviews;

pub mod settings;
