//! Which pieces of a dataset hold given rows.
//!
//! A piece is what is read and decoded at once: an HDF5 chunk, or a run of rows of a dataset that
//! is stored in one. Pieces are numbered in row-major order over their grid.

use std::ops::Range;

use super::dataset::{DatasetPlan, Layout};
use crate::error::Hdf5Error;

/// Pieces of contiguous datasets are about this large: small enough that sparse rows cost little,
/// large enough that a request is worth it.
const RUN_BYTES: u64 = 64 << 10;

/// Where a piece is in the granule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its first byte.
    pub address: u64,
    /// Its bytes as stored.
    pub size: u64,
    /// Filters that were left out (see [`super::ChunkRef::mask`]).
    pub mask: u32,
}

impl Extent {
    /// The bytes of the granule to fetch.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.address..self.address.saturating_add(self.size)
    }
}

/// The grid of pieces as seen along the rows, for one column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bands {
    /// Rows of a piece (the last may have fewer).
    pub(super) rows: u64,
    /// Values of a row inside one piece.
    pub(super) width: u64,
    /// The column's place inside its piece.
    pub(super) column: u64,
    /// Pieces side by side in one band of rows.
    across: u64,
    /// Which of them has the column.
    place: u64,
}

impl Bands {
    /// The number of the piece that has this band of rows.
    pub(super) fn piece(&self, band: u64) -> u64 {
        band.saturating_mul(self.across).saturating_add(self.place)
    }
}

impl DatasetPlan {
    /// The pieces that hold `rows` (sorted) of the dataset (1-D, or 2-D and a column), ascending.
    ///
    /// # Errors
    /// [`Hdf5Error::BadColumn`] for a column that is not there, or is missing;
    /// [`Hdf5Error::BadRow`] for rows past the end or out of order.
    pub fn pieces_for_rows(&self, rows: &[u64], column: Option<usize>) -> Result<Vec<u64>, Hdf5Error> {
        let bands = self.bands(column)?;
        self.check_rows(rows)?;
        let (mut pieces, mut rest) = (Vec::new(), rows);
        while let Some(row) = rest.first() {
            let band = row / bands.rows;
            pieces.push(bands.piece(band));
            let inside = rest.partition_point(|row| row / bands.rows <= band);
            rest = rest.get(inside..).unwrap_or_default();
        }
        Ok(pieces)
    }

    /// The pieces that hold the rows of `range`, ascending.
    ///
    /// # Errors
    /// As [`Self::pieces_for_rows`], and [`Hdf5Error::TooLarge`].
    pub fn pieces_for_range(&self, range: Range<u64>, column: Option<usize>) -> Result<Vec<u64>, Hdf5Error> {
        let bands = self.bands(column)?;
        self.check_range(&range)?;
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let (first, last) = (range.start / bands.rows, (range.end - 1) / bands.rows);
        Ok((first..=last).map(|band| bands.piece(band)).collect())
    }

    /// The rows of a piece that [`Self::pieces_for_rows`] gave.
    ///
    /// # Errors
    /// [`Hdf5Error::BadColumn`] as there.
    pub fn piece_rows(&self, piece: u64, column: Option<usize>) -> Result<Range<u64>, Hdf5Error> {
        let bands = self.bands(column)?;
        let start = (piece / bands.across).saturating_mul(bands.rows).min(self.rows());
        Ok(start..start.saturating_add(bands.rows).min(self.rows()))
    }

    /// Where to fetch a piece; `None` when there is nothing to fetch, because it was never
    /// written or lies in the metadata.
    #[must_use]
    pub fn extent(&self, piece: u64) -> Option<Extent> {
        match &self.layout {
            Layout::Compact { .. } | Layout::Contiguous { address: None } => None,
            Layout::Contiguous { address: Some(address) } => {
                let (run, row) = self.run();
                let start = piece.checked_mul(run)?.min(self.rows());
                let rows = run.min(self.rows() - start);
                let address = address.checked_add(start.checked_mul(row)?)?;
                Some(Extent { address, size: rows.checked_mul(row)?, mask: 0 })
            }
            Layout::Chunked { chunks, .. } => {
                let found = chunks.binary_search_by_key(&piece, |chunk| chunk.number).ok()?;
                let chunk = chunks.get(found)?;
                Some(Extent { address: chunk.address, size: chunk.size, mask: chunk.mask })
            }
        }
    }

    /// Rows of a piece of a contiguous dataset, and bytes of a row.
    pub(super) fn run(&self) -> (u64, u64) {
        let row = self.bytes_of(self.shape.get(1..).unwrap_or_default()).unwrap_or(u64::MAX).max(1);
        ((RUN_BYTES / row).max(1), row)
    }

    /// The bands of pieces for a column.
    pub(super) fn bands(&self, column: Option<usize>) -> Result<Bands, Hdf5Error> {
        let bad = |what| Hdf5Error::BadColumn { path: self.path.to_string(), shape: self.shape.clone(), what };
        let (width, column) = match (self.shape.as_slice(), column) {
            ([] | [_], None | Some(0)) => (1, 0),
            ([] | [_], Some(_)) => return Err(bad("it has no columns")),
            ([_, 1], None) => (1, 0),
            ([_, _], None) => return Err(bad("name a column of it")),
            ([_, width], Some(column)) if (column as u64) < *width => (*width, column as u64),
            ([_, _], Some(_)) => return Err(bad("it has no such column")),
            _ => return Err(bad("only one and two axes are read")),
        };
        Ok(match &self.layout {
            Layout::Chunked { chunk, .. } => {
                let rows = chunk.first().copied().unwrap_or(1).max(1);
                let piece = chunk.get(1).copied().unwrap_or(1).max(1);
                let (across, place) = (width.div_ceil(piece).max(1), column / piece);
                Bands { rows, width: piece, column: column % piece, across, place }
            }
            Layout::Contiguous { .. } => Bands { rows: self.run().0, width, column, across: 1, place: 0 },
            Layout::Compact { .. } => Bands { rows: self.rows().max(1), width, column, across: 1, place: 0 },
        })
    }

    pub(super) fn check_rows(&self, rows: &[u64]) -> Result<(), Hdf5Error> {
        let bad = |row| Hdf5Error::BadRow { path: self.path.to_string(), row, rows: self.rows() };
        if let Some(pair) = rows.windows(2).find(|pair| pair[0] > pair[1]) {
            return Err(bad(pair[1]));
        }
        match rows.last() {
            Some(&last) if last >= self.rows() => Err(bad(last)),
            _ => self.check_read(rows.len() as u64),
        }
    }

    pub(super) fn check_range(&self, range: &Range<u64>) -> Result<(), Hdf5Error> {
        if range.end > self.rows() {
            return Err(Hdf5Error::BadRow { path: self.path.to_string(), row: range.end, rows: self.rows() });
        }
        self.check_read(range.end.saturating_sub(range.start))
    }
}

#[cfg(test)]
#[path = "pieces/tests.rs"]
mod tests;
