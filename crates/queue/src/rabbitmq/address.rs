//! `amqp://USER:PASSWORD@HOST:PORT/VHOST?queue=NAME`: where the broker is, and which queue is meant.

use std::fmt;
use std::time::Duration;

use lapin::uri::AMQPUri;

use super::names::Names;
use crate::error::Error;
use crate::url::masked;

/// The queue that is meant where the address names none.
const DEFAULT_QUEUE: &str = "zagg";
/// The longest name of a queue: with its endings a name is at most 255 bytes.
const LONGEST_NAME: usize = 200;
/// How long the broker lets a delivery be unacknowledged, unless it is told otherwise.
const CONSUMER_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Seconds between two signs of life on an idle connection.
const HEARTBEAT: u16 = 30;
/// What may be written after the `?`. The last ones are the broker's own.
const PARAMETERS: [&str; 7] =
    ["queue", "consumer_timeout", "heartbeat", "frame_max", "channel_max", "connection_timeout", "auth_mechanism"];

/// A queue's address. Shown without user and password.
#[derive(Clone)]
pub(super) struct Address {
    /// The broker, with user and password.
    pub(super) uri: AMQPUri,
    /// The queue and what belongs to it.
    pub(super) names: Names,
    /// The address for people.
    pub(super) shown: String,
    /// What the broker's `consumer_timeout` is, when the address says so.
    pub(super) consumer_timeout: Option<Duration>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Error::Url`], which says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        read(text).map_err(|problem| Error::Url { url: masked(text), problem })
    }

    /// How long a delivery may be held, with time to spare before the broker takes it away.
    pub(super) fn longest_lease(&self) -> Duration {
        let allowed = self.consumer_timeout.unwrap_or(CONSUMER_TIMEOUT);
        allowed - allowed / 60
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

fn read(text: &str) -> Result<Address, String> {
    let mut uri: AMQPUri = text.parse()?;
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    if let Some(host) = ipv6(address) {
        uri.authority.host = host.to_owned();
    }
    // `amqp://host/` names the empty virtual host, which nobody has: the default one is meant.
    if uri.vhost.is_empty() {
        uri.vhost = "/".to_owned();
    }
    uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT));
    let (mut queue, mut consumer_timeout) = (DEFAULT_QUEUE.to_owned(), None);
    for (key, value) in query.split('&').filter_map(|part| part.split_once('=')) {
        match key {
            "queue" => queue = named(value)?,
            "consumer_timeout" => consumer_timeout = Some(timeout(value)?),
            key if PARAMETERS.contains(&key) => {}
            key => return Err(unknown(key)),
        }
    }
    Ok(Address { uri, names: Names::of(&queue), shown: masked(text), consumer_timeout })
}

fn named(value: &str) -> Result<String, String> {
    let name = decoded(value).ok_or("the queue's name is not UTF-8")?;
    match name.as_str() {
        "" => Err("`queue=` is followed by a name".to_owned()),
        name if name.starts_with("amq.") => Err("names that begin with `amq.` are the broker's own".to_owned()),
        name if name.len() > LONGEST_NAME => {
            Err(format!("the queue's name has {} bytes, the limit is {LONGEST_NAME}", name.len()))
        }
        _ => Ok(name),
    }
}

fn timeout(value: &str) -> Result<Duration, String> {
    match value.parse() {
        // The broker looks once a minute: less makes no sense there.
        Ok(seconds @ 60..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("`consumer_timeout` is in seconds, from 60 to 86400".to_owned()),
    }
}

fn unknown(key: &str) -> String {
    let near = |known: &&&str| strsim::damerau_levenshtein(known, key);
    match PARAMETERS.iter().min_by_key(near).filter(|known| near(known) <= 2) {
        Some(known) => format!("there is no parameter `{key}`; did you mean `{known}`?"),
        None => format!("there is no parameter `{key}`; known are {}", PARAMETERS.join(", ")),
    }
}

/// The address in `…@[::1]:5672/…`, which the client's own parser takes for no host at all.
fn ipv6(address: &str) -> Option<&str> {
    let authority = address.split_once("://")?.1.split('/').next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(host.strip_prefix('[')?.split_once(']')?.0)
}

/// The text that is meant where `%` and two digits stand for a byte.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_broker_vhost_and_queue() {
        let address = Address::parse("amqps://me:pa%2Fss@host:1234/a%2fb?queue=jo%62s&heartbeat=7").unwrap();
        let uri = &address.uri;
        assert_eq!((uri.authority.host.as_str(), uri.authority.port, uri.vhost.as_str()), ("host", 1234, "a/b"));
        assert_eq!((address.names.queue.as_str(), uri.query.heartbeat), ("jobs", Some(7)));
        assert_eq!(uri.authority.userinfo.password, "pa/ss");
        for text in ["amqp://host", "amqp://host/", "amqp://host/%2f", "amqp://host?consumer_timeout=7200"] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.uri.vhost.as_str(), address.names.queue.as_str()), ("/", "zagg"), "{text}");
        }
        assert_eq!(Address::parse("amqp://u:p@[::1]:5672/v").unwrap().uri.authority.host, "::1");
    }

    #[test]
    fn a_slip_in_the_address_is_named() {
        for (text, hint) in [
            ("amqp://host?queu=a", "did you mean `queue`?"),
            ("amqp://host?colour=red", "known are queue"),
            ("amqp://host?queue=", "followed by a name"),
            ("amqp://host?queue=%ff", "not UTF-8"),
            ("amqp://host?queue=%zz", "not UTF-8"),
            ("amqp://host?queue=amq.jobs", "the broker's own"),
            ("amqp://host?consumer_timeout=soon", "in seconds"),
            ("amqp://host?heartbeat=soon", "invalid digit"),
            ("amqp://host:port", "port"),
        ] {
            let problem = Address::parse(text).unwrap_err().to_string();
            assert!(problem.contains(hint), "{text}: {problem}");
        }
        assert!(Address::parse(&format!("amqp://host?queue={}", "x".repeat(201))).is_err());
    }

    #[test]
    fn no_password_is_shown() {
        for text in ["amqp://user:secret@host/?queue=q", "amqp://user:secret@host:port", "amqp://user:secret@host?x=1"]
        {
            let shown = format!("{:?}", Address::parse(text));
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
