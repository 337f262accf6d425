//! Forgetting a shard, so that it is computed anew.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use zagg_core::grid::Shard;

use crate::{
    error::Result,
    layout::Layout,
    mark,
    objects::Store,
    write::{AT_ONCE, shard_keys},
};

/// Deletes a shard's mark, then its chunks. If this stops halfway the shard is unmarked, and what
/// is left of it is overwritten by its next run.
///
/// # Errors
/// When the shard is not of the grid, or a request fails (deleting needs a permission that
/// workers do not have).
pub async fn clear_shard(store: &Store, layout: &Layout, shard: &Shard) -> Result<()> {
    let keys = shard_keys(layout, shard)?;
    mark::delete(store, &shard.label).await?;
    let deletes: Vec<_> = keys.iter().map(|key| store.delete(key)).collect();
    stream::iter(deletes).buffer_unordered(AT_ONCE).try_collect().await
}
