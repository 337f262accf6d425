//! Granules and their footprints, as a search or a saved table gives them.

use serde_json::{Map, Value};

use crate::area::Area;

/// One granule of a catalog.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// Its name, unique in the catalog; of NSIDC's granules the file's name with `.h5`.
    pub id: String,
    /// The archive's collection, such as `ATL06_007`.
    pub collection: Option<String>,
    /// Where its points may be; none when the archive does not say.
    pub footprint: Option<Area>,
    /// The data over HTTPS.
    pub https: Option<String>,
    /// The data in S3.
    pub s3: Option<String>,
    /// What the archive tells about it.
    pub metadata: Option<String>,
    /// Pictures, kept only where they were asked for: name and location.
    pub thumbnails: Vec<(String, String)>,
    /// A time that stands for it, in microseconds since 1970 (UTC).
    pub datetime_us: Option<i64>,
    /// When its first point was taken, in microseconds since 1970 (UTC).
    pub start_us: Option<i64>,
    /// When its last point was taken, in microseconds since 1970 (UTC).
    pub end_us: Option<i64>,
}

/// Granules, in the order in which they were found, which is the order in which a shard reads them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// What is known of the search: source, provider, collection, dates, box.
    pub metadata: Map<String, Value>,
    /// The granules.
    pub entries: Vec<Entry>,
}
