//! A small HTTP server on the loopback, for tests.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// What a request asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
}

impl Asked {
    /// A header, `-` without it.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("-", String::as_str)
    }

    pub(super) fn range(&self) -> Option<Range<usize>> {
        let (first, last) = self.headers.get("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some(first.parse().ok()?..last.parse::<usize>().ok()? + 1)
    }

    /// The asked range of `bytes`, as a server of ranges answers.
    pub(super) fn part_of(&self, bytes: &[u8]) -> Answer {
        let Some(range) = self.range() else { return Answer::new(200).body(bytes) };
        if range.start >= bytes.len() {
            return Answer::new(416);
        }
        let end = range.end.min(bytes.len());
        let given = format!("bytes {}-{}/{}", range.start, end - 1, bytes.len());
        Answer::new(206).header("content-range", &given).body(&bytes[range.start..end])
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Announce this many bytes more than come.
    missing: usize,
}

impl Answer {
    pub(super) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), missing: 0 }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub(super) fn cut_off(mut self, missing: usize) -> Self {
        self.missing = missing.min(self.body.len());
        self
    }
}

/// A server that answers as `respond` says, with the requests it saw.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) fn start(respond: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let number = log.lock().unwrap().len();
                log.lock().unwrap().push(request.clone());
                write(stream, &respond(&request, number));
            }
        });
        Self { url, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Asked { method, path, headers: headers.collect() })
}

fn write(mut stream: TcpStream, answer: &Answer) {
    let mut text = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", answer.status);
    text.push_str(&format!("content-length: {}\r\n", answer.body.len()));
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let body = &answer.body[..answer.body.len() - answer.missing];
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush());
}
