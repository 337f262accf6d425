//! Pieces whose filters are undone, so that they can be kept and read any number of times.

use std::ops::Range;

use super::dataset::DatasetPlan;
use super::decode::{Values, Wanted, as_f64};
use super::gather::{Fills, Gathered, Rows, gather_from};
use super::number::with_number;
use super::undo::Undone;
use crate::error::Hdf5Error;

/// The bytes of a piece after its filters are undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndonePiece {
    bytes: Box<[u8]>,
    /// Still shuffled by the width of a value: putting values together is left to whoever reads some.
    planar: bool,
}

impl UndonePiece {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn values(&self) -> Undone<'_> {
        if self.planar { Undone::Planar(&self.bytes) } else { Undone::Plain(&self.bytes) }
    }
}

/// What there is of a piece.
#[derive(Clone, Copy)]
pub(super) enum PieceBytes<'a> {
    /// What was fetched of its extent, if it has one.
    Stored(Option<&'a [u8]>),
    /// Its bytes, filters undone.
    Undone(&'a UndonePiece),
}

impl DatasetPlan {
    /// Undoes the filters of `piece`, of whose [`Self::extent`] `stored` was fetched.
    ///
    /// # Errors
    /// Any [`Hdf5Error`] of decoding.
    pub fn undo_piece(&self, piece: u64, stored: &[u8]) -> Result<UndonePiece, Hdf5Error> {
        self.with_piece(piece, Some(stored), |values| match values {
            Values::Stored(Undone::Plain(bytes)) => Ok(UndonePiece { bytes: bytes.into(), planar: false }),
            Values::Stored(Undone::Planar(bytes)) => Ok(UndonePiece { bytes: bytes.into(), planar: true }),
            Values::Everywhere(_) => Err(self.damaged(piece, "it has no bytes to undo".to_owned())),
        })
    }

    /// As [`Self::with_piece`], from a piece that may be undone already.
    pub(super) fn with_bytes<T>(
        &self,
        piece: u64,
        bytes: PieceBytes<'_>,
        work: impl FnOnce(Values<'_>) -> Result<T, Hdf5Error>,
    ) -> Result<T, Hdf5Error> {
        match bytes {
            PieceBytes::Stored(stored) => self.with_piece(piece, stored, work),
            PieceBytes::Undone(undone) => work(Values::Stored(undone.values())),
        }
    }

    /// As [`Self::gather`], from undone pieces. `piece` gives those that have an [`Self::extent`].
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn gather_undone<'a>(
        &self,
        rows: &[u64],
        column: Option<usize>,
        fills: Fills,
        piece: impl Fn(u64) -> Option<&'a UndonePiece>,
    ) -> Result<Gathered, Hdf5Error> {
        self.check_rows(rows)?;
        gather_from(self, column, &Rows::List(rows), fills, &|number| of(piece(number)))
    }

    /// As [`Self::read_rows`], from undone pieces.
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn rows_undone<'a>(
        &self,
        range: Range<u64>,
        column: Option<usize>,
        fills: Fills,
        piece: impl Fn(u64) -> Option<&'a UndonePiece>,
    ) -> Result<Gathered, Hdf5Error> {
        self.check_range(&range)?;
        gather_from(self, column, &Rows::Range(range), fills, &|number| of(piece(number)))
    }

    /// As [`Self::decode_f64`], from an undone piece.
    ///
    /// # Errors
    /// As [`Self::decode_f64`].
    pub fn undone_f64(
        &self,
        piece: u64,
        column: Option<usize>,
        undone: Option<&UndonePiece>,
        out: &mut Vec<f64>,
    ) -> Result<(), Hdf5Error> {
        let bands = self.bands(column)?;
        let rows = self.piece_rows(piece, column)?;
        let wanted = Wanted::Range(0..(rows.end - rows.start) as usize);
        self.with_bytes(piece, of(undone), |values| {
            let (from, to) = ((piece, &values), (&bands, &wanted));
            with_number!(self.element.dtype, as_f64(self, from, to, out))
        })
    }
}

fn of(piece: Option<&UndonePiece>) -> PieceBytes<'_> {
    piece.map_or(PieceBytes::Stored(None), PieceBytes::Undone)
}
