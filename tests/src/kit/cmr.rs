//! A loopback stand-in of NASA's CMR-STAC, and of STAC APIs that are searched by posting.
//!
//! It answers as the real server does: at most 100 items a page, links to the next page that are
//! always got and hold a cursor, an empty page after the last full one, the same refusals. Trouble
//! comes when told to, page by page.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Map, Value, json};
use url::Url;
use zagg_catalog::Entry;

use super::http::{Head, Serve, copy_body, listen};
use query::Wanted;

mod item;
mod query;
mod reply;
pub mod sample;
mod trouble;

use reply::Reply;
pub use trouble::Trouble;

/// The provider whose catalog there is.
pub const PROVIDER: &str = "NSIDC_CPRD";

/// Items a page, at most.
const MAX_PAGE: usize = 100;

/// How the STAC API takes searches; CMR takes both ways whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Posts {
    /// Its links say what to put over the body before.
    #[default]
    Merged,
    /// Its links have whole bodies.
    Whole,
    /// They are refused with 405.
    Refused,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The parameters, of the URL and of the body.
    pub parameters: Map<String, Value>,
    /// The page that was asked for, from 1.
    pub page: u64,
    /// The headers that would tell who asks.
    pub credentials: Vec<String>,
    /// When.
    pub at: Instant,
}

/// Serves on a free loopback port until it is dropped.
#[derive(Debug)]
pub struct Cmr {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    address: SocketAddr,
    stopped: AtomicBool,
    entries: Vec<Entry>,
    posts: Mutex<Posts>,
    /// Whether answers say how many items match.
    counts: AtomicBool,
    /// Page, trouble, and how often it is still to come.
    troubles: Mutex<Vec<(u64, Trouble, u32)>>,
    log: Mutex<Vec<Asked>>,
}

impl Cmr {
    /// A catalog of these granules, in their order.
    #[must_use]
    pub fn of(entries: Vec<Entry>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let state = Arc::new(State {
            address: listener.local_addr().expect("the port's number"),
            stopped: AtomicBool::new(false),
            entries,
            posts: Mutex::default(),
            counts: AtomicBool::new(true),
            troubles: Mutex::default(),
            log: Mutex::default(),
        });
        listen(listener, &state);
        Self { state }
    }

    /// The root of its CMR-STAC.
    #[must_use]
    pub fn root(&self) -> String {
        format!("http://{}/stac", self.state.address)
    }

    /// The root of its STAC API.
    #[must_use]
    pub fn api(&self) -> String {
        format!("http://{}/v1", self.state.address)
    }

    /// From now on the STAC API takes posted searches so.
    pub fn set_posts(&self, posts: Posts) {
        *self.state.posts.lock().expect("no connection panics") = posts;
    }

    /// From now on no answer says how many items match.
    pub fn hide_counts(&self) {
        self.state.counts.store(false, SeqCst);
    }

    /// The next request for this page, from 1, has this trouble.
    pub fn trouble(&self, page: u64, trouble: Trouble) {
        self.troubles(page, 1, trouble);
    }

    /// The next so many requests for this page have this trouble. Troubles of a page come in turn.
    pub fn troubles(&self, page: u64, times: u32, trouble: Trouble) {
        self.state.troubles.lock().expect("no connection panics").push((page, trouble, times));
    }

    /// Every request from now on has this trouble, for as long as no page's own comes first.
    pub fn trouble_everywhere(&self, trouble: Trouble) {
        self.troubles(0, u32::MAX, trouble);
    }

    /// What was asked so far.
    #[must_use]
    pub fn log(&self) -> Vec<Asked> {
        self.state.log.lock().expect("no connection panics").clone()
    }

    /// The pages that were asked for so far.
    #[must_use]
    pub fn pages(&self) -> Vec<u64> {
        self.log().iter().map(|asked| asked.page).collect()
    }
}

impl Drop for Cmr {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        drop(TcpStream::connect(self.state.address));
    }
}

/// Headers that would tell who asks.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "echo-token"];

impl Serve for State {
    fn stopped(&self) -> &AtomicBool {
        &self.stopped
    }

    fn serve(&self, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut to = client.try_clone()?;
        let mut from = BufReader::new(client);
        while let Some(head) = Head::read(&mut from)? {
            let mut body = Vec::new();
            copy_body(&mut from, &mut body, head.framing(false, false))?;
            let line = head.start_line();
            let mut words = line.split(' ').map(str::to_owned);
            let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let url = Url::parse(&format!("http://{}{target}", self.address)).map_err(io::Error::other)?;
            let parameters = query::parameters(&url, &body);
            let wanted = Wanted::read(&parameters, self.entries.len());
            let page = wanted.as_ref().map_or(1, Wanted::page);
            let credentials = CREDENTIALS.iter().filter_map(|name| head.header(name)).collect();
            let (log_method, log_parameters, at) = (method.clone(), parameters.clone(), Instant::now());
            let asked = Asked { method: log_method, target, parameters: log_parameters, page, credentials, at };
            self.log.lock().expect("no connection panics").push(asked);
            let trouble = self.due(page);
            let reply = match wanted {
                Err(why) => Reply::refusal(400, &why),
                Ok(wanted) => self.answer(&method, &url, &parameters, &wanted, trouble.as_ref()),
            };
            match trouble {
                Some(trouble) => trouble.send(reply, &mut to)?,
                None => reply.send(&mut to)?,
            }
            to.flush()?;
        }
        Ok(())
    }
}

impl State {
    /// The trouble that this request for a page has.
    fn due(&self, page: u64) -> Option<Trouble> {
        let mut troubles = self.troubles.lock().expect("no connection panics");
        let (_, trouble, times) = troubles.iter_mut().find(|(of, _, times)| (*of == page || *of == 0) && *times > 0)?;
        *times -= 1;
        Some(trouble.clone())
    }

    fn answer(
        &self,
        method: &str,
        url: &Url,
        parameters: &Map<String, Value>,
        wanted: &Wanted,
        trouble: Option<&Trouble>,
    ) -> Reply {
        let mut path = url.path_segments().into_iter().flatten();
        let api = match (path.next(), path.next(), path.next(), path.next()) {
            (Some("v1"), Some("search"), None, None) => true,
            (Some("stac"), Some(provider), Some("search"), None) if provider == PROVIDER => false,
            (Some("stac"), Some(provider), Some("search"), None) => {
                return Reply::refusal(404, &format!("Provider [{provider}] not found."));
            }
            _ => return Reply::refusal(404, "Oops! Unable to find the requested resource."),
        };
        let posts = *self.posts.lock().expect("no connection panics");
        if method != "GET" && (method != "POST" || (api && posts == Posts::Refused)) {
            return Reply::refusal(405, "Method not allowed.");
        }
        let (slice, matched) = wanted.page_of(&self.entries, trouble);
        let features: Vec<_> = slice.entries.iter().map(|entry| item::item(entry, &self.root_of(api))).collect();
        let next = slice.next.map(|cursor| match (api, method) {
            (true, "POST") => posted(url, parameters, &cursor, posts == Posts::Merged),
            (true, _) => got(url, parameters, "next", &cursor),
            _ => got(url, parameters, "cursor", &cursor),
        });
        let mut links = vec![
            json!({"rel": "self", "href": url.as_str(), "type": "application/geo+json", "title": "This search"}),
            json!({"rel": "root", "href": self.root_of(api), "type": "application/json", "title": "Root Catalog"}),
            json!({"rel": "parent", "href": self.root_of(api), "type": "application/json", "title": "Provider Catalog"}),
        ];
        links.extend(next.map(|next| trouble.map_or(next.clone(), |trouble| trouble.bend(next, url, parameters))));
        let mut page = json!({"type": "FeatureCollection", "features": features, "links": links});
        if self.counts.load(SeqCst) {
            let matched = trouble.and_then(Trouble::matched).unwrap_or(matched as u64);
            match api {
                true => page["numberMatched"] = json!(matched),
                false => {
                    page["context"] = json!({"returned": features.len(), "limit": wanted.limit, "matched": matched})
                }
            }
        }
        Reply::page(&page)
    }

    fn root_of(&self, api: bool) -> String {
        format!("http://{}/{}", self.address, if api { "v1" } else { "stac" })
    }
}

/// The link that CMR gives, even to those who posted: the parameters so far and the cursor.
fn got(url: &Url, parameters: &Map<String, Value>, name: &str, cursor: &str) -> Value {
    let mut href = url.clone();
    href.set_query(None);
    for (key, value) in parameters.iter().filter(|(key, _)| *key != name) {
        href.query_pairs_mut().append_pair(key, &query::text(value));
    }
    href.query_pairs_mut().append_pair(name, cursor);
    json!({"rel": "next", "href": href.as_str(), "type": "application/geo+json", "title": "Next page of results"})
}

/// The link that a STAC API gives to those who posted.
fn posted(url: &Url, parameters: &Map<String, Value>, cursor: &str, merge: bool) -> Value {
    let mut body = if merge { Map::new() } else { parameters.clone() };
    body.insert("next".to_owned(), json!(cursor));
    json!({"rel": "next", "href": url.as_str(), "method": "POST", "merge": merge, "body": body,
        "type": "application/geo+json"})
}
