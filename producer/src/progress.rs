//! How far a run has come: what its marks, its record and its queue tell.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use zagg_core::{
    price::Cost,
    run::{RUN_SCHEMA, RUNS, RunOrder, RunRecord, labels_key, order_key, record_key},
};
use zagg_queue::queue::{Class, Depth, Queue};
use zagg_store::{Store, mark};

use crate::error::ProducerError;

/// Marks that are read at once.
const AT_ONCE: usize = 64;
/// The rate is taken over this long, in seconds.
const RATE_WINDOW: f64 = 300.0;
/// Buried jobs that are looked at.
const GRAVES: usize = 100_000;
/// So many jobs may fail of what fails every job before the run is taken for hopeless,
const HOPELESS_JOBS: u64 = 5;
/// if they are more than this share of the jobs that have ended.
const HOPELESS_SHARE: f64 = 0.25;
/// What fails every job, not one: our own defects and settings, and access.
const HOPELESS: [Class; 2] = [Class::Bug, Class::Denied];

/// How far a run has come.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// The run's name.
    pub run: String,
    /// Shards of the plan.
    pub shards: u64,
    /// Shards with a mark, whoever made it.
    pub done: u64,
    /// Of those, shards without points.
    pub empty: u64,
    /// Points in the marked shards.
    pub points: u64,
    /// Cells with points in the marked shards.
    pub cells: u64,
    /// Marks that this run's workers made.
    pub done_by_run: u64,
    /// What those cost, in US dollars. Attempts that came to nothing are not in it.
    pub usd: Cost,
    /// Seconds of work, summed over this run's marks.
    pub work_seconds: f64,
    /// Seconds since the run was put on its queue.
    pub age_seconds: f64,
    /// Shards a second, over the last minutes.
    pub rate: f64,
    /// Seconds until everything is done at that rate.
    pub eta_seconds: Option<f64>,
    /// Why the run was cancelled, if it was.
    pub cancelled: Option<String>,
    /// What the queue tells.
    pub queue: Option<QueueProgress>,
}

/// What a run's queue tells.
#[derive(Debug, Clone, Serialize)]
pub struct QueueProgress {
    /// Jobs of all runs on the queue.
    pub ready: u64,
    /// On loan.
    pub leased: u64,
    /// Released, their delay not over.
    pub delayed: u64,
    /// This run's buried jobs by class.
    pub buried: BTreeMap<&'static str, u64>,
}

impl Progress {
    /// Shards that are neither done nor buried.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.shards.saturating_sub(self.done).saturating_sub(self.buried())
    }

    /// This run's buried jobs.
    #[must_use]
    pub fn buried(&self) -> u64 {
        self.queue.as_ref().map_or(0, |queue| queue.buried.values().sum())
    }

    /// Whether the run has ended: nothing is left, or it was cancelled.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left() == 0 || self.cancelled.is_some()
    }

    /// Why going on makes no sense: jobs fail, one after the other, of what the next ones will fail of
    /// too.
    #[must_use]
    pub fn hopeless(&self) -> Option<String> {
        let ended = self.done_by_run + self.buried();
        let buried = &self.queue.as_ref()?.buried;
        HOPELESS.into_iter().find_map(|class| {
            let failed = *buried.get(class.name())?;
            (failed > HOPELESS_JOBS && failed as f64 > HOPELESS_SHARE * ended as f64).then(|| {
                format!("{failed} of its first {ended} jobs were set aside as `{class}`: the others would be too")
            })
        })
    }
}

/// Follows a run. Each mark is read once.
#[derive(Debug)]
pub struct Follower {
    store: Store,
    record: RunRecord,
    labels: HashSet<String>,
    seen: HashMap<String, Seen>,
}

/// What a mark tells.
#[derive(Debug, Clone, Copy)]
struct Seen {
    points: u64,
    cells: u64,
    /// Of this run's own marks: what it cost, the work and the end in seconds since 1970.
    own: Option<(Cost, f64, f64)>,
}

impl Follower {
    /// Follows the run of this name, or the latest one of the store.
    ///
    /// # Errors
    /// When there is no such run, or the store fails.
    pub async fn new(store: &Store, run: Option<&str>) -> Result<Self, ProducerError> {
        let record = match run {
            Some(run) => record(store, run).await?,
            None => latest(store).await?,
        };
        let bytes = store.get(&labels_key(&record.run)).await?;
        let labels = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
        Ok(Self { store: store.clone(), record, labels, seen: HashMap::new() })
    }

    /// The run's record.
    #[must_use]
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// How far the run has come by now.
    ///
    /// # Errors
    /// When the store or the queue fails.
    pub async fn look(&mut self, queue: Option<&dyn Queue>) -> Result<Progress, ProducerError> {
        self.read_new_marks().await?;
        let order: Option<RunOrder> = order(&self.store, &self.record.run).await?;
        let queue = match queue {
            Some(queue) => Some(self.ask(queue).await?),
            None => None,
        };
        let mut progress = self.sum(seconds_now());
        progress.cancelled = order.filter(|order| order.cancelled).map(|order| order.reason);
        progress.queue = queue;
        let left = progress.left();
        progress.eta_seconds = (progress.rate > 0.0).then(|| left as f64 / progress.rate);
        Ok(progress)
    }

    async fn read_new_marks(&mut self) -> Result<(), ProducerError> {
        let marked: Vec<String> = mark::list(&self.store).try_collect().await?;
        let fresh = marked.into_iter().filter(|label| self.labels.contains(label) && !self.seen.contains_key(label));
        let store = &self.store;
        let each: Vec<_> = fresh
            .map(|label| async move { mark::find(store, &label).await.map(|mark| (label, mark)) }.boxed())
            .collect();
        let found: Vec<_> = stream::iter(each).buffer_unordered(AT_ONCE).try_collect().await?;
        for (label, mark) in found {
            let Some(mark) = mark else { continue };
            let own = mark.execution.filter(|execution| execution.run == self.record.run);
            let own = own.map(|own| (own.usd, own.seconds, own.begun_ms as f64 / 1000.0 + own.seconds));
            self.seen.insert(label, Seen { points: mark.points, cells: mark.cells, own });
        }
        Ok(())
    }

    async fn ask(&self, queue: &dyn Queue) -> Result<QueueProgress, ProducerError> {
        let Depth { ready, leased, delayed, buried } = queue.depth().await?;
        let mut classes = BTreeMap::new();
        if buried > 0 {
            for grave in queue.buried(GRAVES).await? {
                if grave.job.is_none_or(|job| job.run == self.record.run) {
                    *classes.entry(grave.reason.class.name()).or_insert(0) += 1;
                }
            }
        }
        Ok(QueueProgress { ready, leased, delayed, buried: classes })
    }

    fn sum(&self, now: f64) -> Progress {
        let mut progress = Progress {
            run: self.record.run.clone(),
            shards: self.record.shards,
            done: self.seen.len() as u64,
            empty: 0,
            points: 0,
            cells: 0,
            done_by_run: 0,
            usd: Cost::default(),
            work_seconds: 0.0,
            age_seconds: (now - self.record.begun as f64).max(0.0),
            rate: 0.0,
            eta_seconds: None,
            cancelled: None,
            queue: None,
        };
        let window = RATE_WINDOW.min(progress.age_seconds).max(1.0);
        let mut recent = 0_u64;
        for seen in self.seen.values() {
            progress.points += seen.points;
            progress.cells += seen.cells;
            progress.empty += u64::from(seen.points == 0);
            if let Some((usd, seconds, ended)) = &seen.own {
                progress.done_by_run += 1;
                progress.usd.add(usd);
                progress.work_seconds += seconds;
                recent += u64::from(now - ended <= window);
            }
        }
        progress.rate = recent as f64 / window;
        progress
    }
}

/// The order of a run, if one was given.
///
/// # Errors
/// When the store fails, or holds something else there.
pub async fn order(store: &Store, run: &str) -> Result<Option<RunOrder>, ProducerError> {
    let key = order_key(run);
    let Some(bytes) = store.find(&key).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| ProducerError::Run { key, source: Some(source) })
}

/// Orders a run to stop, or to go on.
///
/// # Errors
/// When the store fails.
pub async fn give_order(store: &Store, run: &str, cancelled: bool, reason: &str) -> Result<(), ProducerError> {
    let order = RunOrder { cancelled, reason: reason.to_owned(), since: seconds_now() as u64 };
    let key = order_key(run);
    let bytes =
        serde_json::to_vec(&order).map_err(|source| ProducerError::Run { key: key.clone(), source: Some(source) })?;
    Ok(store.put(&key, bytes.into()).await?)
}

async fn record(store: &Store, run: &str) -> Result<RunRecord, ProducerError> {
    let key = record_key(run);
    let Some(bytes) = store.find(&key).await? else {
        return Err(ProducerError::NoRun { run: run.to_owned(), store: store.location().to_string() });
    };
    let record: RunRecord = serde_json::from_slice(&bytes)
        .map_err(|source| ProducerError::Run { key: key.clone(), source: Some(source) })?;
    if record.schema == RUN_SCHEMA { Ok(record) } else { Err(ProducerError::Run { key, source: None }) }
}

async fn latest(store: &Store) -> Result<RunRecord, ProducerError> {
    let mut latest: Option<RunRecord> = None;
    let mut names: VecDeque<String> = store.folders(RUNS).await?.into();
    while let Some(name) = names.pop_front() {
        let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match record(store, name).await {
            // A run on one machine leaves a plan without a record.
            Err(ProducerError::NoRun { .. }) => {}
            Err(error) => return Err(error),
            Ok(record) if latest.as_ref().is_none_or(|latest| latest.begun < record.begun) => latest = Some(record),
            Ok(_) => {}
        }
    }
    latest.ok_or_else(|| ProducerError::NoRun { run: "any".to_owned(), store: store.location().to_string() })
}

/// Seconds since 1970 (UTC).
#[must_use]
pub fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done_by_run: u64, buried: &[(Class, u64)]) -> Progress {
        let buried = buried.iter().map(|(class, jobs)| (class.name(), *jobs)).collect();
        Progress {
            run: "r".to_owned(),
            shards: 1000,
            done: done_by_run,
            empty: 0,
            points: 0,
            cells: 0,
            done_by_run,
            usd: Cost::default(),
            work_seconds: 0.0,
            age_seconds: 1.0,
            rate: 0.0,
            eta_seconds: None,
            cancelled: None,
            queue: Some(QueueProgress { ready: 0, leased: 0, delayed: 0, buried }),
        }
    }

    #[test]
    fn a_run_whose_first_jobs_fail_of_what_fails_all_is_hopeless() {
        assert!(progress(14, &[(Class::Bug, 6)]).hopeless().is_some_and(|why| why.contains("6 of its first 20 jobs")));
        assert!(progress(0, &[(Class::Denied, 6)]).hopeless().is_some());
    }

    #[test]
    fn a_run_with_a_few_bad_shards_or_bad_granules_goes_on() {
        assert_eq!(progress(15, &[(Class::Bug, 5)]).hopeless(), None);
        assert_eq!(progress(900, &[(Class::Bug, 6)]).hopeless(), None);
        assert_eq!(progress(0, &[(Class::Malformed, 50), (Class::Capacity, 50)]).hopeless(), None);
    }
}
