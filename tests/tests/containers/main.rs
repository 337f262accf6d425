//! The images, run as containers and as a pod; what describes them.
#![allow(clippy::panic, clippy::unwrap_used)]

mod files;

/// What needs `podman`: `scripts/test` leaves the module out where there is none.
mod podman;
