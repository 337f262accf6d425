//! What is known of a dataset once its metadata has been read: where its bytes are and what they
//! mean. Stands alone, and serialises.

use serde::{Deserialize, Serialize};

use super::element::{Bits, Element};
use super::filter::FilterSpec;
use super::path::DatasetPath;
use super::{MAX_CHUNK_BYTES, MAX_READ_BYTES};
use crate::error::Hdf5Error;

/// A dataset in a granule, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planned {
    /// The dataset is there.
    Present(DatasetPlan),
    /// A group on the way to it is not.
    GroupAbsent {
        /// The path of the outermost group that is not there (`gt1l`, or `gt1l/land_ice_segments`).
        missing: String,
    },
    /// Its group is there, the dataset is not.
    DatasetAbsent {
        /// The dataset's path.
        missing: String,
    },
}

/// Everything needed to read a dataset's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetPlan {
    /// Where it is in the granule.
    pub path: DatasetPath,
    /// Its extent along each axis; the first counts the rows. Empty for a scalar, which has one row.
    pub shape: Vec<u64>,
    /// The type of its values.
    pub element: Element,
    /// The value that stands for missing data: the `_FillValue` attribute, or a fill value other
    /// than zero that the dataset's creator chose.
    pub fill: Option<Bits>,
    /// The value of places that were never written; `None` when they have none (fill time never).
    pub unwritten: Option<Bits>,
    /// The filters of its HDF5 chunks, first applied first.
    pub filters: Vec<FilterSpec>,
    /// Where its bytes are.
    pub layout: Layout,
}

/// Where a dataset's bytes are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// In one run; without an address when nothing was written.
    Contiguous {
        /// The first byte in the granule.
        address: Option<u64>,
    },
    /// In the metadata itself.
    Compact {
        /// All values.
        bytes: Vec<u8>,
    },
    /// In HDF5 chunks.
    Chunked {
        /// The extent of a chunk along each axis.
        chunk: Vec<u64>,
        /// The chunks that were written, by number.
        chunks: Vec<ChunkRef>,
    },
}

/// One HDF5 chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRef {
    /// Its number in the grid of chunks, the last axis fastest.
    pub number: u64,
    /// Its first byte in the granule.
    pub address: u64,
    /// Its bytes as stored.
    pub size: u64,
    /// Bit `i` is set when the filter `i` was left out.
    pub mask: u32,
}

impl DatasetPlan {
    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Bytes of the values of `shape`.
    pub(super) fn bytes_of(&self, shape: &[u64]) -> Option<u64> {
        shape.iter().try_fold(self.element.size() as u64, |bytes, &n| bytes.checked_mul(n))
    }

    /// Bytes of one HDF5 chunk, decoded.
    pub(super) fn chunk_bytes(&self, chunk: &[u64]) -> u64 {
        // `check` has bounded it.
        self.bytes_of(chunk).unwrap_or(0)
    }

    /// Proves everything that reading relies on: sizes that fit, chunks in order and inside the
    /// granule of `length` bytes. A plan that was kept somewhere is checked again when it comes back.
    ///
    /// # Errors
    /// [`Hdf5Error::Inconsistent`] or [`Hdf5Error::TooLarge`].
    pub fn check(&self, length: u64) -> Result<(), Hdf5Error> {
        let total = self.bytes_of(&self.shape);
        let total = total.ok_or_else(|| self.inconsistent(format!("a shape of {:?}", self.shape)))?;
        match &self.layout {
            Layout::Contiguous { address: None } => Ok(()),
            Layout::Contiguous { address: Some(address) } => match address.checked_add(total) {
                Some(end) if end <= length => Ok(()),
                _ => Err(self.outside(*address, total, length)),
            },
            Layout::Compact { bytes } if bytes.len() as u64 != total => {
                Err(self.inconsistent(format!("{} compact bytes for values of {total}", bytes.len())))
            }
            Layout::Compact { .. } => Ok(()),
            Layout::Chunked { chunk, chunks } => self.check_chunks(chunk, chunks, length),
        }
    }

    fn check_chunks(&self, chunk: &[u64], chunks: &[ChunkRef], length: u64) -> Result<(), Hdf5Error> {
        if chunk.len() != self.shape.len() || chunk.is_empty() || chunk.contains(&0) {
            return Err(self.inconsistent(format!("HDF5 chunks of {chunk:?} in a shape of {:?}", self.shape)));
        }
        let bytes = self.bytes_of(chunk).unwrap_or(u64::MAX);
        if bytes > MAX_CHUNK_BYTES {
            return Err(self.too_large("one HDF5 chunk", bytes, MAX_CHUNK_BYTES));
        }
        let counts = self.shape.iter().zip(chunk).map(|(n, c)| n.div_ceil(*c));
        // No more chunks than values, so the product fits.
        let count = counts.fold(1u64, u64::saturating_mul);
        if let Some(pair) = chunks.windows(2).find(|pair| pair[0].number >= pair[1].number) {
            return Err(self.inconsistent(format!("HDF5 chunk {} twice", pair[1].number)));
        }
        for one in chunks {
            if one.number >= count {
                return Err(self.inconsistent(format!("HDF5 chunk {} of {count}", one.number)));
            }
            match one.address.checked_add(one.size) {
                Some(end) if end <= length => {}
                _ => return Err(self.outside(one.address, one.size, length)),
            }
            // No filter makes more of a chunk than a few bytes in a thousand.
            if one.size > bytes + bytes / 8 + 4096 {
                return Err(self.inconsistent(format!("{} stored bytes for a chunk of {bytes}", one.size)));
            }
        }
        Ok(())
    }

    /// Refuses to make more than [`MAX_READ_BYTES`] of values at once.
    pub(super) fn check_read(&self, values: u64) -> Result<(), Hdf5Error> {
        let bytes = values.saturating_mul(8);
        if bytes > MAX_READ_BYTES {
            return Err(self.too_large("values in one read", bytes, MAX_READ_BYTES));
        }
        Ok(())
    }

    pub(super) fn inconsistent(&self, what: String) -> Hdf5Error {
        Hdf5Error::Inconsistent { path: self.path.to_string(), what }
    }

    pub(super) fn too_large(&self, what: &'static str, bytes: u64, limit: u64) -> Hdf5Error {
        Hdf5Error::TooLarge { path: self.path.to_string(), what, bytes, limit }
    }

    fn outside(&self, address: u64, size: u64, length: u64) -> Hdf5Error {
        self.inconsistent(format!("{size} bytes at {address} in a granule of {length}"))
    }
}
