//! What whoever has computed shards is told of the store's overviews.

use zagg_store::{Store, overview};

use crate::output;

/// Says on standard error when overviews are of other cells than are there now. Reads every mark if there are overviews.
///
/// # Errors
/// When a request fails or a mark cannot be read.
pub async fn tell_of_stale(store: &Store) -> zagg_store::Result<()> {
    if !overview::stale(store).await?.is_empty() {
        output::aside("the overviews are of other cells than are there now; give `zagg overviews` again");
    }
    Ok(())
}
