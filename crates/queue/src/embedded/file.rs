//! The queue file's statements. Blocking; a change is one transaction, which reads the clock when
//! it has the file, so that waiting for another process doesn't eat a term.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ToSql, Transaction, TransactionBehavior, params};

use super::owner::Owner;
use super::schema::Opened;
use crate::error::Error;
use crate::message::{Outgoing, decode, undecodable};
use crate::queue::{Buried, Class, Delivery, Depth, Enqueued, Options, Reason, Receipt, Settled};

/// A clock that went back by less than this is not worth a write.
const SLACK_MS: i64 = 1000;

/// Makes a delivery ready again as if it had not been made.
const PUT_BACK: &str = "UPDATE job SET state = 0, attempts = max(0, attempts - 1), claim = claim + 1, owner = NULL \
                        WHERE seq = ?1 AND claim = ?2 AND state IN (0, 1)";

/// One process's hold on the queue file.
pub(super) struct QueueFile {
    connection: Connection,
    wal: bool,
    path: PathBuf,
    options: Options,
    /// This process, where that can be told.
    me: Option<Owner>,
    owner: Option<String>,
    clock: Clock,
}

/// Tells the time: milliseconds since 1970.
pub(super) type Clock = Box<dyn Fn() -> i64 + Send>;

impl QueueFile {
    pub(super) fn new(
        opened: Opened,
        path: PathBuf,
        options: Options,
        me: Option<Owner>,
        clock: Clock,
    ) -> Result<Self, Error> {
        let owner = me.as_ref().map(Owner::text);
        let file = Self { connection: opened.connection, wal: opened.wal, path, options, me, owner, clock };
        file.durable(false)?;
        Ok(file)
    }

    /// Appends jobs, and returns when they are on the disk.
    pub(super) fn enqueue(&mut self, messages: &[Outgoing]) -> Result<Enqueued, Error> {
        self.durable(true)?;
        let outcome = self.transact("enqueueing", |t, _| {
            let mut insert = t.prepare_cached("INSERT INTO job (id, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
            let mut exhume = t.prepare_cached("DELETE FROM job WHERE id = ?1 AND state = 3")?;
            let mut outcome = Enqueued::default();
            for Outgoing { id, body, .. } in messages {
                let mut added = insert.execute(params![id, body])?;
                if added == 0 && exhume.execute([id])? > 0 {
                    added = insert.execute(params![id, body])?;
                }
                outcome.accepted += added;
                outcome.duplicate += 1 - added;
            }
            Ok(outcome)
        });
        self.durable(false)?;
        outcome
    }

    /// Appends any bytes.
    pub(super) fn enqueue_raw(&mut self, body: &[u8]) -> Result<(), Error> {
        self.transact("enqueueing", |t, _| t.execute("INSERT INTO job (body) VALUES (?1)", [body]).map(drop))
    }

    /// Hands out up to `max` jobs.
    pub(super) fn receive(&mut self, max: usize) -> Result<Vec<Delivery>, Error> {
        let failed = self.failed("receiving");
        let stirring = self.stirs().map_err(failed)?;
        if !stirring && !self.reap()? {
            return Ok(Vec::new());
        }
        let (options, owner) = (self.options, self.owner.clone());
        self.transact("receiving", |t, now| {
            let expires = Instant::now() + options.term;
            sweep(t, now, options.max_attempts)?;
            let mut deliveries = Vec::new();
            while deliveries.len() < max {
                let claimed = claim(t, max - deliveries.len(), now, options.term, owner.as_deref())?;
                if claimed.is_empty() {
                    break;
                }
                for row in claimed {
                    row.deliver(t, expires, &mut deliveries)?;
                }
            }
            Ok(deliveries)
        })
    }

    /// Takes back deliveries that nobody has seen, as if they had not been made.
    pub(super) fn unreceive(&mut self, deliveries: &[Delivery]) -> Result<(), Error> {
        self.transact("giving back", |t, _| {
            deliveries.iter().try_for_each(|delivery| settle(t, PUT_BACK, delivery, &[]).map(drop))
        })
    }

    /// Prolongs a lease; late is not too late as long as nobody else has the job.
    pub(super) fn extend(&mut self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        let owner = self.owner.clone();
        let sql = "UPDATE job SET state = 1, since = ?3, due = ?4, owner = ?5 \
                   WHERE seq = ?1 AND claim = ?2 AND state IN (0, 1)";
        let extended = self.transact("extending a lease", |t, now| {
            let end = Instant::now() + term;
            Ok((settle(t, sql, delivery, &[&now, &after(now, term), &owner])?, end))
        })?;
        match extended {
            (Settled::Done, end) => Ok(end),
            (Settled::Stale, _) => Err(Error::LeaseLost { job: delivery.job.id(), source: None }),
        }
    }

    pub(super) fn ack(&mut self, delivery: &Delivery) -> Result<Settled, Error> {
        let sql = "DELETE FROM job WHERE seq = ?1 AND claim = ?2 AND state IN (0, 1)";
        self.transact("acking", |t, _| settle(t, sql, delivery, &[]))
    }

    pub(super) fn release(&mut self, delivery: &Delivery, delay: Duration) -> Result<Settled, Error> {
        let sql = "UPDATE job SET state = 2, since = ?3, due = ?4, claim = claim + 1, owner = NULL \
                   WHERE seq = ?1 AND claim = ?2 AND state IN (0, 1)";
        self.transact("releasing", |t, now| settle(t, sql, delivery, &[&now, &after(now, delay)]))
    }

    pub(super) fn put_back(&mut self, delivery: &Delivery) -> Result<Settled, Error> {
        self.transact("giving back", |t, _| settle(t, PUT_BACK, delivery, &[]))
    }

    pub(super) fn bury(&mut self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        let sql = "UPDATE job SET state = 3, class = ?3, reason = ?4, claim = claim + 1, owner = NULL \
                   WHERE seq = ?1 AND claim = ?2 AND state IN (0, 1)";
        self.transact("burying", |t, _| settle(t, sql, delivery, &[&reason.class.name(), &reason.text]))
    }

    pub(super) fn depth(&mut self) -> Result<Depth, Error> {
        self.freshen()?;
        let failed = self.failed("counting");
        let count = |connection: &Connection| -> rusqlite::Result<Depth> {
            let mut query = connection.prepare_cached("SELECT state, count(*) FROM job GROUP BY state")?;
            let mut rows = query.query([])?;
            let mut depth = Depth::default();
            while let Some(row) = rows.next()? {
                let jobs = row.get::<_, i64>(1)?.unsigned_abs();
                match row.get(0)? {
                    0 => depth.ready = jobs,
                    1 => depth.leased = jobs,
                    2 => depth.delayed = jobs,
                    _ => depth.buried = jobs,
                }
            }
            Ok(depth)
        };
        count(&self.connection).map_err(failed)
    }

    pub(super) fn buried(&mut self, max: usize) -> Result<Vec<Buried>, Error> {
        self.freshen()?;
        let failed = self.failed("listing what is buried");
        let list = |connection: &Connection| -> rusqlite::Result<Vec<Buried>> {
            let sql = "SELECT body, attempts, class, reason FROM job WHERE state = 3 ORDER BY seq LIMIT ?1";
            let mut query = connection.prepare_cached(sql)?;
            let rows = query.query_map([count(max)], |row| {
                let body: Vec<u8> = row.get(0)?;
                let (class, text): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
                Ok(Buried {
                    job: decode(&body).ok(),
                    body: String::from_utf8_lossy(&body).into_owned(),
                    attempts: row.get(1)?,
                    reason: Reason::new(Class::kept_as(class.as_deref()), text.unwrap_or_default()),
                })
            })?;
            rows.collect()
        };
        list(&self.connection).map_err(failed)
    }

    pub(super) fn redrive(&mut self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        self.freshen()?;
        self.transact("redriving", |t, _| {
            let sql = "UPDATE job SET state = 0, attempts = 0, class = NULL, reason = NULL, claim = claim + 1 \
                       WHERE seq IN (SELECT seq FROM job WHERE state = 3 AND class = ifnull(?2, class) \
                                     ORDER BY seq LIMIT ?1)";
            t.prepare_cached(sql)?.execute(params![count(max), class.map(Class::name)])
        })
    }

    /// Whether a receive has anything to do; a look without a write lock, for idle polling.
    fn stirs(&self) -> rusqlite::Result<bool> {
        let now = (self.clock)();
        let sql = "SELECT EXISTS (SELECT 1 FROM job WHERE state = 0) \
                   OR EXISTS (SELECT 1 FROM job INDEXED BY job_due WHERE state IN (1, 2) AND due <= ?1) \
                   OR EXISTS (SELECT 1 FROM job INDEXED BY job_since WHERE state IN (1, 2) AND since > ?2)";
        self.connection.prepare_cached(sql)?.query_row([now, now.saturating_add(SLACK_MS)], |row| row.get(0))
    }

    fn freshen(&mut self) -> Result<(), Error> {
        let failed = self.failed("counting");
        if self.stirs().map_err(failed)? {
            let max_attempts = self.options.max_attempts;
            self.transact("sweeping", |t, now| sweep(t, now, max_attempts))?;
        }
        Ok(())
    }

    /// Ends the leases of processes that are no more; whether there were any.
    fn reap(&mut self) -> Result<bool, Error> {
        let Some(me) = &self.me else { return Ok(false) };
        let list = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            let sql = "SELECT DISTINCT owner FROM job WHERE state = 1 AND owner IS NOT NULL";
            connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let owners = list(&self.connection).map_err(self.failed("looking for lost workers"))?;
        let dead: Vec<String> = owners.into_iter().filter(|owner| me.knows_dead(owner)).collect();
        if dead.is_empty() {
            return Ok(false);
        }
        self.transact("ending the leases of lost workers", |t, now| {
            let mut end = t.prepare_cached("UPDATE job SET due = min(due, ?2) WHERE state = 1 AND owner = ?1")?;
            dead.iter().try_for_each(|owner| end.execute(params![owner, now]).map(drop))
        })?;
        Ok(true)
    }

    /// Chooses what a commit waits for.
    ///
    /// An accepted job must survive a power cut, so enqueueing syncs (FULL). All other changes
    /// may be lost with the power, never with the process: a forgotten claim, ack, release or
    /// burial only means that the job is handed out once more, which at-least-once allows, and
    /// saves a disk sync per job (NORMAL). Without WAL, NORMAL could harm the file: FULL always.
    fn durable(&self, wanted: bool) -> Result<(), Error> {
        let level = if wanted || !self.wal { "FULL" } else { "NORMAL" };
        self.connection.pragma_update(None, "synchronous", level).map_err(self.failed("setting its durability"))
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.path.clone();
        move |source| Error::Database { path: path.clone(), doing, source }
    }

    fn transact<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>, i64) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let failed = self.failed(doing);
        let run = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let outcome = work(&transaction, (self.clock)())?;
            transaction.commit()?;
            Ok(outcome)
        };
        run().map_err(failed)
    }
}

/// Brings the file up to date: see the statements.
fn sweep(t: &Transaction<'_>, now: i64, max_attempts: u32) -> rusqlite::Result<()> {
    // The clock went back: what was written "later than now" runs on for as long as it had left.
    let sql = "UPDATE job INDEXED BY job_since SET due = ?1 + max(0, due - since), since = ?1 WHERE state IN (1, 2) AND since > ?2";
    t.prepare_cached(sql)?.execute([now, now.saturating_add(SLACK_MS)])?;
    let sql = "UPDATE job INDEXED BY job_due SET state = 3, claim = claim + 1, owner = NULL, \
               class = 'poison', reason = 'given up after ' || attempts || ' attempts' \
               WHERE state IN (1, 2) AND due <= ?1 AND attempts >= ?2";
    t.prepare_cached(sql)?.execute(params![now, max_attempts])?;
    // The receipt of a lease that ended stays good until somebody else gets the job.
    let sql = "UPDATE job INDEXED BY job_due SET state = 0, owner = NULL WHERE state IN (1, 2) AND due <= ?1";
    t.prepare_cached(sql)?.execute([now])?;
    Ok(())
}

struct Claimed {
    seq: i64,
    claim: i64,
    attempts: u32,
    body: Vec<u8>,
}

fn claim(
    t: &Transaction<'_>,
    max: usize,
    now: i64,
    term: Duration,
    owner: Option<&str>,
) -> rusqlite::Result<Vec<Claimed>> {
    let sql = "UPDATE job SET state = 1, attempts = attempts + 1, claim = claim + 1, since = ?1, due = ?2, owner = ?3 \
               WHERE seq IN (SELECT seq FROM job WHERE state = 0 ORDER BY seq LIMIT ?4) \
               RETURNING seq, claim, attempts, body";
    let mut query = t.prepare_cached(sql)?;
    let rows = query.query_map(params![now, after(now, term), owner, count(max)], |row| {
        Ok(Claimed { seq: row.get(0)?, claim: row.get(1)?, attempts: row.get(2)?, body: row.get(3)? })
    })?;
    let mut claimed = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    claimed.sort_unstable_by_key(|row| row.seq);
    Ok(claimed)
}

impl Claimed {
    /// Makes a delivery of it, or buries it if it is no job.
    fn deliver(self, t: &Transaction<'_>, expires: Instant, deliveries: &mut Vec<Delivery>) -> rusqlite::Result<()> {
        match decode(&self.body) {
            Ok(job) => {
                let receipt = Receipt::new(format!("{}:{}", self.seq, self.claim));
                deliveries.push(Delivery { job, attempt: self.attempts, receipt, expires });
            }
            Err(why) => {
                let Reason { class, text } = undecodable(&why);
                let sql = "UPDATE job SET state = 3, class = ?2, reason = ?3, claim = claim + 1, owner = NULL \
                           WHERE seq = ?1";
                t.prepare_cached(sql)?.execute(params![self.seq, class.name(), text])?;
            }
        }
        Ok(())
    }
}

/// Runs a statement whose first two parameters name a delivery, and tells whether it took.
fn settle(t: &Transaction<'_>, sql: &str, delivery: &Delivery, more: &[&dyn ToSql]) -> rusqlite::Result<Settled> {
    let parts = delivery.receipt.as_str().split_once(':');
    let Some((Ok(seq), Ok(claim))) = parts.map(|(seq, claim)| (seq.parse::<i64>(), claim.parse::<i64>())) else {
        return Ok(Settled::Stale);
    };
    let named: [&dyn ToSql; 2] = [&seq, &claim];
    let all: Vec<&dyn ToSql> = named.into_iter().chain(more.iter().copied()).collect();
    let changed = t.prepare_cached(sql)?.execute(all.as_slice())?;
    Ok(if changed > 0 { Settled::Done } else { Settled::Stale })
}

/// The millisecond by which `term` from `now` is certainly over.
fn after(now: i64, term: Duration) -> i64 {
    let ms = i64::try_from(term.as_millis()).unwrap_or(i64::MAX);
    now.saturating_add(ms).saturating_add(1)
}

fn count(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
