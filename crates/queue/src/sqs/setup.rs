//! Making a queue and its graveyard, or comparing what is there.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::Value;

use super::address::Address;
use super::link::{Attributes, Link};
use super::trouble::failed;
use super::whole_seconds;
use crate::error::Error;
use crate::message::{MESSAGE_BYTES, REASON_CHARACTERS};
use crate::queue::Options;
use crate::setup::{Difference, Setup};

/// Seconds that a queue keeps a job: four days.
const RETENTION: u64 = 4 * 86_400;
/// Seconds that the graveyard keeps a job: fourteen days, counted from its first enqueueing where the
/// broker itself set it aside.
const DEAD_RETENTION: u64 = 14 * 86_400;
/// Seconds that a receive waits when it doesn't say.
const WAIT: u64 = 20;
/// The largest `maxReceiveCount`.
const LIMIT: u32 = 1000;
/// How long a queue that was just made may be unknown to some of the broker's servers, and how long
/// to wait before asking again.
const SETTLES: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(500);
/// Bytes of a message in the graveyard: the job, the reason's text, and what names them.
const DEAD_BYTES: u64 = (MESSAGE_BYTES + 4 * (REASON_CHARACTERS + 1) + 256) as u64;

/// A queue's redrive policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    /// Where the broker moves what it gives up.
    pub(super) target: String,
    /// Deliveries after which it does so.
    pub(super) limit: Option<u32>,
}

impl Redrive {
    /// The policy among a queue's attributes.
    pub(super) fn of(attributes: &Attributes) -> Option<Self> {
        let policy: Value = serde_json::from_str(attributes.get(&Name::RedrivePolicy)?).ok()?;
        let target = policy.get("deadLetterTargetArn")?.as_str()?.to_owned();
        let limit = policy.get("maxReceiveCount");
        // Both spellings are accepted by the broker, and given back as they came.
        let limit = limit.and_then(|limit| limit.as_u64().or_else(|| limit.as_str()?.parse().ok()));
        Some(Self { target, limit: limit.and_then(|limit| u32::try_from(limit).ok()) })
    }

    fn text(&self) -> String {
        let limit = self.limit.map_or(Value::Null, Value::from);
        serde_json::json!({ "deadLetterTargetArn": self.target, "maxReceiveCount": limit }).to_string()
    }
}

/// Makes what is missing, and compares what is not.
pub(super) async fn create(link: &Link, address: &Address, options: Options) -> Result<Setup, Error> {
    let mut setup = Setup::default();
    let dead = Thing::find_or_make(link, address, &address.dead_name(), dead_attributes(), &mut setup).await?;
    let policy = Redrive { target: dead.arn.clone(), limit: Some(options.max_attempts.clamp(1, LIMIT)) };
    let attributes = attributes(&policy, options);
    let alive = Thing::find_or_make(link, address, &address.name, attributes, &mut setup).await?;
    let allow = serde_json::json!({ "redrivePermission": "byQueue", "sourceQueueArns": [alive.arn] }).to_string();
    if dead.made {
        let request = link.client.set_queue_attributes().queue_url(&dead.url);
        let request = request.attributes(Name::RedriveAllowPolicy, allow.clone());
        request.send().await.map_err(|error| failed(&link.queue, "making the graveyard", error))?;
    } else {
        setup.differences.extend(compare_dead(&dead, &alive.arn, &allow));
    }
    if !alive.made {
        setup.differences.extend(compare(&alive, &policy, options));
    }
    Ok(setup)
}

fn attributes(policy: &Redrive, options: Options) -> Vec<(Name, String)> {
    vec![
        (Name::VisibilityTimeout, whole_seconds(options.term).max(1).to_string()),
        (Name::MessageRetentionPeriod, RETENTION.to_string()),
        (Name::ReceiveMessageWaitTimeSeconds, WAIT.to_string()),
        (Name::RedrivePolicy, policy.text()),
        (Name::SqsManagedSseEnabled, "true".to_owned()),
    ]
}

fn dead_attributes() -> Vec<(Name, String)> {
    vec![
        (Name::MessageRetentionPeriod, DEAD_RETENTION.to_string()),
        (Name::ReceiveMessageWaitTimeSeconds, WAIT.to_string()),
        (Name::SqsManagedSseEnabled, "true".to_owned()),
    ]
}

/// One of the two queues.
struct Thing {
    name: String,
    url: String,
    arn: String,
    made: bool,
    attributes: Attributes,
}

impl Thing {
    async fn find_or_make(
        link: &Link,
        address: &Address,
        name: &str,
        wanted: Vec<(Name, String)>,
        setup: &mut Setup,
    ) -> Result<Self, Error> {
        let found = link.locate(name, address.account.as_deref()).await?;
        let made = found.is_none();
        let url = match found {
            Some(url) => url,
            None => make(link, name, wanted).await?,
        };
        (if made { &mut setup.created } else { &mut setup.found }).push(format!("queue {name}"));
        let missing = || Error::Absent { queue: link.queue.clone(), missing: format!("the queue `{name}`") };
        let deadline = Instant::now() + SETTLES;
        let attributes = loop {
            match link.attributes(&url, &[Name::All]).await? {
                Some(attributes) => break attributes,
                None if made && Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
                None => return Err(missing()),
            }
        };
        let arn = attributes.get(&Name::QueueArn).cloned().unwrap_or_default();
        let thing = Self { name: name.to_owned(), url, arn, made, attributes };
        if let Some(account) = address.account.as_deref().filter(|account| !thing.arn.contains(account)) {
            setup.differences.push(thing.differs(
                "account",
                thing.arn.split(':').nth(4).unwrap_or_default().to_owned(),
                account.to_owned(),
                "these credentials belong to another account than the address: use that account's".to_owned(),
            ));
        }
        Ok(thing)
    }

    fn get(&self, name: &Name) -> Option<&str> {
        self.attributes.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn number(&self, name: &Name) -> u64 {
        super::number(&self.attributes, name).unwrap_or(0)
    }

    fn differs(&self, parameter: &str, found: String, wanted: String, remedy: String) -> Difference {
        Difference { thing: format!("queue {}", self.name), parameter: parameter.to_owned(), found, wanted, remedy }
    }

    /// A difference that setting the attribute mends.
    fn off(&self, name: &Name, wanted: &str, what: &str) -> Difference {
        let found = self.get(name).unwrap_or("nothing").to_owned();
        let set = serde_json::json!({ name.as_str(): wanted });
        let remedy =
            format!("{what}; `aws sqs set-queue-attributes --queue-url {} --attributes '{set}'` mends it", self.url);
        self.differs(name.as_str(), found, wanted.to_owned(), remedy)
    }

    fn is_encrypted(&self) -> bool {
        self.get(&Name::SqsManagedSseEnabled) == Some("true") || self.get(&Name::KmsMasterKeyId).is_some()
    }
}

async fn make(link: &Link, name: &str, wanted: Vec<(Name, String)>) -> Result<String, Error> {
    let wanted: HashMap<Name, String> = wanted.into_iter().collect();
    let request = link.client.create_queue().queue_name(name).set_attributes(Some(wanted));
    let output = request.send().await.map_err(|error| failed(&link.queue, "making the queue", error))?;
    output.queue_url.ok_or_else(|| link.bug("the broker gave no URL for the queue that it made"))
}

/// What of an existing queue is not as this program would make it.
fn compare(thing: &Thing, policy: &Redrive, options: Options) -> Vec<Difference> {
    let mut found = Vec::new();
    let term = u64::from(whole_seconds(options.term).max(1));
    if thing.number(&Name::VisibilityTimeout) != term {
        let what = "workers ask for their own term, but Lambda hides a job for so long, which should be six times the \
                    function's time-out";
        found.push(thing.off(&Name::VisibilityTimeout, &term.to_string(), what));
    }
    let redrive = Redrive::of(&thing.attributes);
    let what = match &redrive {
        None => Some(
            "a job that no worker survives comes back until a worker of this release buries it, under Lambda for ever",
        ),
        Some(found) if found.target != policy.target => Some("what the broker gives up goes where zagg doesn't look"),
        Some(found) if found.limit < policy.limit => Some("the broker gives jobs up earlier than the workers would"),
        Some(found) if found.limit > policy.limit => {
            Some("under Lambda a job is tried more often than by other workers")
        }
        Some(_) => None,
    };
    if let Some(what) = what {
        found.push(thing.off(&Name::RedrivePolicy, &policy.text(), what));
    }
    found.extend(compare_both(thing, RETENTION, MESSAGE_BYTES as u64));
    if thing.number(&Name::DelaySeconds) != 0 {
        found.push(thing.off(
            &Name::DelaySeconds,
            "0",
            "jobs are held back for so many seconds before their first delivery",
        ));
    }
    found
}

/// What of an existing graveyard is not as this program would make it.
fn compare_dead(thing: &Thing, source: &str, allow: &str) -> Vec<Difference> {
    let mut found = compare_both(thing, DEAD_RETENTION, DEAD_BYTES);
    if thing.get(&Name::RedrivePolicy).is_some() {
        let what =
            "looking through the graveyard counts as receiving, and the broker moves what was looked at too often";
        found.push(thing.off(&Name::RedrivePolicy, "", what));
    }
    let policy = thing.get(&Name::RedriveAllowPolicy);
    let told: Value = policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    let listed = told.get("sourceQueueArns").and_then(Value::as_array).cloned().unwrap_or_default();
    let what = match told.get("redrivePermission").and_then(Value::as_str) {
        Some("byQueue") if listed.iter().any(|arn| arn.as_str() == Some(source)) => None,
        Some("byQueue" | "denyAll") => Some("the broker may not move the queue's jobs here when it gives them up"),
        _ => Some("any queue of the account may use this as its graveyard"),
    };
    if let Some(what) = what {
        found.push(thing.off(&Name::RedriveAllowPolicy, allow, what));
    }
    found
}

fn compare_both(thing: &Thing, retention: u64, bytes: u64) -> Vec<Difference> {
    let mut found = Vec::new();
    if thing.number(&Name::MessageRetentionPeriod) < retention {
        let what = "jobs are lost when they are older than so many seconds";
        found.push(thing.off(&Name::MessageRetentionPeriod, &retention.to_string(), what));
    }
    if thing.get(&Name::MaximumMessageSize).is_some() && thing.number(&Name::MaximumMessageSize) < bytes {
        let what = format!("messages may have {bytes} bytes, and larger ones than this are refused");
        found.push(thing.off(&Name::MaximumMessageSize, "1048576", &what));
    }
    if !thing.is_encrypted() {
        let what = "messages are kept unencrypted";
        found.push(thing.off(&Name::SqsManagedSseEnabled, "true", what));
    }
    if thing.number(&Name::ReceiveMessageWaitTimeSeconds) != WAIT {
        let what = "zagg says with each request how long it waits, but others that don't pay for many more requests";
        found.push(thing.off(&Name::ReceiveMessageWaitTimeSeconds, &WAIT.to_string(), what));
    }
    found
}
