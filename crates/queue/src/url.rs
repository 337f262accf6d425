//! Queue addresses: which queue is meant, and opening it.
//!
//! | address | queue |
//! |---|---|
//! | `file:PATH` | [`Embedded`]: the durable queue of one machine |
//! | `memory:` | [`Memory`]: the queue of one process |
//! | `sqs://NAME`, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` | `SQS` |
//! | `amqp://…?queue=NAME`, `amqps://…` | `RabbitMQ` |
//! | `redis://…?queue=NAME`, `rediss://…` | `Redis` |

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::embedded::Embedded;
use crate::error::Error;
use crate::memory::Memory;
use crate::queue::{Options, Queue};
use crate::setup::Setup;

/// Schemes, for suggestions.
const SCHEMES: [&str; 7] = ["file", "memory", "sqs", "amqp", "amqps", "redis", "rediss"];

/// A queue's address. Shown without any password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueUrl {
    /// The queue in this file.
    File(PathBuf),
    /// A queue in this process's memory, a fresh one each time it is opened.
    Memory,
    /// A queue on a broker.
    Broker(Broker, String),
}

/// A kind of broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broker {
    /// Amazon's Simple Queue Service.
    Sqs,
    /// `RabbitMQ`.
    RabbitMq,
    /// `Redis` or `Valkey`.
    Redis,
}

impl Broker {
    /// The broker's name as people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqs => "SQS",
            Self::RabbitMq => "RabbitMQ",
            Self::Redis => "Redis",
        }
    }
}

impl QueueUrl {
    /// The same queue, named so that it is found from every folder: the path of a file made absolute.
    #[must_use]
    pub fn absolute(&self) -> Self {
        match self {
            Self::File(path) => Self::File(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
            other => other.clone(),
        }
    }

    /// Opens the queue.
    ///
    /// # Errors
    /// [`Error::NotBuiltIn`] for brokers, and what [`Embedded::open`] says for files.
    pub async fn open(&self, options: Options) -> Result<Arc<dyn Queue>, Error> {
        match self {
            Self::File(path) => Ok(Arc::new(Embedded::open(path, options).await?)),
            Self::Memory => Ok(Arc::new(Memory::new(options))),
            #[cfg(feature = "rabbitmq")]
            Self::Broker(Broker::RabbitMq, text) => Ok(Arc::new(crate::rabbitmq::RabbitMq::open(text, options).await?)),
            #[cfg(feature = "redis")]
            Self::Broker(Broker::Redis, text) => Ok(Arc::new(crate::redis::RedisQueue::open(text, options).await?)),
            #[cfg(feature = "sqs")]
            Self::Broker(Broker::Sqs, text) => Ok(Arc::new(crate::sqs::Sqs::open(text, options).await?)),
            #[allow(unreachable_patterns, reason = "a build may have clients for all brokers")]
            Self::Broker(broker, _) => Err(Error::NotBuiltIn { broker: broker.name(), url: self.to_string() }),
        }
    }
}

impl QueueUrl {
    /// Makes the queue on its broker, with everything that belongs to it (the graveyard, policies),
    /// or checks what is there. What exists is never changed. Doing it twice is no error.
    ///
    /// # Errors
    /// As [`QueueUrl::open`].
    pub async fn create(&self, options: Options) -> Result<Setup, Error> {
        match self {
            Self::File(path) => {
                let (name, existed) = (self.to_string(), path.exists());
                Embedded::open(path, options).await?;
                let (created, found) = if existed { (vec![], vec![name]) } else { (vec![name], vec![]) };
                Ok(Setup { created, found, differences: Vec::new() })
            }
            Self::Memory => Ok(Setup::default()),
            #[cfg(feature = "rabbitmq")]
            Self::Broker(Broker::RabbitMq, text) => crate::rabbitmq::RabbitMq::create(text, options).await,
            #[cfg(feature = "redis")]
            Self::Broker(Broker::Redis, text) => crate::redis::RedisQueue::create(text, options).await,
            #[cfg(feature = "sqs")]
            Self::Broker(Broker::Sqs, text) => crate::sqs::Sqs::create(text, options).await,
            #[allow(unreachable_patterns, reason = "a build may have clients for all brokers")]
            Self::Broker(broker, _) => Err(Error::NotBuiltIn { broker: broker.name(), url: self.to_string() }),
        }
    }
}

impl FromStr for QueueUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |problem: String| Err(Error::Url { url: masked(text), problem });
        let Some((scheme, rest)) = text.split_once(':') else {
            return refuse(match text {
                "" => "it is empty; write for example `file:queue.db`".into(),
                "memory" => "did you mean `memory:`?".into(),
                _ => format!("it has no scheme; did you mean `file:{text}`?"),
            });
        };
        let broker = |broker| Ok(Self::Broker(broker, text.to_owned()));
        let named = rest.strip_prefix("//").is_some_and(|name| !name.is_empty());
        match scheme {
            "file" => file(rest).map(Self::File).or_else(refuse),
            "memory" if matches!(rest, "" | "//") => Ok(Self::Memory),
            "memory" => refuse("a queue in memory has no name; write `memory:`".into()),
            "sqs" | "amqp" | "amqps" | "redis" | "rediss" if !named => {
                refuse(format!("it names no queue; `{scheme}://` is followed by one"))
            }
            "sqs" => broker(Broker::Sqs),
            "https" | "http" if is_sqs(rest) => broker(Broker::Sqs),
            "https" | "http" => refuse("of web addresses only SQS queues can be used".into()),
            "amqp" | "amqps" => broker(Broker::RabbitMq),
            "redis" | "rediss" => broker(Broker::Redis),
            _ => refuse(unknown(scheme, text)),
        }
    }
}

/// `PATH`, `//PATH` with an absolute path, or `//localhost/PATH`. Taken literally, without
/// percent-decoding.
fn file(rest: &str) -> Result<PathBuf, String> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(local) => match local.strip_prefix("localhost").unwrap_or(local) {
            path if path.starts_with('/') => path,
            _ => return Err(format!("`//` is followed by a host; did you mean `file:{local}`?")),
        },
    };
    match path {
        "" => Err("it names no file; write for example `file:queue.db`".into()),
        _ if path.ends_with('/') => Err("it names a folder; a queue is one file".into()),
        _ => Ok(Path::new(path).to_owned()),
    }
}

/// `//sqs.REGION.amazonaws.com/…` and its older and partitioned forms.
fn is_sqs(rest: &str) -> bool {
    let host = rest.trim_start_matches('/').split(['/', ':', '?']).next().unwrap_or_default();
    let amazon = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") || host.ends_with(".api.aws");
    amazon && host.split('.').any(|label| label == "sqs" || label == "queue")
}

fn unknown(scheme: &str, text: &str) -> String {
    let lower = scheme.to_ascii_lowercase();
    let alias = match lower.as_str() {
        "sqlite" | "sqlite3" | "db" => Some("file"),
        "rabbitmq" | "rabbit" => Some("amqp"),
        "valkey" => Some("redis"),
        "mem" => Some("memory"),
        _ => None,
    };
    let near = |known: &&&str| strsim::damerau_levenshtein(known, &lower);
    let nearest = SCHEMES.iter().min_by_key(near).filter(|known| near(known) <= 2).copied();
    match alias.or(nearest) {
        _ if lower.len() == 1 => format!("it has no scheme; did you mean `file:{text}`?"),
        Some(known) => format!("there is no scheme `{scheme}`; did you mean `{known}:`?"),
        None => format!("there is no scheme `{scheme}`; known are {}", SCHEMES.join(", ")),
    }
}

/// The address with what stands between `//` and `@` hidden, and what follows a `?` but the
/// queue's name.
pub(crate) fn masked(text: &str) -> String {
    let (address, query) = text.split_once('?').map_or((text, None), |(address, query)| (address, Some(query)));
    let mut shown = match address.split_once("//").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
        Some((scheme, Some((_, host)))) => format!("{scheme}//***@{host}"),
        _ => address.to_owned(),
    };
    if let Some(query) = query {
        let queue = query.split('&').find(|part| part.starts_with("queue="));
        shown.push('?');
        shown.push_str(queue.unwrap_or("…"));
    }
    shown
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Memory => f.write_str("memory:"),
            Self::Broker(_, text) => f.write_str(&masked(text)),
        }
    }
}

impl fmt::Debug for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> QueueUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn problem(text: &str) -> String {
        text.parse::<QueueUrl>().expect_err(text).to_string()
    }

    #[test]
    fn a_file_may_be_relative_or_absolute() {
        for (text, path) in [
            ("file:queue.db", "queue.db"),
            ("file:../a b/q:1.db", "../a b/q:1.db"),
            ("file:/var/q.db", "/var/q.db"),
            ("file:///var/q.db", "/var/q.db"),
            ("file://localhost/var/q.db", "/var/q.db"),
        ] {
            assert_eq!(parsed(text), QueueUrl::File(path.into()), "{text}");
        }
        let here = std::env::current_dir().unwrap();
        assert_eq!(parsed("file:queue.db").absolute(), QueueUrl::File(here.join("queue.db")));
        assert_eq!(parsed("file:/var/q.db").absolute(), QueueUrl::File("/var/q.db".into()));
        assert!(problem("file://queue.db").contains("did you mean `file:queue.db`?"));
        assert!(problem("file:").contains("names no file"));
        assert!(problem("file:/var/").contains("folder"));
    }

    #[tokio::test]
    async fn a_broker_that_was_not_built_in_is_known_by_name() {
        for (text, broker, built_in) in [
            ("sqs://zagg", "SQS", cfg!(feature = "sqs")),
            ("https://sqs.us-west-2.amazonaws.com/123456789012/zagg", "SQS", cfg!(feature = "sqs")),
            ("amqp://guest:guest@localhost/%2f?queue=zagg", "RabbitMQ", cfg!(feature = "rabbitmq")),
            ("amqps://host/", "RabbitMQ", cfg!(feature = "rabbitmq")),
            ("redis://localhost:6379/0?queue=zagg", "Redis", cfg!(feature = "redis")),
            ("rediss://host", "Redis", cfg!(feature = "redis")),
        ] {
            assert!(matches!(parsed(text), QueueUrl::Broker(known, _) if known.name() == broker), "{text}");
            if built_in {
                continue;
            }
            let error = parsed(text).open(Options::default()).await.unwrap_err().to_string();
            assert!(error.contains(&format!("{broker} queues")) && error.contains("built without"), "{error}");
        }
    }

    #[test]
    fn a_slip_is_answered_with_what_was_likely_meant() {
        for (text, hint) in [
            ("queue.db", "`file:queue.db`"),
            ("C:\\queue.db", "`file:C:\\queue.db`"),
            ("memory", "`memory:`"),
            ("fiel:queue.db", "`file:`"),
            ("reddis://host", "`redis:`"),
            ("rabbitmq://host", "`amqp:`"),
            ("sqlite:queue.db", "`file:`"),
            ("gopher://host", "known are file, memory"),
            ("sqs:", "names no queue"),
            ("redis://", "names no queue"),
            ("memory:jobs", "`memory:`"),
            ("https://example.com/sqs", "only SQS"),
            ("https://sqs.example.com/1/q", "only SQS"),
            ("", "empty"),
        ] {
            assert!(problem(text).contains(hint), "{text}: {}", problem(text));
        }
    }

    #[test]
    fn no_password_is_ever_shown() {
        for text in [
            "amqp://user:secret@host/?queue=q",
            "redis://:secret@host",
            "redis://:se/c@secret@host",
            "redis://host?password=secret&queue=q",
            "amqpp://user:secret@host",
            "amqq://secret@host",
            "nonsense://user:secret@host?x=secret",
        ] {
            let shown = match text.parse::<QueueUrl>() {
                Ok(url) => format!("{url} {url:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[tokio::test]
    async fn the_queues_of_one_machine_open() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("file:{}", folder.path().join("q.db").display());
        assert_eq!(parsed(&text).open(Options::default()).await.unwrap().name(), text);
        assert_eq!(parsed("memory:").open(Options::default()).await.unwrap().name(), "memory:");
    }
}
