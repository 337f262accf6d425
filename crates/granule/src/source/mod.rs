//! Bytes of a granule, by ranges: from S3, HTTPS or disk.
//!
//! The seam is [`ByteSource`]: ranges in, bytes out, nothing about HDF5. Requests are coalesced
//! above [`metered::Metered`], so that one request counts once and takes one permit.

mod backoff;
pub mod coalesce;
pub mod earthdata;
pub mod file;
pub mod https;
pub mod metered;
pub mod object;
mod open;
pub mod settings;
#[cfg(test)]
mod test_server;

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::try_join_all;

use crate::error::SourceError;
pub use coalesce::Coalescing;
pub use earthdata::{Earthdata, EarthdataSettings, Login, LoginPlaces};
pub use metered::{Meter, Usage};
pub use open::Sources;
pub use settings::{RetrySettings, S3Settings, Secret, SourceSettings};

/// The first bytes of an object, and how long it is.
#[derive(Debug, Clone)]
pub struct Head {
    /// The first bytes: as many as were asked for, or the whole object when it is shorter.
    pub bytes: Bytes,
    /// Bytes of the object.
    pub length: u64,
}

/// One object that is read by byte ranges.
#[async_trait]
pub trait ByteSource: fmt::Debug + Send + Sync {
    /// What is read, for messages: without query, user or password.
    fn href(&self) -> &str;

    /// When it pays to fetch two ranges at once.
    fn coalescing(&self) -> Coalescing;

    /// The first `bytes` bytes (fewer when the object is shorter) and the object's length, in one
    /// request.
    ///
    /// # Errors
    /// Any [`SourceError`].
    async fn head(&self, bytes: u64) -> Result<Head, SourceError>;

    /// Exactly the bytes of `range`, in one request (repeated by the source on transient faults).
    ///
    /// # Errors
    /// Any [`SourceError`]; [`SourceError::PastTheEnd`] when the range is not inside the object.
    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError>;

    /// The bytes of each of `ranges` (any order, overlaps allowed), coalesced and at once.
    ///
    /// # Errors
    /// The first [`SourceError`] of any request.
    async fn ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, SourceError> {
        let runs = coalesce::runs(ranges, self.coalescing());
        let fetched = try_join_all(runs.iter().map(|run| self.fetch(run.range.clone()))).await?;
        coalesce::cut(self.href(), ranges, &runs, &fetched)
    }

    /// The same object without the asynchronous hop, when its bytes are near enough (files).
    fn blocking(&self) -> Option<&dyn BlockingSource> {
        None
    }
}

/// A source that a thread of the CPU pool may read directly.
pub trait BlockingSource: Send + Sync {
    /// Bytes of the object.
    fn length(&self) -> u64;

    /// Exactly the bytes of `range`.
    ///
    /// # Errors
    /// As [`ByteSource::fetch`].
    fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError>;
}

/// The bytes of each of `ranges` of a blocking source, coalesced by the source's own rule.
///
/// # Errors
/// The first [`SourceError`] of any read.
pub fn read_ranges(
    source: &dyn ByteSource,
    blocking: &dyn BlockingSource,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>, SourceError> {
    let runs = coalesce::runs(ranges, source.coalescing());
    let fetched = runs.iter().map(|run| blocking.read(run.range.clone())).collect::<Result<Vec<_>, _>>()?;
    coalesce::cut(source.href(), ranges, &runs, &fetched)
}
