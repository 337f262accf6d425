//! Chosen rows of a dataset as a column of points.

use std::ops::Range;

use zagg_core::points::Column;

use super::dataset::DatasetPlan;
use super::decode::Wanted;
use super::number::{Number, Wide, with_number};
use super::pieces::Bands;
use super::undone::PieceBytes;
use crate::error::Hdf5Error;

/// What becomes of fill values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fills {
    /// They become NaN; a column of integers that has one becomes [`Column::F64`].
    Missing,
    /// They stay what they are.
    Keep,
}

/// Rows of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// One value for each row.
    pub column: Column,
    /// How many of them are fill values.
    pub fills: u64,
}

/// The rows that are wanted of a dataset.
pub(super) enum Rows<'a> {
    List(&'a [u64]),
    Range(Range<u64>),
}

impl Rows<'_> {
    fn len(&self) -> usize {
        match self {
            Self::List(rows) => rows.len(),
            Self::Range(range) => range.end.saturating_sub(range.start) as usize,
        }
    }

    /// Calls `each` with every band of rows that has wanted ones, and which those are.
    fn bands(
        &self,
        bands: &Bands,
        mut each: impl FnMut(u64, Wanted<'_>) -> Result<(), Hdf5Error>,
    ) -> Result<(), Hdf5Error> {
        match self {
            &Self::List(mut rows) => {
                while let Some(row) = rows.first() {
                    let band = row / bands.rows;
                    let first = band * bands.rows;
                    let here = rows.partition_point(|row| row - first < bands.rows);
                    let (wanted, later) = rows.split_at(here);
                    each(band, Wanted::List { rows: wanted, first })?;
                    rows = later;
                }
            }
            Self::Range(range) => {
                let mut row = range.start;
                while row < range.end {
                    let band = row / bands.rows;
                    let first = band * bands.rows;
                    let end = first.saturating_add(bands.rows).min(range.end);
                    each(band, Wanted::Range((row - first) as usize..(end - first) as usize))?;
                    row = end;
                }
            }
        }
        Ok(())
    }
}

impl DatasetPlan {
    /// The values of `rows` (sorted) of the dataset (1-D, or 2-D and a column). `raw` gives what
    /// was fetched of a piece of [`Self::pieces_for_rows`] that has an [`Self::extent`]. Nothing
    /// but the wanted values is kept; of shuffled HDF5 chunks nothing else is even put together.
    ///
    /// # Errors
    /// Any [`Hdf5Error`] of decoding.
    pub fn gather<'a>(
        &self,
        rows: &[u64],
        column: Option<usize>,
        fills: Fills,
        raw: impl Fn(u64) -> Option<&'a [u8]>,
    ) -> Result<Gathered, Hdf5Error> {
        self.check_rows(rows)?;
        gather_from(self, column, &Rows::List(rows), fills, &|piece| PieceBytes::Stored(raw(piece)))
    }

    /// The values of the rows of `range`; otherwise as [`Self::gather`].
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn read_rows<'a>(
        &self,
        range: Range<u64>,
        column: Option<usize>,
        fills: Fills,
        raw: impl Fn(u64) -> Option<&'a [u8]>,
    ) -> Result<Gathered, Hdf5Error> {
        self.check_range(&range)?;
        gather_from(self, column, &Rows::Range(range), fills, &|piece| PieceBytes::Stored(raw(piece)))
    }
}

/// The wanted values, from pieces that `raw` gives.
pub(super) fn gather_from<'a>(
    plan: &DatasetPlan,
    column: Option<usize>,
    rows: &Rows<'_>,
    fills: Fills,
    raw: &dyn Fn(u64) -> PieceBytes<'a>,
) -> Result<Gathered, Hdf5Error> {
    let bands = plan.bands(column)?;
    with_number!(plan.element.dtype, collect(plan, &bands, rows, fills, raw))
}

fn collect<'a, T: Number<N>, const N: usize>(
    plan: &DatasetPlan,
    bands: &Bands,
    rows: &Rows<'_>,
    fills: Fills,
    raw: &dyn Fn(u64) -> PieceBytes<'a>,
) -> Result<Gathered, Hdf5Error> {
    let mut values: Vec<T::Wide> = Vec::new();
    let bytes = (rows.len() as u64).saturating_mul(8);
    values.try_reserve_exact(rows.len()).map_err(|_| plan.too_large("values", bytes, bytes))?;
    rows.bands(bands, |band, wanted| {
        let piece = bands.piece(band);
        plan.with_bytes(piece, raw(piece), |decoded| {
            plan.pick::<T, N, _>((piece, &decoded), (bands, &wanted), &mut values, |value| value)
        })
    })?;
    Ok(match plan.fill.map(T::bits) {
        Some(fill) => without_fills(values, fill, fills),
        None => Gathered { column: T::Wide::column(values), fills: 0 },
    })
}

fn without_fills<W: Wide>(mut values: Vec<W>, fill: W, fills: Fills) -> Gathered {
    let found = values.iter().filter(|value| **value == fill).count() as u64;
    if found == 0 || fills == Fills::Keep {
        return Gathered { column: W::column(values), fills: found };
    }
    let column = match W::nan() {
        Some(nan) => {
            values.iter_mut().filter(|value| **value == fill).for_each(|value| *value = nan);
            W::column(values)
        }
        None => {
            let wide = values.iter().map(|value| if *value == fill { f64::NAN } else { value.f64() });
            Column::F64(wide.collect())
        }
    };
    Gathered { column, fills: found }
}

#[cfg(test)]
#[path = "gather/tests.rs"]
mod tests;
