//! How much memory there is, and what to do when it runs short: take no more jobs first, then give
//! one back, before the kernel kills the whole worker.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::oneshot, time::sleep};
use tracing::warn;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// What a job that was given back gets to free its memory.
const SETTLE: Duration = Duration::from_millis(500);

/// Where the figures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A control group of version 2: its folder.
    Group2(PathBuf),
    /// A control group of version 1: its folder.
    Group1(PathBuf),
    /// This process alone.
    Process,
}

/// The memory that this worker may hold, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    source: Source,
    limit: u64,
}

impl Memory {
    /// The memory of this process's control group; or `limit` bytes for this process alone, where
    /// one is given. Nothing where neither tells a limit.
    #[must_use]
    pub fn find(limit: Option<u64>) -> Option<Self> {
        if let Some(limit) = limit {
            return Some(Self { source: Source::Process, limit });
        }
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        candidates(&groups).into_iter().find_map(|source| {
            let limit = source.limit()?;
            Some(Self { source, limit })
        })
    }

    /// The most that may be held, in bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// What is held, in bytes, without what the kernel would drop by itself.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.source.used().unwrap_or(0)
    }
}

/// Control groups that this process may be in, the innermost first. Inside a container the group's
/// own folder is often mounted as the root.
fn candidates(groups: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let below = |root: &str| PathBuf::from(root).join(path.trim_start_matches('/'));
        if controllers.is_empty() {
            found.extend([Source::Group2(below("/sys/fs/cgroup")), Source::Group2("/sys/fs/cgroup".into())]);
        } else if controllers.split(',').any(|controller| controller == "memory") {
            found.extend([
                Source::Group1(below("/sys/fs/cgroup/memory")),
                Source::Group1("/sys/fs/cgroup/memory".into()),
            ]);
        }
    }
    found
}

impl Source {
    fn limit(&self) -> Option<u64> {
        // "No limit" is the word `max`, or a number near the largest.
        let bounded = |limit: &u64| *limit < 1 << 60;
        match self {
            Self::Group2(folder) => number(&folder.join("memory.max")).filter(bounded),
            Self::Group1(folder) => number(&folder.join("memory.limit_in_bytes")).filter(bounded),
            Self::Process => None,
        }
    }

    fn used(&self) -> Option<u64> {
        let group = |folder: &PathBuf, usage: &str, idle: &str| {
            let used = number(&folder.join(usage))?;
            let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
            let droppable = stat.lines().find_map(|line| line.strip_prefix(idle)?.trim().parse().ok()).unwrap_or(0);
            Some(used.saturating_sub(droppable))
        };
        match self {
            Self::Group2(folder) => group(folder, "memory.current", "inactive_file "),
            Self::Group1(folder) => group(folder, "memory.usage_in_bytes", "total_inactive_file "),
            Self::Process => resident(),
        }
    }
}

/// The memory that this process holds, in bytes.
#[must_use]
pub fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn number(path: &PathBuf) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Why a job is to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// To make room for the others: it may be done at once by another worker, or later here.
    MakeRoom,
    /// It is alone and takes too much all the same.
    CannotFit {
        /// Bytes held.
        used: u64,
        /// Bytes that may be held.
        limit: u64,
    },
}

/// Jobs in work, the youngest last, and the right to take more.
#[derive(Debug, Default)]
pub struct Guard {
    /// The next job's number.
    next: AtomicU64,
    /// Whether memory is so short that no job may be taken.
    short: std::sync::atomic::AtomicBool,
    jobs: Mutex<BTreeMap<u64, oneshot::Sender<Eviction>>>,
}

/// A job in work. It leaves the guard when this is dropped.
#[derive(Debug)]
pub struct Guarded {
    guard: Arc<Guard>,
    number: u64,
    eviction: Option<oneshot::Receiver<Eviction>>,
}

impl Guard {
    /// Enters a job.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Guarded {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, eviction) = oneshot::channel();
        self.lock().insert(number, sender);
        Guarded { guard: Arc::clone(self), number, eviction: Some(eviction) }
    }

    /// Whether there is room for another job. For the first one there always is: it is given up when
    /// it cannot fit, and whoever waited for room in an idle worker would wait for ever.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.short.load(Ordering::Relaxed) || self.lock().is_empty()
    }

    /// Resolves when there is room for another job.
    pub async fn room(&self) {
        while !self.has_room() {
            sleep(LOOK).await;
        }
    }

    /// Watches `memory` for ever. From 85 % on no job is taken; from 95 % on the youngest is given
    /// up, one at a time.
    pub async fn watch(&self, memory: Memory) {
        let limit = memory.limit();
        loop {
            let used = memory.used();
            let short = used >= limit / 100 * 85;
            if short != self.short.swap(short, Ordering::Relaxed) {
                warn!(used, limit, short, "memory");
            }
            let given_up = used >= limit / 100 * 95 && self.evict(used, limit);
            sleep(if given_up { SETTLE } else { LOOK }).await;
        }
    }

    fn evict(&self, used: u64, limit: u64) -> bool {
        let mut jobs = self.lock();
        let alone = jobs.len() == 1;
        let Some((number, job)) = jobs.pop_last() else { return false };
        drop(jobs);
        let eviction = if alone { Eviction::CannotFit { used, limit } } else { Eviction::MakeRoom };
        warn!(number, used, limit, ?eviction, "a job is given up, for want of memory");
        job.send(eviction).is_ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, oneshot::Sender<Eviction>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guarded {
    /// Resolves when the job is to be given up; never otherwise.
    pub async fn evicted(&mut self) -> Eviction {
        if let Some(eviction) = &mut self.eviction
            && let Ok(eviction) = eviction.await
        {
            self.eviction = None;
            return eviction;
        }
        std::future::pending().await
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.guard.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_both_versions_are_found_in_the_kernels_list() {
        let found = candidates("0::/user.slice/a\n");
        assert_eq!(found[0], Source::Group2("/sys/fs/cgroup/user.slice/a".into()));
        assert_eq!(found[1], Source::Group2("/sys/fs/cgroup".into()));
        let found = candidates("3:cpu,cpuacct:/x\n2:memory:/docker/b\n");
        assert_eq!(found[0], Source::Group1("/sys/fs/cgroup/memory/docker/b".into()));
    }

    #[test]
    fn a_groups_page_cache_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [("memory.max", "1000000\n"), ("memory.current", "900000\n")] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        fs::write(folder.path().join("memory.stat"), "anon 5\ninactive_file 300000\nactive_file 1\n").unwrap();
        let source = Source::Group2(folder.path().to_owned());
        assert_eq!((source.limit(), source.used()), (Some(1_000_000), Some(600_000)));
        fs::write(folder.path().join("memory.max"), "max\n").unwrap();
        assert_eq!(source.limit(), None);
    }

    #[tokio::test]
    async fn the_youngest_job_makes_room_and_the_last_one_cannot_fit() {
        let guard = Arc::new(Guard::default());
        let (mut old, mut young) = (guard.enter(), guard.enter());
        assert!(guard.evict(96, 100));
        assert_eq!(young.evicted().await, Eviction::MakeRoom);
        drop(young);
        assert!(guard.evict(97, 100));
        assert_eq!(old.evicted().await, Eviction::CannotFit { used: 97, limit: 100 });
        drop(old);
        assert!(!guard.evict(98, 100));
    }

    #[tokio::test]
    async fn a_worker_over_its_limit_takes_no_more_jobs() {
        let guard = Arc::new(Guard::default());
        assert!(guard.has_room());
        let memory = Memory::find(Some(1)).unwrap();
        tokio::select! {
            () = guard.watch(memory) => {}
            () = sleep(Duration::from_millis(200)) => {}
        }
        assert!(guard.has_room(), "the first job is tried");
        let _job = guard.enter();
        assert!(!guard.has_room());
    }
}
