//! The queue contract as a test suite: every backend runs it, with one line of
//! [`conformance!`](crate::conformance!) and a [`Harness`].
//!
//! Each sentence is a function that gets an empty queue for itself. It judges by the clock of the
//! delivery (`expires`), not by sleeping and hoping, so that a slow machine makes a sentence
//! slower, not wrong.

#![allow(
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "the functions are tests: a panic is their verdict, an error a broker that failed them"
)]

pub mod batches;
pub mod deliveries;
pub mod kit;
pub mod leases;
pub mod verdicts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::queue::{Delivery, Options, Queue};

/// One backend under test: an empty queue, and what can be done to it from outside.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The queue. Empty at first, and nobody else's.
    fn queue(&self) -> Arc<dyn Queue>;

    /// How the queue is run: a term as short as the broker allows, and a small limit of attempts.
    fn options(&self) -> Options;

    /// Puts a message on the queue that no producer of this project would.
    async fn inject(&self, message: &[u8]);

    /// Restarts the broker and opens the queue again, or says that this can't be done because
    /// nothing would be left.
    async fn restart(&self) -> Restart;

    /// Makes the lease of a delivery end. Where leases are timed, by waiting.
    async fn lapse(&self, delivery: &Delivery) {
        let left = delivery.expires.saturating_duration_since(Instant::now());
        tokio::time::sleep(left + Duration::from_millis(2)).await;
    }
}

/// What became of a restart.
#[derive(Debug)]
pub enum Restart {
    /// The broker runs again; this is the queue as a new client sees it.
    Done(Arc<dyn Queue>),
    /// The queue ends with its process, and says so in its abilities.
    Impossible,
}

/// Registers every sentence as a test of its own. Takes the path of an `async fn() -> impl Harness`;
/// the crate that uses it needs `tokio` with its macros and its multi-threaded runtime.
#[macro_export]
macro_rules! conformance {
    ($make:path) => {
        $crate::conformance! { @each $make;
            deliveries {
                a_job_comes_out_as_it_went_in
                an_unacked_job_comes_back_when_its_lease_ends
                dropping_a_delivery_equals_losing_it
                an_empty_queue_waits_no_longer_than_asked
                a_waiting_receiver_gets_a_job_that_comes_meanwhile
                a_waiting_receiver_gets_a_lease_that_ends_meanwhile
                two_receivers_never_hold_the_same_job
                attempts_count_up
                a_broker_restart_loses_nothing
            }
            verdicts {
                an_acked_job_never_comes_back
                acking_twice_is_no_error
                work_that_is_late_still_counts_while_nobody_else_has_the_job
                a_stale_receipt_cannot_settle_anothers_delivery
                a_released_job_waits_its_delay
                a_job_released_at_once_comes_back_at_once
                a_job_put_back_is_had_at_once_and_costs_no_attempt
                a_buried_job_is_found_with_its_reason
                a_long_reason_is_cut_and_never_refused
                a_poison_job_is_buried_after_the_limit
                a_job_whose_workers_die_is_poison_too
                redriven_jobs_begin_again
                redriving_a_class_leaves_the_others_buried
                an_undecodable_message_is_buried_with_the_reason
            }
            batches {
                a_batch_is_accepted_whole
                an_empty_batch_is_no_error
                too_large_a_job_is_refused_naming_the_limit
                a_partial_batch_names_its_failures
                a_batch_beyond_the_limit_is_an_error_naming_it
                a_job_enqueued_twice_is_there_once
                a_done_job_may_be_enqueued_again
                depth_adds_up
            }
            leases {
                an_extended_lease_keeps_others_away
                a_held_lease_outlives_its_term_on_a_blocked_runtime
                a_dropped_lease_lets_the_job_come_back
                a_held_lease_is_lost_when_another_has_the_job
                a_held_lease_settles_the_job
            }
        }
    };
    (@each $make:path; $($room:ident { $($sentence:ident)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $sentence() -> ::core::result::Result<(), $crate::error::Error> {
                let harness = $make().await;
                $crate::conformance::$room::$sentence(&harness).await
            }
        )*)*
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_sentence_is_registered() {
        let here = include_str!("mod.rs");
        let rooms = [
            include_str!("batches.rs"),
            include_str!("deliveries.rs"),
            include_str!("leases.rs"),
            include_str!("verdicts.rs"),
        ];
        let sentences: Vec<&str> = rooms
            .iter()
            .flat_map(|room| room.lines())
            .filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next())
            .collect();
        assert!(sentences.len() > 30);
        for sentence in sentences {
            assert!(here.lines().any(|line| line.trim() == sentence), "{sentence} is not registered");
        }
    }
}
