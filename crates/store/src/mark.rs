//! Completion marks: the last thing written for a shard, only if absent. All but
//! [`Mark::execution`] is the same for the same inputs.

use std::collections::BTreeMap;

use futures::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zagg_core::{digest::Digest, grid::Shard, price::Cost};

use crate::{
    encode::EncodedShard,
    error::{Result, StoreError},
    json,
    objects::{Put, Store},
};

/// The schema that every mark names.
pub const MARK_SCHEMA: &str = "zagg-mark/1";

/// The folder of the marks.
pub const MARKS: &str = ".zagg/marks";

/// What became of a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// [`MARK_SCHEMA`].
    pub schema: String,
    /// The shard's label.
    pub shard: String,
    /// The shard's key.
    pub key: u64,
    /// Digest of the pipeline.
    pub pipeline: Digest,
    /// Digest of the list of granules.
    pub granules: Digest,
    /// Whether chunks were written.
    pub outcome: Outcome,
    /// Points that went into the statistics.
    pub points: u64,
    /// Cells with at least one point.
    pub cells: u64,
    /// The objects of the shard, in the order in which they were written.
    pub objects: Vec<MarkedObject>,
    /// What the caller adds: counts by name, the same for the same inputs.
    pub report: BTreeMap<String, Value>,
    /// How the result came about, where the worker of a fleet says so. No part of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
}

/// How a result came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// The run.
    pub run: String,
    /// The worker's name.
    pub worker: String,
    /// Which delivery of the job it was, from 1.
    pub attempt: u32,
    /// When the job was begun, in milliseconds since 1970 (UTC).
    pub begun_ms: u64,
    /// Seconds from then to the mark.
    pub seconds: f64,
    /// What the job cost, in US dollars.
    pub usd: Cost,
}

/// Whether a shard has chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Chunks were written.
    Data,
    /// No point fell into the shard: nothing was written.
    Empty,
}

/// An object that a mark vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedObject {
    /// Its key in the store.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Digest of its bytes.
    pub sha256: Digest,
}

/// Which result is asked for: another pipeline or other granules give another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// Digest of the pipeline.
    pub pipeline: Digest,
    /// Digest of the list of granules.
    pub granules: Digest,
}

/// What creating a mark did.
#[derive(Debug, Clone, PartialEq)]
pub enum MarkOutcome {
    /// The mark is ours.
    Created,
    /// The same result was marked already.
    Identical,
    /// Another result was marked already; it stays.
    Conflict {
        /// The mark that is there.
        theirs: Box<Mark>,
    },
}

/// How a shard stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// There is no mark.
    Unmarked,
    /// The result asked for is there.
    Done(Box<Mark>),
    /// The mark is of another pipeline or other granules.
    Stale(Box<Mark>),
}

impl Mark {
    /// The mark of a shard with data.
    #[must_use]
    pub fn data(shard: &Shard, inputs: Inputs, encoded: &EncodedShard, points: u64, cells: u64) -> Self {
        let objects = encoded.objects.iter().map(|object| MarkedObject {
            key: object.key.clone(),
            size: object.bytes.len() as u64,
            sha256: object.sha256,
        });
        Self { objects: objects.collect(), outcome: Outcome::Data, points, cells, ..Self::empty(shard, inputs) }
    }

    /// The mark of a shard without points.
    #[must_use]
    pub fn empty(shard: &Shard, inputs: Inputs) -> Self {
        Self {
            schema: MARK_SCHEMA.to_owned(),
            shard: shard.label.clone(),
            key: shard.key,
            pipeline: inputs.pipeline,
            granules: inputs.granules,
            outcome: Outcome::Empty,
            points: 0,
            cells: 0,
            objects: Vec::new(),
            report: BTreeMap::new(),
            execution: None,
        }
    }

    /// What the mark is the result of.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs { pipeline: self.pipeline, granules: self.granules }
    }

    /// Whether both vouch for the same result; the caller's report and the execution are left out.
    #[must_use]
    pub fn same_result(&self, other: &Self) -> bool {
        self.result() == other.result()
    }

    fn result(&self) -> Self {
        Self { report: BTreeMap::new(), execution: None, ..self.clone() }
    }

    /// The mark's bytes.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let report = self.report.iter().map(|(name, value)| (name.clone(), json::sorted(value.clone()))).collect();
        json::bytes(&mark_key(&self.shard)?, &Self { report, ..self.clone() })
    }
}

/// The key of a shard's mark.
///
/// # Errors
/// When the label is not one (letters, digits, `-`, `_`).
pub fn mark_key(label: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if label.is_empty() || !label.chars().all(plain) {
        let reason = "its label is not made of letters, digits, `-` and `_`".to_owned();
        return Err(StoreError::Shard { shard: label.to_owned(), reason });
    }
    Ok(format!("{MARKS}/{label}.json"))
}

/// Marks a shard, unless it is marked. Of two at once exactly one creates.
///
/// # Errors
/// When a request fails, or the mark that is there cannot be read.
pub async fn create(store: &Store, mark: &Mark) -> Result<MarkOutcome> {
    let (key, bytes) = (mark_key(&mark.shard)?, mark.bytes()?);
    // A conflicting write that is still under way also counts as "exists", and may yet fail: then
    // there is nothing to compare with, and it is our turn again.
    for _ in 0..5 {
        if store.put_if_absent(&key, bytes.clone().into()).await? == Put::Created {
            return Ok(MarkOutcome::Created);
        }
        if let Some(theirs) = find(store, &mark.shard).await? {
            let same = theirs.same_result(mark);
            return Ok(if same { MarkOutcome::Identical } else { MarkOutcome::Conflict { theirs: Box::new(theirs) } });
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    Err(StoreError::Metadata { key, reason: "it neither exists nor can be created".to_owned() })
}

/// A shard's mark; none when it has none.
///
/// # Errors
/// When a request fails, or the mark is not one.
pub async fn find(store: &Store, label: &str) -> Result<Option<Mark>> {
    let key = mark_key(label)?;
    let Some(bytes) = store.find(&key).await? else { return Ok(None) };
    let mark: Mark = json::parse(&key, &bytes)?;
    if mark.schema != MARK_SCHEMA {
        let reason = format!("its schema is `{}`, not `{MARK_SCHEMA}`", mark.schema);
        return Err(StoreError::Metadata { key, reason });
    }
    if mark.shard != label {
        return Err(StoreError::Metadata { key, reason: format!("it is the mark of shard {}", mark.shard) });
    }
    Ok(Some(mark))
}

/// How a shard stands with regard to the result asked for.
///
/// # Errors
/// As [`find`].
pub async fn standing(store: &Store, label: &str, asked: Inputs) -> Result<Standing> {
    Ok(match find(store, label).await? {
        None => Standing::Unmarked,
        Some(mark) if mark.inputs() == asked => Standing::Done(Box::new(mark)),
        Some(mark) => Standing::Stale(Box::new(mark)),
    })
}

/// The labels of every marked shard, in no order.
pub fn list(store: &Store) -> impl Stream<Item = Result<String>> + Send + use<> {
    store.list(MARKS).filter_map(|entry| {
        let label = entry.map(|entry| {
            let name = entry.key.rsplit('/').next().unwrap_or_default();
            name.strip_suffix(".json").map(str::to_owned)
        });
        std::future::ready(label.transpose())
    })
}

/// Deletes a shard's mark, so that it counts as not done.
///
/// # Errors
/// When the request fails.
pub async fn delete(store: &Store, label: &str) -> Result<()> {
    store.delete(&mark_key(label)?).await
}

#[cfg(test)]
mod tests;
