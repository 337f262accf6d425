//! A loopback relay for any protocol, whose connections can be cut.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Passes bytes to one server and back. It stops, and its connections end, when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    stopped: AtomicBool,
    refusing: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Relay {
    /// A relay on a free loopback port, before the server at `server`.
    #[must_use]
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let address = listener.local_addr().expect("the port's number");
        let flag = || AtomicBool::new(false);
        let state = Arc::new(State { server, stopped: flag(), refusing: flag(), open: Mutex::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.stopped.load(SeqCst) {
                    return;
                }
                // A connection that fails is what its client then sees; nobody else needs to know.
                drop(client.and_then(|client| shared.serve(client)));
            }
        });
        Self { address, state }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection there is; how many it were. New ones are served.
    pub fn cut(&self) -> usize {
        let open = std::mem::take(&mut *self.state.open.lock().expect("no connection panics"));
        for stream in &open {
            // It may be gone already.
            drop(stream.shutdown(Shutdown::Both));
        }
        open.len() / 2
    }

    /// From now on new connections are cut at once, or are not.
    pub fn refuse(&self, refusing: bool) {
        self.state.refusing.store(refusing, SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        self.cut();
        // Wakes the listener, which then sees that it is to stop.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
    }
}

impl State {
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        if self.refusing.load(SeqCst) {
            return client.shutdown(Shutdown::Both);
        }
        let server = TcpStream::connect_timeout(&self.server, Duration::from_secs(5))?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        self.open.lock().expect("no connection panics").extend([client.try_clone()?, server.try_clone()?]);
        pass(client.try_clone()?, server.try_clone()?);
        pass(server, client);
        Ok(())
    }
}

/// Passes on until either side ends.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        drop(io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Both));
    });
}
