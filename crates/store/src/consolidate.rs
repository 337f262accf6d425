//! Consolidated metadata: every document of the store in its root, and of a group in the group,
//! so that a reader opens the store with one request.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};

use crate::{
    error::{Result, StoreError},
    json,
    objects::Store,
    template::ROOT,
    write::AT_ONCE,
};

/// Gathers the metadata of every group and array into the root's `zarr.json` and each group's.
/// The same store gives the same bytes; doing it again changes nothing. Chunks are not listed.
///
/// # Errors
/// When there is no store, a document is not one, or a request fails.
pub async fn consolidate(store: &Store) -> Result<()> {
    let mut root = read(store, ROOT).await.map_err(|error| {
        if error.is_missing() { StoreError::NoStore { location: store.location().to_string() } } else { error }
    })?;
    let mut everything = Map::new();
    for group in store.folders("").await? {
        if group.starts_with('.') {
            continue;
        }
        let key = format!("{group}/zarr.json");
        let Some(bytes) = store.find(&key).await? else { continue };
        let mut document: Value = json::parse(&key, &bytes)?;
        let arrays = if document["node_type"] == "group" { arrays_of(store, &group).await? } else { Map::new() };
        if document["node_type"] == "group" {
            set(&mut document, &arrays);
            write(store, &key, &bytes, &document).await?;
            set(&mut document, &Map::new());
        }
        everything.insert(group.clone(), document);
        everything.extend(arrays.into_iter().map(|(name, array)| (format!("{group}/{name}"), array)));
    }
    let before = store.get(ROOT).await?;
    set(&mut root, &everything);
    write(store, ROOT, &before, &root).await
}

async fn arrays_of(store: &Store, group: &str) -> Result<Map<String, Value>> {
    let names = store.folders(group).await?;
    let reads: Vec<_> = names
        .into_iter()
        .map(|name| async move {
            let key = format!("{group}/{name}/zarr.json");
            let document = store.find(&key).await?.map(|bytes| json::parse::<Value>(&key, &bytes)).transpose()?;
            Ok::<_, StoreError>(document.map(|document| (name, document)))
        })
        .collect();
    let found: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn read(store: &Store, key: &str) -> Result<Value> {
    json::parse(key, &store.get(key).await?)
}

/// Puts `members`, whose names are made ascending, into a group's document.
fn set(group: &mut Value, members: &Map<String, Value>) {
    let Some(group) = group.as_object_mut() else { return };
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by(|a, b| a.0.cmp(b.0));
    let metadata: Map<String, Value> = members.into_iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    group.insert(
        "consolidated_metadata".to_owned(),
        json!({"kind": "inline", "must_understand": false, "metadata": metadata}),
    );
}

async fn write(store: &Store, key: &str, before: &[u8], document: &Value) -> Result<()> {
    let bytes = json::bytes(key, document)?;
    if bytes == before { Ok(()) } else { store.put(key, bytes.into()).await }
}

#[cfg(test)]
mod tests;
