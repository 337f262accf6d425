//! What kind of trouble an error is. One table (in the worker) turns a fault into a verdict.

use std::time::Duration;

/// The kind of trouble that an error stands for. Every error type of the workspace answers
/// `fault()`; nothing is classified by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Likely to pass: a reset connection, a 5xx, a time-out.
    Transient,
    /// The other side asks for patience; after this long if it said so.
    Throttled {
        /// The wait that the other side asked for.
        after: Option<Duration>,
    },
    /// Credentials are missing, wrong or expired. Never to be taken for "no data".
    Denied,
    /// The thing named does not exist.
    Missing,
    /// The bytes are not what they should be, or use a feature that is not supported.
    Malformed,
    /// Too large for the memory, disk or time at hand.
    Capacity,
    /// Another result for the same work is already recorded.
    Conflict,
    /// A defect of zagg itself.
    Bug,
}

impl Fault {
    /// A stable lower-case name for reports, labels and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled { .. } => "throttled",
            Self::Denied => "denied",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Capacity => "capacity",
            Self::Conflict => "conflict",
            Self::Bug => "bug",
        }
    }
}

/// The error and all its causes, in one line, each said once.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
