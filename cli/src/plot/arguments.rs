//! What is typed after `zagg plot`.

use clap::Args;
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct PlotArguments {
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}
