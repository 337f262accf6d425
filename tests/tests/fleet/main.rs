//! Fleets of real programs over real brokers: what they do, and what they survive. Each sentence is
//! told of every queue; `docs/operations/faults.md` is the table of them.
#![allow(clippy::unwrap_used)]

mod every_queue;

mod far;

mod producing;

mod killing;

mod stopping;

mod brokers;

mod storms;

mod damage;

mod rivals;

mod memory;

mod observing;

mod notices;

mod minding;
