//! Something that expires, is shared, and is fetched anew in time: by one asker for all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use zagg_core::fault::{Fault, chain};

use super::clock::Clock;
use crate::error::EarthdataError;
use crate::source::backoff::random;

/// What is younger than this is not fetched anew because somebody refuses it: the next would be
/// refused as well, and every refused request would cost a fetch.
const YOUNG: Duration = Duration::from_secs(60);

/// The shortest life that is believed, so that what expires at once is not fetched with each ask.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);

/// After this many failures in a row the pause grows no more.
const MOST_DOUBLINGS: u32 = 16;

/// Where new ones come from.
#[async_trait]
pub(super) trait Fetch: Send + Sync {
    /// What is fetched.
    type Value: Send + Sync;

    /// Fetches a new one.
    async fn fetch(&self) -> Result<Fetched<Self::Value>, EarthdataError>;

    /// Who gives it, for messages.
    fn name(&self) -> &str;
}

/// A new value and its end; none: it does not expire.
pub(super) struct Fetched<T> {
    pub(super) value: T,
    pub(super) expires: Option<SystemTime>,
}

/// When new ones are fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// So long before its end a value is replaced, and up to a fifth earlier, by chance.
    pub(super) spare: Duration,
    /// After a failed fetch nobody asks again for so long; it doubles with each failure in a row.
    pub(super) pause: Duration,
    /// The longest such pause.
    pub(super) longest_pause: Duration,
}

/// A value in use. Its number tells it from those before and after.
pub(super) struct Held<T> {
    pub(super) value: Arc<T>,
    pub(super) number: u64,
    pub(super) expires: Option<SystemTime>,
    since: SystemTime,
    renew: Option<SystemTime>,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

/// What happened so far, for metrics and reports.
#[derive(Debug, Clone, Default)]
pub struct Renewals {
    /// Fetches, failed ones included.
    pub fetches: u64,
    /// Failed fetches.
    pub failures: u64,
    /// When what is in use expires; none when nothing is in use, or when it does not.
    pub expires_at: Option<SystemTime>,
    /// The last failure, when no fetch has succeeded since.
    pub trouble: Option<Trouble>,
}

/// A source of credentials that fails.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Why.
    pub error: EarthdataError,
    /// It is not asked again before.
    pub until: SystemTime,
}

/// A value that is fetched when it is first asked for, replaced early, and shared meanwhile.
pub(super) struct Renewed<F: Fetch> {
    fetch: F,
    rule: Rule,
    clock: Arc<dyn Clock>,
    state: Mutex<State<F::Value>>,
    /// Held by the one who fetches.
    flight: tokio::sync::Mutex<()>,
}

struct State<T> {
    held: Option<Held<T>>,
    number: u64,
    fetches: u64,
    failures: u64,
    failure: Option<Failure>,
}

struct Failure {
    error: EarthdataError,
    at: SystemTime,
    until: SystemTime,
    in_a_row: u32,
}

enum Look<T> {
    Fresh(Held<T>),
    /// Valid, and to be replaced.
    Due(Held<T>),
    /// Nothing to use, and no use in asking yet.
    Failing(EarthdataError),
    Absent,
}

impl<F: Fetch> Renewed<F> {
    pub(super) fn new(fetch: F, rule: Rule, clock: Arc<dyn Clock>) -> Self {
        let state = State { held: None, number: 0, fetches: 0, failures: 0, failure: None };
        Self { fetch, rule, clock, state: Mutex::new(state), flight: tokio::sync::Mutex::default() }
    }

    /// Where new ones come from.
    pub(super) fn source(&self) -> &F {
        &self.fetch
    }

    /// A valid value. Of many askers one fetches: while the value at hand is valid the others go
    /// on with it, else they wait for the outcome, which is theirs too. After a failure nobody
    /// fetches for a while: valid values stay in use, and without one the same error is given.
    pub(super) async fn get(&self) -> Result<Held<F::Value>, EarthdataError> {
        let _flight = match self.look() {
            Look::Fresh(held) => return Ok(held),
            Look::Failing(error) => return Err(error),
            Look::Due(held) => match self.flight.try_lock() {
                Ok(flight) => flight,
                Err(_) => return Ok(held),
            },
            Look::Absent => self.flight.lock().await,
        };
        let old = match self.look() {
            Look::Fresh(held) => return Ok(held),
            Look::Failing(error) => return Err(error),
            Look::Due(held) => Some(held),
            Look::Absent => None,
        };
        self.fly().await.or_else(|error| old.filter(|old| self.is_valid(old)).ok_or(error))
    }

    /// Another value than the refused one of this `number`; none when there is no use in a second
    /// try. `gone`: the refused one is certainly over. Else it stays in use while no new one can
    /// be had, since the refusal may be about something else.
    pub(super) async fn other_than(&self, number: u64, gone: bool) -> Result<Option<Held<F::Value>>, EarthdataError> {
        if let Some(known) = self.replaced(number, gone) {
            return Ok(known);
        }
        let _flight = self.flight.lock().await;
        if let Some(known) = self.replaced(number, gone) {
            return Ok(known);
        }
        let outcome = match self.failing() {
            Some(error) => Err(error),
            None => self.fly().await,
        };
        match outcome {
            Ok(held) => Ok(Some(held)),
            Err(error) if gone => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// What is known without asking about a value that was refused: another one, or that none
    /// will help. A value that is over is forgotten.
    fn replaced(&self, number: u64, gone: bool) -> Option<Option<Held<F::Value>>> {
        let now = self.clock.now();
        let mut state = self.state();
        let held = state.held.as_ref()?;
        if held.number != number {
            return self.is_valid(held).then(|| Some(held.clone()));
        }
        if now.duration_since(held.since).is_ok_and(|age| age < YOUNG) {
            return Some(None);
        }
        if gone {
            state.held = None;
        }
        None
    }

    /// The failure that every asker gets for now, if it is so.
    pub(super) fn outage(&self) -> Option<Trouble> {
        match self.look() {
            Look::Failing(_) => self.renewals().trouble,
            _ => None,
        }
    }

    /// What happened so far.
    pub(super) fn renewals(&self) -> Renewals {
        let state = self.state();
        Renewals {
            fetches: state.fetches,
            failures: state.failures,
            expires_at: state.held.as_ref().and_then(|held| held.expires),
            trouble: state
                .failure
                .as_ref()
                .map(|failure| Trouble { error: failure.error.clone(), until: failure.until }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<F::Value>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) -> Look<F::Value> {
        let failing = self.failing();
        let held = self.state().held.clone().filter(|held| self.is_valid(held));
        let now = self.clock.now();
        match (held, failing) {
            (Some(held), None) if held.renew.is_some_and(|renew| renew <= now) => Look::Due(held),
            (Some(held), _) => Look::Fresh(held),
            (None, Some(error)) => Look::Failing(error),
            (None, None) => Look::Absent,
        }
    }

    fn is_valid(&self, held: &Held<F::Value>) -> bool {
        held.expires.is_none_or(|expires| self.clock.now() < expires)
    }

    /// The failure after which it is too early to ask again.
    fn failing(&self) -> Option<EarthdataError> {
        let now = self.clock.now();
        let state = self.state();
        // A clock that was set back ends the pause: it must not become an endless one.
        let failure = state.failure.as_ref().filter(|failure| failure.at <= now && now < failure.until)?;
        Some(failure.error.clone())
    }

    /// Fetches, and writes down the outcome. Only for who holds the flight.
    async fn fly(&self) -> Result<Held<F::Value>, EarthdataError> {
        self.state().fetches += 1;
        let outcome = self.fetch.fetch().await.and_then(|fetched| {
            let now = self.clock.now();
            match fetched.expires.filter(|expires| *expires < now + SHORTEST_LIFE) {
                Some(_) => Err(EarthdataError::Stale { who: self.fetch.name().to_owned() }),
                None => Ok(fetched),
            }
        });
        match outcome {
            Ok(fetched) => Ok(self.keep(fetched)),
            Err(error) => Err(self.note(error)),
        }
    }

    fn keep(&self, fetched: Fetched<F::Value>) -> Held<F::Value> {
        let since = self.clock.now();
        let renew = fetched.expires.map(|expires| {
            let life = expires.duration_since(since).unwrap_or_default();
            let spare = self.rule.spare + self.rule.spare.mul_f64(random() / 5.0);
            // What lives shorter than expected is used for half its life at least.
            expires - spare.min(life / 2)
        });
        let mut state = self.state();
        state.number += 1;
        state.failure = None;
        let (value, number) = (Arc::new(fetched.value), state.number);
        let held = Held { value, number, expires: fetched.expires, since, renew };
        state.held = Some(held.clone());
        tracing::debug!(from = self.fetch.name(), number, expires = ?held.expires, "new credentials");
        held
    }

    fn note(&self, error: EarthdataError) -> EarthdataError {
        let at = self.clock.now();
        let mut state = self.state();
        state.failures += 1;
        let in_a_row = state.failure.as_ref().map_or(0, |failure| failure.in_a_row).saturating_add(1);
        let doubled = self.rule.pause.saturating_mul(1 << (in_a_row - 1).min(MOST_DOUBLINGS));
        let asked = match error.fault() {
            Fault::Throttled { after } => after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        // Workers that failed together are not to come back together.
        let pause = doubled.min(self.rule.longest_pause).mul_f64(0.5 + random() / 2.0);
        let pause = pause.max(asked.min(self.rule.longest_pause));
        state.failure = Some(Failure { error: error.clone(), at, until: at + pause, in_a_row });
        let in_use = state.held.is_some();
        drop(state);
        tracing::warn!(
            from = self.fetch.name(),
            fault = error.fault().name(),
            ?pause,
            in_use,
            error = chain(&error),
            "no new credentials"
        );
        error
    }
}

#[cfg(test)]
#[path = "renewed/tests.rs"]
mod tests;
