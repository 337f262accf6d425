//! Which rows of a granule can touch a shard, known from the extents of its HDF5 chunks.

use std::{ops::Range, sync::Arc};

use zagg_core::grid::GeoBox;

use super::{
    error::ReadError,
    index::{GranuleIndex, GroupIndex, Span, Spans, stretch_rows},
    load::{Loader, Miss, PieceKey, at_hdf5, miss},
    report::ReadReport,
    wants::Wants,
};

use crate::{error::Hdf5Error, hdf5::DatasetPlan};

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
    let learned = index.latitudes.get_or_try_init(|| learn_latitudes(index, wants, bounds, loader, report)).await?;
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
) -> Result<Vec<Vec<Spans>>, ReadError> {
    let mut learned = Vec::with_capacity(index.groups.len());
    let mut misses = Vec::new();
    for (number, group) in index.groups.iter().enumerate() {
        let Some(group) = group else {
            learned.push(Vec::new());
            continue;
        };
        let latitude = group.dataset(wants.latitude);
        let pieces = latitude.pieces_for_range(0..latitude.rows(), None).map_err(|e| at_hdf5(index, e))?;
        learned.push(vec![Spans::default(); pieces.len()]);
        for piece in pieces {
            match miss(index, PieceKey::new(index, number, wants.latitude, piece)) {
                Some(miss) => misses.push(miss),
                None => learn(&mut learned, number, piece, unwritten(latitude, piece).map_err(|e| at_hdf5(index, e))?),
            }
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
                let spans = Span::of_piece(&values, 90.0);
                let touches = spans.iter().any(|lat| lat.least <= bounds.north && lat.greatest >= bounds.south);
                Some((decoded.map(|()| spans), values.len() as u64, touches.then_some(piece)))
            })
            .await?;
        for (key, (spans, rows, piece)) in spans {
            let spans = spans.map_err(|e| at_hdf5(index, e))?;
            if spans.iter().all(|span| span.is_empty()) {
                // No shard will ever look at these rows again.
                report.rows_without_position += rows;
            }
            learn(&mut learned, key.group, key.piece, spans);
            if let Some(piece) = piece {
                loader.keep(key, piece);
            }
        }
    }
    Ok(learned)
}

fn learn(learned: &mut [Vec<Spans>], group: usize, piece: u64, spans: Spans) {
    let place = usize::try_from(piece).ok().and_then(|piece| learned.get_mut(group)?.get_mut(piece));
    if let Some(place) = place {
        *place = spans;
    }
}

/// The latitudes of a piece of which nothing is stored: its fill value throughout.
fn unwritten(latitude: &DatasetPlan, piece: u64) -> Result<Spans, Hdf5Error> {
    let mut values = Vec::new();
    latitude.undone_f64(piece, None, None, &mut values)?;
    Ok(Span::of_piece(&values, 90.0))
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
    latitudes: &[Spans],
    bounds: &GeoBox,
) -> Result<Vec<Range<u64>>, Hdf5Error> {
    let (latitude, longitude) = (group.dataset(wants.latitude), group.dataset(wants.longitude));
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for (piece, latitudes) in latitudes.iter().enumerate() {
        let rows = latitude.piece_rows(piece as u64, None)?;
        let longitudes = known_longitudes(group, longitude, piece as u64, &rows)?;
        let step = stretch_rows((rows.end - rows.start) as usize) as u64;
        for (stretch, lat) in (0..).zip(latitudes.iter()) {
            let lon = longitudes.and_then(|longitudes| longitudes.get(stretch as usize));
            if !may_touch(bounds, *lat, lon.copied()) {
                continue;
            }
            let start = rows.start + stretch * step;
            let end = (start + step).min(rows.end);
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
    }
    Ok(ranges)
}

/// Whether a stretch may hold a point of the shard; without longitudes, by latitude alone.
fn may_touch(bounds: &GeoBox, lat: Span, lon: Option<Span>) -> bool {
    if lat.is_empty() || lat.least > bounds.north || lat.greatest < bounds.south {
        return false;
    }
    lon.is_none_or(|lon| !lon.is_empty() && bounds.may_hold(lat.least, lat.greatest, lon.least, lon.greatest))
}

/// The longitudes of the rows of a latitude piece, when they are known and divided alike.
fn known_longitudes<'a>(
    group: &'a GroupIndex,
    longitude: &DatasetPlan,
    piece: u64,
    rows: &Range<u64>,
) -> Result<Option<&'a Spans>, Hdf5Error> {
    let alike = piece < group.longitudes.len() as u64 && longitude.piece_rows(piece, None)? == *rows;
    let known = usize::try_from(piece).ok().and_then(|piece| group.longitudes.get(piece)?.get());
    Ok(known.filter(|_| alike))
}
