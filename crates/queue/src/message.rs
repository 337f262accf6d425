//! The message on the wire: a job as JSON, small, and named by its schema.

use serde::Deserialize;
use zagg_core::fault::Fault;
use zagg_core::job::{JOB_SCHEMA, Job};

use crate::queue::{Class, Reason, Refused};

/// Bytes that a message may have on any broker.
pub const MESSAGE_BYTES: usize = 2048;

/// Characters of a reason that are kept; brokers bound what rides beside a message.
pub const REASON_CHARACTERS: usize = 1000;

/// Why a message can't be taken for a job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Undecodable {
    /// No JSON, or not a job's.
    #[error("the message is not a job: {source}")]
    Shape {
        /// What the JSON reader said.
        #[source]
        source: serde_json::Error,
    },
    /// A message of another kind or release.
    #[error("the message has schema `{found}`, this program reads `{JOB_SCHEMA}`")]
    Schema {
        /// The schema that the message names.
        found: String,
    },
}

/// A job that may be sent: its id and its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The job's place in the batch.
    pub index: usize,
    /// The job's id.
    pub id: String,
    /// The message.
    pub body: Vec<u8>,
}

/// Encodes a batch and sorts out what no broker should see: jobs larger than `limit` bytes, and
/// jobs of a schema that no worker of this release would read.
#[must_use]
pub fn admit(jobs: &[Job], limit: usize) -> (Vec<Outgoing>, Vec<Refused>) {
    let mut outgoing = Vec::with_capacity(jobs.len());
    let mut refused = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        match encode(job, limit) {
            Ok(body) => outgoing.push(Outgoing { index, id: job.id(), body }),
            Err((fault, reason)) => refused.push(Refused { index, fault, reason }),
        }
    }
    (outgoing, refused)
}

fn encode(job: &Job, limit: usize) -> Result<Vec<u8>, (Fault, String)> {
    if job.schema != JOB_SCHEMA {
        let reason = format!("the job has schema `{}`, this program sends `{JOB_SCHEMA}`", job.schema);
        return Err((Fault::Malformed, reason));
    }
    let body = serde_json::to_vec(job).map_err(|e| (Fault::Bug, format!("the job can't be encoded: {e}")))?;
    if body.len() > limit {
        let reason = format!("the message would have {} bytes, the limit is {limit}", body.len());
        return Err((Fault::Capacity, reason));
    }
    Ok(body)
}

/// The job in a message.
///
/// # Errors
/// [`Undecodable`], whose text is the reason to bury the message with.
pub fn decode(body: &[u8]) -> Result<Job, Undecodable> {
    /// Read first, so that a message of another release is named as such.
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_slice(body).map_err(|source| Undecodable::Shape { source })?;
    if head.schema != JOB_SCHEMA {
        let found = head.schema.chars().take(80).collect();
        return Err(Undecodable::Schema { found });
    }
    serde_json::from_slice(body).map_err(|source| Undecodable::Shape { source })
}

/// The reason, cut to [`REASON_CHARACTERS`].
#[must_use]
pub fn clip(reason: &str) -> String {
    match reason.char_indices().nth(REASON_CHARACTERS) {
        None => reason.to_owned(),
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
    }
}

/// The reason that a job beyond the limit of attempts is buried with.
#[must_use]
pub fn poison(attempts: u32) -> Reason {
    Reason::new(Class::Poison, format!("given up after {attempts} attempts"))
}

/// The reason that a message which is no job is buried with.
#[must_use]
pub fn undecodable(why: &Undecodable) -> Reason {
    Reason::new(Class::Undecodable, why.to_string()).clipped()
}

#[cfg(test)]
pub(crate) mod tests {
    use zagg_core::digest::Digest;
    use zagg_core::job::PlanReference;

    use super::*;

    /// A job; another one for each `n`.
    pub(crate) fn job(n: u32) -> Job {
        let plan = PlanReference { store: "s3://b/s".into(), key: "runs/r/plan".into(), offset: 7, length: u64::MAX };
        let pipeline = Digest::of(b"p");
        Job { schema: JOB_SCHEMA.into(), run: "r".into(), shard: format!("-511{n}"), granules: n, plan, pipeline }
    }

    #[test]
    fn a_message_reads_back_as_the_job_it_was() {
        let (outgoing, refused) = admit(&[job(3)], MESSAGE_BYTES);
        assert!(refused.is_empty());
        assert_eq!(decode(&outgoing[0].body).unwrap(), job(3));
        assert_eq!(outgoing[0].id, job(3).id());
    }

    #[test]
    fn a_job_of_another_schema_is_neither_sent_nor_read() {
        let mut other = job(3);
        other.schema = "zagg-job/9".into();
        let (outgoing, refused) = admit(&[job(3), other.clone()], MESSAGE_BYTES);
        assert_eq!((outgoing.len(), refused[0].index, refused[0].fault), (1, 1, Fault::Malformed));
        let error = decode(&serde_json::to_vec(&other).unwrap()).unwrap_err();
        assert!(matches!(&error, Undecodable::Schema { found } if found == "zagg-job/9"), "{error}");
        assert!(error.to_string().contains(JOB_SCHEMA));
    }

    #[test]
    fn no_bytes_make_decoding_do_worse_than_refuse() {
        for body in [&b""[..], b"{", b"[]", b"null", b"\xff\xfe", br#"{"schema":1}"#, br#"{"schema":"zagg-job/1"}"#] {
            assert!(matches!(decode(body), Err(Undecodable::Shape { .. })), "{body:?}");
        }
        assert!(decode("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn the_size_limit_is_the_last_size_that_passes() {
        let size = admit(&[job(3)], MESSAGE_BYTES).0[0].body.len();
        assert!(admit(&[job(3)], size).1.is_empty());
        let refused = admit(&[job(3)], size - 1).1;
        assert_eq!(refused[0].fault, Fault::Capacity);
        assert!(refused[0].reason.contains(&(size - 1).to_string()));
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(clip("short"), "short");
        assert_eq!(clip(&"é".repeat(2000)).chars().count(), REASON_CHARACTERS + 1);
    }
}
