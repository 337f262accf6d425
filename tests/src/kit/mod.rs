//! Real parts for tests: Python, an S3 server, a slow network, the `zagg` program, shared data.

pub mod broker;
pub mod cmr;
pub mod distant;
pub mod fleet;
pub mod function;
pub mod guard;
pub mod http;
pub mod job;
pub mod ministack;
pub mod objects;
pub mod package;
pub mod podman;
pub mod prometheus;
pub mod proxy;
pub mod python;
pub mod rabbitmq;
pub mod redis_server;
pub mod relay;
pub mod run;
pub mod samples;
pub mod shared;
pub mod source;
pub mod sqs;
pub mod stack;
pub mod table;
pub mod third_party;
pub mod web;
pub mod workdir;
pub mod zagg_bin;

pub use broker::{Broker, Kind};
pub use cmr::Cmr;
pub use distant::Distant;
pub use fleet::{Fleet, Worker};
pub use function::Function;
pub use job::{Ended, Job};
pub use ministack::MiniStack;
pub use podman::Podman;
pub use prometheus::Prometheus;
pub use proxy::Proxy;
pub use rabbitmq::RabbitBroker;
pub use redis_server::RedisServer;
pub use relay::Relay;
pub use stack::Stack;
pub use table::Table;
pub use web::Web;
pub use workdir::Workdir;

use std::path::{Path, PathBuf};

/// Where libfaketime is, which `scripts/setup-tests` installs.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").expect("/usr/lib").flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|path| path.exists());
    found.expect("libfaketime is there; run scripts/setup-tests").display().to_string()
}

/// The workspace's root folder.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the workspace").to_path_buf()
}
