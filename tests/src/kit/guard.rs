//! Servers that end with the test that started them.

use std::ffi::OsStr;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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

/// A loopback address that nobody listens at.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
    listener.local_addr().expect("the port's number")
}
