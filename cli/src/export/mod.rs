//! `zagg export`: cells and rasters for other tools.

mod arguments;

use zagg_program::exit::Exit;

use crate::error::CommandError;

pub(crate) use arguments::ExportArguments;

/// Skeleton.
pub(crate) async fn export(_typed: &ExportArguments, _quiet: bool) -> Result<Exit, CommandError> {
    Err(CommandError::Usage("skeleton".to_owned()))
}
