//! `zagg plot`: a field as a map.

mod arguments;

use zagg_program::exit::Exit;

use crate::error::CommandError;

pub(crate) use arguments::PlotArguments;

/// Skeleton.
pub(crate) async fn plot(_typed: &PlotArguments, _quiet: bool) -> Result<Exit, CommandError> {
    Err(CommandError::Usage("skeleton".to_owned()))
}
