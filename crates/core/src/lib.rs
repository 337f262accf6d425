//! Vocabulary and arithmetic of zagg. No I/O, no async, no clock, no environment.
//!
//! # One word per thing
//!
//! | word | means |
//! |---|---|
//! | order | HEALPix refinement level 0..=29 |
//! | cell | an output cell, at the *cell order* (`child_order`) |
//! | shard | one cell at the *shard order* (`parent_order`); on a rectilinear grid one tile. The unit of work, of message and of write |
//! | granule | one source HDF5 file |
//! | point | one observation |
//! | shard map | shard -> granules, the file that `--catalog` names |
//! | chunk | a Zarr chunk; an HDF5 one is always "HDF5 chunk" |
//! | job | the decoded message for one shard |
//! | delivery, lease | a job on loan to a worker; the loan's term |
//! | pipeline | *what* is computed (the YAML); can change bytes; has a digest |
//! | settings | *how* it runs; may never change a byte |
//! | verdict | ack, release or bury |
//!
//! Modules are listed bottom-up: each uses only those above it.

pub mod aggregate;
pub mod column;
pub mod digest;
pub mod expression;
pub mod fault;
pub mod geodesy;
pub mod grid;
pub mod job;
pub mod latency;
pub mod morton;
mod nearest;
pub mod order;
pub mod pipeline;
pub mod points;
pub mod price;
pub mod run;
pub mod shard_map;
pub mod statistics;
