//! Small deterministic granules in the layout of ICESat-2's ATL06 (and, in [`photon`], of ATL03),
//! for the demo and the tests. The values are not measurements: a smooth surface with noise,
//! seen along plausible orbits.
//!
//! One seed gives one set of bytes on one platform (the C library's sine may differ in the last
//! digit elsewhere). HDF5 is written by `hdf5-writer`, the sibling of the reader that zagg uses:
//! superblock 2, compact links, HDF5 chunks under a version-1 B-tree.
//!
//! ```no_run
//! let granules = zagg_sample::write_granules("granules".as_ref(), &zagg_sample::SampleParameters::default())?;
//! let points: usize = granules.iter().map(|granule| granule.points().count()).sum();
//! # Ok::<(), zagg_sample::Error>(())
//! ```
//!
//! Modules are listed bottom-up: each uses only those above it.

mod error;
mod random;
mod time;

mod orbit;
mod parameters;

mod beam;
mod hdf5;
mod oddity;

mod granule;
pub mod photon;
mod shards;

pub use beam::{BEAMS, Beam};
pub use error::Error;
pub use granule::{SampleGranule, write_granules};
pub use orbit::Position;
pub use parameters::{Layout, Oddity, SampleParameters};
pub use shards::shard_map;
