//! Jobs across a broker: the queue contract, leases, and the queues of one machine.
//!
//! A producer enqueues one job per shard; workers receive deliveries, hold them as leases while
//! they work, and settle them. The contract is [`queue::Queue`]; `conformance` (a feature) is the
//! same contract as a test suite that every backend runs.
//!
//! Only this crate knows a broker by name. It reads no environment (but what the AWS client reads to
//! find region and credentials) and knows no granule, grid or store: a job's content is opaque to it.
//!
//! Modules are listed bottom-up: each uses only those above it.

pub mod error;

pub mod class;

pub mod queue;

pub mod setup;

pub mod message;

pub mod lease;

pub mod memory;

pub mod embedded;

#[cfg(feature = "sqs")]
pub mod sqs;

#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;

#[cfg(feature = "redis")]
pub mod redis;

pub mod url;

#[cfg(feature = "conformance")]
pub mod conformance;
