//! Which rows of a granule can touch a shard, known from the extents of its HDF5 chunks.

use std::{ops::Range, sync::Arc};

use zagg_core::grid::GeoBox;

use super::{
    error::ReadError,
    index::{GranuleIndex, GroupIndex, Span},
    load::{Loader, Miss, PieceKey, at_hdf5, miss},
    report::ReadReport,
    wants::Wants,
};

/// Compressed bytes of latitudes that are fetched and decoded at once.
const SCAN_BYTES: u64 = 16 << 20;

/// For each group, ascending disjoint ranges of rows that may hold points of the shard.
pub(super) type Candidates = Vec<Vec<Range<u64>>>;

/// The candidates of every group that `chosen` says, by the extents of their HDF5 chunks. The
/// latitudes of a granule are read once to learn them; pieces that touch `bounds` stay in the cache.
pub(super) async fn candidates(
    index: &Arc<GranuleIndex>,
    wants: &Wants,
    bounds: &GeoBox,
    loader: &Loader,
    report: &mut ReadReport,
) -> Result<Candidates, ReadError> {
    let learned = index
        .latitudes
        .get_or_try_init(|| learn_latitudes(index, wants, bounds, loader, report))
        .await?;
    let mut candidates = Vec::with_capacity(index.groups.len());
    for (group, spans) in index.groups.iter().zip(learned) {
        candidates.push(match group {
            Some(group) => group_candidates(group, wants, spans, bounds).map_err(|e| at_hdf5(index, e))?,
            None => Vec::new(),
        });
    }
    Ok(candidates)
}

async fn learn_latitudes(
    index: &Arc<GranuleIndex>,
    wants: &Wants,
    bounds: &GeoBox,
    loader: &Loader,
    report: &mut ReadReport,
) -> Result<Vec<Vec<Span>>, ReadError> {
    let nothing = Span { least: f64::INFINITY, greatest: f64::NEG_INFINITY };
    let mut learned = Vec::with_capacity(index.groups.len());
    let mut misses = Vec::new();
    for (number, group) in index.groups.iter().enumerate() {
        let Some(group) = group else {
            learned.push(Vec::new());
            continue;
        };
        let latitude = group.dataset(wants.latitude);
        let pieces = latitude.pieces_for_range(0..latitude.rows(), None).map_err(|e| at_hdf5(index, e))?;
        learned.push(vec![nothing; pieces.len()]);
        for piece in pieces {
            misses.extend(miss(index, PieceKey::new(index, number, wants.latitude, piece)));
        }
    }
    for batch in batches(misses) {
        let (bounds, granule) = (*bounds, Arc::clone(index));
        let slot = wants.latitude;
        let spans = loader
            .fetch(index, batch, report, move |key, piece| {
                let group = granule.groups.get(key.group)?.as_ref()?;
                let mut values = Vec::new();
                let decoded = group.dataset(slot).undone_f64(key.piece, None, Some(&piece), &mut values);
                let span = Span::of(&values, 90.0);
                let touches = span.least <= bounds.north && span.greatest >= bounds.south;
                Some((decoded.map(|()| span), values.len() as u64, touches.then_some(piece)))
            })
            .await?;
        for (key, (span, rows, piece)) in spans {
            let span = span.map_err(|e| at_hdf5(index, e))?;
            if span.is_empty() {
                // No shard will ever look at these rows again.
                report.rows_without_position += rows;
            }
            if let Some(place) = learned.get_mut(key.group).and_then(|spans| spans.get_mut(key.piece as usize)) {
                *place = span;
            }
            if let Some(piece) = piece {
                loader.keep(key, piece);
            }
        }
    }
    Ok(learned)
}

fn batches(misses: Vec<Miss>) -> Vec<Vec<Miss>> {
    let mut batches: Vec<Vec<Miss>> = Vec::new();
    let mut bytes = u64::MAX;
    for miss in misses {
        if bytes >= SCAN_BYTES {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += miss.bytes();
        if let Some(batch) = batches.last_mut() {
            batch.push(miss);
        }
    }
    batches
}

fn group_candidates(
    group: &GroupIndex,
    wants: &Wants,
    latitudes: &[Span],
    bounds: &GeoBox,
) -> Result<Vec<Range<u64>>, crate::error::Hdf5Error> {
    let (latitude, longitude) = (group.dataset(wants.latitude), group.dataset(wants.longitude));
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for (piece, lat) in latitudes.iter().enumerate() {
        if lat.is_empty() || lat.least > bounds.north || lat.greatest < bounds.south {
            continue;
        }
        let rows = latitude.piece_rows(piece as u64, None)?;
        let lon = known_longitudes(group, &longitude.pieces_for_range(rows.clone(), None)?);
        if lon.is_some_and(|lon| lon.is_empty() || !bounds.may_hold(lat.least, lat.greatest, lon.least, lon.greatest)) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == rows.start => last.end = rows.end,
            _ => ranges.push(rows),
        }
    }
    Ok(ranges)
}

/// The longitudes that `pieces` cover, when all of them have been read before.
fn known_longitudes(group: &GroupIndex, pieces: &[u64]) -> Option<Span> {
    let mut all = Span { least: f64::INFINITY, greatest: f64::NEG_INFINITY };
    for piece in pieces {
        let span = group.longitudes.get(usize::try_from(*piece).ok()?)?.get()?;
        all.least = all.least.min(span.least);
        all.greatest = all.greatest.max(span.greatest);
    }
    Some(all)
}
