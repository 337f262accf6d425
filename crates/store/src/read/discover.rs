//! Finding the arrays of a store and the blocks that were written.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use zagg_core::order::Order;

use super::{Arrays, BlockPlace, Cells, Domain, hive};
use crate::{
    array::ZarrArray,
    error::{Result, StoreError},
    json,
    objects::Store,
    template::ROOT,
    write::AT_ONCE,
};

pub(super) async fn open(store: &Store) -> Result<Cells> {
    if store.head(ROOT).await?.is_some() { flat(store).await } else { hive::open(store).await }
}

/// What a group holds that can be read as cells.
pub(super) struct Group {
    pub(super) arrays: Arrays,
    pub(super) notes: Vec<String>,
}

/// The arrays directly in `folder` whose axes are those of cells (`cells`, or `y` and `x`).
pub(super) async fn group(store: &Store, folder: &str) -> Result<Group> {
    let names = store.folders(folder).await?;
    let reads: Vec<_> = names
        .into_iter()
        .map(|name| async move {
            let key = format!("{folder}/{name}/zarr.json");
            let document = store.find(&key).await?.map(|bytes| json::parse::<Value>(&key, &bytes)).transpose()?;
            Ok::<_, StoreError>(document.map(|document| (name, document)))
        })
        .collect();
    let documents: Vec<Option<(String, Value)>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    let mut group =
        Group { arrays: Arrays { morton: None, cell_ids: None, fields: BTreeMap::new() }, notes: Vec::new() };
    for (name, document) in documents.into_iter().flatten() {
        let dims: Vec<&str> =
            document["dimension_names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if document["node_type"] != "array" || !matches!(dims[..], ["cells"] | ["y", "x"]) {
            continue;
        }
        match (name.as_str(), ZarrArray::parse(&format!("{folder}/{name}"), &document)) {
            (_, Err(error)) => group.notes.push(format!("`{name}` is left out: {error}")),
            ("morton", Ok(array)) => group.arrays.morton = Some(array),
            ("cell_ids", Ok(array)) => group.arrays.cell_ids = Some(array),
            (_, Ok(array)) => {
                group.arrays.fields.insert(name, array);
            }
        }
    }
    same_chunks(folder, &group.arrays)?;
    Ok(group)
}

/// Arrays of one group are read together, so their chunks must be alike.
fn same_chunks(folder: &str, arrays: &Arrays) -> Result<()> {
    let mut all = arrays.all();
    let Some(first) = all.next() else { return Ok(()) };
    match all.find(|array| array.shape != first.shape || array.chunk != first.chunk) {
        None => Ok(()),
        Some(other) => {
            let reason = format!("its shape or chunks are not those of `{}`", first.name());
            Err(StoreError::Metadata { key: format!("{folder}/{}/zarr.json", other.name()), reason })
        }
    }
}

async fn flat(store: &Store) -> Result<Cells> {
    for folder in finest_first(store.folders("").await?) {
        if folder.starts_with('.') || store.head(&format!("{folder}/zarr.json")).await?.is_none() {
            continue;
        }
        if let Some(cells) = of_group(store, &folder).await? {
            return Ok(cells);
        }
    }
    let reason = "none of its groups holds arrays over `cells`, or over `y` and `x`".to_owned();
    Err(StoreError::Metadata { key: ROOT.to_owned(), reason })
}

/// Groups that are named by an order first, the finest before its overviews; then the others.
fn finest_first(mut folders: Vec<String>) -> Vec<String> {
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.parse::<u8>().ok()));
    folders
}

/// The cells of one group; none when it holds no arrays of cells.
pub(super) async fn of_group(store: &Store, folder: &str) -> Result<Option<Cells>> {
    let Group { arrays, notes } = group(store, folder).await?;
    let Some(first) = arrays.all().next().cloned() else { return Ok(None) };
    let domain = domain(folder, &first)?;
    let listed: Vec<ZarrArray> = match (&arrays.morton, &arrays.cell_ids) {
        (Some(key), _) | (None, Some(key)) => vec![key.clone()],
        (None, None) => arrays.all().cloned().collect(),
    };
    let mut indices = BTreeSet::new();
    for array in &listed {
        let mut chunks = std::pin::pin!(store.list(&format!("{}/c", array.path)));
        while let Some(entry) = chunks.next().await.transpose()? {
            indices.extend(array.chunk_index(&entry.key));
        }
    }
    let blocks = indices
        .into_iter()
        .map(|index| BlockPlace {
            origin: index.iter().zip(&first.chunk).map(|(i, c)| i * c).collect(),
            index,
            folder: folder.to_owned(),
        })
        .collect();
    Ok(Some(Cells {
        store: store.clone(),
        domain,
        fields: arrays.fields.iter().map(|(name, array)| (name.clone(), array.dtype)).collect(),
        block_shape: first.chunk.clone(),
        blocks,
        group: folder.to_owned(),
        layout: arrays,
        notes,
    }))
}

fn domain(folder: &str, array: &ZarrArray) -> Result<Domain> {
    let refuse = |reason: String| StoreError::Metadata { key: format!("{}/zarr.json", array.path), reason };
    if array.shape.iter().zip(&array.chunk).any(|(n, c)| !n.is_multiple_of(*c)) {
        return Err(refuse(format!("its shape {:?} is not a multiple of its chunks {:?}", array.shape, array.chunk)));
    }
    match array.shape[..] {
        [rows, cols] => Ok(Domain::Rectilinear([rows, cols])),
        [cells] => {
            let order = folder.parse().ok().and_then(|order| Order::new(order).ok());
            let order = order.ok_or_else(|| refuse(format!("its group `{folder}` is not named by an order")))?;
            if order.cells() == cells {
                Ok(Domain::Healpix(order))
            } else {
                Err(refuse(format!("it has {cells} cells and not the {} of order {order}", order.cells())))
            }
        }
        _ => Err(refuse("it has neither one nor two axes".to_owned())),
    }
}
