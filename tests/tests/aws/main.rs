//! The AWS stacks: judged by the linter, deployed, stood up and torn down.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../lambda/far.rs"]
mod far;

mod package;

mod refused;

mod scripts;

mod service;

mod stand;

mod standing;

mod templates;
