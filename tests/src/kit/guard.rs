//! Servers that end with the test that started them.

use std::ffi::OsStr;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs the server until this test process is gone, however it ended (the shell's standard input
/// is a pipe from it), and then removes the data, unless it was told to keep it.
const GUARD: &str = r#"exec 3<&0 </dev/null; "$@" & server=$!; word=$(cat <&3); kill $server; wait $server; [ "$word" = keep ] || rm -rf "$ZAGG_TEST_DATA""#;

/// The command of a server `program` that keeps its data in `data`: to be given arguments and
/// started with [`Guard::start`].
#[must_use]
pub fn guarded(data: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "sh"]).arg(program).env("ZAGG_TEST_DATA", data).stdin(Stdio::piped());
    command
}

/// A running server. It is stopped when this is dropped, and when this process ends.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Starts what [`guarded`] made.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        command.spawn().map(Self).map_err(|error| format!("sh: {error}"))
    }

    /// Stops the server as [`Guard::stop`] does, but keeps its data for another start.
    pub fn stop_and_keep(&mut self) {
        if let Some(input) = self.0.stdin.as_mut() {
            // A guard that is gone can't be told, and removes nothing either.
            drop(input.write_all(b"keep"));
        }
        self.stop();
    }

    /// Ends the guard's input, upon which it stops the server and itself.
    pub fn stop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.0.wait() {
            eprintln!("the guard of a test's server: {error}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Below the ports that systems give to outgoing connections (32768 and up on Linux, 49152 elsewhere): none of these
/// is taken by a client between here and the start of the server that it is for.
const PORTS: Range<u16> = 16_384..32_768;

/// A loopback address that nobody listens at, and that no other call of this process gave.
#[must_use]
pub fn free_address() -> SocketAddr {
    // Processes begin at different ones.
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(97)));
    PORTS
        .map(|_| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed) % u32::from(PORTS.end - PORTS.start);
            let port = PORTS.start + u16::try_from(number).expect("less than the number of ports");
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        })
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free loopback port")
}
