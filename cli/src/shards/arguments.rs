//! What is typed after `zagg shards`.

use clap::Args;
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct ShardsArguments {
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}
