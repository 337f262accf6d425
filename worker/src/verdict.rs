//! The one table that turns a fault into a verdict.

use std::time::Duration;

use zagg_core::{digest::Digest, fault::Fault, job::Job};

/// What happens to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done: it never comes back.
    Ack,
    /// It comes back after this long.
    Release {
        /// The wait.
        after: Duration,
    },
    /// It is set aside with its reason, for a person to look at.
    Bury,
}

/// How often a job is tried when its fault may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts for faults that pass by themselves.
    pub transient_attempts: u32,
    /// Attempts while access is denied: credentials may just have been renewed.
    pub denied_attempts: u32,
    /// The first wait; it doubles with each attempt.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            transient_attempts: 8,
            denied_attempts: 2,
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(900),
        }
    }
}

impl Verdict {
    /// A stable name for logs and labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Release { .. } => "release",
            Self::Bury => "bury",
        }
    }
}

impl Patience {
    /// The same patience on a queue that gives a job up after `attempts` deliveries: the last of them
    /// is buried for what it failed of, before the queue would bury it as poison.
    #[must_use]
    pub fn within(self, attempts: u32) -> Self {
        Self { transient_attempts: self.transient_attempts.min(attempts), ..self }
    }

    /// The verdict on a job that failed with `fault` at its `attempt`-th delivery (from 1).
    #[must_use]
    pub fn verdict(&self, fault: Fault, attempt: u32) -> Verdict {
        let wait = self.wait(attempt);
        match fault {
            Fault::Transient if attempt < self.transient_attempts => Verdict::Release { after: wait },
            Fault::Throttled { after } if attempt < self.transient_attempts => {
                Verdict::Release { after: after.unwrap_or(wait).max(wait).min(self.longest_wait) }
            }
            Fault::Denied if attempt < self.denied_attempts => Verdict::Release { after: wait },
            _ => Verdict::Bury,
        }
    }

    fn wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait)
    }
}

impl Verdict {
    /// The same verdict with a wait that differs from job to job, by up to a half more: what failed
    /// together does not come back together.
    #[must_use]
    pub fn spread(self, job: &Job, attempt: u32) -> Self {
        match self {
            Self::Release { after } => {
                let digest = Digest::of(format!("{} {attempt}", job.id()).as_bytes()).short(2);
                let share = f64::from(u8::from_str_radix(&digest, 16).unwrap_or(0)) / 255.0;
                Self::Release { after: after + after.mul_f64(share / 2.0) }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_later_and_later_but_not_for_ever() {
        let patience = Patience::default();
        let after = |attempt| match patience.verdict(Fault::Transient, attempt) {
            Verdict::Release { after } => Some(after.as_secs()),
            _ => None,
        };
        assert_eq!((after(1), after(2), after(3), after(8)), (Some(5), Some(10), Some(20), None));
    }

    #[test]
    fn the_last_delivery_is_buried_for_its_own_fault() {
        let patience = Patience::default().within(3);
        assert!(matches!(patience.verdict(Fault::Transient, 2), Verdict::Release { .. }));
        assert_eq!(patience.verdict(Fault::Transient, 3), Verdict::Bury);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept() {
        let asked = Fault::Throttled { after: Some(Duration::from_secs(30)) };
        assert_eq!(Patience::default().verdict(asked, 1), Verdict::Release { after: Duration::from_secs(30) });
    }

    #[test]
    fn jobs_that_failed_together_come_back_apart() {
        let plan = zagg_core::job::PlanReference { store: "s".into(), key: "k".into(), offset: 0, length: 1 };
        let job = |n: u32| Job {
            schema: "s".into(),
            run: "r".into(),
            shard: n.to_string(),
            granules: 1,
            plan: plan.clone(),
            pipeline: Digest::of(b"p"),
        };
        let verdict = Patience::default().verdict(Fault::Transient, 1);
        let waits: std::collections::BTreeSet<Duration> = (0..20)
            .filter_map(|n| match verdict.spread(&job(n), 1) {
                Verdict::Release { after } => Some(after),
                _ => None,
            })
            .collect();
        assert!(waits.len() > 10);
        assert!(waits.iter().all(|wait| (5.0..=7.5).contains(&wait.as_secs_f64())));
    }

    #[test]
    fn what_cannot_pass_is_buried_at_once() {
        for fault in [Fault::Missing, Fault::Malformed, Fault::Capacity, Fault::Conflict, Fault::Bug] {
            assert_eq!(Patience::default().verdict(fault, 1), Verdict::Bury, "{fault:?}");
        }
        assert_eq!(Patience::default().verdict(Fault::Denied, 2), Verdict::Bury);
    }
}
