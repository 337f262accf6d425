//! A private `RabbitMQ` broker: Debian's `rabbitmq-server`, installed by `scripts/setup-tests`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::guard::{Guard, free_address, guarded};

/// How long a start may take; on an idle machine it is 4 seconds.
const START: Duration = Duration::from_secs(120);

/// The server itself: the program of that name on the path wants to be another user.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Runs the broker and the name server that it insists on (and starts itself, to stay for ever,
/// where there is none yet), and kills both when told to stop: a clean stop takes longer than many
/// a test, and what is durable must survive this one too.
const RUN: &str = r#"epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" & names=$!
trap 'kill -9 $names; exit' TERM
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do sleep 0.02; kill -0 $names || { echo port in use; exit; }; done
"$1" & broker=$!
trap 'kill -9 $broker $names' TERM
wait $broker
kill -9 $names 2>/dev/null
wait"#;

/// The ports of a broker, all on the loopback interface.
#[derive(Debug, Clone, Copy)]
struct Ports {
    clients: SocketAddr,
    nodes: SocketAddr,
    names: SocketAddr,
    /// Its own figures for Prometheus, where they were asked for.
    metrics: Option<SocketAddr>,
}

/// A broker of one's own on free loopback ports, with throw-away data. It is stopped when it is
/// dropped, and when this process ends.
#[derive(Debug)]
pub struct RabbitBroker {
    // Stopped before its data goes.
    guard: Option<Guard>,
    ports: Ports,
    data: TempDir,
}

impl RabbitBroker {
    /// Starts a broker and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(|| None)
    }

    /// The same with a port for its own figures, which Prometheus scrapes at `/metrics`.
    #[must_use]
    pub fn with_metrics() -> Self {
        Self::start_at(|| Some(free_address()))
    }

    fn start_at(metrics: impl Fn() -> Option<SocketAddr>) -> Self {
        // Another process may take a free port first; a second try then finds others.
        let mut reason = String::new();
        for _ in 0..3 {
            match Self::try_start(metrics()) {
                Ok(broker) => return broker,
                Err(said) => reason = said,
            }
        }
        panic!("rabbitmq-server does not start; if it is not installed, run scripts/setup-tests\n{reason}");
    }

    fn try_start(metrics: Option<SocketAddr>) -> Result<Self, String> {
        let ports = Ports { clients: free_address(), nodes: free_address(), names: free_address(), metrics };
        let data = tempfile::Builder::new().prefix("zagg-rabbitmq-").tempdir().map_err(|error| error.to_string())?;
        let mut broker = Self { guard: None, ports, data };
        broker.prepare().map_err(|error| error.to_string())?;
        broker.run()?;
        Ok(broker)
    }

    fn prepare(&self) -> io::Result<()> {
        let folder = self.data.path();
        for name in ["db", "log", "home"] {
            fs::create_dir(folder.join(name))?;
        }
        let mut settings = format!("listeners.tcp.1 = {}\n", self.ports.clients);
        if let Some(metrics) = self.ports.metrics {
            settings += &format!("prometheus.tcp.ip = {}\nprometheus.tcp.port = {}\n", metrics.ip(), metrics.port());
        }
        fs::write(folder.join("rabbitmq.conf"), settings)?;
        fs::write(
            folder.join("plugins"),
            if self.ports.metrics.is_some() { "[rabbitmq_prometheus].\n" } else { "[].\n" },
        )
    }

    fn run(&mut self) -> Result<(), String> {
        let mut guard = Guard::start(&mut self.command().map_err(|error| error.to_string())?)?;
        let start = Instant::now();
        while !self.answers() {
            let said = fs::read_to_string(self.data.path().join("out")).unwrap_or_default();
            if said.contains("not found")
                || said.contains("in use")
                || said.contains("eaddrinuse")
                || start.elapsed() > START
            {
                guard.stop_and_keep();
                return Err(said);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.guard = Some(guard);
        Ok(())
    }

    fn command(&self) -> io::Result<Command> {
        let folder = self.data.path();
        let out = File::create(folder.join("out"))?;
        let mut command = guarded(folder, "sh");
        command
            .args(["-c", RUN, "sh", PROGRAM])
            .env("RABBITMQ_NODENAME", format!("zagg{}@localhost", self.ports.clients.port()))
            .env("RABBITMQ_MNESIA_BASE", folder.join("db"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
            .env("RABBITMQ_FEATURE_FLAGS_FILE", folder.join("features"))
            .env("RABBITMQ_PID_FILE", folder.join("pid"))
            .env("RABBITMQ_DIST_PORT", self.ports.nodes.port().to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.ports.names.port().to_string())
            // The start script then becomes the broker instead of waiting for it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("HOME", folder.join("home"))
            .stdout(out.try_clone()?)
            .stderr(out);
        Ok(command)
    }

    /// Whether it greets a client.
    fn answers(&self) -> bool {
        let greet = || -> io::Result<u8> {
            let mut stream = TcpStream::connect_timeout(&self.ports.clients, Duration::from_secs(5))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"AMQP\0\0\x09\x01")?;
            let mut kind = [0];
            stream.read_exact(&mut kind)?;
            Ok(kind[0])
        };
        // The first frame is a method's.
        matches!(greet(), Ok(1))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.ports.clients
    }

    /// Where it serves its own figures, if it does.
    #[must_use]
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.ports.metrics
    }

    /// The address of a queue.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        format!("amqp://guest:guest@{}/%2f?queue={queue}", self.ports.clients)
    }

    /// Kills the broker as a power cut would, and keeps its data and its ports.
    pub fn kill(&mut self) {
        if let Some(guard) = self.guard.as_mut() {
            guard.stop_and_keep();
        }
        self.guard = None;
    }

    /// Starts the broker again, on the same data and ports.
    pub fn revive(&mut self) {
        self.run().unwrap_or_else(|said| panic!("rabbitmq-server does not start again\n{said}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_broker_is_gone_when_dropped_and_its_name_server_too() {
        let mut broker = RabbitBroker::start();
        assert!(broker.answers());
        broker.kill();
        assert!(!broker.answers());
        broker.revive();
        let (ports, folder) = (broker.ports, broker.data.path().to_owned());
        drop(broker);
        for port in [ports.clients, ports.nodes, ports.names] {
            assert!(TcpStream::connect(port).is_err(), "{port}");
        }
        assert!(!folder.exists());
    }
}
