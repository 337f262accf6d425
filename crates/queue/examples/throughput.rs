//! How many jobs a second go through the queues of one machine.
//!
//! `cargo run --release -p zagg-queue --example throughput [FOLDER]`:
//! the queue file is made in FOLDER (default: the folder for temporary files), whose disk decides.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zagg_core::job::Job;
use zagg_queue::conformance::kit::job;
use zagg_queue::embedded::Embedded;
use zagg_queue::error::Error;
use zagg_queue::memory::Memory;
use zagg_queue::queue::{Options, Queue};

const JOBS: u32 = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(folder)?;
    let options = Options::default();
    measure("memory", vec![Arc::new(Memory::new(options))]).await?;
    measure("file, 1 handle", files(folder.path(), "one.db", 1).await?).await?;
    measure("file, 4 handles", files(folder.path(), "four.db", 4).await?).await?;
    Ok(())
}

async fn files(folder: &Path, name: &str, handles: usize) -> Result<Vec<Arc<dyn Queue>>, Error> {
    let mut queues: Vec<Arc<dyn Queue>> = Vec::new();
    for _ in 0..handles {
        queues.push(Arc::new(Embedded::open(&folder.join(name), Options::default()).await?));
    }
    Ok(queues)
}

/// Fills the queue through its first handle, then empties it one job at a time through all.
async fn measure(name: &str, queues: Vec<Arc<dyn Queue>>) -> Result<(), Box<dyn std::error::Error>> {
    let jobs: Vec<Job> = (0..JOBS).map(job).collect();
    let start = Instant::now();
    if let Some(queue) = queues.first() {
        for part in jobs.chunks(queue.limits().batch) {
            queue.enqueue(part).await?;
        }
    }
    let enqueued = f64::from(JOBS) / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let receivers: Vec<_> = queues.into_iter().map(|queue| tokio::spawn(drain(queue))).collect();
    let mut done = 0;
    for receiver in receivers {
        done += receiver.await??;
    }
    let rate = f64::from(done) / start.elapsed().as_secs_f64();
    println!("{name}: {enqueued:.0} jobs/s enqueued, {rate:.0} jobs/s received and acked ({done} of {JOBS})");
    Ok(())
}

async fn drain(queue: Arc<dyn Queue>) -> Result<u32, Error> {
    let mut done = 0;
    while let Some(delivery) = queue.receive(1, Duration::ZERO).await?.pop() {
        queue.ack(&delivery).await?;
        done += 1;
    }
    Ok(done)
}
