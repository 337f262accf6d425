//! Re-reading a store: is what the marks vouch for still there, and nothing else?

mod overviews;

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;
use zagg_core::{column::Values, digest::Digest};

use crate::{
    array::ZarrArray,
    error::{Result, StoreError},
    json,
    mark::{self, Mark, Outcome},
    objects::Store,
    overview::Vouched,
    template::{self, ROOT},
    values::le_bytes,
};

/// What verifying found. Lists hold the first [`NAMED`] names; the counts are whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Marks read.
    pub marks: u64,
    /// Of these, marks of shards without points.
    pub empty: u64,
    /// Objects read.
    pub objects: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Points that the marks count.
    pub points: u64,
    /// Cells with points that the marks count.
    pub cells: u64,
    /// Digest of the metadata documents, without the consolidated copies.
    pub template: Option<Digest>,
    /// Metadata that is wrong, one sentence each.
    pub metadata: Vec<String>,
    /// Marks that cannot be read, or are of another pipeline.
    pub bad_marks: Findings,
    /// Objects that a mark names and that are not there.
    pub missing: Findings,
    /// Objects whose size or digest is not the marked one.
    pub changed: Findings,
    /// Objects that are as marked but do not decode to a chunk.
    pub undecodable: Findings,
    /// Chunks that no mark names and that hold data: of a run that is not finished, or was killed.
    pub unmarked: Findings,
    /// Chunks that no mark names and that hold fill only.
    pub blank: u64,
    /// The overviews, by their groups' names: whether each is of the cells that the marks vouch for.
    pub overviews: BTreeMap<String, Freshness>,
}

/// Whether an overview is of the cells that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// It is.
    Fresh,
    /// The cells have changed since.
    Stale,
    /// It was begun and not finished; readers do not see it.
    Unfinished,
}

/// Keys, counted and partly named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub keys: Vec<String>,
}

/// Names kept per list of a report.
pub const NAMED: usize = 20;

/// Marks read at once; each reads its objects one by one.
const AT_ONCE: usize = 8;

impl Findings {
    fn push(&mut self, key: String) {
        self.count += 1;
        if self.keys.len() < NAMED {
            self.keys.push(key);
        }
    }
}

impl VerifyReport {
    /// Whether everything that is marked is as it was written. Unmarked chunks are no fault: they
    /// are there while a run goes on.
    #[must_use]
    pub fn sound(&self) -> bool {
        let faults = [&self.bad_marks, &self.missing, &self.changed, &self.undecodable];
        self.metadata.is_empty() && faults.iter().all(|findings| findings.count == 0)
    }
}

/// Re-reads every mark and every object that it names, then lists the chunks that no mark names.
/// Changes nothing. `progress` is told the marks done so far.
///
/// # Errors
/// When there is no store or a request fails; what is wrong with the store is in the report.
pub async fn verify(store: &Store, mut progress: impl FnMut(u64)) -> Result<VerifyReport> {
    let claim = template::claim(store).await?;
    let mut report = VerifyReport::default();
    let (arrays, groups) = metadata(store, &mut report).await?;
    let (mut known, mut vouched): (HashSet<Digest>, _) = (HashSet::new(), Vouched::default());
    let checks = mark::list(store).map(|label| {
        let (store, arrays) = (store.clone(), arrays.clone());
        async move { check_mark(&store, &arrays, label?).await }
    });
    let mut checks = std::pin::pin!(checks.buffer_unordered(AT_ONCE));
    while let Some(checked) = checks.next().await.transpose()? {
        report.marks += 1;
        match checked {
            Checked::Gone => report.marks -= 1,
            Checked::Unreadable(key, error) => report.bad_marks.push(format!("{key}: {error}")),
            Checked::Read(mark, objects) => {
                if mark.pipeline != claim.pipeline {
                    report.bad_marks.push(format!("{}: of pipeline {}", mark.shard, mark.pipeline));
                }
                vouched.add(&mark)?;
                report.empty += u64::from(mark.outcome == Outcome::Empty);
                report.points += mark.points;
                report.cells += mark.cells;
                for (object, state) in mark.objects.into_iter().zip(objects) {
                    known.insert(Digest::of(object.key.as_bytes()));
                    report.see(object.key, object.size, state);
                }
            }
        }
        progress(report.marks);
    }
    let overviews = overviews::judge(&groups, vouched.digest(), &mut report);
    overviews::decode(store, &arrays, &overviews, &mut report).await?;
    let mut of_cells = arrays.clone();
    of_cells.retain(|path, _| !overviews.iter().any(|group| path.split('/').next() == Some(group)));
    unmarked(store, &of_cells, &known, &mut report).await?;
    Ok(report)
}

impl VerifyReport {
    fn see(&mut self, key: String, size: u64, state: State) {
        match state {
            State::Missing => return self.missing.push(key),
            State::Changed => self.changed.push(key),
            State::Undecodable => self.undecodable.push(key),
            State::Sound => {}
        }
        self.objects += 1;
        self.bytes += size;
    }
}

enum Checked {
    Gone,
    Unreadable(String, StoreError),
    Read(Box<Mark>, Vec<State>),
}

#[derive(Clone, Copy)]
enum State {
    Sound,
    Missing,
    Changed,
    Undecodable,
}

type ArraysByPath = BTreeMap<String, ZarrArray>;

async fn check_mark(store: &Store, arrays: &ArraysByPath, label: String) -> Result<Checked> {
    let mark = match mark::find(store, &label).await {
        Ok(Some(mark)) => mark,
        // Deleted since it was listed.
        Ok(None) => return Ok(Checked::Gone),
        Err(error @ StoreError::Request { .. }) => return Err(error),
        Err(error) => return Ok(Checked::Unreadable(label, error)),
    };
    let mut states = Vec::with_capacity(mark.objects.len());
    for object in &mark.objects {
        let Some(bytes) = store.find(&object.key).await? else {
            states.push(State::Missing);
            continue;
        };
        let (size, sha256) = (object.size, object.sha256);
        let array = array_of(arrays, &object.key).cloned();
        let work = tokio::task::spawn_blocking(move || {
            if bytes.len() as u64 != size || Digest::of(&bytes) != sha256 {
                State::Changed
            } else if array.is_some_and(|array| array.decode(&bytes).is_ok()) {
                State::Sound
            } else {
                State::Undecodable
            }
        });
        // A decoder that gives up by panicking has not decoded.
        states.push(work.await.unwrap_or(State::Undecodable));
    }
    Ok(Checked::Read(Box::new(mark), states))
}

fn array_of<'a>(arrays: &'a ArraysByPath, key: &str) -> Option<&'a ZarrArray> {
    let (path, _) = key.split_once("/c/")?;
    let array = arrays.get(path)?;
    array.chunk_index(key).map(|_| array)
}

/// Reads every metadata document, and finds what contradicts itself. Gives the arrays, and the groups' documents.
async fn metadata(store: &Store, report: &mut VerifyReport) -> Result<(ArraysByPath, Vec<(String, Value)>)> {
    let (mut arrays, mut documents, mut groups) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut keys = vec![ROOT.to_owned()];
    let folders = store.folders("").await?;
    for group in folders.iter().filter(|name| !name.starts_with('.')) {
        if overviews::is_unfinished(store, group, &folders).await? {
            report.overviews.insert(group.clone(), Freshness::Unfinished);
            continue;
        }
        keys.push(format!("{group}/zarr.json"));
        let names = store.folders(group).await?;
        keys.extend(names.into_iter().filter(|name| name != "c").map(|name| format!("{group}/{name}/zarr.json")));
    }
    let gets: Vec<_> = keys.iter().map(|key| store.find(key)).collect();
    let found: Vec<_> = stream::iter(gets).buffered(AT_ONCE).try_collect().await?;
    for (key, bytes) in keys.into_iter().zip(found) {
        let Some(bytes) = bytes else {
            report.metadata.push(format!("{key} is missing"));
            continue;
        };
        let mut document: Value = match json::parse(&key, &bytes) {
            Ok(document) => document,
            Err(error) => {
                report.metadata.push(error.to_string());
                continue;
            }
        };
        if document["node_type"] == "array" {
            let path = key.strip_suffix("/zarr.json").unwrap_or(&key).to_owned();
            match ZarrArray::parse(&path, &document) {
                Ok(array) => {
                    arrays.insert(path, array);
                }
                Err(error) => report.metadata.push(error.to_string()),
            }
        }
        if let Some((group, "zarr.json")) = key.split_once('/') {
            groups.push((group.to_owned(), document.clone()));
        }
        let copy = document.as_object_mut().and_then(|map| map.remove("consolidated_metadata"));
        documents.insert(key, (json::sorted(document), copy));
    }
    let consolidated = documents.get(ROOT).and_then(|(_, copy)| copy.clone());
    report.metadata.extend(consolidated.map(|copy| stale_copies(&copy, &documents)).unwrap_or_default());
    let all: Vec<u8> = documents.iter().flat_map(|(key, (d, _))| format!("{key}\n{d}\n").into_bytes()).collect();
    report.template = Some(Digest::of(&all));
    Ok((arrays, groups))
}

/// Copies in the root's consolidated metadata that differ from their originals.
fn stale_copies(copy: &Value, documents: &BTreeMap<String, (Value, Option<Value>)>) -> Vec<String> {
    let mut wrong = Vec::new();
    let members = copy["metadata"].as_object().cloned().unwrap_or_default();
    for (key, (original, _)) in documents.iter().filter(|(key, _)| *key != ROOT) {
        let path = key.strip_suffix("/zarr.json").unwrap_or(key);
        let mut member = members.get(path).cloned().unwrap_or_default();
        if let Some(map) = member.as_object_mut() {
            map.remove("consolidated_metadata");
        }
        if json::sorted(member) != *original {
            wrong.push(format!("the consolidated copy of {key} is out of date"));
        }
    }
    wrong
}

/// Lists the chunks that no mark names; those of the axes belong to the template.
async fn unmarked(
    store: &Store,
    arrays: &ArraysByPath,
    known: &HashSet<Digest>,
    report: &mut VerifyReport,
) -> Result<()> {
    for array in arrays.values().filter(|array| array.dims.len() != 1 || array.dims[0] == "cells") {
        let mut entries = std::pin::pin!(store.list(&format!("{}/c", array.path)));
        while let Some(entry) = entries.next().await.transpose()? {
            if known.contains(&Digest::of(entry.key.as_bytes())) {
                continue;
            }
            let Some(bytes) = store.find(&entry.key).await? else { continue };
            let array = array.clone();
            let blank = tokio::task::spawn_blocking(move || is_blank(&array, &bytes)).await.unwrap_or(false);
            if blank {
                report.blank += 1;
            } else {
                report.unmarked.push(entry.key);
            }
        }
    }
    Ok(())
}

/// Whether a chunk holds fill only.
fn is_blank(array: &ZarrArray, bytes: &[u8]) -> bool {
    let raw = |values: &Values| le_bytes(values, std::slice::from_ref(&(0..values.len())));
    array.decode(bytes).is_ok_and(|values| raw(&values) == raw(&array.fill(values.len())))
}

#[cfg(test)]
mod tests;
