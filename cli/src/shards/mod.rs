//! `zagg shards`: outlines of shards and granules.

mod arguments;

use zagg_program::exit::Exit;

use crate::error::CommandError;

pub(crate) use arguments::ShardsArguments;

/// Skeleton.
pub(crate) async fn shards(_typed: &ShardsArguments, _quiet: bool) -> Result<Exit, CommandError> {
    Err(CommandError::Usage("skeleton".to_owned()))
}
