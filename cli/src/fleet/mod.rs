//! Watching and steering the runs of a fleet: `create-queue`, `status`, `cancel`, `redrive`, `dead`.

mod create_queue;

mod dead;

mod listen;

pub(crate) mod place;

mod status;

pub(crate) use create_queue::create_queue;
pub(crate) use dead::{dead, redrive};
pub(crate) use status::{cancel, status};
