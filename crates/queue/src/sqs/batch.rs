//! Sending jobs, up to ten in one request.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use zagg_core::fault::Fault;

use super::link::Link;
use super::trouble::{failed, fault_of};
use crate::error::Error;
use crate::queue::Refused;

/// Messages in one request.
pub(super) const BATCH: usize = 10;
/// Tries of a message that the broker did not take for a reason that may pass.
const TRIES: u32 = 5;
/// The pause before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends up to ten messages, each known by a number; gives those that were not taken. Only what
/// was not taken is sent again.
pub(super) async fn send(link: &Link, url: &str, bodies: &[(usize, String)]) -> Result<Vec<Refused>, Error> {
    let mut refused = Vec::new();
    let mut left: Vec<&(usize, String)> = bodies.iter().collect();
    for attempt in 1..=TRIES {
        if left.is_empty() {
            break;
        }
        let failures = match send_once(link, url, &left).await {
            Ok(output) => failures(&left, &output),
            // Some are queued by now: the caller hears which are not.
            Err(error) if attempt > 1 => {
                let (fault, reason) = (error.fault(), error.to_string());
                left.iter().map(|(index, _)| Refused { index: *index, fault, reason: reason.clone() }).collect()
            }
            Err(error) => return Err(error),
        };
        let (again, lost): (Vec<Refused>, Vec<Refused>) =
            failures.into_iter().partition(|failure| attempt < TRIES && may_pass(failure.fault));
        refused.extend(lost);
        left.retain(|(index, _)| again.iter().any(|failure| failure.index == *index));
        if !left.is_empty() {
            tracing::debug!(queue = link.queue, jobs = left.len(), "jobs were not taken and are sent again");
            tokio::time::sleep(jittered(PAUSE * 2_u32.pow(attempt - 1))).await;
        }
    }
    refused.sort_by_key(|refused| refused.index);
    Ok(refused)
}

async fn send_once(link: &Link, url: &str, bodies: &[&(usize, String)]) -> Result<SendMessageBatchOutput, Error> {
    let entry = |(index, body): &&(usize, String)| {
        SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body).build()
    };
    let entries = bodies.iter().map(entry).collect::<Result<Vec<_>, _>>().map_err(|error| link.bug(error))?;
    let request = link.client.send_message_batch().queue_url(url).set_entries(Some(entries));
    request.send().await.map_err(|error| failed(&link.queue, "enqueueing", error))
}

/// What of `bodies` was not taken: what the answer calls failed, and what it doesn't mention.
fn failures(bodies: &[&(usize, String)], output: &SendMessageBatchOutput) -> Vec<Refused> {
    let taken = |index: usize| output.successful.iter().any(|entry| entry.id.parse() == Ok(index));
    let missing = bodies.iter().map(|(index, _)| *index).filter(|index| !taken(*index));
    let refusal = |index: usize| {
        let told = output.failed.iter().find(|entry| entry.id.parse() == Ok(index));
        let (fault, reason) = told.map_or_else(
            || (Fault::Transient, "the broker did not say what became of it".to_owned()),
            |entry| (entry_fault(entry), format!("{}: {}", entry.code, entry.message.as_deref().unwrap_or_default())),
        );
        Refused { index, fault, reason }
    };
    missing.map(refusal).collect()
}

/// Entries have no status of their own; they say whose fault it was instead.
fn entry_fault(entry: &BatchResultErrorEntry) -> Fault {
    fault_of(&entry.code, if entry.sender_fault { 400 } else { 500 })
}

fn may_pass(fault: Fault) -> bool {
    matches!(fault, Fault::Transient | Fault::Throttled { .. })
}

/// Between half of the pause and the whole of it.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    pause / 2 + (pause / 2) * u32::try_from(random % 1024).unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::SendMessageBatchResultEntry;

    use super::*;

    #[test]
    fn what_was_not_taken_is_told_with_its_own_fault() {
        let bodies: Vec<(usize, String)> = [3, 5, 7, 9].map(|n| (n, String::new())).into();
        let done = SendMessageBatchResultEntry::builder().id("3").message_id("m").md5_of_message_body("x").build();
        let failed = |id: &str, code: &str, sender| {
            BatchResultErrorEntry::builder().id(id).code(code).sender_fault(sender).build().unwrap()
        };
        let output = SendMessageBatchOutput::builder()
            .successful(done.unwrap())
            .failed(failed("5", "InvalidMessageContents", true))
            .failed(failed("7", "ServiceBusy", false))
            .build()
            .unwrap();
        let found = failures(&bodies.iter().collect::<Vec<_>>(), &output);
        let found: Vec<(usize, Fault)> = found.iter().map(|refused| (refused.index, refused.fault)).collect();
        assert_eq!(found, [(5, Fault::Malformed), (7, Fault::Transient), (9, Fault::Transient)]);
    }

    #[test]
    fn a_pause_is_at_least_half_of_itself() {
        for _ in 0..100 {
            let pause = jittered(PAUSE);
            assert!(pause >= PAUSE / 2 && pause <= PAUSE, "{pause:?}");
        }
    }
}
