//! The images, run as containers and as a pod; what describes them, and what goes out with programs.
#![allow(clippy::panic, clippy::unwrap_used)]

mod files;

mod released;

/// What needs `podman`: `scripts/test` leaves the module out where there is none.
mod podman;
