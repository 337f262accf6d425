//! One job: read, aggregate, encode, put, mark. The doors (a drain, later a Lambda) differ; this
//! does not.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use zagg_core::{
    aggregate::{AggregateReport, Aggregation},
    column::ShardColumns,
    grid::{Grid, Shard},
    job::{Job, PlanRecord},
    pipeline::Pipeline,
    points::Points,
    price::Rates,
};
use zagg_granule::{CpuPool, GranuleReader, ReadReport, source::Usage};
use zagg_store::{
    Layout, Store, StoreUsage,
    encode::{EncodedShard, encode_shard},
    mark::{self, Execution, Inputs, Mark, MarkOutcome, Standing},
    write::{write_empty, write_shard},
};

use crate::{
    error::ProcessError,
    report::{JobReport, Outcome},
};

/// Everything that the jobs of one run share.
#[derive(Debug)]
pub struct Process {
    pipeline: Pipeline,
    grid: Grid,
    aggregation: Arc<Aggregation>,
    layout: Arc<Layout>,
    store: Store,
    reader: GranuleReader,
    cpu: CpuPool,
    stamp: Option<Stamp>,
}

/// What a worker of a fleet adds to its marks: who it is, and what its time costs.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// The worker's name.
    pub worker: String,
    /// What its place of work charges.
    pub rates: Rates,
}

impl Process {
    /// A process for one pipeline and one store.
    #[must_use]
    pub fn new(
        pipeline: &Pipeline,
        grid: &Grid,
        layout: Arc<Layout>,
        store: Store,
        reader: GranuleReader,
        cpu: CpuPool,
    ) -> Self {
        Self {
            pipeline: pipeline.clone(),
            grid: grid.clone(),
            aggregation: Arc::new(Aggregation::new(pipeline, grid.cells_per_shard())),
            layout,
            store,
            reader,
            cpu,
            stamp: None,
        }
    }

    /// The same, with marks that say who made them.
    #[must_use]
    pub fn stamped(self, stamp: Stamp) -> Self {
        Self { stamp: Some(stamp), ..self }
    }

    /// The reader, whose meter tells how far reading has come.
    #[must_use]
    pub fn reader(&self) -> &GranuleReader {
        &self.reader
    }

    /// What was asked of sources and of the store so far.
    #[must_use]
    pub fn usage(&self) -> (Usage, StoreUsage) {
        (self.reader.usage(), self.store.usage())
    }

    /// Does one job, at its `attempt`-th delivery (from 1). Doing it twice, at once or later, changes
    /// nothing. Dropping the future leaves no mark, and chunks at most that the next attempt writes
    /// again.
    ///
    /// # Errors
    /// When the shard could not be read whole, computed or stored. No mark is left then.
    pub async fn process(&self, job: &Job, attempt: u32) -> Result<JobReport, ProcessError> {
        let begun = Begun { at: Instant::now(), clock: SystemTime::now(), attempt };
        let mut report = self.carry_out(job, &begun).await?;
        report.wall_seconds = begun.at.elapsed().as_secs_f64();
        report.usd =
            self.stamp.as_ref().map(|stamp| stamp.rates.cost(report.wall_seconds, report.objects, report.store_gets));
        Ok(report)
    }

    async fn carry_out(&self, job: &Job, begun: &Begun) -> Result<JobReport, ProcessError> {
        if job.pipeline != self.pipeline.digest {
            return Err(ProcessError::OtherPipeline { theirs: job.pipeline, ours: self.pipeline.digest });
        }
        let record = self.record(job).await?;
        let shard =
            self.grid.shard(record.key).map_err(|source| ProcessError::Shard { shard: job.shard.clone(), source })?;
        let inputs = Inputs { pipeline: self.pipeline.digest, granules: record.granules_digest() };
        match mark::standing(&self.store, &shard.label, inputs).await.map_err(at(&shard))? {
            Standing::Done(_) => {
                return Ok(JobReport { store_gets: 2, ..JobReport::already_done(&shard.label) });
            }
            Standing::Stale(_) => return Err(ProcessError::Stale { shard: shard.label }),
            Standing::Unmarked => {}
        }
        let mut report = JobReport::new(&shard.label, Outcome::Data);
        // The plan's record and the look for a mark.
        report.store_gets = 2;
        report.seconds.plan = begun.at.elapsed().as_secs_f64();
        let (points, read) = self
            .reader
            .read(&shard, &record.granules)
            .await
            .map_err(|source| ProcessError::Read { shard: shard.label.clone(), source: Box::new(source) })?;
        report.take_read(read);
        let mut mark = if points.is_empty() {
            report.outcome = Outcome::Empty;
            report.take_write(write_empty(&self.store, &self.layout, &shard).await.map_err(at(&shard))?);
            Mark::empty(&shard, inputs)
        } else {
            let columns = self.aggregate(&shard, points, &mut report).await?;
            let encoded = self.encode(&shard, columns, &mut report).await?;
            report.take_write(write_shard(&self.store, &encoded).await.map_err(at(&shard))?);
            Mark::data(&shard, inputs, &encoded, report.read.points_kept, report.cells)
        };
        mark.report = left_out(&report);
        mark.execution = self.stamp.as_ref().map(|stamp| begun.execution(stamp, job, &report));
        self.mark(&shard, &mark, &mut report).await?;
        Ok(report)
    }

    async fn record(&self, job: &Job) -> Result<PlanRecord, ProcessError> {
        let (plan, end) = (&job.plan, job.plan.offset.saturating_add(job.plan.length));
        let wrong = |source| ProcessError::Plan {
            key: plan.key.clone(),
            shard: job.shard.clone(),
            offset: plan.offset,
            end,
            source,
        };
        let bytes = self
            .store
            .get_range(&plan.key, plan.offset..end)
            .await
            .map_err(|source| ProcessError::Store { shard: job.shard.clone(), source })?;
        let record: PlanRecord = serde_json::from_slice(&bytes).map_err(|error| wrong(Some(error)))?;
        if record.shard == job.shard { Ok(record) } else { Err(wrong(None)) }
    }

    async fn aggregate(
        &self,
        shard: &Shard,
        points: Points,
        report: &mut JobReport,
    ) -> Result<ShardColumns, ProcessError> {
        let aggregation = Arc::clone(&self.aggregation);
        let (seconds, outcome) = self.compute(shard, move || aggregation.apply(points)).await?;
        let (columns, AggregateReport { missing, peak_bytes, .. }) = outcome
            .map_err(|source| ProcessError::Aggregate { shard: shard.label.clone(), source: Box::new(source) })?;
        report.seconds.aggregate = seconds;
        report.missing = missing;
        report.peak_points_bytes = peak_bytes;
        report.cells = columns.cells_with_points;
        Ok(columns)
    }

    async fn encode(
        &self,
        shard: &Shard,
        columns: ShardColumns,
        report: &mut JobReport,
    ) -> Result<EncodedShard, ProcessError> {
        let (layout, place) = (Arc::clone(&self.layout), shard.clone());
        let (seconds, encoded) = self.compute(shard, move || encode_shard(&layout, &place, &columns)).await?;
        report.seconds.encode = seconds;
        encoded.map_err(at(shard))
    }

    async fn mark(&self, shard: &Shard, mark: &Mark, report: &mut JobReport) -> Result<(), ProcessError> {
        let start = Instant::now();
        let outcome = mark::create(&self.store, mark).await.map_err(at(shard))?;
        report.seconds.commit = start.elapsed().as_secs_f64();
        match outcome {
            MarkOutcome::Created => report.objects += 1,
            MarkOutcome::Identical => report.outcome = Outcome::Duplicate,
            MarkOutcome::Conflict { theirs } => {
                return Err(ProcessError::Conflict {
                    shard: shard.label.clone(),
                    first: first_difference(mark, &theirs),
                });
            }
        }
        Ok(())
    }

    /// Runs `work` on the CPU pool; how many seconds it took there, and its result.
    async fn compute<T: Send + 'static>(
        &self,
        shard: &Shard,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(f64, T), ProcessError> {
        let timed = move || {
            let start = Instant::now();
            let result = work();
            (start.elapsed().as_secs_f64(), result)
        };
        self.cpu.run(timed).await.map_err(|source| ProcessError::Cpu { shard: shard.label.clone(), source })
    }
}

/// When a job was begun, by two clocks.
struct Begun {
    at: Instant,
    clock: SystemTime,
    attempt: u32,
}

impl Begun {
    /// What the mark says of this execution; the mark's own put is counted in.
    fn execution(&self, stamp: &Stamp, job: &Job, report: &JobReport) -> Execution {
        let since = self.clock.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = self.at.elapsed().as_secs_f64();
        Execution {
            run: job.run.clone(),
            worker: stamp.worker.clone(),
            attempt: self.attempt,
            begun_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            seconds,
            usd: stamp.rates.cost(seconds, report.objects + 1, report.store_gets),
        }
    }
}

fn at(shard: &Shard) -> impl Fn(zagg_store::StoreError) -> ProcessError + '_ {
    |source| ProcessError::Store { shard: shard.label.clone(), source }
}

/// The first object that two marks of one shard disagree on.
fn first_difference(ours: &Mark, theirs: &Mark) -> String {
    let differs = ours.objects.iter().zip(&theirs.objects).find(|(a, b)| a != b);
    differs.map_or_else(|| "the number of objects or points".to_owned(), |(object, _)| object.key.clone())
}

/// What was left out, for the mark: only counts that neither caches nor scheduling can change.
fn left_out(report: &JobReport) -> BTreeMap<String, Value> {
    let ReadReport { points_in_shard, groups_absent, dropped, .. } = &report.read;
    json_counts(
        [("points_in_shard".to_owned(), *points_in_shard), ("groups_absent".to_owned(), *groups_absent)]
            .into_iter()
            .chain(dropped.iter().enumerate().map(|(i, (filter, n))| (format!("dropped_by_filter_{i}: {filter}"), *n)))
            .chain(report.missing.iter().map(|(variable, n)| (format!("points_without: {variable}"), *n))),
    )
}

fn json_counts(counts: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, Value> {
    counts.map(|(name, count)| (name, Value::from(count))).collect()
}
