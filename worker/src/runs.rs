//! The runs that a worker's jobs belong to. A job names its run; the run's record, beside the
//! store, says what is computed. So one worker serves any number of runs and pipelines.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::OnceCell;
use tracing::info;
use zagg_core::{
    grid::Grid,
    job::Job,
    pipeline::Pipeline,
    run::{RUN_SCHEMA, RunOrder, RunRecord, order_key, record_key},
};
use zagg_granule::{CpuPool, Earthdata, GranuleReader, ReaderSettings, SourceSettings, source::Usage};
use zagg_store::{Layout, Location, Provenance, Store, StoreSettings, StoreUsage};

use crate::{
    error::ProcessError,
    process::{Process, Stamp},
    report::{JobReport, Outcome},
};

/// Runs that are kept ready; the one that was not used for the longest time makes room.
const KEPT: usize = 8;

/// How long an order to stop may go unnoticed.
const ORDER_AGE: Duration = Duration::from_secs(5);

/// What the processes of all runs are made of.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// How stores are reached.
    pub store: StoreSettings,
    /// How granules are reached.
    pub sources: SourceSettings,
    /// How reading is done.
    pub reading: ReaderSettings,
    /// Where computing is done.
    pub cpu: CpuPool,
    /// Who does the work.
    pub stamp: Stamp,
}

/// The runs of a worker.
#[derive(Debug)]
pub enum Runs {
    /// One run, in this process.
    One(Arc<Process>),
    /// Whatever run a job names.
    Any(Box<AnyRun>),
}

/// Whatever run a job names, made ready at its first job.
#[derive(Debug)]
pub struct AnyRun {
    workshop: Workshop,
    known: Mutex<HashMap<(String, String), Arc<Known>>>,
    /// What the runs that made room had asked of sources and stores.
    retired: Mutex<(Usage, StoreUsage)>,
}

#[derive(Debug)]
struct Known {
    run: OnceCell<Run>,
    used: Mutex<Instant>,
    /// When the order was last looked at, and whether it said to stop.
    order: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

#[derive(Debug)]
struct Run {
    process: Process,
    store: Store,
    begun: u64,
}

impl Runs {
    /// Does a job of any of the runs. See [`Process::process`].
    ///
    /// # Errors
    /// As [`Process::process`], and when the job's run cannot be made ready.
    pub async fn process(&self, job: &Job, attempt: u32) -> Result<JobReport, ProcessError> {
        match self {
            // Boxed: a job's future is large, and the doors nest it deeply.
            Self::One(process) => Box::pin(process.process(job, attempt)).await,
            Self::Any(runs) => Box::pin(runs.process(job, attempt)).await,
        }
    }

    /// What was asked of sources and stores so far.
    #[must_use]
    pub fn usage(&self) -> (Usage, StoreUsage) {
        match self {
            Self::One(process) => process.usage(),
            Self::Any(runs) => {
                let retired = *runs.retired.lock().unwrap_or_else(PoisonError::into_inner);
                runs.lock().values().map(|run| run.usage()).fold(retired, sum)
            }
        }
    }

    /// When the S3 credentials of the granules end, in seconds since 1970, where they do.
    #[must_use]
    pub fn credentials_end(&self) -> Option<f64> {
        let ends = self.earthdata()?.expires_at()?.duration_since(UNIX_EPOCH).ok()?;
        Some(ends.as_secs_f64())
    }

    /// For how long Earthdata will give no credentials: there is no sense in taking jobs meanwhile.
    #[must_use]
    pub fn outage(&self) -> Option<Duration> {
        let trouble = self.earthdata()?.outage()?;
        trouble.until.duration_since(SystemTime::now()).ok()
    }

    fn earthdata(&self) -> Option<&Earthdata> {
        match self {
            Self::One(_) => None,
            Self::Any(runs) => runs.workshop.sources.earthdata.as_ref(),
        }
    }

    /// When the job's run was put on the queue, in seconds since 1970, if the run is known here.
    #[must_use]
    pub fn begun(&self, job: &Job) -> Option<u64> {
        let Self::Any(runs) = self else { return None };
        let known = runs.lock().get(&key(job)).cloned()?;
        known.run.get().map(|run| run.begun)
    }
}

impl AnyRun {
    /// No run yet.
    #[must_use]
    pub fn new(workshop: Workshop) -> Self {
        Self { workshop, known: Mutex::default(), retired: Mutex::default() }
    }

    async fn process(&self, job: &Job, attempt: u32) -> Result<JobReport, ProcessError> {
        let known = self.known(job);
        let run = known.run.get_or_try_init(|| self.open(job)).await?;
        if known.is_cancelled(job, &run.store).await? {
            return Ok(JobReport::new(&job.shard, Outcome::Cancelled));
        }
        run.process.process(job, attempt).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, job: &Job) -> Arc<Known> {
        let mut known = self.lock();
        let found = Arc::clone(known.entry(key(job)).or_insert_with(|| {
            let now = Mutex::new(Instant::now());
            Arc::new(Known { run: OnceCell::new(), used: now, order: tokio::sync::Mutex::new(None) })
        }));
        found.touch();
        if known.len() > KEPT {
            let oldest = known.iter().min_by_key(|(_, run)| run.last_use()).map(|(key, _)| key.clone());
            if let Some(gone) = oldest.and_then(|key| known.remove(&key)) {
                let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
                *retired = sum(*retired, gone.usage());
            }
        }
        found
    }

    /// Makes a run ready: its record, its store, its process.
    async fn open(&self, job: &Job) -> Result<Run, ProcessError> {
        let open = |source| ProcessError::Open { run: job.run.clone(), source };
        let location = Location::parse(&job.plan.store).map_err(open)?;
        let store = Store::open(&location, &self.workshop.store).map_err(open)?;
        let record = record(job, &store).await?;
        let pipeline = Pipeline::from_yaml(&record.yaml)
            .map_err(|source| ProcessError::Pipeline { run: job.run.clone(), source: Box::new(source) })?;
        if pipeline.digest != record.pipeline {
            return Err(ProcessError::OtherPipeline { theirs: record.pipeline, ours: pipeline.digest });
        }
        let grid = Grid::new(&pipeline.grid).map_err(|source| ProcessError::Grid { run: job.run.clone(), source })?;
        // Only the producer writes metadata, so what it says of the origin does not matter here.
        let provenance = Provenance { version: record.version, catalog: Some(record.catalog), notes: Vec::new() };
        let layout = Arc::new(Layout::new(&pipeline, &grid, provenance).map_err(open)?);
        let Workshop { sources, reading, cpu, stamp, .. } = self.workshop.clone();
        let reader = GranuleReader::new(&pipeline, &grid, sources, reading, cpu.clone());
        info!(run = job.run, store = %location, pipeline = %pipeline.digest, "a run is ready");
        let process = Process::new(&pipeline, &grid, layout, store.clone(), reader, cpu).stamped(stamp);
        Ok(Run { process, store, begun: record.begun })
    }
}

impl Known {
    fn usage(&self) -> (Usage, StoreUsage) {
        // The process and this room share the store and so its meter.
        self.run.get().map_or_else(Default::default, |run| run.process.usage())
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last_use(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the run's order says to stop; looked at every [`ORDER_AGE`], by one job at a time.
    async fn is_cancelled(&self, job: &Job, store: &Store) -> Result<bool, ProcessError> {
        let mut order = self.order.lock().await;
        if let Some((looked, cancelled)) = *order
            && looked.elapsed() < ORDER_AGE
        {
            return Ok(cancelled);
        }
        let key = order_key(&job.run);
        let found = store.find(&key).await.map_err(|source| ProcessError::Open { run: job.run.clone(), source })?;
        let cancelled = match found {
            None => false,
            Some(bytes) => serde_json::from_slice::<RunOrder>(&bytes).map_err(|e| unusable(job, &key, &e))?.cancelled,
        };
        *order = Some((Instant::now(), cancelled));
        Ok(cancelled)
    }
}

async fn record(job: &Job, store: &Store) -> Result<RunRecord, ProcessError> {
    let key = record_key(&job.run);
    let bytes = store.get(&key).await.map_err(|source| ProcessError::Open { run: job.run.clone(), source })?;
    let record: RunRecord = serde_json::from_slice(&bytes).map_err(|error| unusable(job, &key, &error))?;
    if record.schema != RUN_SCHEMA {
        let problem = format!("its schema is `{}`, this program reads `{RUN_SCHEMA}`", record.schema);
        return Err(ProcessError::Run { run: job.run.clone(), key, problem });
    }
    Ok(record)
}

fn unusable(job: &Job, key: &str, error: &serde_json::Error) -> ProcessError {
    ProcessError::Run { run: job.run.clone(), key: key.to_owned(), problem: error.to_string() }
}

fn sum(one: (Usage, StoreUsage), other: (Usage, StoreUsage)) -> (Usage, StoreUsage) {
    let mut sum = one;
    sum.0.add(&other.0);
    sum.1.add(&other.1);
    sum
}

fn key(job: &Job) -> (String, String) {
    (job.plan.store.clone(), job.run.clone())
}
