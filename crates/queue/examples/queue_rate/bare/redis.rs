//! The redis crate: pipelines of XADD; XREADGROUP, then XACK and XDEL in one transaction.

use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{Client, Value, cmd, pipe};
use tokio::task::JoinSet;

use super::Bare;
use crate::{IN_FLIGHT, Outcome};

/// Streams, their entries, and those' fields.
type Read = Vec<(String, Vec<(String, Vec<String>)>)>;

const STREAM: &str = "bare-rate";
const GROUP: &str = "bare";
/// Messages in one pipeline, as many as a batch of ours has.
const BATCH: usize = 500;

pub(super) async fn run(url: &str, messages: &[String], slots: usize) -> Outcome<Bare> {
    let address = url.split('?').next().unwrap_or_default();
    let mut line = Client::open(address)?.get_multiplexed_async_connection().await?;
    cmd("DEL").arg(STREAM).exec_async(&mut line).await?;
    cmd("XGROUP").arg(&["CREATE", STREAM, GROUP, "0", "MKSTREAM"]).exec_async(&mut line).await?;
    let start = Instant::now();
    let mut under_way = JoinSet::new();
    for part in messages.chunks(BATCH) {
        if under_way.len() == IN_FLIGHT
            && let Some(one) = under_way.join_next().await
        {
            one??;
        }
        let mut pipe = pipe();
        for message in part {
            pipe.cmd("XADD").arg(&[STREAM, "*", "job", message]);
        }
        let mut line = line.clone();
        under_way.spawn(async move { pipe.query_async::<Value>(&mut line).await.map(drop) });
    }
    while let Some(one) = under_way.join_next().await {
        one??;
    }
    let enqueued = start.elapsed();
    let start = Instant::now();
    let mut under_way = JoinSet::new();
    for _ in 0..slots {
        under_way.spawn(slot(line.clone()));
    }
    while let Some(one) = under_way.join_next().await {
        one??;
    }
    let drained = start.elapsed();
    cmd("DEL").arg(STREAM).exec_async(&mut line).await?;
    Ok(Bare { enqueued, drained })
}

async fn slot(mut line: MultiplexedConnection) -> redis::RedisResult<()> {
    loop {
        let mut read = cmd("XREADGROUP");
        read.arg(&["GROUP", GROUP, "consumer", "COUNT", "1", "STREAMS", STREAM, ">"]);
        let found: Option<Read> = read.query_async(&mut line).await?;
        let Some((id, _)) = found.into_iter().flatten().flat_map(|(_, entries)| entries).next() else { return Ok(()) };
        let mut done = pipe();
        done.atomic().cmd("XACK").arg(&[STREAM, GROUP, &id]).cmd("XDEL").arg(&[STREAM, &id]);
        done.query_async::<Value>(&mut line).await?;
    }
}
