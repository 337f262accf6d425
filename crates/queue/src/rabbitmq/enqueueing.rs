//! Putting jobs on the queue, a batch at a time, each confirmed by the broker.

use std::collections::HashMap;

use zagg_core::fault::Fault;
use zagg_core::job::Job;

use super::Core;
use super::envelope::properties;
use super::lane::{Answer, Target};
use super::trouble::Unplaced;
use crate::error::Error;
use crate::message::{MESSAGE_BYTES, admit};
use crate::queue::{Enqueued, Refused};

/// Jobs in one batch, all of which may be unconfirmed at once.
pub(super) const BATCH: usize = 1000;

impl Core {
    pub(super) async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error> {
        let (outgoing, refused) = admit(jobs, MESSAGE_BYTES);
        if outgoing.is_empty() {
            return Ok(Enqueued { refused, ..Enqueued::default() });
        }
        let lane = self.post.lane().await?;
        let target = Target::queue(&self.address.names.queue);
        let mut sent = Vec::with_capacity(outgoing.len());
        for message in &outgoing {
            let properties = properties(Some(message.id.as_str().into()), 0);
            sent.push(lane.send(target, &message.body, properties).await?);
        }
        let mut outcome = Enqueued { refused, ..Enqueued::default() };
        // Places in the batch by id: a returned message comes with the answer to some other one.
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for message in &outgoing {
            places.entry(&message.id).or_default().push(message.index);
        }
        for (message, sent) in outgoing.iter().zip(sent) {
            let (index, problem) = match lane.answer(sent).await? {
                Answer::Placed => continue,
                Answer::Refused => (message.index, Unplaced::Refused),
                Answer::Unconfirmed => (message.index, Unplaced::Unconfirmed),
                Answer::Returned(id) => {
                    let place = id.and_then(|id| places.get_mut(id.as_str())?.pop());
                    (place.unwrap_or(message.index), Unplaced::Unroutable)
                }
            };
            outcome.refused.push(refusal(index, &problem));
        }
        lane.park();
        outcome.refused.sort_by_key(|refused| refused.index);
        outcome.accepted = jobs.len() - outcome.refused.len();
        Ok(outcome)
    }
}

fn refusal(index: usize, problem: &Unplaced) -> Refused {
    let fault: Fault = problem.fault();
    Refused { index, fault, reason: problem.to_string() }
}
