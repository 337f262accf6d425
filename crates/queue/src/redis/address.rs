//! `redis://[user:password@]host:port/db?queue=NAME`.

use redis::{Client, IntoConnectionInfo, parse_redis_url};

use crate::error::Error;

/// The queue's name when the address names none.
const DEFAULT_NAME: &str = "zagg";
const DEFAULT_PORT: u16 = 6379;
/// Characters of a name.
const LONGEST_NAME: usize = 200;

/// What an address says.
pub(super) struct Address {
    /// The server, with the credentials.
    pub(super) client: Client,
    /// The address without credentials, for messages.
    pub(super) name: String,
    /// The queue's name.
    pub(super) queue: String,
}

/// Reads an address.
///
/// # Errors
/// [`Error::Url`].
pub(super) fn parse(text: &str) -> Result<Address, Error> {
    let refuse = |problem: String| Error::Url { url: masked(text), problem };
    let mut url = parse_redis_url(text).ok_or_else(|| {
        refuse("it can't be read; write `redis://USER:PASSWORD@HOST:PORT/DB?queue=NAME`, percent-encoded".into())
    })?;
    let mut queue = DEFAULT_NAME.to_owned();
    for (key, value) in url.query_pairs() {
        match &*key {
            "queue" => queue = value.into_owned(),
            _ => return Err(refuse(format!("there is no parameter `{key}`; known is queue"))),
        }
    }
    if url.fragment().is_some() {
        return Err(refuse("it has a `#`; percent-encode it as %23".into()));
    }
    check_name(&queue).map_err(refuse)?;
    url.set_query(None);
    let scheme = url.scheme().to_owned();
    let place = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(DEFAULT_PORT));
    let info = url.into_connection_info().map_err(|error| refuse(error.to_string()))?;
    let name = format!("{scheme}://{place}/{}?queue={queue}", info.redis_settings().db());
    let client = Client::open(info).map_err(|error| refuse(error.to_string()))?;
    if scheme == "rediss" {
        // The client's TLS takes what the process has agreed on. If it has already, that stands.
        _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    Ok(Address { client, name, queue })
}

/// Braces would move the keys to other slots of a cluster.
fn check_name(name: &str) -> Result<(), String> {
    let fit = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '{' | '}');
    match name {
        "" => Err("the queue's name is empty".into()),
        _ if !name.chars().all(fit) => Err("a queue's name has no spaces and no braces".into()),
        _ if name.chars().count() > LONGEST_NAME => Err(format!("a queue's name has {LONGEST_NAME} letters at most")),
        _ => Ok(()),
    }
}

/// The address without what stands before an `@` or after a `?`.
fn masked(text: &str) -> String {
    let address = text.split('?').next().unwrap_or_default();
    match (address.split_once("//"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => {
            format!("{scheme}//***@{}", host.split('?').next().unwrap_or_default())
        }
        _ => address.to_owned(),
    }
}

/// The keys of a queue, in the order in which the scripts take them. What stands in braces decides
/// where a cluster keeps them: together.
pub(super) fn keys(queue: &str) -> [String; 8] {
    ["jobs", "leases", "delayed", "ids", "dead", "graves", "bell", "tidy"]
        .map(|part| format!("zagg:{{{queue}}}:{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_shows_where_the_queue_is_and_no_credentials() {
        for (text, name) in [
            ("redis://host", "redis://host:6379/0?queue=zagg"),
            ("redis://user:secret@host:7000/3?queue=run%2D7", "redis://host:7000/3?queue=run-7"),
            ("rediss://:secret@host/?queue=a", "rediss://host:6379/0?queue=a"),
            ("redis://:se%2Fcret@[::1]:7000", "redis://[::1]:7000/0?queue=zagg"),
        ] {
            assert_eq!(parse(text).map(|address| address.name).unwrap(), name);
        }
        assert_eq!(parse("redis://host?queue=a").unwrap().queue, "a");
    }

    #[test]
    fn what_can_not_be_meant_is_refused_without_the_password() {
        for (text, hint) in [
            ("redis://:se/c@secret@host", "can't be read"),
            ("redis://u:secret@host?quue=a", "no parameter `quue`"),
            ("redis://u:secret@host?queue=", "is empty"),
            ("redis://u:secret@host?queue=a{b}", "no braces"),
            ("redis://u:secret@host?queue=a b", "no spaces"),
            ("redis://u:secret@host/jobs", "database"),
            ("redis://u:secret@host/0#x", "%23"),
            ("redis://u:sec#secret@host/0", "can't be read"),
            ("redis://u:a?secret@host/0", "can't be read"),
        ] {
            let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.to_lowercase().contains(hint) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn a_queues_keys_are_in_one_slot() {
        assert!(keys("run-7").iter().all(|key| key.starts_with("zagg:{run-7}:")));
    }
}
