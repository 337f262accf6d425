//! Where the HDF5 chunks of a dataset are: every kind of chunk index, as one sorted list.

use hdf5_reader::btree_v1::{BTreeV1Key, collect_btree_v1_leaves_storage};
use hdf5_reader::chunk_index::{ChunkEntry, collect_implicit_chunk_entries, collect_v2_chunk_entries_storage};
use hdf5_reader::error::Result;
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5_reader::messages::layout::ChunkIndexing;
use hdf5_reader::{Hdf5File, Storage};

use super::dataset::ChunkRef;

/// What the metadata says of a chunked dataset.
pub(super) struct Grid<'a> {
    pub(super) shape: &'a [u64],
    /// The largest extent of each axis; `u64::MAX` is without limit.
    pub(super) most: Option<&'a [u64]>,
    pub(super) chunk: &'a [u32],
    pub(super) element: usize,
    /// Bytes of a chunk, decoded.
    pub(super) bytes: u64,
    /// The index's address in the file.
    pub(super) address: u64,
    pub(super) indexing: Option<&'a ChunkIndexing>,
    pub(super) filtered: bool,
}

impl Grid<'_> {
    /// The chunks that were written and lie inside the shape, by number. Two of one number stay two.
    pub(super) fn chunks(&self, file: &Hdf5File) -> Result<Vec<ChunkRef>> {
        let block = file.superblock();
        let base = block.base_address;
        let undefined = u64::MAX >> (64 - 8 * u32::from(block.offset_size.clamp(1, 8)));
        if self.address == undefined || self.address == u64::MAX || self.shape.contains(&0) {
            return Ok(Vec::new());
        }
        let mut chunks: Vec<ChunkRef> = self
            .entries(file)?
            .into_iter()
            .filter(|entry| entry.address != undefined && entry.address != u64::MAX)
            .filter_map(|entry| self.chunk(&entry, base))
            .collect();
        chunks.sort_unstable_by_key(|chunk| chunk.number);
        chunks.shrink_to_fit();
        Ok(chunks)
    }

    fn chunk(&self, entry: &ChunkEntry, base: u64) -> Option<ChunkRef> {
        let number = self.number(&entry.offsets)?;
        // Indexes of unfiltered chunks do not store the size.
        let size = if entry.size == 0 || !self.filtered { self.bytes } else { entry.size };
        Some(ChunkRef { number, address: entry.address.saturating_add(base), size, mask: entry.filter_mask })
    }

    /// The number of the chunk at `offsets`; `None` for one outside the shape, which is what
    /// remains of a dataset that was made smaller.
    fn number(&self, offsets: &[u64]) -> Option<u64> {
        let mut number = 0u64;
        for ((&extent, &chunk), &offset) in self.shape.iter().zip(self.chunk).zip(offsets) {
            let chunk = u64::from(chunk);
            if offset >= extent || offset % chunk != 0 {
                return None;
            }
            number = number.checked_mul(extent.div_ceil(chunk))?.checked_add(offset / chunk)?;
        }
        (offsets.len() >= self.shape.len()).then_some(number)
    }

    fn entries(&self, file: &Hdf5File) -> Result<Vec<ChunkEntry>> {
        let (storage, block) = (file.storage(), file.superblock());
        let (offset, length) = (block.offset_size, block.length_size);
        let Grid { shape, chunk, address, .. } = *self;
        match self.indexing {
            None => self.btree_v1(storage, offset, length),
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => Ok(vec![ChunkEntry {
                address,
                size: *filtered_size,
                filter_mask: *filters,
                offsets: vec![0; shape.len()],
            }]),
            Some(ChunkIndexing::Implicit) => {
                collect_implicit_chunk_entries(address, self.numbered(), chunk, self.element, None, storage.len())
            }
            Some(ChunkIndexing::FixedArray { .. }) => collect_fixed_array_chunk_entries_storage(
                storage,
                address,
                offset,
                length,
                self.numbered(),
                chunk,
                None,
            ),
            Some(ChunkIndexing::ExtensibleArray { .. }) => collect_extensible_array_chunk_entries_storage(
                storage, address, offset, length, shape, self.most, chunk, None,
            ),
            Some(ChunkIndexing::BTreeV2) => {
                let rank = shape.len() as u32;
                collect_v2_chunk_entries_storage(storage, address, offset, length, rank, chunk, None)
            }
        }
    }

    /// The extent over which implicit and fixed-array indexes number their chunks: the largest
    /// one that the dataset may have, which is finite for them.
    fn numbered(&self) -> &[u64] {
        match self.most {
            Some(most) if most.len() == self.shape.len() && !most.contains(&u64::MAX) => most,
            _ => self.shape,
        }
    }

    fn btree_v1(&self, storage: &dyn Storage, offset: u8, length: u8) -> Result<Vec<ChunkEntry>> {
        let rank = self.shape.len();
        let leaves = collect_btree_v1_leaves_storage(
            storage,
            self.address,
            offset,
            length,
            Some(rank as u32),
            self.chunk,
            None,
        )?;
        let entries = leaves.into_iter().filter_map(|(key, address)| match key {
            BTreeV1Key::RawData { chunk_size, filter_mask, mut offsets } => {
                // The last offset is that of the byte in the value: always zero.
                offsets.truncate(rank);
                Some(ChunkEntry { address, size: u64::from(chunk_size), filter_mask, offsets })
            }
            BTreeV1Key::Group { .. } => None,
        });
        Ok(entries.collect())
    }
}
