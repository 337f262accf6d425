//! `zagg overviews`: coarser orders beside the cells.

mod arguments;

use zagg_program::exit::Exit;

use crate::error::CommandError;

pub(crate) use arguments::OverviewsArguments;

/// Skeleton.
pub(crate) async fn overviews(_typed: &OverviewsArguments, _quiet: bool) -> Result<Exit, CommandError> {
    Err(CommandError::Usage("skeleton".to_owned()))
}
