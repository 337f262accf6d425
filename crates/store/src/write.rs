//! Putting a shard's objects into the store.

use std::time::Instant;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use zagg_core::grid::Shard;

use crate::{
    encode::{EncodedShard, Object, encode_fill},
    error::{Result, StoreError},
    layout::Layout,
    objects::Store,
};

/// Requests under way at once. A shard has about ten objects; more would only fill the connection
/// pool.
pub(crate) const AT_ONCE: usize = 16;

/// What writing a shard did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WriteReport {
    /// Objects written.
    pub objects: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Time taken, in seconds.
    pub seconds: f64,
}

/// Writes every object of a shard: the fields, then the coordinates, so that a reader who finds a
/// coordinate finds the fields. The mark is the caller's, after this.
///
/// # Errors
/// When a request fails. Some objects may then be written; writing again is safe.
pub async fn write_shard(store: &Store, shard: &EncodedShard) -> Result<WriteReport> {
    let start = Instant::now();
    let (fields, coordinates) = shard.objects.split_at(shard.fields.min(shard.objects.len()));
    put_all(store, fields).await?;
    put_all(store, coordinates).await?;
    Ok(report(start, &shard.objects))
}

fn report(start: Instant, objects: &[Object]) -> WriteReport {
    let bytes = objects.iter().map(|object| object.bytes.len() as u64).sum();
    WriteReport { objects: objects.len() as u64, bytes, seconds: start.elapsed().as_secs_f64() }
}

async fn put_all(store: &Store, objects: &[Object]) -> Result<()> {
    let puts: Vec<_> = objects.iter().map(|object| store.put(&object.key, object.bytes.clone())).collect();
    stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await
}

/// Makes a shard without points read as never written: chunks that an earlier attempt left are
/// overwritten with fill, and nothing else is touched. Needs no permission to delete.
///
/// # Errors
/// When the shard is not of the grid, or a request fails.
pub async fn write_empty(store: &Store, layout: &Layout, shard: &Shard) -> Result<WriteReport> {
    let start = Instant::now();
    let keys = shard_keys(layout, shard)?;
    let heads: Vec<_> = keys.iter().map(|key| store.head(key)).collect();
    let found: Vec<Option<u64>> = stream::iter(heads).buffered(AT_ONCE).try_collect().await?;
    if found.iter().all(Option::is_none) {
        return Ok(report(start, &[]));
    }
    let (layout, place) = (layout.clone(), shard.clone());
    let blank = tokio::task::spawn_blocking(move || encode_fill(&layout, &place))
        .await
        .map_err(|source| StoreError::Task { what: format!("shard {}", shard.label), source })??;
    let mut stale: Vec<Object> =
        blank.objects.into_iter().zip(found).filter_map(|(object, size)| size.map(|_| object)).collect();
    // Coordinates go first here: a reader must not find a coordinate without its fields.
    stale.reverse();
    put_all(store, &stale).await?;
    Ok(report(start, &stale))
}

/// The keys of every object that a shard can have, in the order of [`encode_fill`]'s objects.
///
/// # Errors
/// When the shard is not of the grid.
pub fn shard_keys(layout: &Layout, shard: &Shard) -> Result<Vec<String>> {
    let slots = layout.geometry.slots(shard)?;
    Ok(layout.written().flat_map(|array| slots.iter().map(|slot| array.array.chunk_key(&slot.index))).collect())
}
