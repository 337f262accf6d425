//! What can go wrong between a granule's href and its decoded values.

mod earthdata;

use std::error::Error as StdError;
use std::time::Duration;

use zagg_core::fault::Fault;

pub use earthdata::EarthdataError;

/// A cause of any type.
pub type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// Bytes of a granule could not be had. `href` never holds a query, a user or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The href is not of a form that can be read.
    #[error("cannot read `{href}`: {reason}")]
    BadHref {
        /// The href, without secrets.
        href: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A client could not be made from the settings.
    #[error("cannot set up reading from `{place}`: check the region, endpoint and credentials in the settings")]
    Setup {
        /// The bucket or scheme.
        place: String,
        /// What the client library said.
        #[source]
        source: Cause,
    },
    /// Credentials are missing, wrong or expired, or do not allow this object.
    #[error("access to `{href}` is denied ({answer}): renew the credentials, or check that they allow reading it")]
    Denied {
        /// The href, without secrets.
        href: String,
        /// The server's status and error code.
        answer: String,
    },
    /// Earthdata gives no credentials for it.
    #[error("there are no Earthdata credentials for `{href}`")]
    Earthdata {
        /// The href, without secrets.
        href: String,
        /// Why.
        #[source]
        source: Box<EarthdataError>,
    },
    /// The object does not exist.
    #[error("`{href}` does not exist: check the shard map's href and `data_source.driver`")]
    Missing {
        /// The href, without secrets.
        href: String,
    },
    /// The server asks for fewer requests.
    #[error("`{href}` is throttled ({answer}): lower the requests in flight, or wait")]
    Throttled {
        /// The href, without secrets.
        href: String,
        /// The server's status and error code.
        answer: String,
        /// The wait that the server asked for.
        after: Option<Duration>,
    },
    /// The server failed; it may recover.
    #[error("the server of `{href}` failed ({answer})")]
    Server {
        /// The href, without secrets.
        href: String,
        /// The server's status and error code.
        answer: String,
    },
    /// The server refused the request for another reason.
    #[error("the server of `{href}` refused the request ({answer})")]
    Refused {
        /// The href, without secrets.
        href: String,
        /// The server's status and error code.
        answer: String,
        /// What the client library said.
        #[source]
        source: Option<Cause>,
    },
    /// The connection failed, was reset or timed out.
    #[error("lost the connection to the server of `{href}`")]
    Connection {
        /// The href, without secrets.
        href: String,
        /// What the client library said.
        #[source]
        source: Cause,
    },
    /// Fewer bytes came than were announced.
    #[error("`{href}` gave {got} bytes of the {wanted} at offset {start}")]
    Short {
        /// The href, without secrets.
        href: String,
        /// The first byte wanted.
        start: u64,
        /// Bytes wanted.
        wanted: u64,
        /// Bytes received.
        got: u64,
    },
    /// The range is not inside the object.
    #[error(
        "bytes {start}..{end} are past the end of `{href}`: the granule is truncated, or its index is of another version"
    )]
    PastTheEnd {
        /// The href, without secrets.
        href: String,
        /// The first byte wanted.
        start: u64,
        /// One past the last byte wanted.
        end: u64,
    },
    /// The server does not serve byte ranges.
    #[error("the server of `{href}` does not serve byte ranges ({answer}): use another href of the granule")]
    NoRanges {
        /// The href, without secrets.
        href: String,
        /// What it answered.
        answer: String,
    },
    /// A redirect that is not followed.
    #[error("`{href}` is redirected in a way that is not followed: {reason}")]
    Redirect {
        /// The href, without secrets.
        href: String,
        /// Why not.
        reason: String,
    },
    /// The object is not the same as a moment ago.
    #[error("`{href}` changed from {before} to {now} bytes while it was read")]
    Changed {
        /// The href, without secrets.
        href: String,
        /// The length first seen.
        before: u64,
        /// The length now.
        now: u64,
    },
    /// The local file could not be read.
    #[error("cannot read the file `{href}`")]
    File {
        /// The path.
        href: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A defect: the machinery around a request went away.
    #[error("reading `{href}` was cut off inside zagg: {what}")]
    Cut {
        /// The href, without secrets.
        href: String,
        /// What went away.
        what: String,
    },
}

impl SourceError {
    /// Credentials for `href` could not be had.
    pub(crate) fn earthdata(href: &str, source: EarthdataError) -> Self {
        Self::Earthdata { href: href.to_owned(), source: Box::new(source) }
    }

    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::BadHref { .. } | Self::Refused { .. } | Self::PastTheEnd { .. } => Fault::Malformed,
            Self::NoRanges { .. } | Self::Redirect { .. } => Fault::Malformed,
            Self::Denied { .. } | Self::Setup { .. } => Fault::Denied,
            Self::Earthdata { source, .. } => source.fault(),
            Self::Missing { .. } => Fault::Missing,
            Self::Throttled { after, .. } => Fault::Throttled { after: *after },
            Self::Server { .. } | Self::Connection { .. } | Self::Short { .. } => Fault::Transient,
            Self::Changed { .. } => Fault::Transient,
            Self::File { source, .. } => file_fault(source.kind()),
            Self::Cut { .. } => Fault::Bug,
        }
    }
}

fn file_fault(kind: std::io::ErrorKind) -> Fault {
    use std::io::ErrorKind as Kind;
    match kind {
        Kind::NotFound | Kind::NotADirectory => Fault::Missing,
        Kind::PermissionDenied => Fault::Denied,
        Kind::IsADirectory | Kind::InvalidInput => Fault::Malformed,
        _ => Fault::Transient,
    }
}

/// Work on the CPU pool did not give a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CpuError {
    /// The threads could not be started.
    #[error("cannot start {threads} threads for decoding")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What rayon said.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
    /// The work panicked.
    #[error("a defect in zagg or in a library it uses stopped the work: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The work was dropped before it gave a result.
    #[error("the work was dropped before it gave a result")]
    Dropped,
}

impl CpuError {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Threads { .. } => Fault::Capacity,
            Self::Panicked { .. } | Self::Dropped => Fault::Bug,
        }
    }
}

/// A granule could not be understood, or its values not be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Hdf5Error {
    /// Its bytes could not be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The CPU pool gave no result.
    #[error(transparent)]
    Cpu(#[from] CpuError),
    /// The metadata is not HDF5, damaged, or of a form that is not read.
    #[error("cannot understand the HDF5 metadata of `{path}`")]
    Metadata {
        /// The group or dataset, `/` for the granule itself.
        path: String,
        /// What the parser said.
        #[source]
        source: Box<hdf5_reader::error::Error>,
    },
    /// The metadata made the parser panic: damaged in a way that it does not expect.
    #[error("the HDF5 metadata is damaged: the parser stopped with `{message}`")]
    ParserPanicked {
        /// The panic's message.
        message: String,
    },
    /// A valid HDF5 feature that is not supported.
    #[error("`{path}` uses {what}, which is not supported")]
    Unsupported {
        /// The group or dataset.
        path: String,
        /// The feature, by name.
        what: String,
    },
    /// Numbers in the metadata contradict each other or the granule's length.
    #[error("the HDF5 metadata of `{path}` is inconsistent: {what}")]
    Inconsistent {
        /// The group or dataset.
        path: String,
        /// The contradiction.
        what: String,
    },
    /// More memory would be needed than one granule may take.
    #[error("`{path}` asks for {bytes} bytes of {what}, above the limit of {limit}")]
    TooLarge {
        /// The group or dataset.
        path: String,
        /// What would be that large.
        what: &'static str,
        /// How large.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Stored bytes of a dataset could not be decoded.
    #[error("piece {piece} of `{path}` is damaged: {what}")]
    Damaged {
        /// The dataset.
        path: String,
        /// The number of the HDF5 chunk, or of the run of rows, counted row by row.
        piece: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A path is not one of a dataset.
    #[error("`{path}` is not the path of an HDF5 dataset: write it as `group/dataset`")]
    BadPath {
        /// What was given.
        path: String,
    },
    /// A column was asked of a dataset that has none such, or none of one that needs it.
    #[error("`{path}` has the shape {shape:?}: {what}")]
    BadColumn {
        /// The dataset.
        path: String,
        /// Its shape.
        shape: Vec<u64>,
        /// What to ask for instead.
        what: &'static str,
    },
    /// A defect: rows were asked for that the dataset does not have, or not in order.
    #[error("row {row} of `{path}` was asked for, which has {rows} rows")]
    BadRow {
        /// The dataset.
        path: String,
        /// The row.
        row: u64,
        /// Rows of the dataset.
        rows: u64,
    },
    /// A defect: a piece was needed that had not been fetched.
    #[error("piece {piece} of `{path}` was not fetched")]
    NotFetched {
        /// The dataset.
        path: String,
        /// The piece.
        piece: u64,
    },
}

impl Hdf5Error {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Source(source) => source.fault(),
            Self::Cpu(source) => source.fault(),
            Self::Metadata { source, .. } => parser_fault(source),
            Self::TooLarge { .. } => Fault::Capacity,
            Self::Unsupported { .. } | Self::Inconsistent { .. } | Self::Damaged { .. } => Fault::Malformed,
            Self::BadPath { .. } | Self::BadColumn { .. } | Self::ParserPanicked { .. } => Fault::Malformed,
            Self::BadRow { .. } | Self::NotFetched { .. } => Fault::Bug,
        }
    }
}

fn parser_fault(error: &hdf5_reader::error::Error) -> Fault {
    match error {
        hdf5_reader::error::Error::ResourceLimit(_) => Fault::Capacity,
        hdf5_reader::error::Error::Context { source, .. } => parser_fault(source),
        _ => Fault::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_source_stays_denied_through_the_layers() {
        let source = SourceError::Denied { href: "s3://b/k".into(), answer: "403 AccessDenied".into() };
        assert_eq!(Hdf5Error::from(source).fault(), Fault::Denied);
    }

    #[test]
    fn a_limit_of_the_parser_is_a_matter_of_capacity() {
        let inner = hdf5_reader::error::Error::ResourceLimit("header".into()).with_context("/g");
        let error = Hdf5Error::Metadata { path: "g".into(), source: Box::new(inner) };
        assert_eq!(error.fault(), Fault::Capacity);
    }

    #[test]
    fn a_missing_file_is_missing_and_a_forbidden_one_denied() {
        let fault = |kind: std::io::ErrorKind| SourceError::File { href: "x".into(), source: kind.into() }.fault();
        assert_eq!(fault(std::io::ErrorKind::NotFound), Fault::Missing);
        assert_eq!(fault(std::io::ErrorKind::PermissionDenied), Fault::Denied);
    }
}
