//! What a queue is called on the broker, and everything that belongs to it.
//!
//! `RabbitMQ` has no delay of its own before 4.3, and a time to live per message holds up what
//! stands behind it. So a delay is climbed down on a ladder: step `k` is a queue that keeps every
//! message for 2^k seconds, and an exchange before it. A message's routing key is its delay in
//! binary; the exchange of a step puts it on that step's queue where its digit is 1 and passes it
//! down where it is 0; the queue hands it on to the exchange below. The broker does all of it
//! alone, to the second, and the queues are the same few for every delay.

use std::time::Duration;

/// Steps of the ladder of delays.
pub(super) const STEPS: u32 = 10;

/// The longest delay: all steps together.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs((1 << STEPS) - 1);

/// The queue, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// Jobs to be had, and jobs on loan.
    pub(super) queue: String,
    /// The exchange of what the broker itself sets aside.
    pub(super) dlx: String,
    /// The graveyard.
    pub(super) dlq: String,
    /// A queue without messages: who holds a delivery listens there, so that it can be counted.
    pub(super) held: String,
}

impl Names {
    /// The names for a queue.
    pub(super) fn of(queue: &str) -> Self {
        let with = |ending: &str| format!("{queue}.{ending}");
        Self { queue: queue.to_owned(), dlx: with("dlx"), dlq: with("dlq"), held: with("held") }
    }

    /// The exchange and the queue of a step of the ladder.
    pub(super) fn step(&self, step: u32) -> String {
        format!("{}.delay.{step}", self.queue)
    }

    /// Where a message is published to come back after the delay, in whole seconds, rounded up:
    /// exchange and routing key.
    pub(super) fn delay(&self, after: Duration) -> (String, String) {
        let after = after.min(LONGEST_DELAY);
        let seconds = (after.as_secs() + u64::from(after.subsec_nanos() > 0)).max(1);
        let digits: Vec<&str> = (0..STEPS).rev().map(|step| if seconds >> step & 1 == 1 { "1" } else { "0" }).collect();
        (self.step(seconds.ilog2().min(STEPS - 1)), digits.join("."))
    }
}

/// The routing keys with this digit at a step.
pub(super) fn pattern(step: u32, digit: char) -> String {
    let before = "*.".repeat((STEPS - 1 - step) as usize);
    let after = if step == 0 { "" } else { ".#" };
    format!("{before}{digit}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an exchange does with a pattern of `*`, digits and a last `#`.
    fn matches(pattern: &str, key: &str) -> bool {
        let mut words = key.split('.');
        for part in pattern.split('.') {
            match (part, words.next()) {
                ("#", _) => return true,
                ("*", Some(_)) => {}
                (part, Some(word)) if part == word => {}
                _ => return false,
            }
        }
        words.next().is_none()
    }

    #[test]
    fn every_delay_climbs_down_to_its_own_length() {
        let names = Names::of("q");
        for seconds in 1..=1023 {
            let (exchange, key) = names.delay(Duration::from_secs(seconds));
            let first: u32 = exchange.strip_prefix("q.delay.").unwrap().parse().unwrap();
            let mut waited = 0;
            for step in (0..=first).rev() {
                let (stays, passes) = (matches(&pattern(step, '1'), &key), matches(&pattern(step, '0'), &key));
                assert!(stays != passes, "{key} at {step}");
                waited += u64::from(stays) << step;
            }
            assert_eq!(waited, seconds, "{exchange} {key}");
        }
    }

    #[test]
    fn a_delay_is_rounded_up_to_seconds_and_bounded() {
        let names = Names::of("q");
        let key = |millis| names.delay(Duration::from_millis(millis));
        assert_eq!(key(1), ("q.delay.0".into(), "0.0.0.0.0.0.0.0.0.1".into()));
        assert_eq!(key(2001), ("q.delay.1".into(), "0.0.0.0.0.0.0.0.1.1".into()));
        assert_eq!(names.delay(Duration::MAX), ("q.delay.9".into(), ["1"; 10].join(".")));
    }
}
