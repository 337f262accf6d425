//! Verdicts: what is to come back or to lie in the graveyard is first published anew, and only when
//! that is safe is the old message acknowledged. Between the two a crash leaves the job there twice.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicRejectOptions};

use super::Core;
use super::envelope::{epitaph, properties};
use super::held::Held;
use super::lane::Target;
use crate::error::Error;
use crate::queue::{Reason, Receipt, Settled};

/// What is said about a delivery.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// It is done.
    Ack,
    /// It may be tried again after this long.
    Release(Duration),
    /// It was not tried.
    PutBack,
    /// It is set aside.
    Bury(Reason),
}

impl Core {
    pub(super) async fn put_back(&self, receipt: &Receipt) -> Result<Settled, Error> {
        self.settle(receipt, Verdict::PutBack).await
    }

    /// Settles a delivery, once. One whose message could not be published is still held.
    pub(super) async fn settle(&self, receipt: &Receipt, verdict: Verdict) -> Result<Settled, Error> {
        let Some(held) = self.table.take(receipt) else { return Ok(Settled::Stale) };
        if let Err(error) = self.publish(&held, &verdict).await {
            self.table.keep_on(receipt, held);
            return Err(error);
        }
        let Held { lane, acker, holder, .. } = held;
        let settled = match verdict {
            // A reject counts as a failed attempt on every release of the broker, a nack does not.
            Verdict::Release(Duration::ZERO) => {
                lane.call("releasing", |_| acker.reject(BasicRejectOptions { requeue: true })).await?
            }
            _ => lane.call("settling", |_| acker.ack(BasicAckOptions { multiple: false })).await?,
        };
        if !settled {
            return Ok(Settled::Stale);
        }
        // The broker doesn't answer acks; it answers this, which it reads after the ack.
        lane.leave().await?;
        drop(holder);
        lane.park();
        Ok(Settled::Done)
    }

    /// Publishes what the verdict makes of the message, if that is a new message.
    async fn publish(&self, held: &Held, verdict: &Verdict) -> Result<(), Error> {
        let (names, id) = (&self.address.names, held.id.clone());
        match verdict {
            Verdict::Ack | Verdict::Release(Duration::ZERO) => Ok(()),
            Verdict::Release(after) => {
                let (exchange, key) = names.delay(*after);
                let target = Target { exchange: &exchange, key: &key };
                self.post(target, &held.body, properties(id, held.attempt)).await
            }
            Verdict::PutBack => {
                let attempts = held.attempt.saturating_sub(1);
                self.post(Target::queue(&names.queue), &held.body, properties(id, attempts)).await
            }
            Verdict::Bury(reason) => {
                let properties = epitaph(id, held.attempt, reason);
                self.post(Target::queue(&names.dlq), &held.body, properties).await
            }
        }
    }

    /// Publishes one message, on a channel of its own for as long as that takes.
    pub(super) async fn post(&self, to: Target<'_>, body: &[u8], properties: BasicProperties) -> Result<(), Error> {
        let lane = self.post.lane().await?;
        lane.place(to, body, properties).await?;
        lane.park();
        Ok(())
    }
}
