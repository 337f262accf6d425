//! The file under a clock that the test sets, and with workers that are no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::embedded::schema;
use crate::message::{MESSAGE_BYTES, admit};
use crate::queue::Queue;

const NOON: i64 = 1_800_000_000_000;
const SECOND: i64 = 1000;
const TERM: i64 = 120 * SECOND;

struct Bench {
    folder: TempDir,
    clock: Arc<AtomicI64>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(AtomicI64::new(NOON)) }
    }

    fn open(&self, me: Option<Owner>) -> QueueFile {
        let path = self.folder.path().join("queue.db");
        let clock = Arc::clone(&self.clock);
        let clock: Clock = Box::new(move || clock.load(Ordering::SeqCst));
        QueueFile::new(schema::open(&path).unwrap(), path, Options::default(), me, clock).unwrap()
    }

    /// Sets the clock to so many milliseconds after noon.
    fn at(&self, ms: i64) {
        self.clock.store(NOON + ms, Ordering::SeqCst);
    }
}

fn fill(file: &mut QueueFile, count: u32) {
    let jobs: Vec<_> = (0..count).map(crate::message::tests::job).collect();
    let (outgoing, refused) = admit(&jobs, MESSAGE_BYTES);
    assert!(refused.is_empty());
    assert_eq!(file.enqueue(&outgoing).unwrap().accepted, jobs.len());
}

#[test]
fn a_lease_ends_with_its_term_by_the_clock() {
    let bench = Bench::new();
    let mut file = bench.open(None);
    fill(&mut file, 1);
    assert_eq!(file.receive(5).unwrap().len(), 1);
    bench.at(TERM);
    assert!(file.receive(5).unwrap().is_empty(), "the term is just not over");
    bench.at(TERM + 1);
    assert_eq!(file.receive(5).unwrap()[0].attempt, 2);
}

#[test]
fn when_the_clock_is_set_back_leases_and_delays_keep_what_they_had_left() {
    let bench = Bench::new();
    let mut file = bench.open(None);
    fill(&mut file, 2);
    let delayed = file.receive(1).unwrap();
    file.release(&delayed[0], Duration::from_secs(30)).unwrap();
    let leased = file.receive(1).unwrap();

    // An hour back: without care the jobs would come back an hour late.
    let hour = 3600 * SECOND;
    bench.at(-hour);
    assert!(file.receive(5).unwrap().is_empty(), "and neither comes back at once");
    bench.at(-hour + 29 * SECOND);
    assert!(file.receive(5).unwrap().is_empty());
    bench.at(-hour + 31 * SECOND);
    assert_eq!(file.receive(5).unwrap()[0].job, delayed[0].job);
    file.extend(&leased[0], Duration::from_secs(120)).unwrap();
    bench.at(-hour + 31 * SECOND + TERM);
    assert_eq!(file.receive(5).unwrap().len(), 0);
    bench.at(-hour + 32 * SECOND + TERM);
    assert_eq!(file.receive(5).unwrap().len(), 2);
}

#[test]
fn a_small_step_back_of_the_clock_changes_nothing() {
    let bench = Bench::new();
    let mut file = bench.open(None);
    fill(&mut file, 1);
    let held = file.receive(1).unwrap();
    bench.at(-SLACK_MS);
    assert!(file.receive(1).unwrap().is_empty());
    assert_eq!(file.ack(&held[0]).unwrap(), Settled::Done);
    assert_eq!(file.depth().unwrap(), Depth::default());
}

#[test]
fn a_clock_at_the_end_of_time_does_not_overflow() {
    let bench = Bench::new();
    let mut file = bench.open(None);
    fill(&mut file, 2);
    for now in [i64::MAX - 5, i64::MAX, 0] {
        bench.clock.store(now, Ordering::SeqCst);
        for delivery in file.receive(1).unwrap() {
            file.extend(&delivery, Duration::from_secs(1)).unwrap();
            file.release(&delivery, Duration::MAX).unwrap();
        }
        assert_eq!(file.depth().unwrap().pending(), 2);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_leases_of_a_dead_worker_end_when_nothing_else_is_ready() {
    let bench = Bench::new();
    let me = Owner::this_process().unwrap();
    // Process ids end well below this one, so nobody has it.
    let text = me.text();
    let (world, _) = text.split_once(&format!("/{}/", std::process::id())).unwrap();
    let mut dead = bench.open(None);
    dead.owner = Some(format!("{world}/{}/1", u32::MAX));
    let mut elsewhere = bench.open(None);
    elsewhere.owner = Some(format!("another machine/{}/1", u32::MAX));
    let mut alive = bench.open(Some(me.clone()));
    let mut other = bench.open(Some(me));

    fill(&mut dead, 4);
    let lost = dead.receive(1).unwrap();
    elsewhere.receive(1).unwrap();
    alive.receive(1).unwrap();
    let first = other.receive(1).unwrap();
    assert_ne!(first[0].job, lost[0].job, "what is ready goes first");
    let second = other.receive(5).unwrap();
    assert_eq!((second.len(), &second[0].job, second[0].attempt), (1, &lost[0].job, 2));
    assert_eq!(dead.ack(&lost[0]).unwrap(), Settled::Stale);
    assert!(other.receive(5).unwrap().is_empty(), "the living and the far keep theirs");
}

#[test]
fn deliveries_that_nobody_saw_are_taken_back_without_counting() {
    let bench = Bench::new();
    let mut file = bench.open(None);
    fill(&mut file, 3);
    let unseen = file.receive(2).unwrap();
    file.unreceive(&unseen).unwrap();
    assert_eq!(file.depth().unwrap(), Depth { ready: 3, ..Depth::default() });
    let again = file.receive(3).unwrap();
    assert!(again.iter().all(|delivery| delivery.attempt == 1));
    file.unreceive(&unseen).unwrap();
    assert_eq!(file.depth().unwrap().leased, 3, "and only once");
}

#[tokio::test]
async fn a_receiver_that_goes_away_while_the_file_is_busy_takes_no_job_with_it() {
    let bench = Bench::new();
    let path = bench.folder.path().join("queue.db");
    let queue = Arc::new(crate::embedded::Embedded::open(&path, Options::default()).await.unwrap());
    fill(&mut bench.open(None), 1);
    // Another process's transaction.
    let mut other = schema::open(&path).unwrap().connection;
    let transaction = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let going = Arc::clone(&queue);
    let receiver = tokio::spawn(async move { going.receive(1, Duration::from_secs(60)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    receiver.abort();
    assert!(receiver.await.unwrap_err().is_cancelled());
    transaction.rollback().unwrap();
    let found = queue.receive(1, Duration::from_secs(20)).await.unwrap();
    assert_eq!(found[0].attempt, 1);
}

#[test]
fn what_is_asked_all_the_time_is_answered_from_an_index() {
    let bench = Bench::new();
    let file = bench.open(None);
    for (sql, index) in [
        ("SELECT seq FROM job WHERE state = 0 ORDER BY seq LIMIT 5", "job_state"),
        ("SELECT 1 FROM job INDEXED BY job_due WHERE state IN (1, 2) AND due <= 5", "job_due"),
        ("SELECT 1 FROM job INDEXED BY job_since WHERE state IN (1, 2) AND since > 5", "job_since"),
        ("SELECT DISTINCT owner FROM job WHERE state = 1 AND owner IS NOT NULL", "job_state"),
        ("SELECT state, count(*) FROM job GROUP BY state", "job_state"),
    ] {
        let mut explain = file.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> = explain.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{sql}: {plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER")), "{sql}: {plan:?}");
    }
}

#[test]
fn only_enqueueing_waits_for_the_disk() {
    let bench = Bench::new();
    let mut file = bench.open(None);
    let level = |file: &QueueFile| file.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
    assert!(file.wal);
    assert_eq!(level(&file), Ok(1), "NORMAL");
    file.durable(true).unwrap();
    assert_eq!(level(&file), Ok(2), "FULL");
    fill(&mut file, 1);
    assert_eq!(level(&file), Ok(1));
    file.wal = false;
    file.durable(false).unwrap();
    assert_eq!(level(&file), Ok(2), "without WAL always");
}
