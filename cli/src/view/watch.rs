//! Looking at a store again and again, while a run writes it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::TryStreamExt as _;
use zagg_core::{
    fault::{Fault, chain},
    grid::Grid,
    run::labels_key,
};
use zagg_map::{atlas::Atlas, field::FieldSource};
use zagg_producer::{Follower, ProducerError, Progress};
use zagg_queue::queue::{Buried, Queue};
use zagg_store::{mark, read::BlockPlace};

use super::{
    answer::Failure,
    desk::{Desk, Phase, Seen, Standing},
    marked,
    run_queue::RunQueue,
};

/// How often a store that a run writes is looked at.
const LIVE: Duration = Duration::from_secs(1);
/// How often another one is.
const STILL: Duration = Duration::from_secs(5);
/// A look may take so much of the time between two of them.
const SHARE: u32 = 4;
/// Buried jobs that are looked at.
const GRAVES: usize = 100_000;
/// So long after the last new mark a run without a record is taken for stopped.
const QUIET: Duration = Duration::from_secs(60);

/// What is remembered from look to look.
pub(super) struct Watcher {
    desk: Arc<Desk>,
    run: Option<String>,
    queue: RunQueue,
    follower: Option<Follower>,
    labels: Vec<String>,
    marked: HashSet<String>,
    /// Of shards whose mark went away: how many times.
    editions: HashMap<String, u32>,
    last_news: Option<Instant>,
    /// Whether the atlas was opened while nothing wrote the store.
    settled: bool,
}

impl Watcher {
    pub(super) fn new(desk: Arc<Desk>, run: Option<String>, queue: Option<String>) -> Self {
        Self {
            desk,
            run,
            queue: RunQueue::new(queue),
            follower: None,
            labels: Vec::new(),
            marked: HashSet::new(),
            editions: HashMap::new(),
            last_news: None,
            settled: false,
        }
    }

    /// Looks until the program ends.
    pub(super) async fn watch(mut self) {
        loop {
            let begun = Instant::now();
            if let Err(error) = self.look().await {
                self.say(&error);
            }
            let phase = self.desk.seen().phase;
            let pause = if matches!(phase, Phase::Running | Phase::Waiting) { LIVE } else { STILL };
            tokio::time::sleep(pause.max(begun.elapsed() * SHARE)).await;
        }
    }

    /// What could not be seen is said; what was seen before stays.
    fn say(&self, error: &Failure) {
        tracing::warn!(error = %chain(error), "the store cannot be looked at");
        let mut seen = (*self.desk.seen()).clone();
        let trouble = Some(error.to_string());
        if seen.trouble != trouble {
            seen.sequence += 1;
            seen.trouble = trouble;
            self.desk.see(seen);
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// When the store fails. That there is none is no error.
    pub(super) async fn look(&mut self) -> Result<(), Failure> {
        let before = self.desk.seen();
        let now: HashSet<String> = mark::list(&self.desk.store).try_collect().await?;
        let is_news = now != self.marked;
        for gone in self.marked.difference(&now) {
            *self.editions.entry(gone.clone()).or_default() += 1;
            // It remembers marks that are no more.
            self.follower = None;
        }
        if is_news && before.sequence > 0 {
            self.last_news = Some(Instant::now());
        }
        self.marked = now;
        self.follow().await?;
        let progress = self.progress().await?;
        let buried = self.buried(progress.as_ref()).await;
        let labels = self.labels().await?;
        let phase = self.phase(progress.as_ref(), &labels);
        let mut seen = Seen { trouble: None, ..(*before).clone() };
        if is_news || before.atlas.is_none() || (!self.settled && phase != Phase::Running) {
            (seen.atlas, seen.grid) = self.open(phase, !labels.is_empty()).await?;
            self.settled = seen.atlas.is_some() && phase != Phase::Running;
        }
        seen.phase = if seen.atlas.is_none() { Phase::Waiting } else { phase };
        seen.run = self.follower.as_ref().map(|follower| follower.record().run.clone());
        seen.progress = progress.map(|progress| self.describe(&progress));
        seen.queue_trouble = self.queue.trouble().map(str::to_owned);
        let standings = self.standings(&seen, labels, buried);
        seen.update(&before, standings);
        self.desk.see(seen);
        Ok(())
    }

    /// Finds the run that is followed, and asks again for a later one when it has ended.
    async fn follow(&mut self) -> Result<(), Failure> {
        if self.desk.seen().phase == Phase::Running && self.follower.is_some() {
            return Ok(());
        }
        let found = match Follower::new(&self.desk.store, self.run.as_deref()).await {
            Ok(found) => found,
            // A run on one machine has no record, and one that begins has none yet.
            Err(ProducerError::NoRun { .. }) => return Ok(()),
            Err(ProducerError::Store(error)) if error.is_missing() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if self.follower.as_ref().is_none_or(|follower| follower.record() != found.record()) {
            let bytes = self.desk.store.get(&labels_key(&found.record().run)).await?;
            self.labels = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
            self.queue.of(&found.record().queue);
            self.follower = Some(found);
        }
        Ok(())
    }

    async fn progress(&mut self) -> Result<Option<Progress>, Failure> {
        let Some(follower) = &mut self.follower else { return Ok(None) };
        let queue = self.queue.open().await;
        match follower.look(queue.as_deref()).await {
            Ok(progress) => Ok(Some(progress)),
            Err(ProducerError::Queue(error)) => {
                self.queue.failed(error.to_string());
                Ok(Some(follower.look(None).await?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The followed run's jobs that were set aside.
    async fn buried(&mut self, progress: Option<&Progress>) -> Vec<Buried> {
        let Some(progress) = progress.filter(|progress| progress.buried() > 0) else { return Vec::new() };
        let queue: Option<Arc<dyn Queue>> = self.queue.open().await;
        let Some(queue) = queue else { return Vec::new() };
        match queue.buried(GRAVES).await {
            Ok(graves) => graves
                .into_iter()
                .filter(|grave| grave.job.as_ref().is_some_and(|job| job.run == progress.run))
                .collect(),
            Err(error) => {
                self.queue.failed(error.to_string());
                Vec::new()
            }
        }
    }

    /// The shards of the run that is followed, or of every plan where there is no record of one.
    async fn labels(&self) -> Result<Vec<String>, Failure> {
        if self.follower.is_some() {
            return Ok(self.labels.clone());
        }
        Ok(self.desk.plans.labels(&self.desk.store).await?.into_iter().collect())
    }

    fn phase(&self, progress: Option<&Progress>, labels: &[String]) -> Phase {
        match progress {
            Some(progress) if progress.cancelled.is_some() => Phase::Cancelled,
            Some(progress) if progress.left() > 0 => Phase::Running,
            Some(_) => Phase::Done,
            None if labels.iter().all(|label| self.marked.contains(label)) => Phase::Done,
            None if self.last_news.is_some_and(|news| news.elapsed() < QUIET) => Phase::Running,
            None => Phase::Unfinished,
        }
    }

    /// Opens the store; nothing while there is none.
    async fn open(&self, phase: Phase, is_planned: bool) -> Result<(Option<Arc<Atlas>>, Option<Arc<Grid>>), Failure> {
        let mut source = match FieldSource::open(&self.desk.store).await {
            Ok(source) => source,
            Err(error) if error.fault() == Fault::Missing => return Ok((None, None)),
            Err(error) => return Err(error.into()),
        };
        let grid = marked::grid(&source)?;
        let mut editions = HashMap::new();
        // What has no mark is not done, whatever lies there. Stores of others have no marks.
        if is_planned || !self.marked.is_empty() {
            let of = |place: &BlockPlace| marked::label(&grid, place);
            source.cells.blocks.retain(|place| of(place).is_some_and(|label| self.marked.contains(&label)));
            for place in &source.cells.blocks {
                if let Some(edition) = of(place).and_then(|label| self.editions.get(&label)) {
                    let key = zagg_map::places::BlockKey::of(place, &source.cells.block_shape);
                    editions.insert(key, *edition);
                }
            }
        }
        let mut atlas = Atlas::new(source, Arc::clone(&self.desk.cache)).with_editions(editions);
        // Overviews of a store that is being written are behind it.
        if phase != Phase::Running {
            atlas = atlas.with_overviews(&self.desk.store).await?;
        }
        Ok((Some(Arc::new(atlas)), Some(Arc::new(grid))))
    }

    fn describe(&self, progress: &Progress) -> serde_json::Value {
        let mut value = serde_json::to_value(progress).unwrap_or_default();
        if let (Some(object), Some(follower)) = (value.as_object_mut(), &self.follower) {
            object.insert("left".to_owned(), progress.left().into());
            object.insert("failed".to_owned(), progress.buried().into());
            object.insert("usd_total".to_owned(), progress.usd.total().into());
            object.insert("estimate_usd".to_owned(), follower.record().estimate_usd.into());
        }
        value
    }

    fn standings(&self, seen: &Seen, labels: Vec<String>, buried: Vec<Buried>) -> BTreeMap<String, Standing> {
        let with_data = seen.atlas.as_ref().zip(seen.grid.as_ref()).map(|(atlas, grid)| {
            atlas.source().cells.blocks.iter().filter_map(|place| marked::label(grid, place)).collect::<HashSet<_>>()
        });
        let with_data = with_data.unwrap_or_default();
        let mut standings: BTreeMap<String, Standing> =
            labels.into_iter().map(|label| (label, Standing::Left)).collect();
        for Buried { job, attempts, reason, .. } in buried {
            if let Some(job) = job {
                let failed = Standing::Failed { class: reason.class.name(), reason: reason.text, attempts };
                standings.insert(job.shard, failed);
            }
        }
        let marked = self.marked.iter().map(|label| (label.clone(), Standing::Empty));
        standings.extend(marked);
        standings.extend(with_data.into_iter().map(|label| (label, Standing::Done)));
        standings
    }
}

impl Seen {
    /// Takes over how the shards stand, and counts up if anything is new.
    fn update(&mut self, before: &Self, standings: BTreeMap<String, Standing>) {
        let next = before.sequence + 1;
        let same_shards = standings.len() == before.shards.len()
            && standings.keys().zip(before.shards.keys()).all(|(now, before)| now == before);
        let mut is_new = !same_shards
            || self.phase != before.phase
            || self.progress != before.progress
            || self.queue_trouble != before.queue_trouble
            || self.trouble != before.trouble
            || before.sequence == 0;
        let same_atlas = match (&self.atlas, &before.atlas) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            (now, before) => now.is_none() && before.is_none(),
        };
        is_new |= !same_atlas;
        let since = |label: &String, standing: &Standing| match before.shards.get(label) {
            Some((earlier, since)) if earlier == standing => *since,
            _ => next,
        };
        let shards: BTreeMap<String, (Standing, u64)> = standings
            .into_iter()
            .map(|(label, standing)| {
                let since = since(&label, &standing);
                (label, (standing, since))
            })
            .collect();
        is_new |= shards.values().any(|(_, since)| *since == next);
        self.shards = Arc::new(shards);
        if is_new {
            self.sequence = next;
        }
        if !same_shards || (before.atlas.is_none() && self.atlas.is_some()) {
            self.listed = next;
        }
    }
}
