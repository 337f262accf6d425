//! How much time an invocation has.

use std::time::Duration;

/// Kept back of an invocation's time, to settle and to answer.
const MARGIN: Duration = Duration::from_secs(3);

/// The most that Lambda gives.
const LONGEST: Duration = Duration::from_secs(900);

/// No clock of a function is wrong by so much.
const DAY: Duration = Duration::from_secs(86_400);

/// What may be spent on jobs, when the invocation ends `deadline_ms` after 1970 and it is `now` since
/// then. Emulators of the runtime interface tell the same time always, long past: there an invocation has
/// as much as Lambda gives at the most.
pub(super) fn left(deadline_ms: u64, now: Duration) -> Duration {
    let deadline = Duration::from_millis(deadline_ms);
    let left = if deadline + DAY < now { LONGEST } else { deadline.saturating_sub(now).min(LONGEST) };
    left.saturating_sub(MARGIN.min(left / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_790_000_000);

    fn of(seconds: f64) -> f64 {
        left(((NOW.as_secs_f64() + seconds) * 1000.0) as u64, NOW).as_secs_f64()
    }

    #[test]
    fn a_margin_is_kept_back() {
        assert_eq!((of(300.0), of(12.0), of(4.0)), (297.0, 9.0, 3.0));
    }

    #[test]
    fn what_is_over_is_over() {
        assert_eq!((of(0.0), of(-5.0), of(-3600.0)), (0.0, 0.0, 0.0));
    }

    #[test]
    fn an_interface_that_tells_no_deadline_gives_the_most_there_is() {
        assert_eq!(left(0, NOW), Duration::from_secs(897));
        assert_eq!(left(600_000, NOW), Duration::from_secs(897));
        assert_eq!(left(u64::MAX, NOW), Duration::from_secs(897));
    }
}
