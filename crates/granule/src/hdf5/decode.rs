//! A piece's stored bytes to its values.

use super::dataset::{DatasetPlan, Layout};
use super::element::{Bits, ByteOrder};
use super::number::{Number, Wide, with_number};
use super::pieces::Bands;
use super::shuffle::{Planes, unshuffle};
use super::undo::{Scratch, Target, Undone, undo};
use crate::error::Hdf5Error;

/// Which values of a piece are wanted: rows counted from the piece's first.
pub(super) enum Wanted<'a> {
    /// All rows of a range.
    Range(std::ops::Range<usize>),
    /// These rows, sorted, counted from `first` in the dataset.
    List { rows: &'a [u64], first: u64 },
}

impl Wanted<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List { rows, .. } => rows.len(),
        }
    }

    /// One past the last row, counted from the piece's first.
    fn end(&self) -> usize {
        match self {
            Self::Range(range) => range.end,
            Self::List { rows, first } => rows.last().map_or(0, |last| (last - first) as usize + 1),
        }
    }
}

/// The values of one piece, decoded but not yet typed.
pub(super) enum Values<'a> {
    /// Stored values.
    Stored(Undone<'a>),
    /// The same value everywhere.
    Everywhere(Bits),
}

impl DatasetPlan {
    /// Runs `work` on the values of `piece`, whose stored bytes are `raw` (needed when the piece
    /// has an [`Self::extent`]).
    pub(super) fn with_piece<T>(
        &self,
        piece: u64,
        raw: Option<&[u8]>,
        work: impl FnOnce(Values<'_>) -> Result<T, Hdf5Error>,
    ) -> Result<T, Hdf5Error> {
        if let Layout::Compact { bytes } = &self.layout {
            return work(Values::Stored(Undone::Plain(bytes)));
        }
        let Some(extent) = self.extent(piece) else {
            let never = || Hdf5Error::Unsupported {
                path: self.path.to_string(),
                what: "places that were never written and have no fill value (fill time never)".to_owned(),
            };
            return work(Values::Everywhere(self.unwritten.ok_or_else(never)?));
        };
        let raw = raw.ok_or_else(|| Hdf5Error::NotFetched { path: self.path.to_string(), piece })?;
        if raw.len() as u64 != extent.size {
            return Err(self.damaged(piece, format!("{} bytes of {} were fetched", raw.len(), extent.size)));
        }
        let Layout::Chunked { chunk, .. } = &self.layout else {
            return work(Values::Stored(Undone::Plain(raw)));
        };
        let bytes = self.chunk_bytes(chunk) as usize;
        let target = Target { filters: &self.filters, mask: extent.mask, bytes, element: self.element.size() };
        Scratch::with(|scratch| {
            let undone = undo(raw, &target, scratch).map_err(|what| self.damaged(piece, what))?;
            work(Values::Stored(undone))
        })
    }

    /// All values of a piece as stored, in little-endian order and row-major: for a whole HDF5
    /// chunk also what lies outside the dataset's shape.
    ///
    /// # Errors
    /// Any [`Hdf5Error`] of decoding.
    pub fn piece_bytes(&self, piece: u64, raw: Option<&[u8]>) -> Result<Vec<u8>, Hdf5Error> {
        let size = self.element.size();
        let all = match &self.layout {
            Layout::Chunked { chunk, .. } => self.chunk_bytes(chunk) as usize,
            _ => 0,
        };
        self.with_piece(piece, raw, |values| {
            let mut bytes = match values {
                Values::Stored(Undone::Plain(bytes)) => bytes.to_vec(),
                Values::Stored(Undone::Planar(planes)) => {
                    let mut bytes = vec![0; planes.len()];
                    unshuffle(planes, &mut bytes, size);
                    bytes
                }
                Values::Everywhere(Bits(bits)) => {
                    let value = bits.to_le_bytes();
                    let count = if all > 0 { all / size } else { self.run_values(piece) };
                    return Ok(value[..size].iter().copied().cycle().take(count * size).collect());
                }
            };
            if self.element.order == ByteOrder::Big {
                bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
            }
            Ok(bytes)
        })
    }

    /// Values of a piece of a contiguous dataset.
    fn run_values(&self, piece: u64) -> usize {
        let (run, row) = self.run();
        let start = piece.saturating_mul(run).min(self.rows());
        let rows = run.min(self.rows() - start);
        (rows.saturating_mul(row) / self.element.size() as u64) as usize
    }

    pub(super) fn damaged(&self, piece: u64, what: String) -> Hdf5Error {
        Hdf5Error::Damaged { path: self.path.to_string(), piece, what }
    }

    /// Appends to `out` the wanted values of a piece, each turned by `turn`.
    pub(super) fn pick<T: Number<N>, const N: usize, O: Clone>(
        &self,
        (piece, values): (u64, &Values<'_>),
        (bands, wanted): (&Bands, &Wanted<'_>),
        out: &mut Vec<O>,
        turn: impl Fn(T::Wide) -> O,
    ) -> Result<(), Hdf5Error> {
        let stored = match values {
            Values::Everywhere(bits) => {
                out.resize(out.len() + wanted.len(), turn(T::bits(*bits)));
                return Ok(());
            }
            Values::Stored(stored) => stored,
        };
        let (Undone::Plain(bytes) | Undone::Planar(bytes)) = stored;
        let (count, width, column) = (bytes.len() / N, bands.width as usize, bands.column as usize);
        // Rows past the end would be a defect in the plan; better an error than a panic.
        if wanted.end().saturating_mul(width) > count || column >= width {
            return Err(self.damaged(piece, format!("{count} values for {} rows of {width}", wanted.end())));
        }
        match self.element.order {
            ByteOrder::Little => {
                read::<N, _>(stored, (count, width, column), wanted, out, |value| turn(T::little(value)))
            }
            ByteOrder::Big => read::<N, _>(stored, (count, width, column), wanted, out, |value| turn(T::big(value))),
        }
        Ok(())
    }

    /// Appends the values of all rows of `piece` to `out` as `f64`, fill values as NaN: for
    /// coordinates, piece by piece. `raw` is what was fetched of the piece's [`Self::extent`].
    ///
    /// # Errors
    /// Any [`Hdf5Error`] of decoding.
    pub fn decode_f64(
        &self,
        piece: u64,
        column: Option<usize>,
        raw: Option<&[u8]>,
        out: &mut Vec<f64>,
    ) -> Result<(), Hdf5Error> {
        let bands = self.bands(column)?;
        let rows = self.piece_rows(piece, column)?;
        let wanted = Wanted::Range(0..(rows.end - rows.start) as usize);
        self.with_piece(piece, raw, |values| {
            let (from, to) = ((piece, &values), (&bands, &wanted));
            with_number!(self.element.dtype, as_f64(self, from, to, out))
        })
    }
}

pub(super) fn as_f64<T: Number<N>, const N: usize>(
    plan: &DatasetPlan,
    from: (u64, &Values<'_>),
    to: (&Bands, &Wanted<'_>),
    out: &mut Vec<f64>,
) -> Result<(), Hdf5Error> {
    match plan.fill.map(T::bits) {
        Some(fill) => plan.pick::<T, N, _>(from, to, out, |value| if value == fill { f64::NAN } else { value.f64() }),
        None => plan.pick::<T, N, _>(from, to, out, Wide::f64),
    }
}

/// Appends the wanted values of `stored`, which has `count` of them in rows of `width`.
fn read<const N: usize, O>(
    stored: &Undone<'_>,
    (count, width, column): (usize, usize, usize),
    wanted: &Wanted<'_>,
    out: &mut Vec<O>,
    value: impl Fn([u8; N]) -> O,
) {
    match (stored, wanted) {
        (Undone::Plain(bytes), Wanted::Range(range)) => {
            let values = &bytes.as_chunks::<N>().0[range.start * width..range.end * width];
            out.extend(values.iter().skip(column).step_by(width).map(|bytes| value(*bytes)));
        }
        (Undone::Plain(bytes), Wanted::List { rows, first }) => {
            let values = bytes.as_chunks::<N>().0;
            out.extend(rows.iter().map(|row| value(values[(row - first) as usize * width + column])));
        }
        (Undone::Planar(bytes), Wanted::Range(range)) if width == 1 => {
            out.extend(Planes::<N>::new(bytes, count).iter(range.clone()).map(value));
        }
        (Undone::Planar(bytes), Wanted::Range(range)) => {
            let planes = Planes::<N>::new(bytes, count);
            out.extend(range.clone().map(|row| value(planes.at(row * width + column))));
        }
        (Undone::Planar(bytes), Wanted::List { rows, first }) => {
            let planes = Planes::<N>::new(bytes, count);
            out.extend(rows.iter().map(|row| value(planes.at((row - first) as usize * width + column))));
        }
    }
}
