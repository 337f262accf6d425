//! Overviews: coarser orders of a HEALPix store, each a group beside the group of the cells.
//!
//! A group's document comes last and says which cells it was made of, so that a group with a document is whole; the
//! root lists the groups by the multiscales convention. The producer's side alone writes and deletes here.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};
use zagg_core::{digest::Digest, morton::Word, order::Order};

use crate::{
    consolidate::consolidate,
    convention,
    error::{Result, StoreError},
    json,
    layout::{Layout, overview::OverviewSource},
    mark::{self, Mark, Outcome},
    objects::Store,
    read::{Cells, Domain},
    template::{self, Claim, ROOT},
    write::AT_ONCE,
};

/// The most orders that a chunk of an overview spans: 65,536 cells.
const MOST_INSIDE: u8 = 8;

/// The cells that overviews are made of.
#[derive(Debug, Clone)]
pub struct Base {
    /// The cells. Blocks of shards that are not marked are left out: they are not done.
    pub cells: Cells,
    /// The order of the cells.
    pub order: Order,
    /// What the store says about itself.
    pub claim: Claim,
    /// Digest of what the marks of all shards with data vouch for.
    pub digest: Digest,
    documents: Vec<(String, Value)>,
    inside: u8,
}

/// An overview that is there, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its order, which names its group.
    pub order: Order,
    /// The digest of the cells that it was made of.
    pub cells: String,
    /// The group's document, without the consolidated copies.
    pub document: Value,
}

impl Base {
    /// Finds the cells of a store, and reads every mark.
    ///
    /// # Errors
    /// When there is no store of ours, it is not HEALPix, or a request fails.
    pub async fn open(store: &Store) -> Result<Self> {
        let claim = template::claim(store).await?;
        let mut cells = Cells::open(store).await?;
        let refuse = |reason: &str| StoreError::NoOverviews {
            location: store.location().to_string(),
            reason: reason.to_owned(),
        };
        let Domain::Healpix(order) = cells.domain else {
            return Err(refuse(
                "its cells are rectilinear, and overviews are orders of HEALPix; `zagg export STORE -o map.tif` \
                 writes a GeoTIFF with overviews of it",
            ));
        };
        let length = cells.block_shape.first().copied().unwrap_or(1);
        let inside = length.trailing_zeros() as u8 / 2;
        if length != 1 << (2 * inside) || inside > order.get() {
            return Err(refuse("its chunks are no HEALPix cells"));
        }
        let (digest, shards) = marked(store).await?;
        let within = |origin: u64| {
            shards.iter().any(|(order_of, ids)| {
                order.finer_by(*order_of).is_some_and(|finer| ids.contains(&(origin >> (2 * finer))))
            })
        };
        cells.blocks.retain(|block| block.origin.first().is_some_and(|origin| within(*origin)));
        let documents = documents(store, &cells.group).await?;
        Ok(Self { cells, order, claim, digest, documents, inside: inside.min(MOST_INSIDE) })
    }

    /// The layout of the overview of an order that keeps `fields`.
    ///
    /// # Errors
    /// When the order is not coarser than the cells, or there is no such field.
    pub fn layout(&self, order: Order, fields: &[&str]) -> Result<Layout> {
        if order >= self.order {
            let reason = format!("order {order} is not coarser than the cells, which have order {}", self.order);
            return Err(StoreError::Layout { reason });
        }
        let pipeline = self.claim.pipeline;
        Layout::overview(OverviewSource { pipeline, documents: &self.documents, inside: self.inside }, order, fields)
    }

    /// The document of an overview's group. `notes` says what is in it and what was left out.
    #[must_use]
    pub fn document(&self, layout: &Layout, notes: &Map<String, Value>) -> Value {
        let mut overview = json!({"of": self.cells.group, "cells": self.digest});
        for (name, value) in notes {
            overview[name] = value.clone();
        }
        layout.group_document(&json!({
            "schema": self.claim.schema,
            "pipeline": self.claim.pipeline,
            "grid": layout.signature,
            "overview": overview,
        }))
    }
}

/// Sums up marks, in whatever order they come.
#[derive(Debug, Default)]
pub(crate) struct Vouched(Vec<(String, Digest)>);

impl Vouched {
    /// Takes a mark in; one of a shard without points changes no cell.
    pub(crate) fn add(&mut self, mark: &Mark) -> Result<()> {
        if mark.outcome == Outcome::Data {
            self.0.push((mark.shard.clone(), Digest::of(&json::bytes(&mark.shard, &mark.objects)?)));
        }
        Ok(())
    }

    /// The digest of all that the marks vouch for.
    pub(crate) fn digest(mut self) -> Digest {
        self.0.sort();
        let text: String = self.0.iter().map(|(label, digest)| format!("{label} {digest}\n")).collect();
        Digest::of(text.as_bytes())
    }
}

/// The shards with data, as NESTED ids by their order.
type Shards = Vec<(Order, BTreeSet<u64>)>;

/// The digest of what the marks vouch for, and the shards with data.
async fn marked(store: &Store) -> Result<(Digest, Shards)> {
    let labels: Vec<String> = mark::list(store).try_collect().await?;
    let reads: Vec<_> = labels.iter().map(|label| mark::find(store, label)).collect();
    let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
    let (mut vouched, mut shards) = (Vouched::default(), Shards::new());
    while let Some(mark) = reads.next().await.transpose()? {
        let Some(mark) = mark.filter(|mark| mark.outcome == Outcome::Data) else { continue };
        let not_a_word = |error: zagg_core::morton::WordError| StoreError::Metadata {
            key: format!("{}/{}.json", mark::MARKS, mark.shard),
            reason: error.to_string(),
        };
        let word = Word::from_bits(mark.key).map_err(not_a_word)?;
        match shards.iter_mut().find(|(order, _)| *order == word.order()) {
            Some((_, ids)) => _ = ids.insert(word.nested()),
            None => shards.push((word.order(), BTreeSet::from([word.nested()]))),
        }
        vouched.add(&mark)?;
    }
    Ok((vouched.digest(), shards))
}

async fn documents(store: &Store, group: &str) -> Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for name in store.folders(group).await? {
        let key = format!("{group}/{name}/zarr.json");
        if let Some(bytes) = store.find(&key).await? {
            found.push((name, json::parse(&key, &bytes)?));
        }
    }
    Ok(found)
}

/// What a group's document says that it is an overview of, and of which cells; none when it is no overview.
#[must_use]
pub fn origin(document: &Value) -> Option<(&str, &str)> {
    let overview = &document["attributes"]["zagg"]["overview"];
    Some((overview["of"].as_str()?, overview["cells"].as_str()?))
}

/// Whether the group in `folder` is named as an overview of cells of `group` would be.
#[must_use]
pub fn is_coarser(folder: &str, group: &str) -> bool {
    folder.parse::<u8>().ok().zip(group.parse::<u8>().ok()).is_some_and(|(order, cells)| order < cells)
}

/// The overviews that are there, whole, finest first. Whether they are still of the store's cells is another
/// question: compare [`Found::cells`] with [`cells_digest`].
///
/// # Errors
/// When a request fails or a document is not JSON.
pub async fn found(store: &Store) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for folder in store.folders("").await? {
        let Some(order) = folder.parse().ok().and_then(|order| Order::new(order).ok()) else { continue };
        let key = format!("{folder}/zarr.json");
        let Some(bytes) = store.find(&key).await? else { continue };
        let mut document: Value = json::parse(&key, &bytes)?;
        if let Some(map) = document.as_object_mut() {
            map.remove("consolidated_metadata");
        }
        if let Some(cells) = origin(&document).map(|(_, cells)| cells.to_owned()) {
            all.push(Found { order, cells, document });
        }
    }
    all.sort_by_key(|found| std::cmp::Reverse(found.order));
    Ok(all)
}

/// The digest of the cells that are there now: of what the marks of all shards with data vouch for.
///
/// # Errors
/// When a request fails or a mark cannot be read.
pub async fn cells_digest(store: &Store) -> Result<Digest> {
    Ok(marked(store).await?.0)
}

/// The overviews that are of other cells than are there now, finest first. Reads every mark if there are overviews.
///
/// # Errors
/// When a request fails or a mark cannot be read.
pub async fn stale(store: &Store) -> Result<Vec<Order>> {
    Ok(by_freshness(store).await?.1.into_iter().map(|found| found.order).collect())
}

/// The overviews that are of the cells that are there now, finest first. Reads every mark if there are overviews.
///
/// # Errors
/// When a request fails or a mark cannot be read.
pub async fn fresh(store: &Store) -> Result<Vec<Found>> {
    Ok(by_freshness(store).await?.0)
}

/// The overviews of the cells that are there now, and those of others.
async fn by_freshness(store: &Store) -> Result<(Vec<Found>, Vec<Found>)> {
    let all = found(store).await?;
    if all.is_empty() {
        return Ok((all, Vec::new()));
    }
    let now = cells_digest(store).await?.to_string();
    Ok(all.into_iter().partition(|found| found.cells == now))
}

/// Unlists all overviews and deletes what is there of the given orders, documents first. From then on readers
/// see the cells alone, until [`publish`].
///
/// # Errors
/// When a request fails (deleting needs a permission that workers do not have).
pub async fn withdraw(store: &Store, orders: &[Order]) -> Result<()> {
    let mut keys = Vec::new();
    for order in orders {
        store.delete(&format!("{order}/zarr.json")).await?;
        let mut entries = std::pin::pin!(store.list(&order.to_string()));
        while let Some(entry) = entries.next().await.transpose()? {
            keys.push(entry.key);
        }
    }
    if list(store, None).await? {
        consolidate(store).await?;
    }
    let deletes: Vec<_> = keys.iter().map(|key| store.delete(key)).collect();
    stream::iter(deletes).buffer_unordered(AT_ONCE).try_collect().await
}

/// Writes the documents of an overview's arrays. Its group's document comes with [`publish`].
///
/// # Errors
/// When a request fails.
pub async fn begin(store: &Store, layout: &Layout) -> Result<()> {
    for array in &layout.arrays {
        store.put(&array.document_key(), array.document_bytes()?.into()).await?;
    }
    Ok(())
}

/// Writes the documents of the groups (by order), lists all overviews in the root and consolidates the metadata.
///
/// # Errors
/// When a request fails.
pub async fn publish(store: &Store, base: &Base, documents: &[(Order, Value)]) -> Result<()> {
    for (order, document) in documents {
        let key = format!("{order}/zarr.json");
        store.put(&key, json::bytes(&key, document)?.into()).await?;
    }
    let orders: Vec<Order> = found(store).await?.into_iter().map(|found| found.order).collect();
    list(store, Some((base, &orders))).await?;
    consolidate(store).await?;
    store.sweep().await
}

/// Lists the overviews of the cells in the root, or none; whether that changed the root.
async fn list(store: &Store, overviews: Option<(&Base, &[Order])>) -> Result<bool> {
    let before = store.get(ROOT).await?;
    let mut root: Value = json::parse(ROOT, &before)?;
    let Some(attributes) = root["attributes"].as_object_mut() else { return Ok(false) };
    attributes.shift_remove("zarr_conventions");
    attributes.shift_remove("multiscales");
    if let Some((base, orders)) = overviews.filter(|(_, orders)| !orders.is_empty()) {
        let cell_ids = base.documents.iter().any(|(name, _)| name == "cell_ids");
        attributes.extend(convention::multiscales_attributes(base.order, cell_ids, orders));
    }
    let bytes = json::bytes(ROOT, &root)?;
    let changed = bytes != before;
    if changed {
        store.put(ROOT, bytes.into()).await?;
    }
    Ok(changed)
}
