//! A private S3 and SQS server: `MiniStack`, installed by `scripts/setup-tests`.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::guard::{Guard, free_address, guarded};
use super::http::request;
use super::python::python;

/// How long a start may take; on an idle machine it is under a second.
const START: Duration = Duration::from_secs(60);

/// A server of one's own on a free loopback port, with throw-away data. It is stopped when it is
/// dropped, and when this process ends.
#[derive(Debug)]
pub struct MiniStack {
    // Stopped before its data goes.
    guard: Guard,
    address: SocketAddr,
    data: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl MiniStack {
    /// Starts a server and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with further variables in the server's environment.
    #[must_use]
    pub fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let settings: Vec<(&str, String)> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        // Another process may take the free port first; a second try then finds another.
        let mut reason = String::new();
        for _ in 0..3 {
            let data = tempfile::Builder::new().prefix("zagg-s3-").tempdir().expect("a temporary folder");
            match Self::try_start(free_address(), data, settings.clone()) {
                Ok(server) => return server,
                Err(said) => reason = said,
            }
        }
        panic!("MiniStack does not start; if it is not installed, run scripts/setup-tests\n{reason}");
    }

    /// A server that can be stopped and started again with all that it holds.
    #[must_use]
    pub fn start_durable() -> Self {
        Self::start_with(&[("PERSIST_STATE", "1")])
    }

    /// Stops the server, and starts it again at the same address.
    #[must_use]
    pub fn restart(self) -> Self {
        let Self { mut guard, address, data, settings } = self;
        guard.stop_and_keep();
        Self::try_start(address, data, settings).expect("MiniStack starts again")
    }

    /// One server for all tests of this process. Use a bucket of your own.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<MiniStack> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn try_start(address: SocketAddr, data: TempDir, settings: Vec<(&'static str, String)>) -> Result<Self, String> {
        let log_path = data.path().join("log");
        let log = File::create(&log_path).map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = guarded(data.path(), python());
        command
            .args(["-m", "ministack"])
            // All interfaces would be the default.
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", address.port().to_string())
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("SFTP_ENABLED", "0")
            .env("IOT_MTLS_ENABLED", "0")
            .env("TMPDIR", data.path())
            .env("S3_DATA_DIR", data.path().join("s3"))
            .env("LOG_LEVEL", "WARNING")
            .env("LAMBDA_EXECUTOR", "local")
            .env("STATE_DIR", data.path().join("state"))
            .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(log)
            .stderr(errors);
        let mut guard = Guard::start(&mut command)?;
        let start = Instant::now();
        while request(address, "GET", "/_ministack/health", b"").map_or(0, |(status, _)| status) != 200 {
            let said = || std::fs::read_to_string(&log_path).unwrap_or_default();
            if said().contains("No module named") || said().contains("already in use") || start.elapsed() > START {
                guard.stop();
                return Err(said());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { guard, address, data, settings })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint's URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a bucket; gives its name.
    pub fn create_bucket(&self, name: &str) -> String {
        let (status, body) = request(self.address, "PUT", &format!("/{name}"), b"").expect("MiniStack answers");
        assert_eq!(status, 200, "bucket {name}: {}", String::from_utf8_lossy(&body));
        name.to_owned()
    }

    /// What a program needs in its environment to use this server, directly or through a proxy
    /// at `endpoint`.
    #[must_use]
    pub fn environment(endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", endpoint.to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ]
    }

    /// Where the objects of a bucket are, for a look behind the server's back.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.data.path().join("s3")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Proxy;

    #[test]
    fn a_private_server_keeps_objects_and_is_gone_when_dropped() {
        let server = MiniStack::start();
        server.create_bucket("granules");
        assert_eq!(request(server.address(), "PUT", "/granules/a/b", b"hello").unwrap().0, 200);
        assert_eq!(request(server.address(), "GET", "/granules/a/b", b"").unwrap(), (200, b"hello".to_vec()));
        assert_eq!(request(server.address(), "GET", "/granules/c", b"").unwrap().0, 404);
        let far = Proxy::before(server.address());
        assert_eq!(request(far.address(), "GET", "/granules/a/b", b"").unwrap(), (200, b"hello".to_vec()));
        assert_eq!((far.requests(), far.bytes_down()), (1, 5));
        let address = server.address();
        drop(server);
        assert!(request(address, "GET", "/_ministack/health", b"").is_err());
    }
}
