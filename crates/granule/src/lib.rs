//! A granule's bytes to points, by ranges.
//!
//! Modules are listed bottom-up: each uses only those above it.

pub mod error;

pub mod cpu;
pub mod source;

pub mod hdf5;

pub mod reader;

pub use cpu::CpuPool;
pub use error::{CpuError, EarthdataError, Hdf5Error, SourceError};
pub use reader::{GranuleReader, ReadError, ReadReport, ReaderSettings};
pub use source::{Earthdata, EarthdataSettings, Login, LoginPlaces, S3Settings, Secret, SourceSettings};
