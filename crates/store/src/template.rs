//! Casting a store's template: the metadata documents that the producer alone writes, and the
//! chunks of the axes.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use zagg_core::{digest::Digest, grid::GridSignature};

use crate::{
    error::{Result, StoreError},
    json,
    layout::{ArrayLayout, Layout, Role, STORE_SCHEMA},
    objects::{Put, Store},
    values::le_bytes,
    write::AT_ONCE,
};

/// The key of the root document.
pub const ROOT: &str = "zarr.json";

/// What to do with documents that are there already. Another pipeline or grid is refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverwriteChoice {
    /// Keep them; one that differs is refused.
    #[default]
    Keep,
    /// Rewrite them, and say anew where the store comes from.
    Rewrite,
}

/// What casting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateOutcome {
    /// There was nothing; the store is ours.
    Created,
    /// The store was there, of this pipeline and grid; what was missing of the template is there now.
    Reused,
    /// The documents were rewritten.
    Rewritten,
}

/// What a store says about itself, in its root document.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The schema, [`STORE_SCHEMA`] if it is ours.
    pub schema: String,
    /// Digest of the pipeline.
    pub pipeline: Digest,
    /// The grid's signature.
    pub grid: Value,
    /// The whole claim, provenance included.
    pub document: Value,
}

/// Casts the template of `layout`. Several producers may do so at once: the first decides whose
/// store it is, the others find theirs or are refused.
///
/// # Errors
/// When the place holds something else, or the store of another pipeline or grid (nothing is
/// written then); when a document differs ([`OverwriteChoice::Keep`]); when a request fails.
pub async fn cast(store: &Store, layout: &Layout, choice: OverwriteChoice) -> Result<TemplateOutcome> {
    let ours = layout.claim();
    let root = json::bytes(ROOT, &layout.root_document(&ours))?;
    let (outcome, claim) = match look(store).await? {
        Some(claim) => {
            check(store, &claim, layout)?;
            match choice {
                OverwriteChoice::Keep => (TemplateOutcome::Reused, claim.document),
                OverwriteChoice::Rewrite => {
                    store.put(ROOT, root.into()).await?;
                    (TemplateOutcome::Rewritten, ours)
                }
            }
        }
        None => match store.put_if_absent(ROOT, root.into()).await? {
            Put::Created => (TemplateOutcome::Created, ours),
            Put::Exists => {
                let claim = claim(store).await?;
                check(store, &claim, layout)?;
                (TemplateOutcome::Reused, claim.document)
            }
        },
    };
    let group = (format!("{}/zarr.json", layout.group), layout.group_document(&claim));
    let documents = layout.arrays.iter().map(|array| (array.document_key(), array.document.clone()));
    let settled: Vec<_> =
        documents.chain([group]).map(|(key, document)| settle(store, key, document, outcome)).collect();
    let () = stream::iter(settled).buffer_unordered(AT_ONCE).try_collect().await?;
    for array in &layout.arrays {
        if let Role::Fixed(_) = array.role {
            settle_axis(store, array, outcome).await?;
        }
    }
    store.sweep().await?;
    Ok(outcome)
}

/// What the store says about itself.
///
/// # Errors
/// When there is no store, or one that is not ours.
pub async fn claim(store: &Store) -> Result<Claim> {
    let missing = || StoreError::NoStore { location: store.location().to_string() };
    read_claim(store).await?.ok_or_else(missing)
}

/// Refuses a store that another pipeline or grid made. Workers call it before their first write.
///
/// # Errors
/// When there is no store, it is not ours, or of another schema, pipeline or grid.
pub async fn ensure(store: &Store, layout: &Layout) -> Result<()> {
    check(store, &claim(store).await?, layout)
}

async fn look(store: &Store) -> Result<Option<Claim>> {
    if let Some(claim) = read_claim(store).await? {
        return Ok(Some(claim));
    }
    let mut objects = std::pin::pin!(store.list(""));
    let Some(first) = objects.next().await.transpose()? else { return Ok(None) };
    // Another producer may have begun after our first look.
    match read_claim(store).await? {
        Some(claim) => Ok(Some(claim)),
        None => Err(StoreError::NotOurs { location: store.location().to_string(), found: first.key }),
    }
}

async fn read_claim(store: &Store) -> Result<Option<Claim>> {
    let Some(bytes) = store.find(ROOT).await? else { return Ok(None) };
    let not_ours = || StoreError::NotOurs { location: store.location().to_string(), found: ROOT.to_owned() };
    let root: Value = json::parse(ROOT, &bytes)?;
    let document = root["attributes"]["zagg"].clone();
    let schema = document["schema"].as_str().ok_or_else(not_ours)?.to_owned();
    if schema != STORE_SCHEMA {
        let location = store.location().to_string();
        return Err(StoreError::OtherSchema { location, theirs: schema, ours: STORE_SCHEMA });
    }
    let pipeline = document["pipeline"].as_str().and_then(|text| text.parse().ok()).ok_or_else(not_ours)?;
    Ok(Some(Claim { schema, pipeline, grid: document["grid"].clone(), document }))
}

fn check(store: &Store, claim: &Claim, layout: &Layout) -> Result<()> {
    let location = store.location().to_string();
    if serde_json::from_value::<GridSignature>(claim.grid.clone()).ok().as_ref() != Some(&layout.signature) {
        let (theirs, ours) = (claim.grid.to_string(), json!(layout.signature).to_string());
        return Err(StoreError::OtherGrid { location, theirs, ours });
    }
    if claim.pipeline != layout.pipeline {
        return Err(StoreError::OtherPipeline { location, theirs: claim.pipeline, ours: layout.pipeline });
    }
    Ok(())
}

/// Brings one document to what it should be.
async fn settle(store: &Store, key: String, document: Value, outcome: TemplateOutcome) -> Result<()> {
    let bytes = json::bytes(&key, &document)?;
    if outcome == TemplateOutcome::Rewritten {
        return store.put(&key, bytes.into()).await;
    }
    let absent = outcome == TemplateOutcome::Created || store.head(&key).await?.is_none();
    if absent && store.put_if_absent(&key, bytes.into()).await? == Put::Created {
        return Ok(());
    }
    let mut theirs: Value = json::parse(&key, &store.get(&key).await?)?;
    if let Some(map) = theirs.as_object_mut() {
        map.remove("consolidated_metadata");
    }
    if json::sorted(theirs) == json::sorted(document) {
        Ok(())
    } else {
        Err(StoreError::TemplateDiffers { location: store.location().to_string(), key })
    }
}

/// Writes the only chunk of an axis.
async fn settle_axis(store: &Store, layout: &ArrayLayout, outcome: TemplateOutcome) -> Result<()> {
    let Role::Fixed(values) = layout.role.clone() else { return Ok(()) };
    let (array, key) = (layout.array.clone(), layout.array.chunk_key(&[0]));
    let encoded = tokio::task::spawn_blocking(move || {
        let raw = le_bytes(&values, std::slice::from_ref(&(0..values.len()))).unwrap_or_default();
        array.encode(raw)
    });
    let bytes = encoded.await.map_err(|source| StoreError::Task { what: key.clone(), source })??;
    if outcome == TemplateOutcome::Rewritten {
        return store.put(&key, bytes.into()).await;
    }
    if store.put_if_absent(&key, bytes.clone().into()).await? == Put::Created || store.get(&key).await? == bytes {
        return Ok(());
    }
    Err(StoreError::TemplateDiffers { location: store.location().to_string(), key })
}

#[cfg(test)]
mod tests;
