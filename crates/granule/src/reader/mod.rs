//! Granules to points of one shard.
//!
//! A granule answers three questions, each in one concurrent, coalesced round: which HDF5 chunks
//! can touch the shard (`extents`, or `planned` along a coarse level), which rows are in it
//! (`select`), and what are their values (`values`). Points come in a fixed order: granule,
//! group, row.

mod cache;
mod compare;
mod error;
mod extents;
mod index;
mod levels;
mod load;
mod ownership;
mod planned;
mod report;
mod select;
mod values;
mod wants;

pub use error::{LinkError, ReadError};
pub use report::ReadReport;

use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;
use zagg_core::{
    grid::{Grid, Shard, ShardLocator},
    job::PlannedGranule,
    pipeline::{FillPolicy, Pipeline},
    points::Points,
};

use crate::{
    cpu::CpuPool,
    hdf5::{Fills, PlanSettings},
    source::{Meter, SourceSettings, Sources, Usage},
};

use self::{
    cache::Cache,
    index::{Indexes, Opener},
};
use load::Loader;
use wants::Wants;

/// How reading is done. Never changes a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Granules of one shard that are read at once.
    pub granules_in_flight: usize,
    /// Granules that are read at once over all shards: bounds the memory of what is in flight.
    pub granules_in_all: usize,
    /// Bytes for decoded HDF5 chunks that neighbouring shards share.
    pub cache_bytes: usize,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        Self { granules_in_flight: 8, granules_in_all: 16, cache_bytes: 48_000_000 }
    }
}

/// Reads the points of shards from granules. Shared by all jobs of a process: what is learned
/// about a granule is kept.
#[derive(Debug)]
pub struct GranuleReader {
    grid: Grid,
    wants: Arc<Wants>,
    fills: Fills,
    opener: Opener,
    indexes: Indexes,
    loader: Loader,
    settings: ReaderSettings,
    permits: Semaphore,
}

impl GranuleReader {
    /// A reader for what `pipeline` wants, on `grid`.
    #[must_use]
    pub fn new(
        pipeline: &Pipeline,
        grid: &Grid,
        sources: SourceSettings,
        settings: ReaderSettings,
        cpu: CpuPool,
    ) -> Self {
        let fills = match pipeline.source.fill {
            FillPolicy::Missing => Fills::Missing,
            FillPolicy::Keep => Fills::Keep,
        };
        Self {
            grid: grid.clone(),
            wants: Arc::new(Wants::new(&pipeline.source)),
            fills,
            opener: Opener {
                meter: Arc::new(Meter::new(Arc::clone(&sources.latency))),
                sources: Sources::new(sources),
                plan: PlanSettings::default(),
                cpu: cpu.clone(),
                wholes: Cache::new(settings.cache_bytes),
            },
            indexes: Indexes::new(),
            loader: Loader::new(settings.cache_bytes, cpu),
            settings,
            permits: Semaphore::new(settings.granules_in_all.max(1)),
        }
    }

    /// Everything that was read so far, over all jobs, planning included.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.opener.meter.usage()
    }

    /// The points of `shard` in `granules`: those that are inside and pass every filter, in the
    /// order of `granules`, of the pipeline's groups, and of the rows.
    ///
    /// # Errors
    /// The first granule that cannot be read whole. A group that a granule lacks is no error.
    pub async fn read(&self, shard: &Shard, granules: &[PlannedGranule]) -> Result<(Points, ReadReport), ReadError> {
        let locator =
            self.grid.locator(shard).map_err(|source| ReadError::Shard { shard: shard.label.clone(), source })?;
        let locator = Arc::new(locator);
        let mut report = self.empty_report();
        let mut points = Points::default();
        // Boxed, because the compiler cannot yet prove a stream of borrowing futures to be `Send`.
        let each: Vec<_> = granules.iter().map(|granule| self.read_granule(&locator, granule).boxed()).collect();
        let mut read = stream::iter(each).buffered(self.settings.granules_in_flight.max(1));
        while let Some((parts, of_granule)) = read.try_next().await? {
            report.add(&of_granule);
            parts.into_iter().for_each(|part| points.append(part));
        }
        Ok((points, report))
    }

    async fn read_granule(
        &self,
        locator: &Arc<ShardLocator>,
        granule: &PlannedGranule,
    ) -> Result<(Vec<Points>, ReadReport), ReadError> {
        // The semaphore is never closed, and going on without a permit would only use more memory.
        let _permit = self.permits.acquire().await.ok();
        let index = self.indexes.get(granule, &self.wants, &self.opener).await?;
        let mut report = self.empty_report();
        report.granules = 1;
        report.groups = index.groups.iter().flatten().count() as u64;
        report.groups_absent = index.groups.len() as u64 - report.groups;
        let planned = match &self.wants.planned {
            Some(plan) => planned::candidates(&index, &self.wants, plan, locator, &self.loader, &mut report).await?,
            None => None,
        };
        let candidates = match planned {
            Some(candidates) => candidates,
            None => extents::candidates(&index, &self.wants, locator.bounds(), &self.loader, &mut report).await?,
        };
        let selected = select::select(&index, &self.wants, locator, candidates, &self.loader, &mut report).await?;
        let points = values::values(&index, &self.wants, selected, self.fills, &self.loader, &mut report).await?;
        Ok((points, report))
    }

    fn empty_report(&self) -> ReadReport {
        let dropped = self.wants.filter_names().into_iter().map(|name| (name, 0)).collect();
        ReadReport { dropped, ..ReadReport::default() }
    }
}
