//! What all requests share: the store, what was seen of it last, and what is kept in memory.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::sync::Semaphore;
use zagg_core::grid::Grid;
use zagg_map::{
    atlas::Atlas,
    blocks::BlockCache,
    projection::{MapProjection, ProjectionError},
    pyramid::Pyramid,
};
use zagg_store::Store;

use super::{answer::Failure, plans::Plans};

/// What all requests share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) cache: Arc<BlockCache>,
    pub(super) plans: Plans,
    /// The field that the page shows first, if one was asked for.
    pub(super) field: Option<String>,
    /// Tiles that are painted at once: more would only wait for each other.
    pub(super) painting: Semaphore,
    /// A number of this process: tiles that a browser kept from another one are not ours.
    pub(super) start: u64,
    seen: RwLock<Arc<Seen>>,
}

/// How far a run, or a store without one, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// There is no store yet.
    #[default]
    Waiting,
    /// A run writes the store.
    Running,
    /// The run was cancelled.
    Cancelled,
    /// Shards are left, and nobody is known to work on them.
    Unfinished,
    /// Nothing is left.
    Done,
}

/// How a shard stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub(super) enum Standing {
    /// It has data.
    Done,
    /// No point fell into it.
    Empty,
    /// It is still to be done.
    Left,
    /// Its job was set aside.
    Failed {
        /// For what.
        class: &'static str,
        /// The whole story.
        reason: String,
        /// How many times it was tried.
        attempts: u32,
    },
}

/// What was seen when the store was looked at last.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Counts the looks that saw something new.
    pub(super) sequence: u64,
    /// The sequence at which shards last came or went.
    pub(super) listed: u64,
    /// The cells; none while there is no store.
    pub(super) atlas: Option<Arc<Atlas>>,
    /// The grid of the shards.
    pub(super) grid: Option<Arc<Grid>>,
    /// How each shard stands, and the sequence at which that was new.
    pub(super) shards: Arc<BTreeMap<String, (Standing, u64)>>,
    /// How far it is.
    pub(super) phase: Phase,
    /// The run that is followed.
    pub(super) run: Option<String>,
    /// How far the run has come, as `zagg status --json`.
    pub(super) progress: Option<serde_json::Value>,
    /// What went wrong with looking, if something did.
    pub(super) trouble: Option<String>,
    /// Why the queue is not asked.
    pub(super) queue_trouble: Option<String>,
}

impl Desk {
    pub(super) fn new(store: Store, cache_mb: usize, field: Option<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            store,
            cache: Arc::new(BlockCache::new(cache_mb.saturating_mul(1 << 20))),
            plans: Plans::default(),
            field,
            painting: Semaphore::new(cores.saturating_mul(2)),
            start: start.as_nanos() as u64,
            seen: RwLock::default(),
        }
    }

    /// What was seen last.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what was seen now.
    pub(super) fn see(&self, seen: Seen) {
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(seen);
    }
}

impl Seen {
    pub(super) fn atlas(&self) -> Result<&Arc<Atlas>, Failure> {
        self.atlas.as_ref().ok_or(Failure::Waiting)
    }

    /// The pyramid of the projection of this name.
    pub(super) fn pyramid(&self, projection: &str) -> Result<Pyramid, Failure> {
        let projection = projection.parse::<MapProjection>()?;
        Ok(Pyramid::new(&projection, &self.atlas()?.source().places)?)
    }

    /// The projections that the page offers: the store's own plane first.
    pub(super) fn projections(&self) -> Result<Vec<MapProjection>, Failure> {
        let own = self.atlas()?.source().places.crs().map(str::parse::<MapProjection>).transpose();
        let own = own.map_err(|error: ProjectionError| Failure::Bad(error.to_string()))?;
        let globes = [
            MapProjection::PolarSouth,
            MapProjection::PolarNorth,
            MapProjection::Mollweide,
            MapProjection::PlateCarree,
        ];
        let others = globes.into_iter().filter(|projection| Some(projection) != own.as_ref());
        Ok(own.clone().into_iter().chain(others).collect())
    }
}
