//! What can go wrong between a login at Earthdata and credentials.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zagg_core::fault::Fault;

/// Credentials could not be had of NASA's Earthdata. Cheap to clone, since everybody who waits
/// for the same credentials gets the same error. No text of it holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EarthdataError {
    /// A URL of the settings cannot be used.
    #[error("the URL of {what} cannot be used: {reason}")]
    BadUrl {
        /// What it is the URL of.
        what: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// No client could be made.
    #[error("cannot set up TLS for Earthdata")]
    Setup {
        /// What the client library said.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// A netrc file is there and cannot be read.
    #[error("cannot read the netrc file {path}", path = path.display())]
    NetrcFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// A netrc file is not one.
    #[error("line {line} of the netrc file {path} {what}", path = path.display())]
    Netrc {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u32,
        /// What is wrong there.
        what: &'static str,
    },
    /// Half a login.
    #[error("the login at Earthdata lacks the {missing}: give user and password, or a bearer token")]
    HalfLogin {
        /// What was not given.
        missing: &'static str,
    },
    /// A text that no bearer token can be.
    #[error("the bearer token is empty or holds blanks or line ends: copy it anew from {place}")]
    BadToken {
        /// Where tokens are made.
        place: String,
    },
    /// The bearer token that was given is too old.
    #[error("the bearer token has expired: make a new one at {place}")]
    TokenExpired {
        /// Where tokens are made.
        place: String,
    },
    /// User, password, token or rights are not enough.
    #[error("{who} refuses access ({answer}): {remedy}")]
    Denied {
        /// Who.
        who: String,
        /// What it answered.
        answer: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Another answer than credentials, which asking again will not change.
    #[error("{who} gives no credentials ({answer}): check its URL in the settings")]
    Refused {
        /// Who.
        who: String,
        /// What it answered.
        answer: String,
    },
    /// Fewer requests are wanted.
    #[error("{who} asks for fewer requests (429)")]
    Throttled {
        /// Who.
        who: String,
        /// The wait that was asked for.
        after: Option<Duration>,
    },
    /// The server failed; it may recover.
    #[error("{who} failed ({answer})")]
    Server {
        /// Who.
        who: String,
        /// What it answered.
        answer: String,
    },
    /// The connection failed, was reset or timed out.
    #[error("lost the connection to {who}")]
    Connection {
        /// Who.
        who: String,
        /// What the client library said.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// A success without what was asked for.
    #[error("the answer of {who} is not understood: {what}")]
    Answer {
        /// Who.
        who: String,
        /// What is missing or wrong.
        what: &'static str,
    },
    /// Credentials were over when they came.
    #[error("what {who} gave had already expired: check this machine's clock")]
    Stale {
        /// Who.
        who: String,
    },
}

impl EarthdataError {
    /// The kind of trouble. Whatever keeps credentials away is "denied", unless it is likely to
    /// pass: it must never look as if there were no data.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::BadUrl { .. } | Self::Setup { .. } | Self::NetrcFile { .. } | Self::Netrc { .. } => Fault::Denied,
            Self::HalfLogin { .. } | Self::BadToken { .. } | Self::TokenExpired { .. } => Fault::Denied,
            Self::Denied { .. } | Self::Refused { .. } | Self::Stale { .. } => Fault::Denied,
            Self::Throttled { after, .. } => Fault::Throttled { after: *after },
            Self::Server { .. } | Self::Connection { .. } | Self::Answer { .. } => Fault::Transient,
        }
    }
}
