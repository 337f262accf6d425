//! Loading pieces of datasets: from the cache, or fetched together and decoded on the CPU pool.

use std::{collections::HashMap, ops::Range, sync::Arc, time::Instant};

use bytes::Bytes;
use rayon::prelude::*;

use super::{
    cache::{Cache, Weigh},
    error::ReadError,
    index::GranuleIndex,
    report::ReadReport,
    wants::Slot,
};
use crate::{
    cpu::CpuPool,
    error::{Hdf5Error, SourceError},
    hdf5::UndonePiece,
    source::{BlockingSource, coalesce},
};

/// One piece of one dataset of one granule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PieceKey {
    granule: u64,
    pub(super) group: usize,
    pub(super) slot: Slot,
    pub(super) piece: u64,
}

impl PieceKey {
    pub(super) fn new(index: &GranuleIndex, group: usize, slot: Slot, piece: u64) -> Self {
        Self { granule: index.number, group, slot, piece }
    }
}

/// Decoded pieces. One that was never written is not among them and needs no bytes.
#[derive(Debug, Default)]
pub(super) struct Pieces(HashMap<PieceKey, Arc<UndonePiece>>);

impl Pieces {
    /// A piece of `slot` of `group`.
    pub(super) fn get(&self, index: &GranuleIndex, group: usize, slot: Slot, piece: u64) -> Option<&UndonePiece> {
        self.0.get(&PieceKey::new(index, group, slot, piece)).map(Arc::as_ref)
    }
}

impl Weigh for UndonePiece {
    fn weight(&self) -> usize {
        self.bytes()
    }
}

/// A piece to fetch.
pub(super) struct Miss {
    pub(super) key: PieceKey,
    range: Range<u64>,
}

impl Miss {
    /// Bytes to fetch.
    pub(super) fn bytes(&self) -> u64 {
        self.range.end - self.range.start
    }
}

/// Loads pieces.
#[derive(Debug)]
pub(super) struct Loader {
    cache: Cache<PieceKey, UndonePiece>,
    cpu: CpuPool,
}

impl Loader {
    pub(super) fn new(cache_bytes: usize, cpu: CpuPool) -> Self {
        Self { cache: Cache::new(cache_bytes), cpu }
    }

    pub(super) fn cpu(&self) -> &CpuPool {
        &self.cpu
    }

    /// The pieces of `wanted`, each fetched at most once.
    pub(super) async fn load(
        &self,
        index: &Arc<GranuleIndex>,
        mut wanted: Vec<PieceKey>,
        report: &mut ReadReport,
    ) -> Result<Pieces, ReadError> {
        wanted.sort_unstable_by_key(|key| (key.group, key.slot, key.piece));
        wanted.dedup();
        let mut pieces = Pieces::default();
        let mut misses = Vec::new();
        for key in wanted {
            match self.cache.get(&key) {
                Some(piece) => {
                    report.hdf5_chunks_cached += 1;
                    pieces.0.insert(key, piece);
                }
                None => misses.extend(miss(index, key)),
            }
        }
        let loaded = self.fetch(index, misses, report, |_, piece| Some(Arc::new(piece))).await?;
        for (key, piece) in loaded {
            self.cache.put(key, Arc::clone(&piece));
            pieces.0.insert(key, piece);
        }
        Ok(pieces)
    }

    /// Keeps a piece that was decoded elsewhere.
    pub(super) fn keep(&self, key: PieceKey, piece: UndonePiece) {
        self.cache.put(key, Arc::new(piece));
    }

    /// Fetches and decodes `misses`; what `take` makes of each piece, on the CPU pool.
    pub(super) async fn fetch<T: Send + 'static>(
        &self,
        index: &Arc<GranuleIndex>,
        misses: Vec<Miss>,
        report: &mut ReadReport,
        take: impl Fn(PieceKey, UndonePiece) -> Option<T> + Send + Sync + 'static,
    ) -> Result<Vec<(PieceKey, T)>, ReadError> {
        if misses.is_empty() {
            return Ok(Vec::new());
        }
        let ranges: Vec<Range<u64>> = misses.iter().map(|miss| miss.range.clone()).collect();
        let runs = coalesce::runs(&ranges, index.source.coalescing());
        report.hdf5_chunks_decoded += misses.len() as u64;
        let whole = index.whole.upgrade().and_then(|granule| granule.ranges_blocking(&ranges)).transpose();
        let mut fetched = whole.map_err(|source| at_hdf5(index, source))?;
        if fetched.is_none() {
            report.requests += runs.len() as u64;
            report.bytes += runs.iter().map(|run| run.range.end - run.range.start).sum::<u64>();
        }
        if fetched.is_none() && index.source.blocking().is_none() {
            let start = Instant::now();
            fetched = Some(index.source.ranges(&ranges).await.map_err(|source| at_source(index, source))?);
            report.read_seconds += start.elapsed().as_secs_f64();
        }
        let granule = Arc::clone(index);
        let work = move || match (fetched, granule.source.blocking()) {
            (None, Some(source)) => read_and_undo(&granule, source, &misses, &ranges, &runs, &take),
            (fetched, _) => undo_all(&granule, &misses, &fetched.unwrap_or_default(), &take),
        };
        let done =
            self.cpu.run(work).await.map_err(|source| ReadError::Cpu { granule: index.id.clone(), source })??;
        report.read_seconds += done.read_seconds;
        report.decode_seconds += done.decode_seconds;
        Ok(done.pieces)
    }
}

/// The piece to fetch for `key`; none when nothing of it is stored.
pub(super) fn miss(index: &GranuleIndex, key: PieceKey) -> Option<Miss> {
    let group = index.groups.get(key.group)?.as_ref()?;
    let range = group.dataset(key.slot).extent(key.piece)?.range();
    Some(Miss { key, range })
}

struct Fetched<T> {
    pieces: Vec<(PieceKey, T)>,
    read_seconds: f64,
    decode_seconds: f64,
}

impl<T> Fetched<T> {
    fn of(parts: Vec<Self>) -> Self {
        let mut all = Self { pieces: Vec::new(), read_seconds: 0.0, decode_seconds: 0.0 };
        for part in parts {
            all.pieces.extend(part.pieces);
            all.read_seconds += part.read_seconds;
            all.decode_seconds += part.decode_seconds;
        }
        all
    }
}

/// For files: each coalesced run is read and decoded by one thread.
fn read_and_undo<T: Send>(
    index: &GranuleIndex,
    source: &dyn BlockingSource,
    misses: &[Miss],
    ranges: &[Range<u64>],
    runs: &[coalesce::Run],
    take: &(impl Fn(PieceKey, UndonePiece) -> Option<T> + Sync),
) -> Result<Fetched<T>, ReadError> {
    let parts: Result<Vec<_>, ReadError> = runs
        .par_iter()
        .map(|run| {
            let start = Instant::now();
            let bytes = source.read(run.range.clone()).map_err(|source| at_source(index, source))?;
            let read_seconds = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let mut pieces = Vec::with_capacity(run.members.len());
            for &member in &run.members {
                let from = (ranges[member].start - run.range.start) as usize;
                let to = (ranges[member].end - run.range.start) as usize;
                let stored = bytes.get(from..to).unwrap_or_default();
                pieces.extend(undo_one(index, &misses[member], stored, take)?);
            }
            Ok(Fetched { pieces, read_seconds, decode_seconds: start.elapsed().as_secs_f64() })
        })
        .collect();
    parts.map(Fetched::of)
}

fn undo_all<T: Send>(
    index: &GranuleIndex,
    misses: &[Miss],
    fetched: &[Bytes],
    take: &(impl Fn(PieceKey, UndonePiece) -> Option<T> + Sync),
) -> Result<Fetched<T>, ReadError> {
    let parts: Result<Vec<_>, ReadError> = misses
        .par_iter()
        .zip(fetched)
        .map(|(miss, stored)| {
            let start = Instant::now();
            let pieces = undo_one(index, miss, stored, take)?.into_iter().collect();
            Ok(Fetched { pieces, read_seconds: 0.0, decode_seconds: start.elapsed().as_secs_f64() })
        })
        .collect();
    parts.map(Fetched::of)
}

fn undo_one<T>(
    index: &GranuleIndex,
    miss: &Miss,
    stored: &[u8],
    take: &impl Fn(PieceKey, UndonePiece) -> Option<T>,
) -> Result<Option<(PieceKey, T)>, ReadError> {
    let Some(Some(group)) = index.groups.get(miss.key.group) else { return Ok(None) };
    let piece =
        group.dataset(miss.key.slot).undo_piece(miss.key.piece, stored).map_err(|source| at_hdf5(index, source))?;
    Ok(take(miss.key, piece).map(|taken| (miss.key, taken)))
}

pub(super) fn at_source(index: &GranuleIndex, source: SourceError) -> ReadError {
    ReadError::Source { granule: index.id.clone(), source }
}

pub(super) fn at_hdf5(index: &GranuleIndex, source: Hdf5Error) -> ReadError {
    ReadError::hdf5(&index.id, source)
}
