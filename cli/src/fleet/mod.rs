//! Watching and steering the runs of a fleet: `status`, `cancel`, `redrive`, `dead`.

mod dead;

mod listen;

pub(crate) mod place;

mod status;

pub(crate) use dead::{dead, redrive};
pub(crate) use status::{cancel, status};
