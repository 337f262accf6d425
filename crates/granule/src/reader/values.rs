//! The values of the selected rows: filters, variables, broadcasts.

use std::sync::Arc;

use rayon::prelude::*;
use zagg_core::{
    expression::{Input, MissingRule},
    grid::Selection,
    points::{Column, Points},
};

use super::{
    compare::passes,
    error::ReadError,
    index::{GranuleIndex, GroupIndex},
    levels::Owners,
    load::{Loader, PieceKey, Pieces, at_hdf5},
    report::ReadReport,
    select::Selected,
    wants::{Slot, WantedFilter, Wants},
};
use crate::hdf5::Fills;

/// Reads what `selected` needs and makes points of it, group by group in order. `fills` says what
/// the pipeline makes of fill values.
pub(super) async fn values(
    index: &Arc<GranuleIndex>,
    wants: &Arc<Wants>,
    selected: Selected,
    fills: Fills,
    loader: &Loader,
    report: &mut ReadReport,
) -> Result<Vec<Points>, ReadError> {
    report.points_in_shard += selected.iter().map(|selection| selection.rows.len() as u64).sum::<u64>();
    let keys = keys(index, wants, &selected)?;
    let pieces = loader.load(index, keys, report).await?;
    let (granule, wanted) = (Arc::clone(index), Arc::clone(wants));
    let work = move || {
        let start = std::time::Instant::now();
        let made: Result<Vec<Option<Made>>, ReadError> = selected
            .into_par_iter()
            .enumerate()
            .map(|(number, selection)| match granule.groups.get(number) {
                Some(Some(group)) if !selection.rows.is_empty() => {
                    let reading = Reading { index: &granule, group, number, wants: &wanted, pieces: &pieces, fills };
                    reading.points(selection).map(Some)
                }
                _ => Ok(None),
            })
            .collect();
        (made, start.elapsed().as_secs_f64())
    };
    let (made, seconds) =
        loader.cpu().run(work).await.map_err(|source| ReadError::Cpu { granule: index.id.clone(), source })?;
    report.decode_seconds += seconds;
    let mut all = Vec::new();
    for made in made?.into_iter().flatten() {
        for ((_, total), dropped) in report.dropped.iter_mut().zip(made.dropped) {
            *total += dropped;
        }
        report.points_kept += made.points.len() as u64;
        all.push(made.points);
    }
    Ok(all)
}

/// The pieces that hold the selected rows, and all of the links that lead to coarser levels.
fn keys(index: &GranuleIndex, wants: &Wants, selected: &Selected) -> Result<Vec<PieceKey>, ReadError> {
    let mut keys = Vec::new();
    for (number, (group, selection)) in index.groups.iter().zip(selected).enumerate() {
        let Some(group) = group.as_ref().filter(|_| !selection.rows.is_empty()) else { continue };
        let mut add = |slot: Slot, column: Option<usize>, coarse: bool| {
            let plan = group.dataset(slot);
            let pieces = if coarse {
                plan.pieces_for_range(0..plan.rows(), column)
            } else {
                plan.pieces_for_rows(&selection.rows, column)
            };
            let pieces = pieces.map_err(|source| at_hdf5(index, source))?;
            keys.extend(pieces.into_iter().map(|piece| PieceKey::new(index, number, slot, piece)));
            Ok::<_, ReadError>(())
        };
        for wanted in &wants.columns {
            add(wanted.slot, wanted.column, wanted.link.is_some())?;
        }
        for filter in &wants.filters {
            if let WantedFilter::Compare { comparison, slot, link } = filter {
                add(*slot, comparison.column, link.is_some())?;
            }
        }
        for link in &wants.links {
            add(link.first, None, true)?;
            add(link.count, None, true)?;
        }
    }
    Ok(keys)
}

/// Points of one group, and how many each filter dropped.
struct Made {
    points: Points,
    dropped: Vec<u64>,
}

/// One group whose pieces are loaded.
pub(super) struct Reading<'a> {
    pub(super) index: &'a GranuleIndex,
    pub(super) group: &'a GroupIndex,
    pub(super) number: usize,
    pub(super) wants: &'a Wants,
    pub(super) pieces: &'a Pieces,
    pub(super) fills: Fills,
}

impl Reading<'_> {
    fn points(&self, selection: Selection) -> Result<Made, ReadError> {
        let Selection { mut rows, mut cells, .. } = selection;
        let base_rows = self.group.dataset(self.wants.latitude).rows();
        let mut owners = Owners::new(self, base_rows);
        let mut dropped = vec![0; self.wants.filters.len()];
        let mut keep = vec![true; rows.len()];
        for (filter, dropped) in self.wants.filters.iter().zip(&mut dropped) {
            if let WantedFilter::Compare { comparison, slot, link } = filter {
                let pass = match link {
                    None => passes(comparison, &self.gather(*slot, &rows, comparison.column, Fills::Keep)?),
                    Some(link) => {
                        let coarse = passes(comparison, &self.whole(*slot, comparison.column, Fills::Keep)?);
                        owners.spread(*link, &rows, &coarse)?
                    }
                };
                *dropped = drop_failed(&mut keep, &pass);
            }
        }
        retain(&mut rows, &keep);
        retain(&mut cells, &keep);
        let mut points = Points { cells, columns: Vec::with_capacity(self.wants.columns.len()) };
        for wanted in &self.wants.columns {
            let column = match wanted.link {
                None => self.gather(wanted.slot, &rows, wanted.column, self.fills)?,
                Some(link) => owners.broadcast(link, &rows, &self.whole(wanted.slot, wanted.column, self.fills)?)?,
            };
            points.columns.push((wanted.name.clone(), column));
        }
        self.apply_expressions(&mut points, &mut dropped)?;
        Ok(Made { points, dropped })
    }

    /// Expression filters, one by one, each on what the ones before have left.
    fn apply_expressions(&self, points: &mut Points, dropped: &mut [u64]) -> Result<(), ReadError> {
        for (filter, dropped) in self.wants.filters.iter().zip(dropped) {
            let WantedFilter::Expression(expression) = filter else { continue };
            let ends = [0, u32::try_from(points.len()).unwrap_or(u32::MAX)];
            let input = Input {
                columns: &points.columns,
                points: points.len(),
                starts: &ends,
                missing: MissingRule::Propagate,
            };
            let pass = expression
                .eval_mask(&input)
                .map_err(|source| ReadError::Filter { filter: expression.text.clone(), source })?;
            let mut keep = vec![true; points.len()];
            *dropped += drop_failed(&mut keep, &pass);
            retain(&mut points.cells, &keep);
            points.columns.iter_mut().for_each(|(_, column)| column.retain(&keep));
        }
        Ok(())
    }

    /// The values of `rows` of a dataset at the base rate.
    fn gather(&self, slot: Slot, rows: &[u64], column: Option<usize>, fills: Fills) -> Result<Column, ReadError> {
        let plan = self.group.dataset(slot);
        let piece = |piece| self.pieces.get(self.index, self.number, slot, piece);
        let gathered = plan.gather_undone(rows, column, fills, piece);
        gathered.map(|gathered| gathered.column).map_err(|source| at_hdf5(self.index, source))
    }

    /// All values of a dataset of a coarser level.
    pub(super) fn whole(&self, slot: Slot, column: Option<usize>, fills: Fills) -> Result<Column, ReadError> {
        let plan = self.group.dataset(slot);
        let piece = |piece| self.pieces.get(self.index, self.number, slot, piece);
        let gathered = plan.rows_undone(0..plan.rows(), column, fills, piece);
        gathered.map(|gathered| gathered.column).map_err(|source| at_hdf5(self.index, source))
    }
}

/// Clears `keep` where `pass` is false; how many were cleared that were set.
fn drop_failed(keep: &mut [bool], pass: &[bool]) -> u64 {
    let mut dropped = 0;
    for (keep, pass) in keep.iter_mut().zip(pass) {
        dropped += u64::from(*keep && !pass);
        *keep &= pass;
    }
    dropped
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut kept = keep.iter();
    values.retain(|_| kept.next().copied().unwrap_or(false));
}
