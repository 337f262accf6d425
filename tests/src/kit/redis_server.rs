//! A private Redis server: Debian's `redis-server`, installed by `scripts/setup-tests`.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::guard::{Guard, free_address, guarded};

/// How long a start may take; on an idle machine it is a tenth of a second.
const START: Duration = Duration::from_secs(60);

/// A server of one's own on a free loopback port, with throw-away data. It is stopped when it is
/// dropped, and when this process ends.
#[derive(Debug)]
pub struct RedisServer {
    // Stopped before its data goes.
    guard: Option<Guard>,
    address: SocketAddr,
    arguments: Vec<String>,
    password: Option<String>,
    data: TempDir,
}

impl RedisServer {
    /// A server that writes every change to disk before it answers.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&["--appendonly", "yes", "--appendfsync", "always"], None)
    }

    /// A server with these arguments, and a password if one is given.
    #[must_use]
    pub fn with(arguments: &[&str], password: Option<&str>) -> Self {
        // Another process may take the free port first; a second try then finds another.
        let mut reason = String::new();
        for _ in 0..3 {
            match Self::try_start(arguments, password) {
                Ok(server) => return server,
                Err(said) => reason = said,
            }
        }
        panic!("redis-server does not start; if it is not installed, run scripts/setup-tests\n{reason}");
    }

    /// One server for all tests of this process. Use a queue name of your own.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn try_start(arguments: &[&str], password: Option<&str>) -> Result<Self, String> {
        let data = folder().map_err(|error| error.to_string())?;
        std::fs::create_dir(data.path().join("db")).map_err(|error| error.to_string())?;
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let password = password.map(str::to_owned);
        let mut server = Self { guard: None, address: free_address(), arguments, password, data };
        server.run()?;
        Ok(server)
    }

    fn run(&mut self) -> Result<(), String> {
        let folder = self.data.path();
        let log_path = folder.join("log");
        let log = File::create(&log_path).map_err(|error| error.to_string())?;
        let mut command = guarded(folder, "redis-server");
        command
            .args(["--port", &self.address.port().to_string(), "--bind", "127.0.0.1", "--save", ""])
            .arg("--dir")
            .arg(folder.join("db"))
            .arg("--pidfile")
            .arg(folder.join("pid"))
            .args(&self.arguments)
            .stdout(log)
            .stderr(Stdio::null());
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        let mut guard = Guard::start(&mut command)?;
        let start = Instant::now();
        while self.command(&["PING"]).is_none_or(|answer| !answer.starts_with("+PONG")) {
            let said = std::fs::read_to_string(&log_path).unwrap_or_default();
            if said.contains("Address already in use") || start.elapsed() > START {
                guard.stop();
                return Err(said);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.guard = Some(guard);
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a queue, with the password if the server has one.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        let user = self.password.as_ref().map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{user}{}/0?queue={queue}", self.address)
    }

    /// Kills the server as a power cut would, and keeps its data and its port.
    pub fn kill(&mut self) {
        let pid = std::fs::read_to_string(self.data.path().join("pid")).expect("the server has written its number");
        let killed = std::process::Command::new("kill").args(["-9", pid.trim()]).status();
        assert!(killed.is_ok_and(|status| status.success()), "the server {pid} can't be killed");
        while self.command(&["PING"]).is_some() {
            std::thread::sleep(Duration::from_millis(2));
        }
        // The guard removes the folder that it knows.
        let next = folder().expect("a temporary folder");
        std::fs::rename(self.data.path().join("db"), next.path().join("db")).expect("a moved folder");
        self.guard = None;
        self.data = next;
    }

    /// Starts the server again, on the same data and port.
    pub fn revive(&mut self) {
        self.run().unwrap_or_else(|said| panic!("redis-server does not start again\n{said}"));
    }

    /// The folder with the server's data.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// What the server answers to a command, as a plain program would send it and see it; none when
    /// it is not there. Only the first 64 KiB, which are enough for what tests ask.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Option<String> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.raw_command(&words)
    }

    /// The same with any bytes.
    #[must_use]
    pub fn raw_command(&self, words: &[&[u8]]) -> Option<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let login = self.password.as_ref().map(|password| vec![b"AUTH".as_slice(), password.as_bytes()]);
        let mut answer = String::new();
        for words in login.into_iter().chain([words.to_vec()]) {
            stream.write_all(&encode(&words)).ok()?;
            let mut bytes = vec![0; 1 << 16];
            let count = stream.read(&mut bytes).ok()?;
            answer = String::from_utf8_lossy(bytes.get(..count)?).into_owned();
        }
        Some(answer)
    }
}

fn folder() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("zagg-redis-").tempdir()
}

/// A command on the wire.
fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_server_keeps_its_data_over_a_kill_and_is_gone_when_dropped() {
        let mut server = RedisServer::start();
        assert_eq!(server.command(&["SET", "a", "1"]).as_deref(), Some("+OK\r\n"));
        server.kill();
        assert_eq!(server.command(&["PING"]), None);
        server.revive();
        assert_eq!(server.command(&["GET", "a"]).as_deref(), Some("$1\r\n1\r\n"));
        let (address, data) = (server.address(), server.data().to_owned());
        drop(server);
        assert!(TcpStream::connect(address).is_err());
        assert!(!data.exists());
    }
}
