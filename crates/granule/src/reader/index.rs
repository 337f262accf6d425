//! What is known of a granule without reading a point: where its HDF5 chunks are and, once learned,
//! which part of the Earth each covers. Kept for the life of the process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::OnceCell;
use zagg_core::job::PlannedGranule;

use super::error::ReadError;
use super::wants::{Slot, Wants};
use crate::{
    cpu::CpuPool,
    hdf5::{DatasetPath, DatasetPlan, Granule, PlanSettings, Planned},
    source::{ByteSource, Meter, Sources},
};

/// A granule's index.
#[derive(Debug)]
pub(super) struct GranuleIndex {
    /// Unique in the process.
    pub(super) number: u64,
    /// The granule's name.
    pub(super) id: String,
    /// Its bytes.
    pub(super) source: Arc<dyn ByteSource>,
    /// The groups, as wanted; none where the granule lacks the group.
    pub(super) groups: Vec<Option<GroupIndex>>,
    /// For each group, the latitudes of each piece of its latitude dataset, once somebody needed
    /// them.
    pub(super) latitudes: OnceCell<Vec<Vec<Spans>>>,
}

/// The wanted datasets of one group.
#[derive(Debug)]
pub(super) struct GroupIndex {
    datasets: Vec<DatasetPlan>,
    /// The longitudes of each piece of the longitude dataset that was ever read.
    pub(super) longitudes: Vec<OnceLock<Spans>>,
}

/// Least and greatest of some values; an empty span has `least > greatest`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) least: f64,
    pub(super) greatest: f64,
}

/// The spans of a piece's stretches: at most [`STRETCHES`] equal ones, in row order. A piece is
/// decoded whole, but most shards touch a part of it.
pub(super) type Spans = Box<[Span]>;

/// Into how many stretches a piece is divided.
const STRETCHES: usize = 16;

/// Rows of a stretch of a piece of `rows` rows.
pub(super) fn stretch_rows(rows: usize) -> usize {
    rows.div_ceil(STRETCHES).max(1)
}

impl Span {
    /// The span of nothing.
    pub(super) const EMPTY: Self = Self { least: f64::INFINITY, greatest: f64::NEG_INFINITY };

    /// The span of the values whose magnitude is at most `limit`; NaN and fill values are left out.
    pub(super) fn of(values: &[f64], limit: f64) -> Self {
        let mut span = Self::EMPTY;
        for &value in values.iter().filter(|value| value.abs() <= limit) {
            span.least = if value < span.least { value } else { span.least };
            span.greatest = if value > span.greatest { value } else { span.greatest };
        }
        span
    }

    /// The spans of the stretches of a piece.
    pub(super) fn of_piece(values: &[f64], limit: f64) -> Spans {
        values.chunks(stretch_rows(values.len())).map(|stretch| Self::of(stretch, limit)).collect()
    }

    /// Whether there is no usable value.
    pub(super) fn is_empty(self) -> bool {
        self.least > self.greatest
    }
}

impl GroupIndex {
    /// The plan of a dataset.
    pub(super) fn dataset(&self, slot: Slot) -> &DatasetPlan {
        // `Wants` and the index are made of the same list of paths.
        &self.datasets[slot]
    }
}

impl GranuleIndex {
    /// Plans every wanted dataset of a granule, in one go.
    async fn new(number: u64, granule: &PlannedGranule, wants: &Wants, opener: &Opener) -> Result<Self, ReadError> {
        let at = |source| ReadError::Hdf5 { granule: granule.id.clone(), source };
        let source = opener
            .sources
            .open(&granule.href, &opener.meter)
            .map_err(|source| ReadError::Source { granule: granule.id.clone(), source })?;
        let mut paths = Vec::with_capacity(wants.groups.len() * wants.paths.len());
        for group in &wants.groups {
            for template in &wants.paths {
                paths.push(DatasetPath::new(&template.path(group)).map_err(at)?);
            }
        }
        let granule_plan = Granule::open(Arc::clone(&source), opener.plan).await.map_err(at)?;
        let planned = granule_plan.plan(&paths, &opener.cpu).await.map_err(at)?;
        let mut planned = planned.into_iter();
        let mut groups = Vec::with_capacity(wants.groups.len());
        for group in &wants.groups {
            let datasets: Vec<Planned> = planned.by_ref().take(wants.paths.len()).collect();
            groups.push(group_index(granule, group, wants, datasets)?);
        }
        Ok(Self { number, id: granule.id.clone(), source, groups, latitudes: OnceCell::new() })
    }
}

/// A group whose latitude's group is not there is absent, which is normal; anything else that is
/// missing is an error.
fn group_index(
    granule: &PlannedGranule,
    group: &str,
    wants: &Wants,
    planned: Vec<Planned>,
) -> Result<Option<GroupIndex>, ReadError> {
    if matches!(planned.get(wants.latitude), Some(Planned::GroupAbsent { .. })) {
        return Ok(None);
    }
    let mut datasets = Vec::with_capacity(planned.len());
    for one in planned {
        match one {
            Planned::Present(plan) => datasets.push(plan),
            Planned::GroupAbsent { missing } | Planned::DatasetAbsent { missing } => {
                let (granule, group) = (granule.id.clone(), group.to_owned());
                return Err(ReadError::DatasetAbsent { granule, group, path: missing });
            }
        }
    }
    let index = GroupIndex { datasets, longitudes: Vec::new() };
    let (latitude, longitude) = (index.dataset(wants.latitude), index.dataset(wants.longitude));
    if latitude.rows() != longitude.rows() {
        return Err(ReadError::Uneven {
            granule: granule.id.clone(),
            path: longitude.path.to_string(),
            rows: longitude.rows(),
            expected: latitude.rows(),
        });
    }
    let pieces = longitude
        .pieces_for_range(0..longitude.rows(), None)
        .map_err(|source| ReadError::Hdf5 { granule: granule.id.clone(), source })?;
    let longitudes = pieces.iter().map(|_| OnceLock::new()).collect();
    Ok(Some(GroupIndex { longitudes, ..index }))
}

/// What opening a granule needs.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) sources: Sources,
    pub(super) meter: Arc<Meter>,
    pub(super) plan: PlanSettings,
    pub(super) cpu: CpuPool,
}

/// The indexes of the granules that this process has met. Each granule's metadata is read once,
/// also when several shards ask for it at the same time.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    known: Mutex<HashMap<String, Arc<OnceCell<Arc<GranuleIndex>>>>>,
    numbers: std::sync::atomic::AtomicU64,
}

/// Granules whose indexes are kept. At some tens of kilobytes each this bounds memory and open
/// files; a run's neighbouring shards share far fewer.
const KEPT: usize = 512;

impl Indexes {
    /// The granule's index, made on the first call.
    pub(super) async fn get(
        &self,
        granule: &PlannedGranule,
        wants: &Wants,
        opener: &Opener,
    ) -> Result<Arc<GranuleIndex>, ReadError> {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= KEPT && !known.contains_key(&granule.href) {
                // Those in use stay alive through their own references.
                known.retain(|_, cell| Arc::strong_count(cell) > 1);
            }
            Arc::clone(known.entry(granule.href.clone()).or_default())
        };
        let index = cell
            .get_or_try_init(|| async {
                let number = self.numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                GranuleIndex::new(number, granule, wants, opener).await.map(Arc::new)
            })
            .await?;
        Ok(Arc::clone(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_leaves_out_what_is_no_position() {
        let span = Span::of(&[f64::NAN, 10.0, -20.0, f64::MAX, 3.4e38, f64::INFINITY], 90.0);
        assert_eq!(span, Span { least: -20.0, greatest: 10.0 });
        assert!(Span::of(&[f64::NAN], 90.0).is_empty());
        assert_eq!(Span::of_piece(&[1.0; 33], 90.0).len(), 11, "stretches of three rows");
        assert!(Span::of_piece(&[], 90.0).is_empty());
    }
}
