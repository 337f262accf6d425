//! What the workspace's tests share. The tests themselves are in `tests/tests/`, one explicit
//! target each.
//!
//! A broken kit ends the test that uses it, with the remedy in the message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, clippy::print_stderr)]

pub mod kit;

pub mod golden;
