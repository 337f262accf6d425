//! The container door: drains a queue until it is told to stop.

use std::{sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Notify, mpsc},
    task::JoinSet,
};
use tracing::{info, warn};
use zagg_core::price::Rates;
use zagg_program::{environment, exit::Exit};
use zagg_queue::url::{Broker, QueueUrl};
use zagg_worker::{
    Drain, DrainSettings, Event, Guard, Memory, Observer, Pulse, Stop, StopSignal, Stopper, drain, endpoints,
    notices::{self, INTERRUPTION, Notice, REBALANCE},
};

use super::{
    arguments::Arguments, cores, error::ProgramError, name, options, patience, vitals::ContainerVitals, workshop,
};

/// How often the counts of requests are brought up to date.
const COUNT: Duration = Duration::from_secs(1);

/// What a worker made of its jobs.
#[derive(Debug, Default)]
struct Tally {
    done: u64,
    buried: u64,
    released: u64,
    dropped: u64,
}

/// Drains the queue.
pub(crate) async fn container(typed: &Arguments) -> Result<Exit, ProgramError> {
    let Some(queue) = &typed.queue else {
        return Err(ProgramError::Usage("no queue is named: give --queue URL or set ZAGG_QUEUE".to_owned()));
    };
    let url: QueueUrl = queue.parse()?;
    let queue = url.open(options(typed)).await?;
    let bigger = match &typed.bigger_queue {
        Some(url) => Some(url.parse::<QueueUrl>()?.open(options(typed)).await?),
        None => None,
    };
    let slots = typed.slots.unwrap_or(2 * cores());
    let rates = Rates::container(cores() as f64, slots, matches!(url, QueueUrl::Broker(Broker::Sqs, _)));
    let worker = name(typed);
    let (runs, metrics) = workshop(typed, rates, worker.clone())?;
    let observer = Arc::new(Observer::new(metrics, rates, queue.limits().attempts));
    let (guard, pulse, runs) = (Arc::<Guard>::default(), Arc::<Pulse>::default(), Arc::new(runs));
    let memory = Memory::find(typed.memory_mb.map(|mb| mb.saturating_mul(1_000_000)));
    let (stopper, signal) = Stopper::new();
    let stopper = Arc::new(stopper);
    let vitals = Arc::new(ContainerVitals {
        observer: Arc::clone(&observer),
        runs: Arc::clone(&runs),
        pulse: Arc::clone(&pulse),
        memory: memory.clone(),
        stop: signal.clone(),
        slots,
    });
    if let Some(address) = typed.listen {
        let listening = endpoints::answer(address, vitals.clone()).await;
        let address = listening.map_err(|source| ProgramError::Listen { address, source })?;
        info!(%address, "answering /metrics, /livez and /readyz");
    }
    let told = Arc::<Notify>::default();
    let mut helpers = helpers(typed, &stopper, &signal, memory, &guard, &pulse, &told);
    info!(queue = queue.name(), slots, worker, "taking jobs");
    let settings = DrainSettings {
        slots,
        until_empty: typed.until_empty,
        wait: typed.wait,
        patience: patience(typed),
        broker_patience: typed.broker_patience,
    };
    let (events, heard) = mpsc::unbounded_channel();
    let work = Drain { queue, bigger, runs, guard, pulse };
    let draining = tokio::spawn(drain(work, settings, signal.clone(), events));
    let tally = listen(heard, &observer, &vitals).await;
    let outcome = draining.await;
    if typed.stay && signal.now() != Stop::No && matches!(outcome, Ok(Ok(()))) {
        info!("drained; staying until told to go");
        told.notified().await;
    }
    helpers.abort_all();
    let Tally { done, buried, released, dropped } = tally;
    info!(done, buried, released, dropped, stopped = signal.now() != Stop::No, "ended");
    match outcome {
        Ok(Ok(())) if typed.until_empty && buried > 0 => Ok(Exit::Incomplete),
        Ok(outcome) => Ok(outcome.map(|()| Exit::Done)?),
        Err(error) => Err(ProgramError::Usage(format!("the drain ended abnormally: {error}"))),
    }
}

/// Takes note of what happens until the drain is over.
async fn listen(mut heard: mpsc::UnboundedReceiver<Event>, observer: &Observer, vitals: &ContainerVitals) -> Tally {
    let mut tally = Tally::default();
    let mut ticks = tokio::time::interval(COUNT);
    loop {
        tokio::select! {
            event = heard.recv() => match event {
                Some(event) => {
                    observer.take(&event);
                    match event {
                        Event::Finished(..) => tally.done += 1,
                        Event::Buried(_) => tally.buried += 1,
                        Event::Released(_) => tally.released += 1,
                        Event::Dropped { .. } => tally.dropped += 1,
                        Event::BrokerTrouble { reason } => warn!(reason, "the broker is asked again"),
                        _ => {}
                    }
                }
                None => return tally,
            },
            _ = ticks.tick() => vitals.refresh(),
        }
    }
}

/// What goes on beside the drain: signals, memory, notices.
fn helpers(
    typed: &Arguments,
    stopper: &Arc<Stopper>,
    signal: &StopSignal,
    memory: Option<Memory>,
    guard: &Arc<Guard>,
    pulse: &Arc<Pulse>,
    told: &Arc<Notify>,
) -> JoinSet<()> {
    let mut helpers = JoinSet::new();
    if let Some(memory) = memory {
        let guard = Arc::clone(guard);
        info!(limit = memory.limit(), "memory is guarded");
        helpers.spawn(async move { guard.watch(memory).await });
    }
    let grace = typed.grace;
    helpers.spawn(stop_on_signal(Arc::clone(stopper), grace, Arc::clone(told)));
    if typed.spot {
        let (stopper, service) = (Arc::clone(stopper), typed.metadata_url.clone());
        // Who stays would wait for an interruption that is only likely for as long as the instance lives.
        let heeded: &[Notice] = if typed.stay { &[INTERRUPTION] } else { &[INTERRUPTION, REBALANCE] };
        helpers.spawn(async move {
            let notice = notices::interruption(&service, heeded).await;
            stop(&stopper, notice, grace).await;
        });
    }
    if let Some(agent) = environment::ecs_agent() {
        let (pulse, signal) = (Arc::clone(pulse), signal.clone());
        helpers
            .spawn(async move { notices::protect(&agent, || pulse.working() > 0 && signal.now() == Stop::No).await });
    }
    helpers
}

/// The first SIGTERM or Ctrl-C drains; a second one, or the end of the grace period, puts back what is
/// still in work.
async fn stop_on_signal(stopper: Arc<Stopper>, grace: Duration, told: Arc<Notify>) {
    let mut terminations = signal(SignalKind::terminate()).ok();
    let mut interrupts = signal(SignalKind::interrupt()).ok();
    let first = either(&mut terminations, &mut interrupts).await;
    told.notify_one();
    tokio::select! {
        () = stop(&stopper, first, grace) => {}
        again = either(&mut terminations, &mut interrupts) => {
            info!(again, "jobs in work are put back");
            stopper.drop_all();
        }
    }
}

async fn stop(stopper: &Stopper, why: &str, grace: Duration) {
    info!(why, grace_seconds = grace.as_secs(), "draining: no more jobs are taken");
    stopper.finish();
    tokio::time::sleep(grace).await;
    info!("the grace period is over: jobs in work are put back");
    stopper.drop_all();
}

async fn either(terminations: &mut Option<Signal>, interrupts: &mut Option<Signal>) -> &'static str {
    async fn next(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => signal.recv().await.map_or((), drop),
            None => std::future::pending().await,
        }
    }
    tokio::select! {
        () = next(terminations) => "SIGTERM",
        () = next(interrupts) => "SIGINT",
    }
}
