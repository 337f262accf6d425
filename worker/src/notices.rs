//! Notices of the place of work: this machine will be taken away, and please don't take it away.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::time::sleep;
use tracing::{debug, info, warn};

/// How often the instance's metadata is asked.
const LOOK: Duration = Duration::from_secs(5);
/// How long one answer may take.
const TIME_OUT: Duration = Duration::from_secs(2);
/// For how long a task is protected from being scaled in, in minutes; renewed at half of it.
const PROTECTION_MINUTES: u64 = 10;

/// After a refusal the agent is asked again so much later.
const REFUSED: Duration = Duration::from_secs(10);

/// A path of the metadata service that is there when something is announced, and what that is.
pub type Notice = (&'static str, &'static str);

/// That the instance is to be interrupted.
pub const INTERRUPTION: Notice = ("spot/instance-action", "the spot instance is to be interrupted");
/// That it is likely to be.
pub const REBALANCE: Notice = ("events/recommendations/rebalance", "the spot instance is likely to be interrupted");

/// Resolves when the EC2 instance's metadata service (at `service`, version 2) gives one of these
/// notices; never on a machine without such a service.
pub async fn interruption(service: &str, heeded: &'static [Notice]) -> &'static str {
    let Ok(client) = Client::builder().timeout(TIME_OUT).no_proxy().build() else {
        return std::future::pending().await;
    };
    let mut is_first_look = true;
    loop {
        let token = token(&client, service).await;
        if token.is_none() && is_first_look {
            warn!(service, "no instance metadata: notices of interruption are not heard");
        }
        is_first_look = false;
        if let Some(token) = token {
            for (path, notice) in heeded {
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
            let answer = match asked.and_then(reqwest::Response::error_for_status) {
                Ok(answer) => answer.text().await,
                Err(error) => Err(error),
            };
            let granted = |text: &str| {
                let answer: Value = serde_json::from_str(text).unwrap_or_default();
                answer["protection"]["ProtectionEnabled"] == wanted
            };
            // The agent answers with 200 also when ECS declines.
            match answer {
                Ok(text) if granted(&text) => protected = wanted.then(tokio::time::Instant::now),
                refused => {
                    let reason = refused.unwrap_or_else(|error| error.to_string());
                    warn!(reason, wanted, "the task's protection was not changed");
                    sleep(REFUSED).await;
                }
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
}
