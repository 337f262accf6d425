//! A loopback HTTP proxy that makes a near server far away, or unreliable.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::http::{Head, Serve, copy_body, listen};

/// What was asked of a [`Proxy`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The status that was answered; 0 when the connection was cut instead.
    pub status: u16,
    /// Bytes of the answer's body.
    pub bytes: u64,
}

/// Forwards HTTP/1.1 to one server; adds latency, counts, and fails now and then when told to.
/// It stops when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    stopped: AtomicBool,
    latency_us: AtomicU64,
    /// Every so manieth request gets a 503; 0 is never.
    busy_every: AtomicU64,
    /// Every so manieth request gets its connection cut; 0 is never.
    cut_every: AtomicU64,
    count: AtomicU64,
    /// How often all connections were cut.
    cuts: AtomicU64,
    bytes_up: AtomicU64,
    log: Mutex<Vec<Request>>,
    /// Which requests are held back, and where.
    gate: Mutex<Option<Gate>>,
    opened: Condvar,
}

/// Where a request is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The server never hears of it.
    Request,
    /// The server has done it; the client waits for the answer.
    Answer,
}

#[derive(Debug)]
struct Gate {
    method: &'static str,
    part: String,
    hold: Hold,
    held: u64,
}

/// How long a request that is held back waits between two looks.
const TURN: Duration = Duration::from_millis(50);

const BUSY: &[u8] = b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 67\r\n\r\n\
<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message/></Error>";

impl Proxy {
    /// A proxy on a free loopback port, before the server at `server`.
    #[must_use]
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let address = listener.local_addr().expect("the port's number");
        let state = Arc::new(State {
            server,
            stopped: AtomicBool::new(false),
            latency_us: AtomicU64::new(0),
            busy_every: AtomicU64::new(0),
            cut_every: AtomicU64::new(0),
            count: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            bytes_up: AtomicU64::new(0),
            log: Mutex::new(Vec::new()),
            gate: Mutex::new(None),
            opened: Condvar::new(),
        });
        listen(listener, &state);
        Self { address, state }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every request waits this long before it is forwarded.
    pub fn set_latency(&self, latency: Duration) {
        self.state.latency_us.store(latency.as_micros() as u64, SeqCst);
    }

    /// From now on every `nth` request is answered 503 and not forwarded; 0: none.
    pub fn set_busy_every(&self, nth: u64) {
        self.state.busy_every.store(nth, SeqCst);
    }

    /// From now on every `nth` request is forwarded and its connection cut before the answer; 0: none.
    pub fn set_cut_every(&self, nth: u64) {
        self.state.cut_every.store(nth, SeqCst);
    }

    /// From now on requests of `method` whose target contains `part` are held back, until
    /// [`Proxy::let_go`].
    pub fn hold(&self, method: &'static str, part: &str, hold: Hold) {
        let gate = Gate { method, part: part.to_owned(), hold, held: 0 };
        *self.state.gate.lock().expect("no connection panics") = Some(gate);
    }

    /// How many requests are or were held back since [`Proxy::hold`].
    #[must_use]
    pub fn held(&self) -> u64 {
        self.state.gate.lock().expect("no connection panics").as_ref().map_or(0, |gate| gate.held)
    }

    /// Lets every request go on.
    pub fn let_go(&self) {
        *self.state.gate.lock().expect("no connection panics") = None;
        self.state.opened.notify_all();
    }

    /// Cuts the connections that there are, and holds no more: the server never hears of a request that was held back,
    /// nor of one that was on its way.
    pub fn cut_held(&self) {
        self.state.cuts.fetch_add(1, SeqCst);
        self.let_go();
    }

    /// Requests so far, failed ones too.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.count.load(SeqCst)
    }

    /// Bytes of request bodies so far.
    #[must_use]
    pub fn bytes_up(&self) -> u64 {
        self.state.bytes_up.load(SeqCst)
    }

    /// Bytes of response bodies so far.
    #[must_use]
    pub fn bytes_down(&self) -> u64 {
        self.log().iter().map(|request| request.bytes).sum()
    }

    /// The requests that were answered, in the order of their answers; an answer is forwarded when it is whole.
    #[must_use]
    pub fn log(&self) -> Vec<Request> {
        self.state.log.lock().expect("no connection panics").clone()
    }

    /// Counts from zero again.
    pub fn forget(&self) {
        self.state.count.store(0, SeqCst);
        self.state.bytes_up.store(0, SeqCst);
        self.state.log.lock().expect("no connection panics").clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        // Wakes the listener, which then sees that it is to stop.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
    }
}

impl Serve for State {
    fn stopped(&self) -> &AtomicBool {
        &self.stopped
    }

    fn serve(&self, client: TcpStream) -> io::Result<()> {
        let cuts = self.cuts.load(SeqCst);
        client.set_nodelay(true)?;
        let server = TcpStream::connect_timeout(&self.server, Duration::from_secs(5))?;
        server.set_nodelay(true)?;
        let (mut to_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        let (mut from_client, mut from_server) = (BufReader::new(client), BufReader::new(server));
        while let Some(head) = Head::read(&mut from_client)? {
            if self.stopped.load(SeqCst) {
                break;
            }
            let number = self.count.fetch_add(1, SeqCst) + 1;
            let mut body = Vec::new();
            let up = copy_body(&mut from_client, &mut body, head.framing(false, false))?;
            self.bytes_up.fetch_add(up, SeqCst);
            thread::sleep(Duration::from_micros(self.latency_us.load(SeqCst)));
            if nth(number, &self.busy_every) {
                self.note(&head, 503, 0);
                to_client.write_all(BUSY)?;
                continue;
            }
            if self.wait(&head, Hold::Request, cuts).is_break() {
                break;
            }
            to_server.write_all(&head.bytes)?;
            to_server.write_all(&body)?;
            let answer = final_head(&mut from_server)?;
            if nth(number, &self.cut_every) {
                self.note(&head, 0, 0);
                break;
            }
            let bodiless = head.start_line().starts_with("HEAD ") || matches!(answer.status(), 204 | 304);
            let mut body = Vec::new();
            let bytes = copy_body(&mut from_server, &mut body, answer.framing(bodiless, true))?;
            // Noted first: who has an answer finds it in the log.
            self.note(&head, answer.status(), bytes);
            if self.wait(&head, Hold::Answer, cuts).is_break() {
                break;
            }
            to_client.write_all(&answer.bytes)?;
            to_client.write_all(&body)?;
        }
        to_client.shutdown(Shutdown::Both)
    }
}

impl State {
    /// Waits while requests like this one are held back here; a break when its connection, made after so many `cuts`, is
    /// to be cut.
    fn wait(&self, head: &Head, here: Hold, cuts: u64) -> ControlFlow<()> {
        let line = head.start_line();
        let is_held =
            |gate: &Gate| gate.hold == here && line.starts_with(gate.method) && line.contains(gate.part.as_str());
        let mut gate = self.gate.lock().expect("no connection panics");
        if let Some(gate) = gate.as_mut().filter(|gate| is_held(gate)) {
            gate.held += 1;
        }
        loop {
            if self.cuts.load(SeqCst) > cuts || self.stopped.load(SeqCst) {
                return ControlFlow::Break(());
            }
            if !gate.as_ref().is_some_and(is_held) {
                return ControlFlow::Continue(());
            }
            gate = self.opened.wait_timeout(gate, TURN).expect("no connection panics").0;
        }
    }

    fn note(&self, head: &Head, status: u16, bytes: u64) {
        let line = head.start_line();
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let request = Request { method, target, range: head.header("range"), status, bytes };
        self.log.lock().expect("no connection panics").push(request);
    }
}

fn nth(number: u64, every: &AtomicU64) -> bool {
    let every = every.load(SeqCst);
    every != 0 && number.is_multiple_of(every)
}

/// The answer's head, past any `100 Continue`.
fn final_head(from: &mut BufReader<TcpStream>) -> io::Result<Head> {
    loop {
        let head = Head::read(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if head.status() >= 200 {
            return Ok(head);
        }
    }
}

#[cfg(test)]
mod tests;
