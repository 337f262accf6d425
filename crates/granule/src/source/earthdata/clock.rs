//! The time of day, as something that tests can set.

use std::fmt;
use std::time::SystemTime;

/// Tells the time of day: credentials say until when they are valid.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that stands until it is advanced.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct HeldClock(std::sync::Mutex<SystemTime>);

#[cfg(test)]
impl HeldClock {
    /// Noon of 2026-03-01.
    pub(super) fn new() -> std::sync::Arc<Self> {
        let noon = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_772_366_400);
        std::sync::Arc::new(Self(std::sync::Mutex::new(noon)))
    }

    pub(super) fn advance(&self, minutes: u64) {
        *self.0.lock().unwrap() += std::time::Duration::from_secs(60 * minutes);
    }

    pub(super) fn set_back(&self, minutes: u64) {
        *self.0.lock().unwrap() -= std::time::Duration::from_secs(60 * minutes);
    }
}

#[cfg(test)]
impl Clock for HeldClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}
