//! What is known of a granule without reading a point: where its HDF5 chunks are and, once learned,
//! which part of the Earth each covers. Kept for the life of the process.

use std::sync::{
    Arc, OnceLock, Weak,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::OnceCell;
use zagg_core::job::PlannedGranule;

use super::{
    cache::{Cache, Weigh},
    error::ReadError,
    wants::{Slot, Wants},
};
use crate::{
    cpu::CpuPool,
    hdf5::{ChunkRef, DatasetPath, DatasetPlan, Granule, Layout, PlanSettings, Planned},
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
    /// The whole granule, for as long as it is in memory: small remote ones come whole with their
    /// metadata, and nothing of them is asked for again.
    pub(super) whole: Weak<Granule>,
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
    /// Bytes held, about, with all extents learned.
    fn bytes(&self) -> usize {
        const PER_DATASET: usize = 400;
        const PER_PIECE: usize = size_of::<ChunkRef>();
        let spans = 2 * STRETCHES * size_of::<Span>();
        let of_group = |group: &GroupIndex| {
            let chunks = group.datasets.iter().map(|dataset| match &dataset.layout {
                Layout::Chunked { chunks, .. } => PER_DATASET + chunks.len() * PER_PIECE,
                Layout::Compact { bytes } => PER_DATASET + bytes.len(),
                Layout::Contiguous { .. } => PER_DATASET,
            });
            chunks.sum::<usize>() + group.longitudes.len() * spans
        };
        self.groups.iter().flatten().map(of_group).sum()
    }

    /// Plans every wanted dataset of a granule, in one go.
    async fn new(number: u64, granule: &PlannedGranule, wants: &Wants, opener: &Opener) -> Result<Self, ReadError> {
        let at = |source| ReadError::hdf5(&granule.id, source);
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
        let mut whole = Weak::new();
        if source.blocking().is_none() && granule_plan.length() <= opener.plan.whole {
            let kept = Arc::new(granule_plan);
            whole = Arc::downgrade(&kept);
            opener.wholes.put(number, kept);
        }
        let mut planned = planned.into_iter();
        let mut groups = Vec::with_capacity(wants.groups.len());
        for group in &wants.groups {
            let datasets: Vec<Planned> = planned.by_ref().take(wants.paths.len()).collect();
            groups.push(group_index(granule, group, wants, datasets)?);
        }
        Ok(Self { number, id: granule.id.clone(), source, whole, groups, latitudes: OnceCell::new() })
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
    let pieces =
        longitude.pieces_for_range(0..longitude.rows(), None).map_err(|source| ReadError::hdf5(&granule.id, source))?;
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
    /// Small remote granules that came whole, by number.
    pub(super) wholes: Cache<u64, Granule>,
}

impl Weigh for Granule {
    fn weight(&self) -> usize {
        usize::try_from(self.length()).unwrap_or(usize::MAX)
    }
}

/// The indexes of the granules that this process has met. Each granule's metadata is read once,
/// also when several shards ask for it at the same time, as long as the indexes fit [`KEPT_BYTES`].
#[derive(Debug)]
pub(super) struct Indexes {
    known: Cache<String, Known>,
    numbers: AtomicU64,
}

/// An index that is, or is about to be, known.
#[derive(Debug, Default)]
struct Known(OnceCell<Arc<GranuleIndex>>);

/// Bytes of indexes that are kept: over a thousand granules of ATL06.
const KEPT_BYTES: usize = 64 << 20;

/// Every index holds its file open, so there must not be more of them than a process may have.
const MOST_KEPT: usize = 800;

impl Weigh for Known {
    fn weight(&self) -> usize {
        self.0.get().map_or(0, |index| index.bytes()).max(KEPT_BYTES / MOST_KEPT)
    }
}

impl Indexes {
    /// Knows no granule yet.
    pub(super) fn new() -> Self {
        Self { known: Cache::new(KEPT_BYTES), numbers: AtomicU64::new(0) }
    }

    /// The granule's index, made on the first call.
    pub(super) async fn get(
        &self,
        granule: &PlannedGranule,
        wants: &Wants,
        opener: &Opener,
    ) -> Result<Arc<GranuleIndex>, ReadError> {
        let known = self.known.get_or_put(&granule.href, Known::default);
        if let Some(index) = known.0.get() {
            return Ok(Arc::clone(index));
        }
        let index = known
            .0
            .get_or_try_init(|| async {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                GranuleIndex::new(number, granule, wants, opener).await.map(Arc::new)
            })
            .await?;
        // Now that it is there it has its weight.
        self.known.put(granule.href.clone(), Arc::clone(&known));
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
