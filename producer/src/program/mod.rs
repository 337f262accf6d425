//! The program: from what was typed to jobs on a queue.

pub(crate) mod arguments;

pub(crate) mod error;

mod text;

mod follow;

use std::{collections::HashSet, sync::Arc};

use serde::Serialize;
use zagg_producer::{
    EnqueueReport, Estimate, Inputs, Journal, Place, Prepared, Progress, Registration, RunPlan, RunRequest, enqueue,
    estimate, give_order, order, prepare, register,
};
use zagg_program::{environment, exit::Exit, output, overviews};
use zagg_queue::{
    queue::{Options, Queue},
    url::{Broker, QueueUrl},
};
use zagg_store::{Layout, Provenance, Store, consolidate::consolidate};

use arguments::{Arguments, WorkersPlace};
use error::ProgramError;

/// The schema name of a report.
const REPORT_SCHEMA: &str = "zagg-produce-report/1";
/// Buried jobs that are looked at before a run is resumed.
const GRAVES: usize = 1_000_000;

/// What the program did.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    version: &'static str,
    /// The run's name.
    pub(crate) run: String,
    /// Where the store is.
    pub(crate) store: String,
    /// The queue, without credentials.
    pub(crate) queue: String,
    /// Shards of the plan.
    pub(crate) chosen: usize,
    /// Done before.
    pub(crate) done: usize,
    /// On the queue already, by an earlier producer's journal, or buried there.
    pub(crate) sent_before: usize,
    /// Now sent, and not.
    pub(crate) sent: EnqueueReport,
    /// Done from other granules, and so not taken.
    pub(crate) stale: Vec<String>,
    /// What the jobs will likely cost.
    pub(crate) estimate: Estimate,
    /// How far the run has come, with `--wait`.
    pub(crate) progress: Option<Progress>,
}

/// Does what was typed.
pub(crate) async fn produce(typed: &Arguments) -> Result<Exit, ProgramError> {
    let url: QueueUrl = typed.queue.parse()?;
    let options = Options { term: typed.term, max_attempts: typed.max_attempts };
    let inputs = Inputs::load(&typed.sources())?;
    let plan = RunPlan::new(&RunRequest {
        pipeline: &inputs.pipeline,
        grid: &inputs.grid,
        shard_map: &inputs.shard_map,
        folder: &inputs.folder,
        driver: &inputs.driver,
        selection: inputs.selection.clone(),
    })?;
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: Some(inputs.shard_map.digest().to_string()),
        notes: Vec::new(),
    };
    let layout = Layout::new(&inputs.pipeline, &inputs.grid, provenance)?;
    let objects = layout.written().count() as u64 + 1;
    let place = place(typed, &url);
    let all: Vec<usize> = (0..plan.shards.len()).collect();
    let most = estimate(&plan, &all, objects, place);
    if typed.dry_run {
        let text = text::dry_run(&inputs, &plan, &most, place, &url);
        print(typed, &text, &most)?;
        return Ok(Exit::Done);
    }
    let store = Store::open(&inputs.location, &environment::store_settings(&typed.s3))?;
    if typed.resume {
        refuse_cancelled(&store, &plan.run).await?;
    }
    let queue = open_queue(typed, &url, options).await?;
    let prepared = prepare(&store, &layout, &inputs.grid, &plan, typed.overwrite).await?;
    let expected = estimate(&plan, &prepared.to_do, objects, place);
    within_ceiling(typed, &expected)?;
    output::result(&text::before(&plan, &prepared, &expected, place), typed.quiet || typed.json);
    let registration = Registration {
        inputs: &inputs,
        queue: &url.absolute().to_string(),
        estimate: expected,
        max_usd: typed.max_usd,
        version: env!("CARGO_PKG_VERSION"),
    };
    register(&store, &plan, &registration).await?;
    // The arrays' metadata is the same whatever becomes of the shards.
    consolidate(&store).await?;
    if order(&store, &plan.run).await?.is_some_and(|order| order.cancelled) {
        give_order(&store, &plan.run, false, "produced again").await?;
    }
    let mut report = send(typed, &plan, &prepared, &store, &queue, expected).await?;
    output::result(&text::after(&report), typed.quiet || typed.json);
    if typed.wait {
        report.progress = Some(wait(typed, &store, &plan, &prepared, queue.as_ref()).await?);
    }
    print(typed, "", &report)?;
    Ok(if typed.allow_refused { Exit::Done } else { report.exit() })
}

/// Stays until the run is over, and says what its end calls for.
async fn wait(
    typed: &Arguments,
    store: &Store,
    plan: &RunPlan,
    prepared: &Prepared,
    queue: &dyn Queue,
) -> Result<Progress, ProgramError> {
    let progress = follow::follow(typed, store, &plan.run, queue).await?;
    if progress.left() == 0 && !prepared.to_do.is_empty() {
        overviews::tell_of_stale(store).await?;
    }
    Ok(progress)
}

/// Whoever goes on with a cancelled run would leave out jobs that were dropped.
async fn refuse_cancelled(store: &Store, run: &str) -> Result<(), ProgramError> {
    match order(store, run).await?.filter(|order| order.cancelled) {
        Some(order) => Err(ProgramError::Usage(format!(
            "run {run} was cancelled ({}): its jobs are dropped, and nothing was sent; without --resume it is produced again",
            order.reason
        ))),
        None => Ok(()),
    }
}

/// Puts what is to do on the queue.
async fn send(
    typed: &Arguments,
    plan: &RunPlan,
    prepared: &Prepared,
    store: &Store,
    queue: &Arc<dyn Queue>,
    estimate: Estimate,
) -> Result<Report, ProgramError> {
    let earlier = match typed.resume {
        true => Journal::find(store, &plan.run, queue.name()).await?,
        false => Journal::new(queue.name()),
    };
    let buried = if typed.resume { buried(queue.as_ref(), &plan.run).await? } else { HashSet::new() };
    let is_there = |place: usize| earlier.has(place) || buried.contains(&plan.shards[place].label);
    let places: Vec<usize> = prepared.to_do.iter().copied().filter(|&place| !is_there(place)).collect();
    let sent_before = prepared.to_do.len() - places.len();
    let bar = text::Bar::new(places.len() as u64, typed.quiet || typed.json);
    let location = store.location().to_string();
    let sent =
        enqueue(queue.as_ref(), plan, &places, &location, Some((store, earlier)), |jobs| bar.at(jobs as u64)).await?;
    bar.finish();
    Ok(Report {
        schema: REPORT_SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        run: plan.run.clone(),
        store: location,
        queue: queue.name().to_owned(),
        chosen: plan.shards.len(),
        done: prepared.done,
        sent_before,
        sent,
        stale: prepared.stale.clone(),
        estimate,
        progress: None,
    })
}

/// The labels of the run's buried jobs: they wait for `zagg redrive`.
async fn buried(queue: &dyn Queue, run: &str) -> Result<HashSet<String>, ProgramError> {
    let graves = queue.buried(GRAVES).await?;
    Ok(graves.into_iter().filter_map(|grave| grave.job).filter(|job| job.run == run).map(|job| job.shard).collect())
}

async fn open_queue(typed: &Arguments, url: &QueueUrl, options: Options) -> Result<Arc<dyn Queue>, ProgramError> {
    if typed.create_queue {
        let setup = url.create(options).await?;
        output::result(&setup.to_string(), typed.quiet || typed.json);
    }
    Ok(url.open(options).await?)
}

fn place(typed: &Arguments, url: &QueueUrl) -> Place {
    let sqs = matches!(url, QueueUrl::Broker(Broker::Sqs, _));
    match typed.place {
        Some(WorkersPlace::Lambda) => Place::Lambda,
        None if sqs => Place::Lambda,
        _ => Place::Container { sqs },
    }
}

fn within_ceiling(typed: &Arguments, expected: &Estimate) -> Result<(), ProgramError> {
    match typed.max_usd {
        Some(most) if expected.usd.total() > most => Err(ProgramError::Usage(format!(
            "the run would cost some ${:.2}, more than the ${most:.2} of --max-usd: nothing was sent",
            expected.usd.total()
        ))),
        _ => Ok(()),
    }
}

/// With `--json` the value, otherwise the text.
fn print(typed: &Arguments, text: &str, value: &impl Serialize) -> Result<(), ProgramError> {
    if typed.json {
        output::result(&output::json(value)?, false);
    } else if !text.is_empty() {
        output::result(text, typed.quiet);
    }
    Ok(())
}

impl Report {
    fn exit(&self) -> Exit {
        let refused = !self.sent.refused.is_empty() || !self.stale.is_empty();
        let incomplete = self.progress.as_ref().is_some_and(|progress| progress.done < progress.shards);
        if refused || incomplete { Exit::Incomplete } else { Exit::Done }
    }
}
