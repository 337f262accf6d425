//! HDF5 by ranges: which bytes hold a dataset's rows, and what those bytes mean.
//!
//! The metadata is parsed by `hdf5-reader` (nothing else here knows it); where the parser lacks
//! bytes they are fetched and it runs again ([`Granule::plan`]). What comes out is a
//! [`DatasetPlan`], which stands alone: it can be kept beside the granule, and with it any rows
//! are read in one round ([`DatasetPlan::pieces_for_rows`], [`DatasetPlan::extent`],
//! [`DatasetPlan::gather`]).

mod blocks;
mod dataset;
mod decode;
mod element;
mod filter;
#[cfg(test)]
mod fixture;
mod gather;
mod index;
mod number;
mod path;
mod pieces;
mod plan;
mod resolve;
mod shuffle;
mod undo;
mod undone;

pub use dataset::{ChunkRef, DatasetPlan, Layout, Planned};
pub use element::{Bits, ByteOrder, Element};
pub use filter::FilterSpec;
pub use gather::{Fills, Gathered};
pub use path::DatasetPath;
pub use pieces::Extent;
pub use plan::{Granule, PlanSettings, plan};
pub use undone::UndonePiece;

/// No HDF5 chunk may decode to more bytes.
pub const MAX_CHUNK_BYTES: u64 = 256 << 20;

/// No single read may give more bytes of values.
pub const MAX_READ_BYTES: u64 = 1 << 30;
