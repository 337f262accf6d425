//! Arguments that several programs take. Nothing is resolved here.

use clap::Args;

use crate::bounds;

/// How reading is done.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Reading")]
pub struct ReadingArguments {
    /// Granules of one shard that are read at once.
    #[arg(long, value_name = "N", env = "ZAGG_GRANULES_IN_FLIGHT", value_parser = bounds::at_once())]
    pub granules_in_flight: Option<usize>,
    /// Requests that may be under way at once.
    #[arg(long, value_name = "N", env = "ZAGG_REQUESTS_IN_FLIGHT", value_parser = bounds::at_once())]
    pub requests_in_flight: Option<usize>,
    /// Memory for decoded HDF5 chunks that neighbouring shards share, in MB.
    #[arg(long, value_name = "MB", env = "ZAGG_CACHE_MB")]
    pub cache_mb: Option<usize>,
}

/// Where S3 is.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "S3")]
pub struct S3Arguments {
    /// AWS region. Default: the environment's, else us-west-2.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// S3 endpoint other than Amazon's. Default: the environment's.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Read granules without credentials.
    #[arg(long)]
    pub anonymous: bool,
}
