//! A private Prometheus: Debian's `prometheus`, installed by `scripts/setup-tests`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::guard::{Guard, free_address, guarded};
use super::http::request;
use super::sqs::escaped;

/// How long a start may take; on an idle machine it is a fifth of a second.
const START: Duration = Duration::from_secs(60);

/// How often targets are scraped and rules looked at, in seconds.
pub const INTERVAL: u64 = 2;

/// A time series and its value at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels; `__name__` is the metric.
    pub labels: BTreeMap<String, String>,
    /// The value. It may be no number.
    pub value: f64,
}

impl Sample {
    /// A label; empty where it is absent, as Prometheus has it.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// A Prometheus of one's own on a free loopback port, with throw-away data. It is stopped when it is
/// dropped, and when this process ends.
#[derive(Debug)]
pub struct Prometheus {
    guard: Option<Guard>,
    address: SocketAddr,
    data: TempDir,
}

impl Prometheus {
    /// Starts one with these rule files, each a name and its text, and waits until it answers. It scrapes
    /// what [`Prometheus::scrape`] names.
    #[must_use]
    pub fn start(rules: &[(&str, String)]) -> Self {
        // Another process may take the free port first; a second try then finds another.
        let mut reason = String::new();
        for _ in 0..3 {
            match Self::try_start(rules) {
                Ok(server) => return server,
                Err(said) => reason = said,
            }
        }
        panic!("prometheus does not start; if it is not installed, run scripts/setup-tests\n{reason}");
    }

    fn try_start(rules: &[(&str, String)]) -> Result<Self, String> {
        let data = tempfile::Builder::new().prefix("zagg-prometheus-").tempdir().map_err(|error| error.to_string())?;
        let mut server = Self { guard: None, address: free_address(), data };
        server.prepare(rules).map_err(|error| error.to_string())?;
        server.run()?;
        Ok(server)
    }

    fn prepare(&self, rules: &[(&str, String)]) -> std::io::Result<()> {
        let folder = self.data.path();
        fs::create_dir(folder.join("targets"))?;
        for (name, text) in rules {
            fs::write(folder.join(name), text)?;
        }
        // JSON is YAML.
        let every = format!("{INTERVAL}s");
        let targets = json!([{ "files": ["targets/*.json"], "refresh_interval": every }]);
        let settings = json!({
            "global": { "scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every },
            "rule_files": rules.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            "scrape_configs": [{
                "job_name": "files",
                "file_sd_configs": targets,
            }],
        });
        fs::write(folder.join("prometheus.yml"), settings.to_string())
    }

    fn run(&mut self) -> Result<(), String> {
        let folder = self.data.path();
        let log_path = folder.join("log");
        let log = File::create(&log_path).map_err(|error| error.to_string())?;
        let mut command = guarded(folder, "prometheus");
        command
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("db").display()))
            .arg(format!("--web.listen-address={}", self.address))
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log);
        let mut guard = Guard::start(&mut command)?;
        let start = Instant::now();
        while !matches!(request(self.address, "GET", "/-/ready", b""), Ok((200, _))) {
            let said = fs::read_to_string(&log_path).unwrap_or_default();
            if said.contains("level=error") || said.contains("not found") || start.elapsed() > START {
                guard.stop();
                return Err(said);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.guard = Some(guard);
        Ok(())
    }

    /// From now on scrapes `targets` as `job`, with these labels, and no others for that job and these
    /// labels.
    pub fn scrape(&self, job: &str, labels: &[(&str, &str)], targets: &[SocketAddr]) {
        let mut all: BTreeMap<&str, &str> = labels.iter().copied().collect();
        // It wins over the name of the configuration.
        all.insert("job", job);
        let name = all.values().copied().collect::<Vec<_>>().join("-");
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        let text = json!([{ "targets": targets, "labels": all }]).to_string();
        // Whole at once: the file is watched.
        let (making, place) = (self.data.path().join("making"), self.data.path().join("targets"));
        fs::write(&making, text).expect("a file of targets");
        fs::rename(making, place.join(format!("{name}.json"))).expect("a renamed file");
    }

    /// Asks the API; what is under `data` of its answer.
    ///
    /// # Errors
    /// What Prometheus says is wrong with the question.
    pub fn ask(&self, path: &str) -> Result<Value, String> {
        let (_, body) = request(self.address, "GET", &format!("/api/v1/{path}"), b"").expect("Prometheus answers");
        let mut answer: Value = serde_json::from_slice(&body).expect("Prometheus answers JSON");
        if answer["status"] == "success" { Ok(answer["data"].take()) } else { Err(answer.to_string()) }
    }

    /// What an expression is now.
    ///
    /// # Errors
    /// When it is no expression.
    pub fn try_query(&self, expression: &str) -> Result<Vec<Sample>, String> {
        let data = self.ask(&format!("query?query={}", escaped(expression.as_bytes())))?;
        let found = data["result"].as_array().cloned().unwrap_or_default();
        Ok(found
            .iter()
            .map(|series| Sample { labels: labels(&series["metric"]), value: number(&series["value"][1]) })
            .collect())
    }

    /// The same of an expression that is one.
    #[must_use]
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Sample> {
        self.try_query(expression).unwrap_or_else(|said| panic!("{expression}: {said}"))
    }

    /// The one value of an expression; none when there is none.
    #[must_use]
    #[track_caller]
    pub fn value(&self, expression: &str) -> Option<f64> {
        let found = self.query(expression);
        assert!(found.len() < 2, "{expression} has several values: {found:?}");
        found.first().map(|sample| sample.value)
    }

    /// The times and values that a range selector (`up[1m]`) of one series covers.
    #[must_use]
    pub fn history(&self, selector: &str) -> Vec<(f64, f64)> {
        let data = self.ask(&format!("query?query={}", escaped(selector.as_bytes()))).expect("a selector");
        let values = data["result"][0]["values"].as_array().cloned().unwrap_or_default();
        values.iter().map(|pair| (pair[0].as_f64().unwrap_or(f64::NAN), number(&pair[1]))).collect()
    }

    /// The alerts of this name that fire.
    #[must_use]
    pub fn firing(&self, alert: &str) -> Vec<Sample> {
        self.query(&format!(r#"ALERTS{{alertname="{alert}",alertstate="firing"}}"#))
    }

    /// The folder with its data.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Before its data goes.
        self.guard = None;
    }
}

fn labels(metric: &Value) -> BTreeMap<String, String> {
    let each = metric.as_object().into_iter().flatten();
    each.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// A number as the API writes it: text, since it may be none.
fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::fleet::until;

    #[test]
    fn a_private_server_scrapes_evaluates_and_is_gone_when_dropped() {
        let rules = r#"{"groups":[{"name":"g","rules":[{"alert":"Two","expr":"two == 2"},{"record":"two","expr":"vector(2)"}]}]}"#;
        let server = Prometheus::start(&[("rules.yml", rules.to_owned())]);
        server.scrape("itself", &[("place", "here")], &[server.address]);
        until("it has scraped itself", || server.value(r#"up{job="itself",place="here"}"#) == Some(1.0));
        until("the alert fires", || server.firing("Two").len() == 1);
        assert_eq!(server.value("vector(1) > 2"), None);
        assert!(server.try_query("sum(").is_err_and(|said| said.contains("parse error")));
        let (address, folder) = (server.address, server.data().to_owned());
        drop(server);
        assert!(request(address, "GET", "/-/ready", b"").is_err());
        assert!(!folder.exists());
    }
}
