//! What can go wrong with a page.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::query::cursor;
use super::reply::Reply;

/// What goes wrong with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused.
    Refused {
        /// The status.
        status: u16,
        /// The word of the server's list of errors.
        word: &'static str,
    },
    /// It is refused with `Retry-After`.
    Later {
        /// The status.
        status: u16,
        /// The header's value.
        after: String,
    },
    /// It comes after this long.
    Slow(Duration),
    /// The connection ends before the answer.
    Dropped,
    /// The connection ends in the middle of the body, whose length was said.
    Cut,
    /// The body ends in the middle, and nobody said how long it is.
    Short,
    /// An earlier page comes instead, with the link of that page.
    Instead(u64),
    /// So many items of the pages before come again before its own.
    Duplicates(usize),
    /// The server says that so many items match.
    Matched(u64),
    /// It has no items.
    Empty,
    /// Its link leads there.
    Leads(String),
    /// Its link leads to an earlier page or itself.
    LeadsBack(u64),
    /// Its items are new ones for ever, and there is always a next page.
    Endless,
    /// Its body is so many bytes of blanks and then the answer.
    Huge(usize),
    /// It is a page for people.
    Html,
    /// It is JSON, but no list of items.
    Odd(&'static str),
    /// It redirects there.
    Redirect(String),
}

impl Trouble {
    pub(super) fn matched(&self) -> Option<u64> {
        if let Self::Matched(matched) = self { Some(*matched) } else { None }
    }

    /// The link to the next page, as this trouble has it.
    pub(super) fn bend(&self, next: Value, url: &Url, parameters: &Map<String, Value>) -> Value {
        match self {
            Self::Leads(href) => json!({"rel": "next", "href": href, "type": "application/geo+json"}),
            Self::LeadsBack(page) => {
                let limit = parameters.get("limit").and_then(|limit| super::query::text(limit).parse().ok());
                super::got(url, parameters, "cursor", &cursor((*page as usize - 1) * limit.unwrap_or(10)))
            }
            _ => next,
        }
    }

    /// Sends the reply, or what is left of it.
    pub(super) fn send(&self, mut reply: Reply, to: &mut TcpStream) -> io::Result<()> {
        match self {
            Self::Refused { status, word } => Reply::refusal(*status, word).send(to),
            Self::Later { status, after } => {
                let headers = format!("Retry-After: {after}\r\n");
                Reply { headers, ..Reply::refusal(*status, "Too many requests.") }.send(to)
            }
            Self::Slow(time) => {
                thread::sleep(*time);
                reply.send(to)
            }
            Self::Dropped => to.shutdown(Shutdown::Both),
            Self::Cut => reply.send_half(true, to),
            Self::Short => reply.send_half(false, to),
            Self::Huge(bytes) => {
                reply.body.splice(0..0, std::iter::repeat_n(b' ', *bytes));
                reply.send(to)
            }
            Self::Html => {
                reply.body =
                    b"<!DOCTYPE html><html><body><h1>Earthdata is down for maintenance</h1></body></html>".into();
                Reply { kind: "text/html", ..reply }.send(to)
            }
            Self::Odd(json) => Reply { body: json.as_bytes().into(), ..reply }.send(to),
            Self::Redirect(place) => {
                let headers = format!("Location: {place}\r\n");
                Reply { headers, ..Reply::refusal(302, "Found.") }.send(to)
            }
            _ => reply.send(to),
        }
    }
}
