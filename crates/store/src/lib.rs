//! Columns of a shard to whole Zarr v3 chunks, and marks.
//!
//! The producer casts a store's [`template`]; workers [`encode`] and [`write`](mod@write) whole chunks and
//! then a [`mark`]; finishing a run [`consolidate`]s the metadata. Nobody changes a part of an
//! object, the same inputs give the same bytes, and a worker needs to get and put objects only.
//!
//! Modules are listed bottom-up: each uses only those above it.

pub mod error;
pub mod json;

mod local;
pub mod location;
pub mod meter;
mod probe;

pub mod objects;

pub mod values;

pub mod array;

pub mod convention;
pub mod geometry;

pub mod layout;

pub mod encode;

pub mod write;

pub mod mark;
pub mod template;

pub mod clear;
pub mod consolidate;

pub mod read;

pub mod overview;

pub mod compare;
pub mod verify;

#[cfg(any(test, feature = "conformance"))]
pub mod sample;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

#[cfg(test)]
mod testing;

pub use error::{Result, StoreError};
pub use layout::{Layout, Provenance};
pub use location::{Credentials, Location, StoreSettings};
pub use meter::StoreUsage;
pub use objects::Store;
