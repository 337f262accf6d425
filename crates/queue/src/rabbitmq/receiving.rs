//! Handing jobs out.
//!
//! Nothing is taken ahead of need: a message that waits in a busy process is missing elsewhere,
//! and costs its job an attempt when that process dies. So each receiver takes from the queue what
//! it can use now, and when there is nothing, it waits to be called (see `bell.rs`).

use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use lapin::message::Delivery as Message;
use tokio::sync::oneshot;

use super::Core;
use super::envelope::{attempt, epitaph};
use super::held::Held;
use super::lane::{Lane, Target};
use super::link::runtime;
use crate::error::Error;
use crate::message::{decode, poison, undecodable};
use crate::queue::{Delivery, Reason};

/// Messages that are asked for at once.
const AT_ONCE: usize = 32;

/// Deliveries on their way to a receiver. What it doesn't take is put back: nobody has seen it.
pub(super) struct Handed {
    core: Arc<Core>,
    deliveries: Vec<Delivery>,
}

impl Handed {
    pub(super) fn take(mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.deliveries)
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        let deliveries = std::mem::take(&mut self.deliveries);
        let Ok(runtime) = runtime() else { return };
        for delivery in deliveries {
            let core = Arc::clone(&self.core);
            // Failing, it comes back when its term is over.
            runtime.spawn(async move { core.put_back(&delivery.receipt).await });
        }
    }
}

/// Up to `max` jobs, the first of them by the deadline; `receiver` is told.
pub(super) async fn receive(
    core: Arc<Core>,
    max: usize,
    deadline: Instant,
    mut receiver: oneshot::Sender<Result<Handed, Error>>,
) {
    let mut handed = Handed { core: Arc::clone(&core), deliveries: Vec::new() };
    let outcome = fetch(&core, max, deadline, &mut receiver, &mut handed.deliveries).await;
    let answer = match outcome {
        Err(error) if handed.deliveries.is_empty() => Err(error),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(queue = core.address.shown, error, "fewer jobs were received than there are");
            Ok(handed)
        }
        Ok(()) => Ok(handed),
    };
    // A receiver that is gone gets nothing: what it was to get is put back.
    drop(receiver.send(answer));
}

async fn fetch(
    core: &Arc<Core>,
    max: usize,
    deadline: Instant,
    receiver: &mut oneshot::Sender<Result<Handed, Error>>,
    deliveries: &mut Vec<Delivery>,
) -> Result<(), Error> {
    let mut left = loop {
        match core.next_now().await? {
            Found::Job(delivery, left) => {
                deliveries.push(*delivery);
                break left;
            }
            Found::Grave => {}
            Found::Nothing => {
                let over = receiver.is_closed() || deadline <= Instant::now();
                if over || !core.wait(deadline, receiver.closed()).await {
                    return Ok(());
                }
            }
        }
    };
    while left > 0 && deliveries.len() < max {
        let wanted = left.min(max - deliveries.len()).min(AT_ONCE);
        left -= wanted;
        for found in join_all((0..wanted).map(|_| core.next_now())).await {
            if let Found::Job(delivery, _) = found? {
                deliveries.push(*delivery);
            }
        }
    }
    Ok(())
}

/// What a look for a job found.
enum Found {
    /// A job, and how many messages are left.
    Job(Box<Delivery>, usize),
    /// A message that nobody could work on; it is buried.
    Grave,
    /// Nothing.
    Nothing,
}

impl Core {
    /// The next job, if there is one now.
    async fn next_now(self: &Arc<Self>) -> Result<Found, Error> {
        // The semaphore is never closed.
        let _look = self.looks.acquire().await.ok();
        let lane = self.work.lane().await?;
        let Some(found) = lane.get(&self.address.names.queue).await? else {
            lane.park();
            return Ok(Found::Nothing);
        };
        let left = found.message_count as usize;
        let delivery = self.begin(lane, found.delivery).await?;
        Ok(delivery.map_or(Found::Grave, |delivery| Found::Job(Box::new(delivery), left)))
    }

    /// Makes a delivery of a message, or buries what nobody could work on.
    async fn begin(self: &Arc<Self>, lane: Lane, message: Message) -> Result<Option<Delivery>, Error> {
        let attempt = attempt(&message.properties);
        let limit = self.options.max_attempts;
        let job = match decode(&message.data) {
            Ok(job) if attempt <= limit => job,
            Ok(_) => {
                let attempts = attempt - 1;
                // What came back more often than we let it was let by others: the limit is ours.
                return self.entomb(lane, message, attempts, &poison(attempts)).await.map(|()| None);
            }
            Err(why) => return self.entomb(lane, message, attempt, &undecodable(&why)).await.map(|()| None),
        };
        let holder = lane.hold().await?;
        let now = Instant::now();
        let latest = now + self.address.longest_lease();
        let expires = now.checked_add(self.options.term).map_or(latest, |end| end.min(latest));
        let id = message.properties.message_id().clone();
        let Message { data: body, acker, .. } = message;
        let receipt = self.table.keep(Held { lane, acker, holder, body, id, attempt, expires, latest });
        Ok(Some(Delivery { job, attempt, receipt, expires }))
    }

    /// Moves a message to the graveyard before anybody has it.
    async fn entomb(&self, lane: Lane, message: Message, attempts: u32, reason: &Reason) -> Result<(), Error> {
        let properties = epitaph(message.properties.message_id().clone(), attempts, reason);
        self.post(Target::queue(&self.address.names.dlq), &message.data, properties).await?;
        lane.call("burying", |_| message.acker.ack(Default::default())).await?;
        lane.park();
        Ok(())
    }
}
