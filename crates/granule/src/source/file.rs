//! A granule on a local disk.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{BlockingSource, ByteSource, Coalescing, Head};
use crate::error::SourceError;

/// On disk a request costs microseconds: gaps wider than this are cheaper skipped.
const GAP: u64 = 64 << 10;

/// A local file, read at positions.
#[derive(Debug, Clone)]
pub struct FileSource {
    href: String,
    file: Arc<File>,
    length: u64,
    max: u64,
}

impl FileSource {
    /// Opens the file at `path`; no read of it is larger than `max` bytes unless a single range is.
    ///
    /// # Errors
    /// [`SourceError::File`] when it cannot be opened; [`SourceError::BadHref`] when it is not a
    /// regular file.
    pub fn open(path: &Path, max: u64) -> Result<Self, SourceError> {
        let href = path.display().to_string();
        let failed = |source| SourceError::File { href: path.display().to_string(), source };
        // Asked of the path, not of the open file: opening a pipe would wait for its writer.
        let described = std::fs::metadata(path).map_err(failed)?;
        if !described.is_file() {
            return Err(SourceError::BadHref { href, reason: "it is not a regular file".to_owned() });
        }
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self { href, file: Arc::new(file), length, max })
    }
}

impl BlockingSource for FileSource {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        if range.start > range.end || range.end > self.length {
            return Err(SourceError::PastTheEnd { href: self.href.clone(), start: range.start, end: range.end });
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let failed = |source| SourceError::File { href: self.href.clone(), source };
        self.file.read_exact_at(&mut bytes, range.start).map_err(failed)?;
        Ok(bytes.into())
    }
}

#[async_trait]
impl ByteSource for FileSource {
    fn href(&self) -> &str {
        &self.href
    }

    fn coalescing(&self) -> Coalescing {
        Coalescing { gap: GAP, max: self.max }
    }

    async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
        let bytes = self.fetch(0..bytes.min(self.length)).await?;
        Ok(Head { bytes, length: self.length })
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        let source = self.clone();
        let joined = tokio::task::spawn_blocking(move || source.read(range)).await;
        joined.unwrap_or_else(|error| Err(SourceError::Cut { href: self.href.clone(), what: error.to_string() }))
    }

    fn blocking(&self) -> Option<&dyn BlockingSource> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zagg_core::fault::Fault;

    #[tokio::test]
    async fn ranges_of_a_file_are_its_bytes() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        file.write_all(&bytes).unwrap();
        let source = FileSource::open(file.path(), 1 << 20).unwrap();
        let head = source.head(1 << 20).await.unwrap();
        assert_eq!((head.bytes.len(), head.length), (200_000, 200_000));
        let got = source.ranges(&[199_990..200_000, 5..9]).await.unwrap();
        assert_eq!(got[0].as_ref(), &bytes[199_990..]);
        assert_eq!(source.blocking().unwrap().read(5..9).unwrap(), got[1]);
    }

    #[tokio::test]
    async fn a_range_past_the_end_is_an_error_and_never_an_allocation() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = FileSource::open(file.path(), 1 << 20).unwrap();
        let error = source.fetch(0..u64::MAX).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Malformed);
    }

    #[test]
    fn a_file_that_is_not_there_is_missing_and_a_folder_is_no_granule() {
        let folder = tempfile::tempdir().unwrap();
        let missing = FileSource::open(&folder.path().join("no.h5"), 1).unwrap_err();
        assert_eq!(missing.fault(), Fault::Missing);
        assert!(matches!(FileSource::open(folder.path(), 1), Err(SourceError::BadHref { .. })));
    }
}
