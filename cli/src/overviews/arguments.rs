//! What is typed after `zagg overviews`.

use clap::Args;
use zagg_core::order::Order;
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct OverviewsArguments {
    /// A HEALPix store: a folder or s3://bucket/prefix. Whoever writes here needs to put and delete objects.
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// These orders, e.g. 11,10,8.
    #[arg(long, value_name = "ORDERS", value_delimiter = ',', value_parser = order, conflicts_with = "down_to")]
    pub(crate) orders: Vec<Order>,
    /// Every order from the one above the cells to this one. Default: to that of the store's chunks (its shards).
    #[arg(long, value_name = "ORDER", value_parser = order)]
    pub(crate) down_to: Option<Order>,
    /// Compute overviews anew that are there and of the same cells.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

fn order(text: &str) -> Result<Order, String> {
    let number: u8 = text.trim().parse().map_err(|_| format!("`{text}` is not an order (0..=29)"))?;
    Order::new(number).map_err(|error| error.to_string())
}
