//! Whether the server is set up to keep jobs.

use super::client::RedisClient;
use super::trouble::Trouble;
use crate::setup::Difference;

/// The first release whose scripts and streams do all that is needed.
const OLDEST: u64 = 7;

/// What of the server's settings would lose jobs. Read from `INFO`, which managed services answer
/// where they refuse `CONFIG`.
///
/// # Errors
/// When the server can't be reached.
pub(super) async fn differences(client: &RedisClient) -> Result<Vec<Difference>, Trouble> {
    let thing = client.name.clone();
    match client.send::<String>(&redis::cmd("INFO")).await {
        Ok(info) => Ok(judge(&thing, &info)),
        Err(trouble) if trouble.is_of_connection() => Err(trouble),
        Err(_) => Ok(vec![unknown(&thing)]),
    }
}

fn unknown(thing: &str) -> Difference {
    Difference {
        thing: thing.to_owned(),
        parameter: "maxmemory-policy, appendonly".into(),
        found: "(not to be seen)".into(),
        wanted: "noeviction, yes".into(),
        remedy: "this user may not use INFO, so it can't be checked: ask who runs the server".into(),
    }
}

fn judge(thing: &str, info: &str) -> Vec<Difference> {
    let value = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
    let difference = |parameter: &str, found: &str, wanted: &str, remedy: &str| Difference {
        thing: thing.to_owned(),
        parameter: parameter.to_owned(),
        found: found.to_owned(),
        wanted: wanted.to_owned(),
        remedy: remedy.to_owned(),
    };
    let mut all = Vec::new();
    let version = value("redis_version").unwrap_or("unknown");
    let major = version.split('.').next().and_then(|major| major.parse::<u64>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        let remedy = "older servers lack what the queue's scripts use: use Redis 7.0 or Valkey, or later";
        all.push(difference("redis_version", version, "7.0 or later", remedy));
    }
    let policy = value("maxmemory_policy").unwrap_or("unknown");
    if policy != "noeviction" {
        let remedy = "a full server would throw jobs away: \
                      `CONFIG SET maxmemory-policy noeviction`, and the same in its configuration";
        all.push(difference("maxmemory-policy", policy, "noeviction", remedy));
    }
    if value("aof_enabled") != Some("1") {
        let remedy = "jobs that came since the last snapshot are lost with the server's process: \
                      `CONFIG SET appendonly yes`, and the same in its configuration; or enqueue again after a loss";
        all.push(difference("appendonly", "no", "yes", remedy));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(info: &str) -> Vec<String> {
        judge("q", info).into_iter().map(|difference| difference.parameter).collect()
    }

    #[test]
    fn a_server_that_keeps_jobs_differs_in_nothing() {
        let info = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";
        assert_eq!(parameters(info), [""; 0]);
    }

    #[test]
    fn what_would_lose_jobs_is_named() {
        let info = "redis_version:6.2.1\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n";
        assert_eq!(parameters(info), ["redis_version", "maxmemory-policy", "appendonly"]);
        assert_eq!(parameters(""), ["redis_version", "maxmemory-policy", "appendonly"]);
    }
}
