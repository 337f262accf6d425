//! The whole program on small granules: the same bytes under any settings, from any source, after
//! any accident.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod damage;
mod network;
mod places;
mod profiles;
mod refusals;
mod same_bytes;
mod sharing;
mod stopping;
