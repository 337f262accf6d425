//! Many receivers, in one process and in several.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zagg_queue::conformance::kit::{depth_is, drain, fill, grounds, job, next};
use zagg_queue::error::Error;
use zagg_queue::queue::Depth;
use zagg_tests::kit::RedisServer;

use crate::{LONG, OPTIONS, PATIENCE, fresh_name, open};

/// A number that the server tells of itself.
fn told(server: &RedisServer, section: &str, name: &str) -> u64 {
    let info = server.command(&["INFO", section]).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {info}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_receivers_share_few_connections_and_each_gets_a_job() -> Result<(), Error> {
    const SLOTS: u32 = 1700;
    let server = RedisServer::start();
    let queue = open(&server, "zagg", LONG).await;
    let receivers: Vec<_> = (0..SLOTS)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { next(&*queue).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // This command's own is one of them.
    let clients = told(&server, "clients", "connected_clients");
    assert!(clients <= 4, "{clients} connections");
    fill(&*queue, 0, SLOTS).await?;
    let mut jobs = BTreeSet::new();
    for receiver in receivers {
        jobs.insert(receiver.await.unwrap()?.job.id());
    }
    assert_eq!(jobs.len(), SLOTS as usize, "each got another one");
    depth_is(&*queue, Depth { leased: u64::from(SLOTS), ..Depth::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_receiver_asks_nothing() -> Result<(), Error> {
    let server = RedisServer::start();
    let queue = open(&server, "zagg", LONG).await;
    fill(&*queue, 0, 1).await?;
    let held = next(&*queue).await?;
    queue.release(&held, Duration::from_secs(600)).await?;
    let receivers: Vec<_> = (0..20)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.receive(1, Duration::from_secs(4)).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = told(&server, "stats", "total_commands_processed");
    tokio::time::sleep(Duration::from_secs(3)).await;
    // A look is some ten commands; this count's own is one.
    let asked = told(&server, "stats", "total_commands_processed") - before;
    assert!(asked <= 30, "{asked} commands in three seconds");
    for receiver in receivers {
        assert!(receiver.await.unwrap()?.is_empty());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_that_go_away_take_nothing_with_them() -> Result<(), Error> {
    let queue = open(RedisServer::shared(), &fresh_name(), LONG).await;
    for round in 0..20 {
        let gone: Vec<_> = (0..8)
            .map(|_| {
                let queue = Arc::clone(&queue);
                tokio::spawn(async move { queue.receive(1, PATIENCE).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(round % 4)).await;
        gone.iter().for_each(tokio::task::JoinHandle::abort);
        for receiver in gone {
            assert!(receiver.await.is_err(), "there was nothing to receive");
        }
    }
    let start = Instant::now();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    assert_eq!((delivery.job, delivery.attempt), (job(0), 1));
    assert!(start.elapsed() < PATIENCE, "somebody who is gone was served first");
    Ok(())
}

#[test]
fn a_queue_survives_the_runtime_that_opened_it() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let queue = first.block_on(open(RedisServer::shared(), &fresh_name(), LONG));
    // A receiver of the first runtime waits, and with it the task that serves both.
    let early = Arc::clone(&queue);
    first.spawn(async move { early.receive(1, PATIENCE).await });
    std::thread::sleep(Duration::from_millis(200));
    let late = Arc::clone(&queue);
    let receiver = second.spawn(async move { late.receive(1, PATIENCE).await });
    std::thread::sleep(Duration::from_millis(100));
    first.shutdown_background();
    second.block_on(async {
        fill(&*queue, 0, 1).await.unwrap();
        let deliveries = receiver.await.unwrap().unwrap();
        assert_eq!(deliveries.len(), 1);
        queue.ack(&deliveries[0]).await.unwrap();
    });
}

/// Each value is a consumer of its own, as another process would be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_consumers_do_each_job_once() -> Result<(), Error> {
    const JOBS: u32 = 1000;
    let name = fresh_name();
    let producer = open(RedisServer::shared(), &name, LONG).await;
    fill(&*producer, 0, JOBS).await?;
    let mut workers = Vec::new();
    for _ in 0..4 {
        let queue = open(RedisServer::shared(), &name, LONG).await;
        workers.push(tokio::spawn(async move { drain(&*queue).await }));
    }
    let mut all = BTreeSet::new();
    for worker in workers {
        for id in worker.await.unwrap()? {
            assert!(all.insert(id), "a job was done twice");
        }
    }
    assert_eq!(all, (0..JOBS).map(|n| job(n).id()).collect());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_consumers_jobs_come_back_and_its_name_is_forgotten() -> Result<(), Error> {
    let (server, name) = (RedisServer::shared(), fresh_name());
    let consumers = || server.command(&["XINFO", "CONSUMERS", &format!("zagg:{{{name}}}:jobs"), "workers"]).unwrap();
    let dead = open(server, &name, OPTIONS).await;
    fill(&*dead, 0, 2).await?;
    let lost = dead.receive(2, PATIENCE).await?;
    assert_eq!(lost.len(), 2);
    let who = lost[0].receipt.as_str().split(' ').next_back().unwrap().to_owned();
    drop(dead);
    let alive = open(server, &name, OPTIONS).await;
    assert!(consumers().contains(&who));
    let start = Instant::now();
    for _ in 0..2 {
        let delivery = next(&*alive).await?;
        assert_eq!(delivery.attempt, 2);
        alive.ack(&delivery).await?;
    }
    while consumers().contains(&who) {
        assert!(start.elapsed() < PATIENCE, "{who} is still known");
        assert!(alive.receive(1, Duration::from_millis(300)).await?.is_empty());
    }
    depth_is(&*alive, Depth::default()).await
}

/// Whoever waits for something later is told of something sooner.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_processs_released_job_wakes_a_waiting_receiver_in_time() -> Result<(), Error> {
    let name = fresh_name();
    let (mine, theirs) =
        (open(RedisServer::shared(), &name, LONG).await, open(RedisServer::shared(), &name, LONG).await);
    // A slow machine may be late once; who only looks when its request ends is late each time.
    let mut late = Vec::new();
    for n in 0..3 {
        fill(&*theirs, n, n + 1).await?;
        let held = next(&*theirs).await?;
        let waiting = Arc::clone(&mine);
        let receiver = tokio::spawn(async move { waiting.receive(1, PATIENCE).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        theirs.release(&held, Duration::from_millis(500)).await?;
        let found = receiver.await.unwrap()?;
        assert_eq!((found[0].job.clone(), found[0].attempt), (job(n), 2));
        let took = start.elapsed();
        assert!(took > Duration::from_millis(490), "it came after {took:?}");
        if took < Duration::from_secs(3) {
            return Ok(());
        }
        late.push(took);
        mine.ack(&found[0]).await?;
    }
    panic!("it came late each time: {late:?}");
}

#[tokio::test]
async fn a_long_graveyard_is_listed_in_order_and_redriven_whole() -> Result<(), Error> {
    const JOBS: u32 = 500;
    let queue = open(RedisServer::shared(), &fresh_name(), LONG).await;
    fill(&*queue, 0, JOBS).await?;
    for delivery in queue.receive(JOBS as usize, Duration::ZERO).await? {
        queue.bury(&delivery, &grounds("one of many")).await?;
    }
    let listed: Vec<_> = queue.buried(usize::MAX).await?.into_iter().filter_map(|grave| grave.job).collect();
    assert_eq!(listed, (0..JOBS).map(job).collect::<Vec<_>>());
    assert_eq!(queue.buried(3).await?.len(), 3);
    assert_eq!(queue.redrive(300, None).await?, 300);
    depth_is(&*queue, Depth { ready: 300, buried: 200, ..Depth::default() }).await?;
    assert_eq!(queue.redrive(usize::MAX, None).await?, 200);
    assert_eq!(drain(&*queue).await?.len(), JOBS as usize);
    Ok(())
}
