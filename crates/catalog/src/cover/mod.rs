//! Which shards an area touches.
//!
//! Work is done with unit vectors on the authalic sphere, so that neither the antimeridian nor a
//! pole needs care. An area is closed, and a cell is too: one that an area only touches is in.
//! What is nearer than 1.3 µm counts as touching, so that rounding decides nothing.

mod arc;
mod assign;
mod cap;
mod cell;
mod descent;
mod error;
mod healpix;
mod polygon;
mod shape;
mod shard_cells;
mod tile;
mod tile_tree;
mod vector;

pub use assign::{Assigned, DEFAULT_MARGIN_M, Footprints, assign};
pub use error::{CoverError, Place};
pub use healpix::{nested, nested_near};
pub use vector::AUTHALIC_RADIUS_M;
