//! What can go wrong with a queue.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use zagg_core::fault::Fault;

/// What can go wrong with a queue: the thing, the place and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The delivery belongs to nobody or to somebody else by now.
    #[error("the lease of job `{job}` is lost: the job is, or will be, another worker's")]
    LeaseLost {
        /// The job's id.
        job: String,
        /// What kept the lease from being extended, if anything was heard.
        #[source]
        source: Option<Box<Error>>,
    },
    /// The broker did not answer in time.
    #[error("`{queue}` did not answer within {seconds:.1} s while {doing}")]
    Silent {
        /// The queue's name.
        queue: String,
        /// What was asked of it.
        doing: &'static str,
        /// How long it was waited for, in seconds.
        seconds: f64,
    },
    /// More jobs in one call than the queue takes.
    #[error("{jobs} jobs are too many for one batch: `{queue}` takes {limit} at a time")]
    BatchTooLarge {
        /// The queue's name.
        queue: String,
        /// Jobs given.
        jobs: usize,
        /// Jobs that one batch may hold.
        limit: usize,
    },
    /// `SQLite` refused.
    #[error("the queue file `{path}` failed while {doing}", path = path.display())]
    Database {
        /// The queue file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is there, but it is no queue.
    #[error("`{path}` is not a zagg queue but {found}: name another file", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// The queue file has another schema version than this program's.
    #[error(
        "the queue file `{path}` has schema version {found}, this program knows {known}: \
         use a program of the same release, or finish the queue with the old one and name a new file",
        path = path.display()
    )]
    Version {
        /// The queue file.
        path: PathBuf,
        /// The file's version.
        found: i64,
        /// This program's version.
        known: i64,
    },
    /// A broker failed or refused.
    #[error("`{queue}` failed while {doing}")]
    Broker {
        /// The queue's name.
        queue: String,
        /// What was being done.
        doing: &'static str,
        /// What kind of trouble it is, told from the client's typed error.
        fault: Fault,
        /// What the broker or its client said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The broker is there, but has no such queue.
    #[error(
        "`{queue}` does not exist: `zagg create-queue` makes it, or `zagg-produce --create-queue` ({missing} is missing)"
    )]
    Absent {
        /// The queue's name.
        queue: String,
        /// What is missing there.
        missing: String,
    },
    /// Something that the broker's client needs was not given.
    #[error("`{queue}` can't be reached without {what}: {remedy}")]
    Unset {
        /// The queue's name.
        queue: String,
        /// What is needed.
        what: &'static str,
        /// How it is given.
        remedy: &'static str,
        /// What kind of trouble it is.
        fault: Fault,
        /// What was heard when it was looked for.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A thread could not be started.
    #[error("the {thread} thread could not be started")]
    Thread {
        /// What the thread is for.
        thread: &'static str,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The queue's thread has ended, which only a defect makes it do.
    #[error("the thread of `{queue}` has ended: open the queue again")]
    Stopped {
        /// The queue's name.
        queue: String,
    },
    /// The text is no queue's address.
    #[error("`{url}` is not a queue: {problem}")]
    Url {
        /// The text, without any password.
        url: String,
        /// What is wrong with it, and what was likely meant.
        problem: String,
    },
    /// The address is right, but this program has no client for that broker.
    #[error(
        "this program was built without {broker} queues (`{url}`): use one that was built with them, or `file:PATH`"
    )]
    NotBuiltIn {
        /// The broker's name.
        broker: &'static str,
        /// The address, without any password.
        url: String,
    },
}

impl Error {
    /// What kind of trouble this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            // Someone else does the job, or it comes again: nothing is wrong with the job itself.
            Self::LeaseLost { .. } | Self::Silent { .. } => Fault::Transient,
            Self::BatchTooLarge { .. } | Self::Stopped { .. } => Fault::Bug,
            Self::Database { source, .. } => database_fault(source),
            Self::Foreign { .. } | Self::Version { .. } | Self::Url { .. } | Self::NotBuiltIn { .. } => {
                Fault::Malformed
            }
            Self::Thread { .. } => Fault::Capacity,
            Self::Broker { fault, .. } | Self::Unset { fault, .. } => *fault,
            Self::Absent { .. } => Fault::Missing,
        }
    }

    /// Whether the same call may succeed if it is made again soon.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.fault(), Fault::Transient | Fault::Throttled { .. })
    }
}

fn database_fault(error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SystemIoFailure) => Fault::Transient,
        Some(ErrorCode::FileLockingProtocolFailed | ErrorCode::OperationInterrupted) => Fault::Transient,
        Some(ErrorCode::DiskFull | ErrorCode::OutOfMemory | ErrorCode::TooBig) => Fault::Capacity,
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => Fault::Denied,
        Some(ErrorCode::CannotOpen) => Fault::Missing,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Fault::Malformed,
        _ => Fault::Bug,
    }
}
