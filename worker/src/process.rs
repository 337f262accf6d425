//! One job: read, aggregate, encode, put, mark. The doors (a drain, later a Lambda) differ; this
//! does not.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use serde_json::Value;
use zagg_core::{
    aggregate::{AggregateReport, Aggregation},
    column::ShardColumns,
    grid::{Grid, Shard},
    job::{Job, PlanRecord},
    pipeline::Pipeline,
    points::Points,
};
use zagg_granule::{CpuPool, GranuleReader, ReadReport};
use zagg_store::{
    Layout, Store,
    encode::{EncodedShard, encode_shard},
    mark::{self, Inputs, Mark, MarkOutcome, Standing},
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
        }
    }

    /// The reader, whose meter tells how far reading has come.
    #[must_use]
    pub fn reader(&self) -> &GranuleReader {
        &self.reader
    }

    /// Does one job. Doing it twice, at once or later, changes nothing. Dropping the future leaves no
    /// mark, and chunks at most that the next attempt writes again.
    ///
    /// # Errors
    /// When the shard could not be read whole, computed or stored. No mark is left then.
    pub async fn process(&self, job: &Job) -> Result<JobReport, ProcessError> {
        if job.pipeline != self.pipeline.digest {
            return Err(ProcessError::OtherPipeline { theirs: job.pipeline, ours: self.pipeline.digest });
        }
        let record = self.record(job).await?;
        let shard =
            self.grid.shard(record.key).map_err(|source| ProcessError::Shard { shard: job.shard.clone(), source })?;
        let inputs = Inputs { pipeline: self.pipeline.digest, granules: record.granules_digest() };
        match mark::standing(&self.store, &shard.label, inputs).await.map_err(at(&shard))? {
            Standing::Done(_) => return Ok(JobReport::already_done(&shard.label)),
            Standing::Stale(_) => return Err(ProcessError::Stale { shard: shard.label }),
            Standing::Unmarked => {}
        }
        let mut report = JobReport::new(&shard.label, Outcome::Data);
        let (points, read) = self
            .reader
            .read(&shard, &record.granules)
            .await
            .map_err(|source| ProcessError::Read { shard: shard.label.clone(), source })?;
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
        let (columns, AggregateReport { missing, peak_bytes, .. }) =
            outcome.map_err(|source| ProcessError::Aggregate { shard: shard.label.clone(), source })?;
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
        report.seconds.put += start.elapsed().as_secs_f64();
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
