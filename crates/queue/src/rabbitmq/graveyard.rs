//! Looking at what was set aside, and putting it back.
//!
//! A queue can't be looked at without taking from it: messages are taken, looked at, and given
//! back in their order. While one process looks, another sees fewer graves.

use std::time::Duration;

use futures::future::join_all;
use lapin::Acker;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use tokio::time::sleep;

use super::envelope::{class, properties, tombstone};
use super::lane::{Answer, Lane, Target};
use super::link::Side;
use super::names::Names;
use super::trouble::Unplaced;
use crate::error::Error;
use crate::queue::{Buried, Class};

/// Messages that are asked for at once.
const AT_ONCE: usize = 100;
/// Looks at whether the messages that were given back are there again.
const LOOKS: u32 = 100;
/// The pause between two of these looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Up to `max` graves.
pub(super) async fn buried(side: &Side, names: &Names, max: usize) -> Result<Vec<Buried>, Error> {
    let lane = side.lane().await?;
    let (mut graves, mut last) = (Vec::new(), None);
    while graves.len() < max {
        let taken = take(&lane, names, max - graves.len()).await?;
        let Some(end) = taken.last().map(|grave| grave.acker.clone()) else { break };
        graves.extend(taken.iter().map(|grave| tombstone(&grave.properties, &grave.data)));
        last = Some(end);
    }
    give_back(lane, names, last, graves.len()).await?;
    Ok(graves)
}

/// Puts up to `max` graves of a class back on the work queue; how many it were. Only what is there
/// at the beginning: what is buried anew meanwhile stays.
pub(super) async fn redrive(
    from: &Side,
    to: &Side,
    names: &Names,
    max: usize,
    wanted: Option<Class>,
) -> Result<usize, Error> {
    let (lane, post) = (from.lane().await?, to.lane().await?);
    let (mut left, mut moved, mut kept, mut last) = (None, 0, 0, None);
    while left != Some(0) && moved < max {
        let taken = take(&lane, names, left.unwrap_or(max).min(max - moved)).await?;
        if taken.is_empty() {
            break;
        }
        // Counted now: a queue that is just electing its leader is counted as empty.
        left = match left {
            None => Some(lane.count(&names.dlq).await?.0 as usize),
            Some(left) => Some(left.saturating_sub(taken.len())),
        };
        let (chosen, others): (Vec<Delivery>, Vec<Delivery>) =
            taken.into_iter().partition(|grave| wanted.is_none_or(|wanted| wanted == class(&grave.properties)));
        publish(&post, names, &chosen).await?;
        for grave in &chosen {
            lane.call("settling", |_| grave.acker.ack(BasicAckOptions { multiple: false })).await?;
        }
        (moved, kept) = (moved + chosen.len(), kept + others.len());
        last = others.last().map(|grave| grave.acker.clone()).or(last);
    }
    post.park();
    give_back(lane, names, last, kept).await?;
    Ok(moved)
}

/// Takes the next messages, at most [`AT_ONCE`], in their order.
async fn take(lane: &Lane, names: &Names, max: usize) -> Result<Vec<Delivery>, Error> {
    let taken = join_all((0..max.min(AT_ONCE)).map(|_| lane.get(&names.dlq))).await;
    let taken: Result<Vec<_>, Error> = taken.into_iter().collect();
    Ok(taken?.into_iter().flatten().map(|message| message.delivery).collect())
}

/// Publishes the messages anew, as if they had never been handed out, and waits until all are safe.
async fn publish(post: &Lane, names: &Names, graves: &[Delivery]) -> Result<(), Error> {
    let mut sent = Vec::with_capacity(graves.len());
    for grave in graves {
        let properties = properties(grave.properties.message_id().clone(), 0);
        sent.push(post.send(Target::queue(&names.queue), &grave.data, properties).await?);
    }
    for sent in sent {
        let problem = match post.answer(sent).await? {
            Answer::Placed => continue,
            Answer::Refused => Unplaced::Refused,
            Answer::Returned(_) => Unplaced::Unroutable,
            Answer::Unconfirmed => Unplaced::Unconfirmed,
        };
        return Err(problem.into_error(post.name(), "redriving"));
    }
    Ok(())
}

/// Gives back everything that is still held, up to the last message, and waits for it to be there
/// again, so that who asks next finds it.
async fn give_back(lane: Lane, names: &Names, last: Option<Acker>, held: usize) -> Result<(), Error> {
    if let Some(last) = last {
        let options = BasicNackOptions { multiple: true, requeue: true };
        lane.call("giving graves back", |_| last.nack(options)).await?;
        for _ in 0..LOOKS {
            if lane.count(&names.dlq).await?.0 as usize >= held {
                break;
            }
            sleep(PAUSE).await;
        }
    }
    lane.park();
    Ok(())
}
