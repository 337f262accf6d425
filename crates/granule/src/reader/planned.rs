//! Planned reading: a coarse level (ATL03's segments) tells which rows of the base level to read,
//! so that tens of millions of photon positions need not be.

use std::sync::Arc;

use zagg_core::grid::ShardLocator;

use super::{
    error::ReadError,
    extents::Candidates,
    index::GranuleIndex,
    levels::{coordinates, ownership},
    load::{Loader, PieceKey, at_hdf5},
    report::ReadReport,
    values::Reading,
    wants::{PlannedRead, Wants},
};
use crate::hdf5::Fills;

/// The candidates of every group by the coarse level, and whether any group had too many to be
/// worth it and should be read by extents instead.
pub(super) async fn candidates(
    index: &Arc<GranuleIndex>,
    wants: &Arc<Wants>,
    plan: &PlannedRead,
    locator: &Arc<ShardLocator>,
    loader: &Loader,
    report: &mut ReadReport,
) -> Result<Option<Candidates>, ReadError> {
    let Some(link) = wants.links.get(plan.link).cloned() else { return Ok(None) };
    let mut keys = Vec::new();
    for (number, group) in index.groups.iter().enumerate() {
        let Some(group) = group else { continue };
        for slot in [plan.latitude, plan.longitude, link.first, link.count] {
            let dataset = group.dataset(slot);
            let pieces = dataset.pieces_for_range(0..dataset.rows(), None);
            let pieces = pieces.map_err(|source| at_hdf5(index, source))?;
            keys.extend(pieces.into_iter().map(|piece| PieceKey::new(index, number, slot, piece)));
        }
    }
    let pieces = loader.load(index, keys, report).await?;
    let (granule, wanted, plan, locator) = (Arc::clone(index), Arc::clone(wants), plan.clone(), Arc::clone(locator));
    let work = move || {
        let mut candidates = Candidates::new();
        for (number, group) in granule.groups.iter().enumerate() {
            let Some(group) = group else {
                candidates.push(Vec::new());
                continue;
            };
            let reading =
                Reading { index: &granule, group, number, wants: &wanted, pieces: &pieces, fills: Fills::Keep };
            let rows = group.dataset(wanted.latitude).rows();
            let owners = ownership(&reading, &link, rows)?;
            let (lat, lon) = (coordinates(&reading, plan.latitude)?, coordinates(&reading, plan.longitude)?);
            let chosen: Vec<bool> =
                lat.iter().zip(&lon).map(|(lat, lon)| locator.cell_of(*lon, *lat).is_some()).collect();
            let slices = owners.padded_slices(&chosen, plan.pad);
            let selected: u64 = slices.iter().map(|slice| slice.end - slice.start).sum();
            if selected as f64 > plan.full_read_threshold * rows as f64 {
                return Ok(None);
            }
            candidates.push(slices);
        }
        Ok(Some(candidates))
    };
    loader.cpu().run(work).await.map_err(|source| ReadError::Cpu { granule: index.id.clone(), source })?
}
