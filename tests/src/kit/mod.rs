//! Real parts for tests: Python, an S3 server, a slow network, the `zagg` program, shared data.

pub mod guard;
pub mod http;
pub mod job;
pub mod ministack;
pub mod objects;
pub mod proxy;
pub mod python;
pub mod run;
pub mod samples;
pub mod shared;
pub mod source;
pub mod table;
pub mod web;
pub mod workdir;
pub mod zagg_bin;

pub use job::{Ended, Job};
pub use ministack::MiniStack;
pub use proxy::Proxy;
pub use table::Table;
pub use web::Web;
pub use workdir::Workdir;

use std::path::{Path, PathBuf};

/// The workspace's root folder.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the workspace").to_path_buf()
}
