//! Notices of the place of work: this machine will be taken away, and please don't take it away.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use tokio::time::sleep;
use tracing::{debug, info, warn};

/// How often the instance's metadata is asked.
const LOOK: Duration = Duration::from_secs(5);
/// How long one answer may take.
const TIME_OUT: Duration = Duration::from_secs(2);
/// For how long a task is protected from being scaled in, in minutes; renewed at half of it.
const PROTECTION_MINUTES: u64 = 10;

/// Resolves when the EC2 instance's metadata service (at `service`, version 2) says that the instance
/// is to be interrupted, or is likely to be; never on a machine without such a service.
pub async fn interruption(service: &str) -> &'static str {
    let Ok(client) = Client::builder().timeout(TIME_OUT).no_proxy().build() else {
        return std::future::pending().await;
    };
    loop {
        if let Some(token) = token(&client, service).await {
            for (path, notice) in [
                ("spot/instance-action", "the spot instance is to be interrupted"),
                ("events/recommendations/rebalance", "the spot instance is likely to be interrupted"),
            ] {
                let url = format!("{service}/latest/meta-data/{path}");
                let asked = client.get(url).header("X-aws-ec2-metadata-token", &token).send().await;
                if asked.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                    info!(notice, "notice");
                    return notice;
                }
            }
        }
        sleep(LOOK).await;
    }
}

async fn token(client: &Client, service: &str) -> Option<String> {
    let url = format!("{service}/latest/api/token");
    let asked = client.put(url).header("X-aws-ec2-metadata-token-ttl-seconds", "60").send().await;
    match asked.and_then(reqwest::Response::error_for_status) {
        Ok(answer) => answer.text().await.ok(),
        Err(error) => {
            debug!(%error, "no instance metadata");
            None
        }
    }
}

/// Keeps the ECS task of the agent at `agent` protected from being scaled in, for as long as `busy`
/// says that jobs are in work. Runs for ever.
pub async fn protect(agent: &str, busy: impl Fn() -> bool + Send) {
    let Ok(client) = Client::builder().timeout(TIME_OUT).no_proxy().build() else { return };
    let url = format!("{agent}/task-protection/v1/state");
    let renewal = Duration::from_secs(PROTECTION_MINUTES * 60 / 2);
    let mut protected: Option<tokio::time::Instant> = None;
    loop {
        let wanted = busy();
        let due = match (wanted, protected) {
            (true, since) => since.is_none_or(|since| since.elapsed() >= renewal),
            (false, since) => since.is_some(),
        };
        if due {
            let body = if wanted {
                serde_json::json!({ "ProtectionEnabled": true, "ExpiresInMinutes": PROTECTION_MINUTES })
            } else {
                serde_json::json!({ "ProtectionEnabled": false })
            };
            let asked = client.put(&url).header("content-type", "application/json").body(body.to_string()).send().await;
            match asked.and_then(reqwest::Response::error_for_status) {
                Ok(_) => protected = wanted.then(tokio::time::Instant::now),
                Err(error) => warn!(%error, wanted, "the task's protection was not changed"),
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
}
