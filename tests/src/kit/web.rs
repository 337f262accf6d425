//! A loopback web server for granules: byte ranges, redirects and refusals, and a log of what was asked.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use super::http::{Head, Serve, copy_body, listen};

/// What a path answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A file, read anew each time.
    File(PathBuf),
    /// A redirect.
    Redirect(String),
    /// A status without more.
    Status(u16),
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `PUT`, ...
    pub method: String,
    /// The path.
    pub path: String,
    /// What was sent.
    pub sent: Vec<u8>,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the answer's body.
    pub bytes: u64,
}

/// Serves on a free loopback port until it is dropped.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    stopped: AtomicBool,
    answers: Mutex<BTreeMap<String, Answer>>,
    log: Mutex<Vec<Asked>>,
}

impl Web {
    /// A server that answers 404 to everything, until told.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let address = listener.local_addr().expect("the port's number");
        let state = Arc::new(State::default());
        listen(listener, &state);
        Self { address, state }
    }

    /// From now on `path` (`/a.h5`) answers so.
    pub fn set(&self, path: &str, answer: Answer) {
        self.state.answers.lock().expect("no connection panics").insert(path.to_owned(), answer);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked so far.
    #[must_use]
    pub fn log(&self) -> Vec<Asked> {
        self.state.log.lock().expect("no connection panics").clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Serve for State {
    fn stopped(&self) -> &AtomicBool {
        &self.stopped
    }

    fn serve(&self, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut to = client.try_clone()?;
        let mut from = BufReader::new(client);
        while let Some(head) = Head::read(&mut from)? {
            let mut sent = Vec::new();
            copy_body(&mut from, &mut sent, head.framing(false, false))?;
            let line = head.start_line();
            let mut words = line.split(' ').map(str::to_owned);
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let answer = self.answers.lock().expect("no connection panics").get(&path).cloned();
            let (status, extra, body) = match answer {
                None => (404, String::new(), Vec::new()),
                Some(Answer::Status(status)) => (status, String::new(), Vec::new()),
                Some(Answer::Redirect(to)) => (302, format!("Location: {to}\r\n"), Vec::new()),
                Some(Answer::File(file)) => part(&std::fs::read(file)?, head.header("range").as_deref()),
            };
            let (range, authorization) = (head.header("range"), head.header("authorization"));
            let asked = Asked { method, path, sent, range, authorization, status, bytes: body.len() as u64 };
            self.log.lock().expect("no connection panics").push(asked);
            write!(to, "HTTP/1.1 {status} Thus\r\n{extra}Content-Length: {}\r\n\r\n", body.len())?;
            to.write_all(&body)?;
        }
        Ok(())
    }
}

/// Status, header lines and body for the `range` of `bytes`.
fn part(bytes: &[u8], range: Option<&str>) -> (u16, String, Vec<u8>) {
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return (200, String::new(), bytes.to_vec());
    };
    let (first, last) = range.split_once('-').expect("a range has two ends");
    let first: usize = first.parse().expect("ranges start with a number");
    let end = last.parse::<usize>().map_or(bytes.len(), |last| (last + 1).min(bytes.len()));
    match bytes.get(first..end).filter(|part| !part.is_empty()) {
        Some(part) => {
            let place = format!("Content-Range: bytes {first}-{}/{}\r\n", end - 1, bytes.len());
            (206, place, part.to_vec())
        }
        None => (416, format!("Content-Range: bytes */{}\r\n", bytes.len()), Vec::new()),
    }
}
