//! What reading did and what it left out.

use serde::Serialize;

/// What reading one shard's granules did. Everything that was left out has a counter here.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ReadReport {
    /// Granules read.
    pub granules: u64,
    /// Groups (beams) read.
    pub groups: u64,
    /// Groups that a granule lacks, which is normal.
    pub groups_absent: u64,
    /// Rows whose coordinates were looked at.
    pub rows_scanned: u64,
    /// Rows without a usable position (not finite, or out of range).
    pub rows_without_position: u64,
    /// Rows inside the shard.
    pub points_in_shard: u64,
    /// Points that each filter dropped, in the order of the filters: the filter and the count.
    pub dropped: Vec<(String, u64)>,
    /// Points that passed every filter.
    pub points_kept: u64,
    /// HDF5 chunks decoded.
    pub hdf5_chunks_decoded: u64,
    /// HDF5 chunks found decoded in the cache.
    pub hdf5_chunks_cached: u64,
    /// Requests made.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Seconds spent waiting for bytes, summed over concurrent requests.
    pub read_seconds: f64,
    /// CPU-pool seconds spent in decoding, filtering and assigning.
    pub decode_seconds: f64,
}

impl ReadReport {
    /// Adds `other`, whose filters are the same.
    pub fn add(&mut self, other: &Self) {
        self.granules += other.granules;
        self.groups += other.groups;
        self.groups_absent += other.groups_absent;
        self.rows_scanned += other.rows_scanned;
        self.rows_without_position += other.rows_without_position;
        self.points_in_shard += other.points_in_shard;
        self.points_kept += other.points_kept;
        self.hdf5_chunks_decoded += other.hdf5_chunks_decoded;
        self.hdf5_chunks_cached += other.hdf5_chunks_cached;
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.read_seconds += other.read_seconds;
        self.decode_seconds += other.decode_seconds;
        for (i, (name, count)) in other.dropped.iter().enumerate() {
            match self.dropped.get_mut(i) {
                Some((_, total)) => *total += count,
                None => self.dropped.push((name.clone(), *count)),
            }
        }
    }
}
