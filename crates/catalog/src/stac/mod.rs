//! Searches at STAC servers: NASA's CMR-STAC as it really answers, and any other STAC API.
//!
//! A [`Query`] says what is wanted, a [`Server`] where to ask; [`search`] follows the pages and
//! gives what was [`Found`]. [`cycle`] turns an ICESat-2 cycle into dates and keeps its granules,
//! [`revision`] keeps the newest of a granule's revisions, [`name`] reads the names both need.
//!
//! The items are read with structures of this room: an item's half dozen fields that matter do not
//! justify the `stac` crate, whose model alone brings an SQL parser and a text-query language.

mod answer;
mod backoff;
mod error;
mod found;
mod instant;
mod item;
mod place;
mod query;
mod search;
mod server;
mod settings;
mod web;

pub mod cycle;
pub mod name;
pub mod revision;

pub use error::StacError;
pub use found::{Found, Progress};
pub use name::GranuleName;
pub use query::{Collection, Query, TimeRange};
pub use search::search;
pub use server::Server;
pub use settings::{Patience, SearchSettings};
