//! A private `RabbitMQ` broker with its management API, which is what KEDA looks at.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use zagg_tests::kit::guard::{Guard, free_address, guarded};
use zagg_tests::kit::http::request;

/// How long a start may take; on an idle machine it is 8 seconds.
const START: Duration = Duration::from_secs(180);

/// The broker, and the name server that it insists on; both are killed together.
const RUN: &str = r#"epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" & names=$!
trap 'kill -9 $names; exit' TERM
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do sleep 0.02; kill -0 $names || exit; done
/usr/lib/rabbitmq/bin/rabbitmq-server & broker=$!
trap 'kill -9 $broker $names' TERM
wait $broker
kill -9 $names 2>/dev/null
wait"#;

/// A broker that answers at two addresses.
#[derive(Debug)]
pub(super) struct ManagedBroker {
    // Stopped before its data goes.
    _guard: Guard,
    _data: TempDir,
    pub(super) clients: SocketAddr,
    pub(super) management: SocketAddr,
}

impl ManagedBroker {
    /// Starts a broker and waits until its management API answers.
    pub(super) fn start() -> Self {
        let (clients, management, nodes, names) = (free_address(), free_address(), free_address(), free_address());
        let data = tempfile::Builder::new().prefix("zagg-rabbitmq-").tempdir().unwrap();
        let folder = data.path();
        for name in ["db", "log", "home"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let settings = format!(
            "listeners.tcp.1 = {clients}\nmanagement.tcp.ip = {}\nmanagement.tcp.port = {}\n\
             collect_statistics_interval = 1000\n",
            management.ip(),
            management.port()
        );
        fs::write(folder.join("rabbitmq.conf"), settings).unwrap();
        fs::write(folder.join("plugins"), "[rabbitmq_management].\n").unwrap();
        let out = File::create(folder.join("out")).unwrap();
        let mut command = guarded(folder, "sh");
        command
            .args(["-c", RUN])
            .env("RABBITMQ_NODENAME", format!("zagg{}@localhost", clients.port()))
            .env("RABBITMQ_MNESIA_BASE", folder.join("db"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
            .env("RABBITMQ_FEATURE_FLAGS_FILE", folder.join("features"))
            .env("RABBITMQ_PID_FILE", folder.join("pid"))
            .env("RABBITMQ_DIST_PORT", nodes.port().to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", names.port().to_string())
            // The start script then becomes the broker instead of waiting for it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("HOME", folder.join("home"))
            .stdout(out.try_clone().unwrap())
            .stderr(out);
        let guard = Guard::start(&mut command).unwrap();
        let begun = Instant::now();
        // Without a login it answers 401.
        while request(management, "GET", "/api/overview", b"").map_or(0, |(status, _)| status) != 401 {
            let said = || fs::read_to_string(folder.join("out")).unwrap_or_default();
            assert!(begun.elapsed() < START, "rabbitmq-server does not start\n{}", said());
            std::thread::sleep(Duration::from_millis(100));
        }
        Self { _guard: guard, _data: data, clients, management }
    }
}
