//! What one job did, and what a run did.

use serde::Serialize;
use zagg_core::price::Cost;
use zagg_granule::ReadReport;
use zagg_store::write::WriteReport;

/// How a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Chunks were written.
    Data,
    /// No point passed the filters; the mark says so.
    Empty,
    /// The mark was there already.
    AlreadyDone,
    /// Someone else wrote the same bytes first.
    Duplicate,
    /// The run was cancelled; nothing was done.
    Cancelled,
}

impl Outcome {
    /// A stable name for reports and labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Empty => "empty",
            Self::AlreadyDone => "already_done",
            Self::Duplicate => "duplicate",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Seconds spent in each phase. Reading is waiting; the others are the CPU pool's and the store's.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Seconds {
    /// Looking up the plan's record and the mark.
    pub plan: f64,
    /// Waiting for granule bytes, summed over concurrent requests.
    pub read: f64,
    /// Decoding HDF5 chunks, filtering and assigning to cells.
    pub decode: f64,
    /// Grouping and statistics.
    pub aggregate: f64,
    /// Encoding Zarr chunks.
    pub encode: f64,
    /// Putting chunks.
    pub put: f64,
    /// Putting the mark.
    pub commit: f64,
}

impl Seconds {
    fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.decode += other.decode;
        self.aggregate += other.aggregate;
        self.encode += other.encode;
        self.put += other.put;
        self.plan += other.plan;
        self.commit += other.commit;
    }
}

/// What one job did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobReport {
    /// The shard's label.
    pub shard: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was read and left out.
    pub read: ReadReport,
    /// For each variable, how many kept points lack it.
    pub missing: Vec<(String, u64)>,
    /// Cells that hold points.
    pub cells: u64,
    /// Objects put, the mark included.
    pub objects: u64,
    /// Bytes put.
    pub bytes_put: u64,
    /// Bytes of points held at the most.
    pub peak_points_bytes: u64,
    /// Seconds by phase.
    pub seconds: Seconds,
    /// Seconds from the job's beginning to its end.
    pub wall_seconds: f64,
    /// Objects read from the store.
    pub store_gets: u64,
    /// What the job cost, where the worker knows its rates.
    pub usd: Option<Cost>,
}

impl JobReport {
    /// The report of a job that found its shard done.
    #[must_use]
    pub fn already_done(shard: &str) -> Self {
        Self::new(shard, Outcome::AlreadyDone)
    }

    pub(crate) fn new(shard: &str, outcome: Outcome) -> Self {
        Self {
            shard: shard.to_owned(),
            outcome,
            read: ReadReport::default(),
            missing: Vec::new(),
            cells: 0,
            objects: 0,
            bytes_put: 0,
            peak_points_bytes: 0,
            seconds: Seconds::default(),
            wall_seconds: 0.0,
            store_gets: 0,
            usd: None,
        }
    }

    pub(crate) fn take_read(&mut self, read: ReadReport) {
        self.seconds.read = read.read_seconds;
        self.seconds.decode = read.decode_seconds;
        self.read = read;
    }

    pub(crate) fn take_write(&mut self, write: WriteReport) {
        self.seconds.put += write.seconds;
        self.objects += write.objects;
        self.bytes_put += write.bytes;
    }
}

/// Sums over the jobs of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Totals {
    /// Shards whose chunks were written.
    pub data: u64,
    /// Shards without points.
    pub empty: u64,
    /// Shards that were done already.
    pub already_done: u64,
    /// Shards that someone else finished first, with the same bytes.
    pub duplicate: u64,
    /// Shards of a cancelled run.
    pub cancelled: u64,
    /// What was read and left out.
    pub read: ReadReport,
    /// For each variable, how many kept points lack it.
    pub missing: Vec<(String, u64)>,
    /// Cells that hold points.
    pub cells: u64,
    /// Objects put.
    pub objects: u64,
    /// Bytes put.
    pub bytes_put: u64,
    /// The largest number of bytes of points held for one shard.
    pub peak_points_bytes: u64,
    /// Seconds by phase, summed over shards.
    pub seconds: Seconds,
}

impl Totals {
    /// Adds one job.
    pub fn add(&mut self, job: &JobReport) {
        match job.outcome {
            Outcome::Data => self.data += 1,
            Outcome::Empty => self.empty += 1,
            Outcome::AlreadyDone => self.already_done += 1,
            Outcome::Duplicate => self.duplicate += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
        self.read.add(&job.read);
        self.cells += job.cells;
        self.objects += job.objects;
        self.bytes_put += job.bytes_put;
        self.peak_points_bytes = self.peak_points_bytes.max(job.peak_points_bytes);
        self.seconds.add(&job.seconds);
        for (name, count) in &job.missing {
            match self.missing.iter_mut().find(|(known, _)| known == name) {
                Some((_, total)) => *total += count,
                None => self.missing.push((name.clone(), *count)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_by_name_and_by_outcome() {
        let mut first = JobReport::new("1", Outcome::Data);
        first.missing = vec![("h_li".into(), 2)];
        first.read.dropped = vec![("q".into(), 3)];
        first.peak_points_bytes = 10;
        let mut second = JobReport::new("2", Outcome::Empty);
        second.missing = vec![("s_li".into(), 1), ("h_li".into(), 5)];
        second.read.dropped = vec![("q".into(), 4)];
        second.peak_points_bytes = 7;
        let mut totals = Totals::default();
        totals.add(&first);
        totals.add(&second);
        totals.add(&JobReport::already_done("3"));
        assert_eq!((totals.data, totals.empty, totals.already_done), (1, 1, 1));
        assert_eq!(totals.missing, [("h_li".to_owned(), 7), ("s_li".to_owned(), 1)]);
        assert_eq!(totals.read.dropped, [("q".to_owned(), 7)]);
        assert_eq!(totals.peak_points_bytes, 10);
    }
}
