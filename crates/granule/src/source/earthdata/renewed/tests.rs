use std::collections::VecDeque;

use futures::future::join_all;
use tokio::sync::Semaphore;

use super::*;
use crate::source::earthdata::clock::HeldClock;

const MINUTE: Duration = Duration::from_secs(60);
const RULE: Rule =
    Rule { spare: Duration::from_secs(600), pause: Duration::from_secs(30), longest_pause: Duration::from_secs(300) };

/// Gives 1, 2, 3, ..., valid for an hour or as the script says.
struct Counter {
    clock: Arc<HeldClock>,
    script: Mutex<VecDeque<Result<Duration, EarthdataError>>>,
    fetched: Mutex<u32>,
    /// Each fetch takes one, if there is a gate.
    gate: Option<Arc<Semaphore>>,
}

#[async_trait]
impl Fetch for Counter {
    type Value = u32;

    async fn fetch(&self) -> Result<Fetched<u32>, EarthdataError> {
        let number = {
            let mut fetched = self.fetched.lock().unwrap();
            *fetched += 1;
            *fetched
        };
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        let life = self.script.lock().unwrap().pop_front().unwrap_or(Ok(60 * MINUTE))?;
        Ok(Fetched { value: number, expires: Some(self.clock.now() + life) })
    }

    fn name(&self) -> &str {
        "the counter"
    }
}

fn down() -> EarthdataError {
    EarthdataError::Server { who: "the counter".into(), answer: "503".into() }
}

fn renewed(script: Vec<Result<Duration, EarthdataError>>) -> (Arc<Renewed<Counter>>, Arc<HeldClock>) {
    build(script, None)
}

fn build(
    script: Vec<Result<Duration, EarthdataError>>,
    gate: Option<Arc<Semaphore>>,
) -> (Arc<Renewed<Counter>>, Arc<HeldClock>) {
    let clock = HeldClock::new();
    let fetch = Counter { clock: Arc::clone(&clock), script: Mutex::new(script.into()), fetched: Mutex::new(0), gate };
    let as_clock: Arc<dyn Clock> = Arc::<HeldClock>::clone(&clock);
    (Arc::new(Renewed::new(fetch, RULE, as_clock)), clock)
}

async fn value(renewed: &Renewed<Counter>) -> Result<u32, EarthdataError> {
    renewed.get().await.map(|held| *held.value)
}

#[tokio::test]
async fn many_askers_cause_one_fetch() {
    let gate = Arc::new(Semaphore::new(0));
    let (renewed, _) = build(vec![], Some(Arc::clone(&gate)));
    let askers = join_all((0..50).map(|_| value(&renewed)));
    let open = async { gate.add_permits(1) };
    let (values, ()) = tokio::join!(askers, open);
    assert!(values.into_iter().all(|value| value.unwrap() == 1));
    assert_eq!(renewed.renewals().fetches, 1);
}

#[tokio::test]
async fn a_value_is_replaced_before_its_end_and_used_by_the_others_meanwhile() {
    let gate = Arc::new(Semaphore::new(1));
    let (renewed, clock) = build(vec![], Some(Arc::clone(&gate)));
    assert_eq!(value(&renewed).await.unwrap(), 1);
    clock.advance(47);
    assert_eq!(value(&renewed).await.unwrap(), 1, "twelve minutes are the earliest");
    clock.advance(3);
    // The first of these fetches and is kept waiting, the second has what is still valid.
    let first = value(&renewed);
    let second = async {
        let old = value(&renewed).await;
        gate.add_permits(1);
        old
    };
    let (first, second) = tokio::join!(biased; first, second);
    assert_eq!((first.unwrap(), second.unwrap()), (2, 1));
    assert_eq!(renewed.renewals().fetches, 2);
}

#[tokio::test]
async fn a_failing_renewal_keeps_what_is_valid_and_is_tried_again_after_a_pause() {
    let (renewed, clock) = renewed(vec![Ok(60 * MINUTE), Err(down()), Err(down())]);
    value(&renewed).await.unwrap();
    clock.advance(51);
    for _ in 0..10 {
        assert_eq!(value(&renewed).await.unwrap(), 1);
    }
    assert_eq!((renewed.renewals().fetches, renewed.renewals().failures), (2, 1));
    assert!(renewed.renewals().trouble.is_some());
    clock.advance(1);
    assert_eq!(value(&renewed).await.unwrap(), 1);
    clock.advance(2);
    assert_eq!(value(&renewed).await.unwrap(), 4);
    assert!(renewed.renewals().trouble.is_none());
}

#[tokio::test]
async fn while_it_is_down_all_askers_get_one_error_of_one_probe() {
    let gate = Arc::new(Semaphore::new(0));
    let (renewed, clock) = build(vec![Err(down()), Err(down())], Some(Arc::clone(&gate)));
    let askers = join_all((0..20).map(|_| value(&renewed)));
    let (errors, ()) = tokio::join!(askers, async { gate.add_permits(100) });
    assert!(errors.into_iter().all(|error| error.unwrap_err().fault() == Fault::Transient));
    assert!(value(&renewed).await.is_err());
    assert_eq!(renewed.renewals().fetches, 1);
    clock.advance(1);
    assert!(value(&renewed).await.is_err() && value(&renewed).await.is_err());
    assert_eq!(renewed.renewals().fetches, 2);
    // The second pause is twice the first.
    clock.advance(1);
    assert_eq!(value(&renewed).await.unwrap(), 3);
}

#[tokio::test]
async fn the_wait_that_was_asked_for_is_kept_up_to_the_longest() {
    let throttled =
        |minutes| Err(EarthdataError::Throttled { who: "the counter".into(), after: Some(minutes * MINUTE) });
    let (renewed, clock) = renewed(vec![throttled(3), throttled(600)]);
    assert!(value(&renewed).await.is_err());
    clock.advance(2);
    assert!(value(&renewed).await.is_err());
    assert_eq!(renewed.renewals().fetches, 1);
    clock.advance(1);
    assert!(value(&renewed).await.is_err());
    clock.advance(5);
    assert_eq!(value(&renewed).await.unwrap(), 3);
}

#[tokio::test]
async fn what_was_over_when_it_came_is_an_error_and_a_short_life_is_no_storm() {
    let (renewed, clock) = renewed(vec![Ok(Duration::ZERO), Ok(4 * MINUTE)]);
    assert!(matches!(renewed.get().await, Err(EarthdataError::Stale { .. })));
    clock.advance(1);
    assert_eq!(value(&renewed).await.unwrap(), 2);
    clock.advance(1);
    assert_eq!(value(&renewed).await.unwrap(), 2);
    clock.advance(1);
    assert_eq!(value(&renewed).await.unwrap(), 3);
}

#[tokio::test]
async fn a_refused_value_is_replaced_once_for_all_who_had_it() {
    let (renewed, clock) = renewed(vec![]);
    let held = renewed.get().await.unwrap();
    assert!(renewed.other_than(held.number, true).await.unwrap().is_none(), "it is too young");
    clock.advance(2);
    let others = join_all((0..20).map(|_| renewed.other_than(held.number, true))).await;
    assert!(others.into_iter().all(|other| *other.unwrap().unwrap().value == 2));
    assert_eq!(renewed.renewals().fetches, 2);
}

#[tokio::test]
async fn a_value_that_may_be_innocent_stays_in_use_while_no_other_can_be_had() {
    let (renewed, clock) = renewed(vec![Ok(60 * MINUTE), Err(down()), Err(down())]);
    let held = renewed.get().await.unwrap();
    clock.advance(2);
    assert!(renewed.other_than(held.number, false).await.unwrap().is_none());
    assert_eq!(value(&renewed).await.unwrap(), 1);
    assert!(renewed.other_than(held.number, true).await.is_err());
    assert!(value(&renewed).await.is_err(), "what is over is not used again");
    assert_eq!(renewed.renewals().fetches, 2);
}

#[tokio::test]
async fn an_asker_who_goes_away_leaves_the_fetch_to_the_next() {
    let gate = Arc::new(Semaphore::new(0));
    let (renewed, _) = build(vec![], Some(Arc::clone(&gate)));
    {
        let mut asker = Box::pin(value(&renewed));
        assert!(futures::poll!(asker.as_mut()).is_pending());
    }
    gate.add_permits(1);
    assert_eq!(value(&renewed).await.unwrap(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_the_pause_endless() {
    let (renewed, clock) = renewed(vec![Err(down())]);
    assert!(value(&renewed).await.is_err());
    clock.set_back(60);
    assert_eq!(value(&renewed).await.unwrap(), 2);
}
