//! Cells of a store to what people look at: projections, rasters, pictures, overviews, exports.
//!
//! A [`field::FieldSource`] knows a store's cells and where they lie; it reads a field of some blocks into
//! [`field::FieldCells`], which [`raster::paint`] turns into the pixels of a [`frame::Frame`] in the plane of a
//! [`projection::MapProjection`].
//!
//! Modules are listed bottom-up: each uses only those above it, and `error` sums up the errors of all.

pub mod projection;

pub mod frame;

pub mod error;

pub mod about;

pub mod places;

pub mod field;

pub mod raster;

pub mod length;

pub mod range;

pub mod colours;

pub mod extent;

pub mod summary;

pub mod difference;

pub mod coast;

pub mod graticule;

pub mod picture;

pub mod outline;

pub mod blocks;

pub mod pyramid;

pub mod atlas;

pub mod overview;

pub mod export;

pub use error::{MapError, Result};

#[cfg(test)]
mod testing;
