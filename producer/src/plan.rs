//! The plan: one record per shard, one line of JSON each, addressed by byte range. However many
//! granules a shard has, its message stays small.

use std::path::{Component, Path, PathBuf};

use zagg_core::{
    digest::Digest,
    grid::Grid,
    job::{JOB_SCHEMA, Job, PlanRecord, PlanReference, PlannedGranule},
    pipeline::Pipeline,
    run::plan_key,
    shard_map::ShardMap,
};

use crate::{
    error::ProducerError,
    selection::{ChosenShard, Selection, choose},
};

/// What a run is made of.
#[derive(Debug)]
pub struct RunRequest<'a> {
    /// What is computed.
    pub pipeline: &'a Pipeline,
    /// The grid of the pipeline.
    pub grid: &'a Grid,
    /// Which granules touch which shard.
    pub shard_map: &'a ShardMap,
    /// The shard map's folder: relative hrefs start there.
    pub folder: &'a Path,
    /// Which of a granule's hrefs is read.
    pub driver: &'a str,
    /// Which shards.
    pub selection: Selection,
}

/// A planned run.
#[derive(Debug)]
pub struct RunPlan {
    /// The run's name: the same pipeline, granules and shards give the same name.
    pub run: String,
    /// The shards in the order in which they are enqueued.
    pub shards: Vec<PlannedShard>,
    /// The plan object.
    pub bytes: Vec<u8>,
    /// The pipeline's digest.
    pub pipeline: Digest,
}

/// A shard of a plan.
#[derive(Debug)]
pub struct PlannedShard {
    /// The shard's label.
    pub label: String,
    /// How many granules it has.
    pub granules: usize,
    /// Which granules, in which order.
    pub granules_digest: Digest,
    offset: u64,
    length: u64,
}

impl RunPlan {
    /// Plans a run: everything is checked, nothing is written.
    ///
    /// # Errors
    /// When the shard map is of another grid, a chosen shard does not exist, or a granule lacks the
    /// driver's href.
    pub fn new(request: &RunRequest<'_>) -> Result<Self, ProducerError> {
        request.grid.signature().matches(request.shard_map.signature()).map_err(ProducerError::OtherGrid)?;
        let chosen = choose(request.shard_map, request.grid, &request.selection)?;
        let mut bytes = Vec::new();
        let mut shards = Vec::with_capacity(chosen.len());
        for shard in &chosen {
            let record = record(request, shard)?;
            let offset = bytes.len() as u64;
            serde_json::to_writer(&mut bytes, &record)
                .map_err(|source| ProducerError::Plan { shard: record.shard.clone(), source })?;
            let length = bytes.len() as u64 - offset;
            bytes.push(b'\n');
            let granules_digest = record.granules_digest();
            shards.push(PlannedShard {
                label: record.shard,
                granules: shard.granules,
                granules_digest,
                offset,
                length,
            });
        }
        let run = Digest::of(format!("{}\n{}", request.pipeline.digest, Digest::of(&bytes)).as_bytes()).short(16);
        Ok(Self { run, shards, bytes, pipeline: request.pipeline.digest })
    }

    /// A plan of shards without granules, for tests of what is done with plans.
    #[cfg(test)]
    pub(crate) fn of_labels(run: &str, labels: Vec<String>, pipeline: Digest) -> Self {
        let shard = |label| {
            let granules_digest = Digest::of(b"");
            PlannedShard { label, granules: 0, granules_digest, offset: 0, length: 0 }
        };
        let shards = labels.into_iter().map(shard).collect();
        Self { run: run.to_owned(), shards, bytes: Vec::new(), pipeline }
    }

    /// The plan's key in the store.
    #[must_use]
    pub fn key(&self) -> String {
        plan_key(&self.run)
    }

    /// The job of one shard of this plan, for workers that open the store at `store`.
    #[must_use]
    pub fn job(&self, shard: &PlannedShard, store: &str) -> Job {
        Job {
            schema: JOB_SCHEMA.to_owned(),
            run: self.run.clone(),
            shard: shard.label.clone(),
            granules: u32::try_from(shard.granules).unwrap_or(u32::MAX),
            plan: PlanReference {
                store: store.to_owned(),
                key: self.key(),
                offset: shard.offset,
                length: shard.length,
            },
            pipeline: self.pipeline,
        }
    }
}

fn record(request: &RunRequest<'_>, chosen: &ChosenShard) -> Result<PlanRecord, ProducerError> {
    let mut granules = Vec::with_capacity(chosen.granules);
    let entry = request.shard_map.shards().get(chosen.entry);
    for granule in entry.into_iter().flat_map(|entry| request.shard_map.granules_of(entry)) {
        let href = resolve(granule.href(request.driver)?, request.folder);
        granules.push(PlannedGranule { id: granule.id.clone(), href });
    }
    Ok(PlanRecord { shard: chosen.shard.label.clone(), key: chosen.shard.key, granules })
}

/// A relative path starts at the shard map's folder; a URL or an absolute path stays as it is.
fn resolve(href: &str, folder: &Path) -> String {
    if href.contains("://") || Path::new(href).is_absolute() {
        return href.to_owned();
    }
    let mut path = PathBuf::from(folder);
    for part in Path::new(href).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            other => path.push(other),
        }
    }
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hrefs_are_resolved_against_the_shard_maps_folder() {
        let folder = Path::new("/data/maps");
        assert_eq!(resolve("granules/a.h5", folder), "/data/maps/granules/a.h5");
        assert_eq!(resolve("./../b.h5", folder), "/data/b.h5");
        assert_eq!(resolve("/abs/c.h5", folder), "/abs/c.h5");
        assert_eq!(resolve("s3://bucket/d.h5", folder), "s3://bucket/d.h5");
        assert_eq!(resolve("file:///e.h5", folder), "file:///e.h5");
    }
}
