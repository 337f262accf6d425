//! Planning: wants in, plans out, in as few dependent requests as the file allows.
//!
//! The parser runs over what is in memory; what it lacked is fetched, all at once, and it runs
//! again from the start, until it lacked nothing. A run over 30 datasets takes a millisecond, a
//! request many: so no thread waits inside the parser, and any parser will do. A run is believed
//! only when nothing was missing in all of it, whatever error it may have swallowed.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::blocks::Blocks;
use super::dataset::Planned;
use super::path::DatasetPath;
use super::resolve;
use crate::cpu::{CpuPool, message};
use crate::error::Hdf5Error;
use crate::source::{ByteSource, read_ranges};

/// Rounds of fetching after which a granule is given up: real ones take ten.
const MAX_ROUNDS: usize = 100;

/// Blocks of sources that are read at once.
const NEAR_BLOCK: u64 = 16 << 10;

/// How metadata is fetched from remote sources.
#[derive(Debug, Clone, Copy)]
pub struct PlanSettings {
    /// Bytes of the first request.
    pub head: u64,
    /// Bytes of the head when the metadata is gathered in pages near it.
    pub paged_head: u64,
    /// Objects up to this size are fetched whole.
    pub whole: u64,
    /// Bytes of a block.
    pub block: u64,
    /// Metadata of one granule above this is refused.
    pub budget: u64,
}

impl Default for PlanSettings {
    fn default() -> Self {
        Self { head: 1 << 20, paged_head: 4 << 20, whole: 8 << 20, block: 64 << 10, budget: 256 << 20 }
    }
}

/// A granule whose head has been read.
#[derive(Debug, Clone)]
pub struct Granule {
    source: Arc<dyn ByteSource>,
    blocks: Arc<Blocks>,
    length: u64,
}

/// Plans `wants` of the granule that `source` reads. To read values from small objects without
/// fetching them again use [`Granule`].
///
/// # Errors
/// As [`Granule::open`] and [`Granule::plan`].
pub async fn plan(
    source: Arc<dyn ByteSource>,
    wants: &[DatasetPath],
    cpu: &CpuPool,
) -> Result<Vec<Planned>, Hdf5Error> {
    Granule::open(source, PlanSettings::default()).await?.plan(wants, cpu).await
}

impl Granule {
    /// Reads the granule's head. Small objects come whole with it, and it is widened when the
    /// granule says that its metadata lies in pages.
    ///
    /// # Errors
    /// [`Hdf5Error::Source`]. That the bytes are no HDF5 shows when something is planned.
    pub async fn open(source: Arc<dyn ByteSource>, settings: PlanSettings) -> Result<Self, Hdf5Error> {
        if let Some(length) = source.blocking().map(|near| near.length()) {
            let blocks = Blocks::new(length, NEAR_BLOCK, settings.budget, Some(Arc::clone(&source)));
            return Ok(Self { source, blocks: Arc::new(blocks), length });
        }
        let head = source.head(settings.head).await?;
        let length = head.length;
        let blocks = Arc::new(Blocks::new(length, settings.block, settings.budget, None));
        blocks.set_head(head.bytes.clone());
        let granule = Self { source, blocks, length };
        let wanted = if length <= settings.whole {
            length
        } else if guarded(|| Ok(resolve::is_paged(&resolve::open(&granule.blocks)?))).unwrap_or(false) {
            settings.paged_head.min(length)
        } else {
            0
        };
        granule.blocks.take_missed(0);
        granule.widen(head.bytes, wanted).await?;
        Ok(granule)
    }

    async fn widen(&self, head: Bytes, wanted: u64) -> Result<(), Hdf5Error> {
        if (head.len() as u64) < wanted {
            let more = self.source.fetch(head.len() as u64..wanted).await?;
            let mut joined = BytesMut::with_capacity(wanted as usize);
            joined.extend_from_slice(&head);
            joined.extend_from_slice(&more);
            self.blocks.set_head(joined.freeze());
        }
        Ok(())
    }

    /// Bytes of the granule.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The source that reads the granule.
    #[must_use]
    pub fn source(&self) -> &Arc<dyn ByteSource> {
        &self.source
    }

    /// Plans every one of `wants`, in their order.
    ///
    /// # Errors
    /// The first error of a dataset, or of a request.
    pub async fn plan(&self, wants: &[DatasetPath], cpu: &CpuPool) -> Result<Vec<Planned>, Hdf5Error> {
        let wants: Arc<[DatasetPath]> = wants.into();
        self.rounds(cpu, move |blocks| resolve::all(blocks, &wants)).await
    }

    /// The paths of the granule's datasets, sorted; at most `most`.
    ///
    /// # Errors
    /// The first error of a group, or of a request.
    pub async fn list(&self, most: usize, cpu: &CpuPool) -> Result<Vec<DatasetPath>, Hdf5Error> {
        self.rounds(cpu, move |blocks| resolve::list(blocks, most)).await
    }

    /// Plans without an asynchronous hop, on a thread that may compute and wait. `None` when the
    /// source needs asynchronous requests for it.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn plan_blocking(&self, wants: &[DatasetPath]) -> Option<Result<Vec<Planned>, Hdf5Error>> {
        self.at_once(|blocks| resolve::all(blocks, wants))
    }

    /// As [`Self::list`] without an asynchronous hop; `None` when the source needs one.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn list_blocking(&self, most: usize) -> Option<Result<Vec<DatasetPath>, Hdf5Error>> {
        self.at_once(|blocks| resolve::list(blocks, most))
    }

    fn at_once<T>(&self, work: impl FnOnce(&Arc<Blocks>) -> Result<T, Hdf5Error>) -> Option<Result<T, Hdf5Error>> {
        if self.source.blocking().is_none() && !self.blocks.is_whole() {
            return None;
        }
        let outcome = guarded(|| work(&self.blocks));
        Some(self.trouble().and_then(|()| self.blocks.check_budget()).and(outcome))
    }

    fn trouble(&self) -> Result<(), Hdf5Error> {
        match self.blocks.take_trouble() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    async fn rounds<T, F>(&self, cpu: &CpuPool, work: F) -> Result<T, Hdf5Error>
    where
        T: Send + 'static,
        F: Fn(&Arc<Blocks>) -> Result<T, Hdf5Error> + Clone + Send + 'static,
    {
        for _ in 0..MAX_ROUNDS {
            let (blocks, work) = (Arc::clone(&self.blocks), work.clone());
            let outcome = cpu.run(move || guarded(|| work(&blocks))).await?;
            self.trouble()?;
            self.blocks.check_budget()?;
            let missed = self.blocks.take_missed(self.source.coalescing().gap);
            if missed.is_empty() {
                return outcome;
            }
            let fetched = self.source.ranges(&missed).await?;
            for (run, bytes) in missed.iter().zip(&fetched) {
                self.blocks.insert(run.start, bytes);
            }
        }
        let what = format!("its metadata was not complete after {MAX_ROUNDS} rounds of requests");
        Err(Hdf5Error::Inconsistent { path: "/".to_owned(), what })
    }

    /// The bytes of each of `ranges`: out of memory when the granule is whole there, else from
    /// the source.
    ///
    /// # Errors
    /// [`Hdf5Error::Source`].
    pub async fn ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Hdf5Error> {
        match self.in_memory(ranges) {
            Some(bytes) => Ok(bytes),
            None => Ok(self.source.ranges(ranges).await?),
        }
    }

    /// As [`Self::ranges`] without an asynchronous hop; `None` when the source needs one.
    pub fn ranges_blocking(&self, ranges: &[Range<u64>]) -> Option<Result<Vec<Bytes>, Hdf5Error>> {
        if let Some(bytes) = self.in_memory(ranges) {
            return Some(Ok(bytes));
        }
        let near = self.source.blocking()?;
        Some(read_ranges(self.source.as_ref(), near, ranges).map_err(Hdf5Error::from))
    }

    fn in_memory(&self, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        if !self.blocks.is_whole() {
            return None;
        }
        let whole = self.blocks.head();
        let cut = |range: &Range<u64>| {
            let inside = range.start <= range.end && range.end <= whole.len() as u64;
            inside.then(|| whole.slice(range.start as usize..range.end as usize))
        };
        ranges.iter().map(cut).collect()
    }
}

/// Runs the parser. A panic of it is the granule's fault, and ends that granule only.
fn guarded<T>(parse: impl FnOnce() -> Result<T, Hdf5Error>) -> Result<T, Hdf5Error> {
    // The parser's own state goes with the panic; the blocks are only ever added to.
    catch_unwind(AssertUnwindSafe(parse))
        .unwrap_or_else(|payload| Err(Hdf5Error::ParserPanicked { message: message(payload.as_ref()) }))
}

#[cfg(test)]
#[path = "plan/tests.rs"]
mod tests;
