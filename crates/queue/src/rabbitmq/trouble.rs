//! What kind of trouble the client's errors are, told from their types.

use std::io;

use lapin::ErrorKind;
use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};
use zagg_core::fault::Fault;

use crate::error::Error;

/// Why a message that was to be published is not on its queue.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unplaced {
    /// No queue is bound where it was sent.
    #[error("the broker found no queue for the message")]
    Unroutable,
    /// The queue said no: it is full, or has no leader.
    #[error("the broker refused the message")]
    Refused,
    /// The channel was not in the mode that was asked for.
    #[error("the broker was not asked for a confirmation")]
    Unconfirmed,
}

impl Unplaced {
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Unroutable => Fault::Missing,
            Self::Refused => Fault::Throttled { after: None },
            Self::Unconfirmed => Fault::Bug,
        }
    }

    pub(super) fn into_error(self, queue: &str, doing: &'static str) -> Error {
        Error::Broker { queue: queue.to_owned(), doing, fault: self.fault(), source: Box::new(self) }
    }
}

/// The error of a call that failed. What the broker doesn't find is [`Error::Absent`].
pub(super) fn failed(queue: &str, doing: &'static str, error: lapin::Error) -> Error {
    match refusal(&error) {
        Some(said) if is(said, AMQPSoftError::NOTFOUND) => {
            Error::Absent { queue: queue.to_owned(), missing: missing(said.get_message().as_str()) }
        }
        _ => Error::Broker { queue: queue.to_owned(), doing, fault: fault(&error), source: Box::new(error) },
    }
}

/// What the broker said when it closed the channel or the connection.
pub(super) fn refusal(error: &lapin::Error) -> Option<&AMQPError> {
    match error.kind() {
        ErrorKind::ProtocolError(said) => Some(said),
        _ => None,
    }
}

pub(super) fn is(said: &AMQPError, soft: AMQPSoftError) -> bool {
    matches!(said.kind(), AMQPErrorKind::Soft(kind) if *kind == soft)
}

/// For people: "no queue 'jobs' in vhost '/'" of "NOT_FOUND - no queue 'jobs' in vhost '/'".
fn missing(said: &str) -> String {
    let thing = said.split_once(" - no ").map_or(said, |(_, thing)| thing);
    thing.split_once(" in vhost").map_or(thing, |(thing, _)| thing).replace('\'', "`")
}

fn fault(error: &lapin::Error) -> Fault {
    match error.kind() {
        ErrorKind::ProtocolError(said) => match said.kind() {
            AMQPErrorKind::Soft(soft) => soft_fault(soft),
            AMQPErrorKind::Hard(hard) => hard_fault(hard),
        },
        // A certificate that is not to be trusted, or no TLS at all.
        ErrorKind::IOError(error) if error.kind() == io::ErrorKind::InvalidData => Fault::Malformed,
        ErrorKind::IOError(error) if error.kind() == io::ErrorKind::PermissionDenied => Fault::Denied,
        ErrorKind::IOError(_)
        | ErrorKind::MissingHeartbeatError
        | ErrorKind::InvalidChannel(_)
        | ErrorKind::InvalidChannelState(..)
        | ErrorKind::InvalidConnectionState(_) => Fault::Transient,
        ErrorKind::AuthProviderError(_) => Fault::Denied,
        ErrorKind::ChannelsLimitReached => Fault::Capacity,
        ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_) => Fault::Malformed,
        _ => Fault::Bug,
    }
}

fn soft_fault(soft: &AMQPSoftError) -> Fault {
    match soft {
        AMQPSoftError::CONTENTTOOLARGE => Fault::Capacity,
        AMQPSoftError::ACCESSREFUSED => Fault::Denied,
        AMQPSoftError::NOROUTE | AMQPSoftError::NOTFOUND => Fault::Missing,
        AMQPSoftError::NOCONSUMERS | AMQPSoftError::RESOURCELOCKED => Fault::Transient,
        AMQPSoftError::PRECONDITIONFAILED => Fault::Conflict,
    }
}

fn hard_fault(hard: &AMQPHardError) -> Fault {
    match hard {
        // A broker that is told to stop, and one that trips over itself.
        AMQPHardError::CONNECTIONFORCED | AMQPHardError::INTERNALERROR => Fault::Transient,
        // Limits on connections, channels or queues.
        AMQPHardError::RESOURCEERROR => Fault::Capacity,
        // Also what a virtual host that doesn't exist is answered with.
        AMQPHardError::NOTALLOWED => Fault::Denied,
        AMQPHardError::INVALIDPATH => Fault::Missing,
        _ => Fault::Bug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: AMQPErrorKind, text: &str) -> lapin::Error {
        ErrorKind::ProtocolError(AMQPError::new(kind, text.into())).into()
    }

    #[test]
    fn what_the_broker_does_not_find_is_absent_by_name() {
        let text = "NOT_FOUND - no queue 'jobs.dlq' in vhost '/'";
        let error = failed("amqp://host", "counting", said(AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND), text));
        assert!(matches!(&error, Error::Absent { missing, .. } if missing == "queue `jobs.dlq`"), "{error}");
    }

    #[test]
    fn a_lost_connection_passes_and_a_refused_login_does_not() {
        let passes = [
            said(AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED), "shutdown"),
            io::Error::from(io::ErrorKind::ConnectionRefused).into(),
            ErrorKind::MissingHeartbeatError.into(),
        ];
        for error in passes {
            assert!(failed("q", "testing", error).may_pass());
        }
        let refused = failed("q", "testing", said(AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED), "no"));
        assert_eq!(refused.fault(), Fault::Denied);
        assert!(Unplaced::Refused.into_error("q", "testing").may_pass());
        assert!(!Unplaced::Unroutable.into_error("q", "testing").may_pass());
    }
}
