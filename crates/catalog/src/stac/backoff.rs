//! How long to wait before a page is asked for again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::settings::Patience;

/// The pause after the attempt number `tried` (from 1); none when there is to be no other.
/// It is between half of and a whole ceiling that doubles with each attempt (the jitter keeps
/// clients that failed together from coming back together), or what the server `asked` for if
/// that is longer. A server that asks for more than the longest pause is left in peace.
pub(super) fn pause(patience: &Patience, tried: u32, asked: Option<Duration>) -> Option<Duration> {
    let asked = asked.unwrap_or_default();
    if tried >= patience.tries || asked > patience.longest_pause {
        return None;
    }
    let doubled = patience.first_pause.saturating_mul(1 << tried.saturating_sub(1).min(20));
    let ceiling = doubled.min(patience.longest_pause);
    Some(asked.max(ceiling.mul_f64(0.5 + 0.5 * random())))
}

/// A number in 0..1 out of the standard library's random keys.
fn random() -> f64 {
    // Each `RandomState` has keys of its own; 53 bits make an f64 without rounding.
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        tries: 5,
        first_pause: Duration::from_millis(100),
        longest_pause: Duration::from_secs(10),
        connect: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
    };

    #[test]
    fn pauses_double_and_end() {
        let first = pause(&PATIENCE, 1, None).unwrap();
        assert!((50..=100).contains(&first.as_millis()), "{first:?}");
        let fourth = pause(&PATIENCE, 4, None).unwrap();
        assert!((400..=800).contains(&fourth.as_millis()), "{fourth:?}");
        assert_eq!(pause(&PATIENCE, 5, None), None);
        let endless = Patience { tries: u32::MAX, ..PATIENCE };
        assert!(pause(&endless, 4_000_000_000, None).unwrap() <= PATIENCE.longest_pause);
    }

    #[test]
    fn the_pause_that_the_server_asks_for_is_kept_up_to_the_longest() {
        assert_eq!(pause(&PATIENCE, 1, Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        assert_eq!(pause(&PATIENCE, 1, Some(Duration::from_secs(11))), None);
    }

    #[test]
    fn pauses_differ() {
        let pauses: std::collections::BTreeSet<_> = (0..20).map(|_| pause(&PATIENCE, 4, None)).collect();
        assert!(pauses.len() > 10);
    }
}
