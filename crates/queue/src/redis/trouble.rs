//! What went wrong with the server, told from the client's typed errors.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use zagg_core::fault::Fault;

use crate::error::Error;

/// Why a call failed. Many receivers can be told the same.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// The server or the client said so.
    Said(RedisError),
    /// Nothing was heard for so long.
    Silent(Duration),
}

impl Trouble {
    /// As the queue's error.
    pub(super) fn error(self, queue: &str, doing: &'static str) -> Error {
        let queue = queue.to_owned();
        match self {
            Self::Said(error) => Error::Broker { queue, doing, fault: fault(&error), source: Box::new(error) },
            Self::Silent(waited) => Error::Silent { queue, doing, seconds: waited.as_secs_f64() },
        }
    }

    /// Whether the server has lost the group, and with it everything that it had on loan.
    pub(super) fn group_is_gone(&self) -> bool {
        matches!(self, Self::Said(error) if error.code() == Some("NOGROUP"))
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_of_connection(&self) -> bool {
        match self {
            Self::Said(error) => error.is_io_error() || error.is_unrecoverable_error(),
            Self::Silent(_) => true,
        }
    }
}

/// What kind of trouble an error is. Codes are the first words of the protocol's error replies.
fn fault(error: &RedisError) -> Fault {
    use ServerErrorKind as Server;
    match error.kind() {
        ErrorKind::Io => of_connection(error),
        ErrorKind::AuthenticationFailed | ErrorKind::Server(Server::NoPerm) => Fault::Denied,
        ErrorKind::Server(
            Server::BusyLoading
            | Server::TryAgain
            | Server::ClusterDown
            | Server::MasterDown
            | Server::ReadOnly
            | Server::NoScript
            | Server::ExecAbort,
        ) => Fault::Transient,
        // An unknown command or option, a key of another type, or another node's slot: waiting doesn't help.
        ErrorKind::Server(_) => Fault::Malformed,
        ErrorKind::Extension => match error.code() {
            Some("NOAUTH" | "WRONGPASS" | "DENIED") => Fault::Denied,
            Some("OOM" | "MISCONF") => Fault::Capacity,
            Some("BUSY" | "UNKILLABLE" | "NOREPLICAS" | "NOGROUP" | "UNBLOCKED") => Fault::Transient,
            _ => Fault::Malformed,
        },
        ErrorKind::UnexpectedReturnType | ErrorKind::Client => Fault::Bug,
        _ => Fault::Malformed,
    }
}

/// A certificate that can't be trusted, or a server that speaks something else, stays so.
fn of_connection(error: &RedisError) -> Fault {
    /// What the client keeps the cause in.
    type Shared = Arc<dyn std::error::Error + Send + Sync>;
    let cause = error.source().and_then(|source| source.downcast_ref::<Shared>());
    match cause.and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::PermissionDenied) => Fault::Denied,
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Fault::Malformed,
        _ => Fault::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the client makes of an error reply.
    fn reply(line: &str) -> RedisError {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        value.extract_error().unwrap_err()
    }

    #[test]
    fn a_reply_is_classified_by_its_code() {
        for (line, expected) in [
            ("LOADING Redis is loading the dataset in memory", Fault::Transient),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Fault::Transient),
            ("READONLY You can't write against a read only replica.", Fault::Transient),
            ("CLUSTERDOWN The cluster is down", Fault::Transient),
            ("MASTERDOWN Link with MASTER is down", Fault::Transient),
            ("BUSY Redis is busy running a script.", Fault::Transient),
            ("NOREPLICAS Not enough good replicas to write.", Fault::Transient),
            ("NOAUTH Authentication required.", Fault::Denied),
            ("WRONGPASS invalid username-password pair or user is disabled.", Fault::Denied),
            ("NOPERM this user has no permissions to run the 'xadd' command", Fault::Denied),
            ("OOM command not allowed when used memory > 'maxmemory'.", Fault::Capacity),
            ("MISCONF Errors writing to the AOF file: No space left on device", Fault::Capacity),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", Fault::Malformed),
            ("MOVED 3999 127.0.0.1:6381", Fault::Malformed),
            ("ERR unknown command 'XAUTOCLAIM'", Fault::Malformed),
        ] {
            assert_eq!(fault(&reply(line)), expected, "{line}");
        }
        assert!(Trouble::Said(reply("NOGROUP No such key")).group_is_gone());
        assert!(!Trouble::Said(reply("OOM command not allowed")).is_of_connection());
    }

    #[test]
    fn a_connection_that_broke_is_made_again() {
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::BrokenPipe, io::ErrorKind::TimedOut] {
            let error = RedisError::from(io::Error::from(kind));
            assert_eq!(fault(&error), Fault::Transient, "{kind}");
            let trouble = Trouble::Said(error);
            assert!(trouble.is_of_connection() && trouble.error("q", "asking").may_pass(), "{kind}");
        }
        let untrusted = RedisError::from(io::Error::from(io::ErrorKind::InvalidData));
        assert_eq!(fault(&untrusted), Fault::Malformed);
        assert!(Trouble::Silent(Duration::from_secs(10)).error("q", "asking").may_pass());
    }
}
