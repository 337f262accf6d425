//! What is typed after `zagg view`.

use std::net::{IpAddr, Ipv4Addr};

use clap::Args;
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct ViewArguments {
    /// The store: a folder or s3://bucket/prefix. STORE#RUN follows that run instead of the latest one.
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// The port of the page; 0 for any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub(crate) port: u16,
    /// The address of the page. Others than this machine's own let others look at the store.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) address: IpAddr,
    /// Open the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// The field that the page shows first. Default: the mean, or whatever the store has.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// The queue of the run that is followed, for the jobs that failed. Default: the one in the run's record, if
    /// that needs no password.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: Option<String>,
    /// Memory for the store's values, in MB.
    #[arg(long, value_name = "MB", default_value_t = 512)]
    pub(crate) cache_mb: usize,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}
