//! What is asked of the server, typed: one function per script.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use redis::{Cmd, FromRedisValue, Script, ScriptInvocation, Value};

use super::address::{Address, keys};
use super::line::Line;
use super::scripts::Scripts;
use super::trouble::Trouble;
use crate::error::Error;
use crate::message::{decode, undecodable};
use crate::queue::{Class, Delivery, Options, Reason, Receipt};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one read waits for news; a connection that died unnoticed is found out after this and
/// [`PATIENCE`].
pub(super) const BLOCK: Duration = Duration::from_secs(5);
/// The longest pause between two looks for what was left lying.
const LONGEST_TIDY: Duration = Duration::from_secs(60);
/// Where among the scripts' keys the stream, the graveyard and the bell are.
const JOBS: usize = 0;
const DEAD: usize = 4;
const BELL: usize = 6;

/// One process's client of a queue.
pub(super) struct RedisClient {
    pub(super) name: String,
    pub(super) options: Options,
    consumer: String,
    keys: [String; 8],
    scripts: Scripts,
    line: Line,
    /// Reads that wait hold up what is sent after them.
    waiting: Line,
}

/// What a look for jobs found.
pub(super) struct Found {
    /// What was handed out, less what could not be decoded.
    pub(super) deliveries: Vec<Delivery>,
    /// Deliveries of messages that are no jobs, and why they are to be buried.
    pub(super) refuse: Vec<(Receipt, Reason)>,
    /// What to wait for, if less was found than was asked for.
    pub(super) news: Option<News>,
}

/// What to wait for.
pub(super) struct News {
    /// When the next lease or delay ends.
    pub(super) due: Option<Instant>,
    /// The last ids of the stream and of the bell.
    pub(super) last: [String; 2],
}

/// What a delivery is known by: the entry, the group's count of its deliveries, and who got it.
pub(super) struct Claim<'a> {
    entry: &'a str,
    count: &'a str,
    consumer: &'a str,
}

impl<'a> Claim<'a> {
    /// None for another queue's receipt.
    pub(super) fn of(receipt: &'a Receipt) -> Option<Self> {
        let mut parts = receipt.as_str().splitn(3, ' ');
        let claim = Self { entry: parts.next()?, count: parts.next()?, consumer: parts.next()? };
        claim.count.parse::<u64>().is_ok().then_some(claim)
    }
}

impl RedisClient {
    pub(super) fn new(address: Address, options: Options) -> Self {
        let line = Line::new(address.client.clone(), PATIENCE);
        let waiting = Line::new(address.client, BLOCK + PATIENCE);
        let keys = keys(&address.queue);
        Self { name: address.name, options, consumer: consumer(), keys, scripts: Scripts::new(), line, waiting }
    }

    /// A [`Trouble`] as the queue's error.
    pub(super) fn failed(&self, doing: &'static str) -> impl Fn(Trouble) -> Error {
        move |trouble| trouble.error(&self.name, doing)
    }

    pub(super) fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// The key of the stream.
    pub(super) fn stream(&self) -> &str {
        &self.keys[JOBS]
    }

    /// The key of the graveyard.
    pub(super) fn dead(&self) -> &str {
        &self.keys[DEAD]
    }

    /// A script's call with the keys.
    pub(super) fn call<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        for key in &self.keys {
            call.key(key);
        }
        call
    }

    /// The same for a verdict on a delivery.
    pub(super) fn verdict<'a>(&self, script: &'a Script, claim: &Claim<'_>) -> ScriptInvocation<'a> {
        let mut call = self.call(script);
        call.arg(claim.entry).arg(claim.count).arg(claim.consumer);
        call
    }

    /// Runs a script. A server that has lost the group gets it again.
    pub(super) async fn run<T: FromRedisValue + Send>(&self, call: &ScriptInvocation<'_>) -> Result<T, Trouble> {
        match self.line.run(call).await {
            Err(trouble) if trouble.group_is_gone() => {
                tracing::warn!(queue = self.name, "the server has lost the queue's group: it is made again");
                self.prepare().await?;
                self.line.run(call).await
            }
            outcome => outcome,
        }
    }

    /// Sends a command.
    pub(super) async fn send<T: FromRedisValue + Send>(&self, command: &Cmd) -> Result<T, Trouble> {
        self.line.send(command).await
    }

    /// Makes the stream and the group where they are absent; whether they were there.
    pub(super) async fn prepare(&self) -> Result<(bool, bool), Trouble> {
        self.line.run(&self.call(&self.scripts.prepare)).await
    }

    /// Takes up to `max` jobs on loan.
    pub(super) async fn claim(&self, max: usize) -> Result<Found, Trouble> {
        let Options { term, max_attempts } = self.options;
        let before = Instant::now();
        let mut call = self.call(&self.scripts.claim);
        call.arg(&self.consumer).arg(max).arg(ms(term)).arg(max_attempts);
        let (handed, due, jobs, bell): (Vec<Handed>, i64, String, String) = self.run(&call).await?;
        let mut found = Found { deliveries: Vec::with_capacity(handed.len()), refuse: Vec::new(), news: None };
        if handed.len() < max {
            let due = u64::try_from(due).ok().map(|ms| Instant::now() + Duration::from_millis(ms));
            found.news = Some(News { due, last: [jobs, bell] });
        }
        for (entry, count, attempt, message, body) in handed {
            let receipt = Receipt::new(format!("{entry} {count} {}", self.consumer));
            let reason = match decode(&body) {
                _ if !message => Reason::new(Class::Undecodable, "the entry has no field `v` with a message"),
                Err(why) => undecodable(&why),
                Ok(job) => {
                    found.deliveries.push(Delivery { job, attempt, receipt, expires: before + term });
                    continue;
                }
            };
            found.refuse.push((receipt, reason));
        }
        Ok(found)
    }

    /// Waits until something comes after the `last` ids, for [`BLOCK`] at most.
    pub(super) async fn wait(&self, last: [String; 2]) -> Result<(), Trouble> {
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(1).arg("BLOCK").arg(ms(BLOCK));
        read.arg("STREAMS").arg(&self.keys[JOBS]).arg(&self.keys[BELL]).arg(&last);
        self.waiting.send::<Value>(&read).await.map(drop)
    }

    /// Sets aside what a delivery holds; whether the delivery was good.
    pub(super) async fn bury(&self, receipt: &Receipt, id: &str, reason: &Reason) -> Result<bool, Trouble> {
        let Some(claim) = Claim::of(receipt) else { return Ok(false) };
        let mut call = self.verdict(&self.scripts.bury, &claim);
        call.arg(id).arg(reason.class.name()).arg(&reason.text);
        self.run(&call).await
    }

    /// Takes a delivery back uncounted; whether it was good.
    pub(super) async fn put_back(&self, receipt: &Receipt) -> Result<bool, Trouble> {
        let Some(claim) = Claim::of(receipt) else { return Ok(false) };
        self.run(&self.verdict(&self.scripts.put_back, &claim)).await
    }

    /// How often to [`tidy`](Self::tidy).
    pub(super) fn tidy_pause(&self) -> Duration {
        self.options.term.min(LONGEST_TIDY)
    }

    /// Looks for what was left lying, unless another process just did.
    pub(super) async fn tidy(&self) {
        let mut call = self.call(&self.scripts.tidy);
        call.arg(&self.consumer).arg(ms(self.tidy_pause())).arg(ms(self.options.term * 2));
        match self.run::<u64>(&call).await {
            Ok(0) => {}
            Ok(found) => {
                tracing::warn!(queue = self.name, found, "entries were handed out past the queue: they come back")
            }
            Err(trouble) => {
                let error = self.failed("tidying up")(trouble);
                tracing::debug!(queue = self.name, error = &error as &dyn std::error::Error, "not tidied up");
            }
        }
    }
}

/// Entry, the group's count, attempt, whether it has a message, the message.
type Handed = (String, u64, u32, bool, Vec<u8>);

/// Milliseconds; at least one, and few enough for the scripts' numbers.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40)
}

/// A name that no other client has, and people can find: host, process, and a number by chance.
fn consumer() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).take(64).collect();
    let chance = RandomState::new().hash_one(std::process::id());
    format!("{}:{}:{chance:016x}", if host.is_empty() { "host" } else { &host }, std::process::id())
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClient")
            .field("name", &self.name)
            .field("consumer", &self.consumer)
            .finish_non_exhaustive()
    }
}
