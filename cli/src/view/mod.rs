//! `zagg view`: a store on a local web page.

mod arguments;

use zagg_program::exit::Exit;

use crate::error::CommandError;

pub(crate) use arguments::ViewArguments;

/// Skeleton.
pub(crate) async fn view(_typed: &ViewArguments, _quiet: bool) -> Result<Exit, CommandError> {
    Err(CommandError::Usage("skeleton".to_owned()))
}
