//! Exit codes: chosen here and in `main` only.

use std::process::ExitCode;

use zagg_core::fault::Fault;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done (for `compare`: the stores agree).
    Done,
    /// Finished, but something was set aside, refused or differs.
    Incomplete,
    /// What was asked makes no sense: usage, configuration, shard map.
    Usage,
    /// A queue or a store cannot be reached.
    Unreachable,
    /// Stopped by the user before the end.
    Interrupted,
}

impl Exit {
    /// A store or queue that refuses for what it was asked is a usage error; one that does not answer
    /// or does not let us in is out of reach.
    #[must_use]
    pub fn by_fault(fault: Fault) -> Self {
        match fault {
            Fault::Malformed | Fault::Conflict | Fault::Missing => Self::Usage,
            _ => Self::Unreachable,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Incomplete => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Unreachable => Self::from(3),
            // The shell's convention for a program that SIGINT ended.
            Exit::Interrupted => Self::from(130),
        }
    }
}
