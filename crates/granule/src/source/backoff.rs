//! How long to wait before an attempt is repeated.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use zagg_core::fault::Fault;

use crate::source::settings::RetrySettings;

/// The wait after the attempt number `tried` (from 1) failed with `fault`; `None` when it is not
/// to be repeated. Full jitter: a uniform wait under a ceiling that doubles, so that workers which
/// failed together do not come back together. A server that asks for more than the cap is left
/// in peace: the job is released instead.
pub(super) fn wait(settings: &RetrySettings, tried: u32, fault: Fault) -> Option<Duration> {
    if tried >= settings.tries {
        return None;
    }
    let asked = match fault {
        Fault::Transient => Duration::ZERO,
        Fault::Throttled { after } => after.unwrap_or_default(),
        _ => return None,
    };
    if asked > settings.cap {
        return None;
    }
    let doubled = settings.base.saturating_mul(1 << (tried - 1).min(20));
    Some(asked.max(doubled.min(settings.cap).mul_f64(random())))
}

/// A number in 0..1 out of the standard library's per-process random keys.
pub(super) fn random() -> f64 {
    // Each `RandomState` has keys of its own; 53 bits make an f64 without rounding.
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RetrySettings =
        RetrySettings { tries: 5, base: Duration::from_millis(100), cap: Duration::from_secs(10) };

    #[test]
    fn only_faults_that_may_pass_are_repeated_and_not_for_ever() {
        assert!(wait(&SETTINGS, 1, Fault::Transient).unwrap() <= Duration::from_millis(100));
        assert!(wait(&SETTINGS, 4, Fault::Transient).unwrap() <= Duration::from_millis(800));
        assert_eq!(wait(&SETTINGS, 5, Fault::Transient), None);
        assert_eq!(wait(&SETTINGS, 1, Fault::Denied), None);
        assert_eq!(wait(&SETTINGS, 1, Fault::Missing), None);
    }

    #[test]
    fn the_wait_that_the_server_asks_for_is_kept_up_to_the_cap() {
        let after = |seconds| Fault::Throttled { after: Some(Duration::from_secs(seconds)) };
        assert_eq!(wait(&SETTINGS, 1, after(3)), Some(Duration::from_secs(3)));
        assert_eq!(wait(&SETTINGS, 1, after(11)), None);
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| wait(&SETTINGS, 4, Fault::Transient)).collect();
        assert!(waits.len() > 10);
    }
}
