//! From a search at NASA's archives to a shard map: which granules touch which shard.
//!
//! A search of a [`stac`] server, or a saved [`geoparquet`] file, gives a [`Catalog`] of granules with
//! their footprints; a [`region`] says where a result is wanted; [`cover`] says which shards each
//! touches; [`shard()`] makes the [`ShardMap`](zagg_core::shard_map::ShardMap) of it, which is kept as
//! JSON or as a compact [`table`].
//!
//! Modules are listed bottom-up: each uses only those above it.

pub mod area;
pub mod error;

pub mod catalog;
pub mod cover;
pub mod region;

pub mod shards;

pub mod geoparquet;
pub mod stac;
pub mod table;

pub use area::{Area, Part, Ring};
pub use catalog::{Catalog, Entry};
pub use error::{CatalogError, Result};
pub use shards::{Sharded, shard};
