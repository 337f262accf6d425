//! Which rows of a granule are in the shard, and in which of its cells. Exact.

use std::{ops::Range, sync::Arc};

use rayon::prelude::*;
use zagg_core::grid::{Selection, ShardLocator};

use super::{
    error::ReadError,
    extents::Candidates,
    index::{GranuleIndex, GroupIndex, Span},
    load::{Loader, PieceKey, Pieces, at_hdf5},
    report::ReadReport,
    wants::{Slot, Wants},
};
use crate::{error::Hdf5Error, hdf5::Fills};

/// The rows of each group that are in the shard; empty where there are none.
pub(super) type Selected = Vec<Selection>;

/// Reads the coordinates of `candidates` and assigns every point.
pub(super) async fn select(
    index: &Arc<GranuleIndex>,
    wants: &Arc<Wants>,
    locator: &Arc<ShardLocator>,
    candidates: Candidates,
    loader: &Loader,
    report: &mut ReadReport,
) -> Result<Selected, ReadError> {
    let mut keys = Vec::new();
    for (number, (group, ranges)) in index.groups.iter().zip(&candidates).enumerate() {
        let Some(group) = group else { continue };
        report.rows_scanned += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
        for slot in [wants.latitude, wants.longitude] {
            for range in ranges {
                let pieces = group.dataset(slot).pieces_for_range(range.clone(), None);
                let pieces = pieces.map_err(|source| at_hdf5(index, source))?;
                keys.extend(pieces.into_iter().map(|piece| PieceKey::new(index, number, slot, piece)));
            }
        }
    }
    let pieces = loader.load(index, keys, report).await?;
    let (granule, wants, locator) = (Arc::clone(index), Arc::clone(wants), Arc::clone(locator));
    let work = move || {
        let start = std::time::Instant::now();
        let selected = select_all(&granule, &wants, &locator, &candidates, &pieces);
        (selected, start.elapsed().as_secs_f64())
    };
    let (selected, seconds) =
        loader.cpu().run(work).await.map_err(|source| ReadError::Cpu { granule: index.id.clone(), source })?;
    report.decode_seconds += seconds;
    let selected = selected.map_err(|source| at_hdf5(index, source))?;
    report.rows_without_position += selected.iter().map(|selection| selection.rejected).sum::<u64>();
    Ok(selected)
}

fn select_all(
    index: &GranuleIndex,
    wants: &Wants,
    locator: &ShardLocator,
    candidates: &Candidates,
    pieces: &Pieces,
) -> Result<Selected, Hdf5Error> {
    // Parallel over stretches, not groups: one long beam must not keep one core alone.
    let mut stretches = Vec::new();
    for (number, (group, ranges)) in index.groups.iter().zip(candidates).enumerate() {
        let Some(group) = group else { continue };
        for range in ranges {
            for piece in group.dataset(wants.latitude).pieces_for_range(range.clone(), None)? {
                let rows = group.dataset(wants.latitude).piece_rows(piece, None)?;
                let rows = rows.start.max(range.start)..rows.end.min(range.end);
                stretches.push((number, group, piece, rows));
            }
        }
    }
    let found: Result<Vec<(usize, Selection)>, Hdf5Error> = stretches
        .par_iter()
        .map(|(number, group, piece, rows)| {
            let view = View { index, group, number: *number, pieces };
            let mut selection = Selection::default();
            let lat = view.rows(wants.latitude, *piece, rows)?;
            let lon = view.longitudes(wants, rows)?;
            locator.select(&lat, &lon, rows.start, &mut selection);
            Ok((*number, selection))
        })
        .collect();
    let mut selected: Selected = index.groups.iter().map(|_| Selection::default()).collect();
    for (number, part) in found? {
        if let Some(selection) = selected.get_mut(number) {
            selection.rows.extend(part.rows);
            selection.cells.extend(part.cells);
            selection.rejected += part.rejected;
        }
    }
    Ok(selected)
}

/// The loaded pieces of one group.
struct View<'a> {
    index: &'a GranuleIndex,
    group: &'a GroupIndex,
    number: usize,
    pieces: &'a Pieces,
}

impl View<'_> {
    /// The values of `rows`, which lie in `piece`.
    fn rows(&self, slot: Slot, piece: u64, rows: &Range<u64>) -> Result<Vec<f64>, Hdf5Error> {
        let plan = self.group.dataset(slot);
        let undone = self.pieces.get(self.index, self.number, slot, piece);
        let mut values = Vec::new();
        plan.undone_f64(piece, None, undone, &mut values)?;
        let first = plan.piece_rows(piece, None)?.start;
        let (from, to) = ((rows.start - first) as usize, (rows.end - first) as usize);
        values.truncate(to);
        values.drain(..from.min(values.len()));
        Ok(values)
    }

    /// The longitudes of `rows`, which may lie in several pieces. What each piece covers is
    /// remembered for the next shard.
    fn longitudes(&self, wants: &Wants, rows: &Range<u64>) -> Result<Vec<f64>, Hdf5Error> {
        let slot = wants.longitude;
        let plan = self.group.dataset(slot);
        let mut all = Vec::new();
        for piece in plan.pieces_for_range(rows.clone(), None)? {
            let place = plan.piece_rows(piece, None)?;
            let values = self.rows(slot, piece, &place)?;
            if let Some(known) = self.group.longitudes.get(piece as usize) {
                known.get_or_init(|| Span::of_piece(&values, 720.0));
            }
            let from = rows.start.saturating_sub(place.start) as usize;
            let to = (rows.end.min(place.end) - place.start) as usize;
            match values.get(from..to) {
                Some(part) if all.is_empty() && part.len() == values.len() => all = values,
                Some(part) => all.extend_from_slice(part),
                None => {}
            }
        }
        Ok(all)
    }
}

/// Fill values of coordinates are no positions, whatever the pipeline makes of other fill values.
pub(super) const COORDINATE_FILLS: Fills = Fills::Missing;
