//! The parts of a granule that are in memory, as the parser's storage.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hdf5_reader::error::Error as ParserError;
use hdf5_reader::{Storage, StorageBuffer};

use crate::error::{Hdf5Error, SourceError};
use crate::source::ByteSource;

/// The parser may ask for this much at once.
const MAX_METADATA_READ: u64 = 32 << 20;

/// The head and the blocks of one granule that were fetched. A read that lacks a block records it
/// and fails; for a blocking source the block is read at once.
#[derive(Debug)]
pub(super) struct Blocks {
    length: u64,
    block: u64,
    budget: u64,
    /// Where missing blocks are read, when that needs no waiting.
    near: Option<Arc<dyn ByteSource>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first bytes, without a gap.
    head: Bytes,
    blocks: HashMap<u64, Bytes>,
    /// Bytes in `blocks`.
    held: u64,
    missed: BTreeSet<u64>,
    /// What went wrong besides a miss, for whoever runs the parser: it may swallow errors.
    trouble: Option<SourceError>,
    over_budget: bool,
}

impl Blocks {
    pub(super) fn new(length: u64, block: u64, budget: u64, near: Option<Arc<dyn ByteSource>>) -> Self {
        Self { length, block: block.max(512), budget, near, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The blocks (runs of them, widened over gaps of `gap` bytes) that reads have lacked since
    /// the last call.
    pub(super) fn take_missed(&self, gap: u64) -> Vec<Range<u64>> {
        let missed = std::mem::take(&mut self.state().missed);
        let mut runs: Vec<Range<u64>> = Vec::new();
        for block in missed {
            let start = block * self.block;
            let end = start.saturating_add(self.block).min(self.length);
            match runs.last_mut() {
                Some(run) if start <= run.end.saturating_add(gap) => run.end = end,
                _ => runs.push(start..end),
            }
        }
        runs
    }

    /// The error that a read met, if one did.
    pub(super) fn take_trouble(&self) -> Option<SourceError> {
        self.state().trouble.take()
    }

    /// Refuses a granule of which more metadata was asked for than it may have.
    pub(super) fn check_budget(&self) -> Result<(), Hdf5Error> {
        let state = self.state();
        if !state.over_budget {
            return Ok(());
        }
        let bytes = state.held.saturating_add(self.block);
        Err(Hdf5Error::TooLarge { path: "/".to_owned(), what: "metadata", bytes, limit: self.budget })
    }

    /// Takes the first bytes of the granule.
    pub(super) fn set_head(&self, head: Bytes) {
        self.state().head = head;
    }

    /// The first bytes of the granule.
    pub(super) fn head(&self) -> Bytes {
        self.state().head.clone()
    }

    /// Whether all of the granule is here.
    pub(super) fn is_whole(&self) -> bool {
        self.state().head.len() as u64 == self.length
    }

    /// Takes the bytes of a run that [`Self::take_missed`] named.
    pub(super) fn insert(&self, start: u64, bytes: &Bytes) {
        let mut state = self.state();
        let mut offset = 0;
        while offset < bytes.len() {
            let end = (offset + self.block as usize).min(bytes.len());
            let number = (start + offset as u64) / self.block;
            state.held += (end - offset) as u64;
            state.blocks.insert(number, bytes.slice(offset..end));
            offset = end;
        }
    }

    fn range(&self, offset: u64, length: usize) -> Result<Range<u64>, ParserError> {
        let needed = length as u64;
        let end = offset.checked_add(needed).filter(|end| *end <= self.length);
        let available = self.length.saturating_sub(offset);
        let end = end.ok_or(ParserError::UnexpectedEof { offset, needed, available })?;
        if needed > MAX_METADATA_READ {
            return Err(ParserError::ResourceLimit(format!("{needed} bytes of metadata in one read")));
        }
        Ok(offset..end)
    }

    /// The blocks of `range` that are here, in order; the others are read or recorded.
    fn gather(&self, range: &Range<u64>) -> Result<Vec<Bytes>, ParserError> {
        let mut state = self.state();
        let mut found = Vec::new();
        let (first, last) = (range.start / self.block, (range.end - 1) / self.block);
        for number in first..=last {
            match state.blocks.get(&number) {
                Some(bytes) => found.push(bytes.clone()),
                None => match self.lacking(&mut state, number)? {
                    Some(bytes) => found.push(bytes),
                    None => continue,
                },
            }
        }
        if found.len() as u64 == last - first + 1 {
            return Ok(found);
        }
        Err(ParserError::Io(std::io::Error::from(std::io::ErrorKind::WouldBlock)))
    }

    /// A block that is not here: read, or recorded as missed.
    fn lacking(&self, state: &mut State, number: u64) -> Result<Option<Bytes>, ParserError> {
        let start = number * self.block;
        let range = start..start.saturating_add(self.block).min(self.length);
        let wanted = state.held + (state.missed.len() as u64 + 1).saturating_mul(self.block);
        if wanted > self.budget {
            state.over_budget = true;
            return Err(ParserError::ResourceLimit(format!("more than {} bytes of metadata", self.budget)));
        }
        // The head is not cut at a block's end; a block that begins in it may be all there.
        if range.end <= state.head.len() as u64 {
            return Ok(Some(state.head.slice(range.start as usize..range.end as usize)));
        }
        let Some(near) = self.near.as_ref().and_then(|near| near.blocking()) else {
            state.missed.insert(number);
            return Ok(None);
        };
        match near.read(range) {
            Ok(bytes) => {
                state.held += bytes.len() as u64;
                state.blocks.insert(number, bytes.clone());
                Ok(Some(bytes))
            }
            Err(error) => {
                state.trouble = Some(error);
                Err(ParserError::Io(std::io::Error::from(std::io::ErrorKind::Other)))
            }
        }
    }
}

impl Storage for Blocks {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer, ParserError> {
        let range = self.range(offset, len)?;
        if len == 0 {
            return Ok(StorageBuffer::from_vec(Vec::new()));
        }
        let head = self.head();
        if range.end <= head.len() as u64 {
            return StorageBuffer::from_shared_owner(Arc::new(head), range.start as usize, len);
        }
        let blocks = self.gather(&range)?;
        let skip = (range.start % self.block) as usize;
        if let [block] = blocks.as_slice() {
            return StorageBuffer::from_shared_owner(Arc::new(block.clone()), skip, len);
        }
        let mut joined = Vec::with_capacity(len);
        for (i, block) in blocks.iter().enumerate() {
            let from = if i == 0 { skip.min(block.len()) } else { 0 };
            let to = block.len().min(from + (len - joined.len()));
            joined.extend_from_slice(&block[from..to]);
        }
        if joined.len() == len { Ok(StorageBuffer::from_vec(joined)) } else { Err(short(offset, len, joined.len())) }
    }
}

fn short(offset: u64, needed: usize, available: usize) -> ParserError {
    ParserError::UnexpectedEof { offset, needed: needed as u64, available: available as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = 512;

    fn blocks() -> (Vec<u8>, Blocks) {
        let bytes: Vec<u8> = (0..5000u32).map(|i| (i % 251) as u8).collect();
        let blocks = Blocks::new(5000, BLOCK, 1 << 20, None);
        blocks.set_head(Bytes::copy_from_slice(&bytes[..700]));
        (bytes, blocks)
    }

    #[test]
    fn a_read_that_lacks_blocks_records_them_and_works_once_they_came() {
        let (bytes, blocks) = blocks();
        assert_eq!(blocks.read_range(0, 700).unwrap().as_ref(), &bytes[..700]);
        assert!(blocks.read_range(600, 1000).is_err());
        assert!(blocks.read_range(4990, 10).is_err());
        let missed = blocks.take_missed(0);
        assert_eq!(missed, vec![512..2048, 4608..5000]);
        for run in missed {
            blocks.insert(run.start, &Bytes::copy_from_slice(&bytes[run.start as usize..run.end as usize]));
        }
        assert_eq!(blocks.read_range(600, 1000).unwrap().as_ref(), &bytes[600..1600]);
        assert_eq!(blocks.read_range(4990, 10).unwrap().as_ref(), &bytes[4990..]);
        assert_eq!(blocks.read_range(1000, 20).unwrap().as_ref(), &bytes[1000..1020]);
        assert!(blocks.take_missed(0).is_empty());
    }

    #[test]
    fn near_misses_become_one_run() {
        let (_, blocks) = blocks();
        assert!(blocks.read_range(1024, 1).is_err());
        assert!(blocks.read_range(2048, 1).is_err());
        assert_eq!(blocks.take_missed(512), vec![1024..2560]);
    }

    #[test]
    fn reads_past_the_end_and_huge_ones_are_errors_and_no_misses() {
        let (_, blocks) = blocks();
        assert!(matches!(blocks.read_range(4999, 2), Err(ParserError::UnexpectedEof { .. })));
        assert!(matches!(blocks.read_range(u64::MAX, 2), Err(ParserError::UnexpectedEof { .. })));
        let large = Blocks::new(1 << 40, BLOCK, 1 << 20, None);
        assert!(matches!(large.read_range(0, 1 << 30), Err(ParserError::ResourceLimit(_))));
        assert!(matches!(large.read_range(0, 2 << 20), Err(ParserError::ResourceLimit(_))));
        assert!(large.check_budget().is_err());
    }
}
