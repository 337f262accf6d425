//! Which receipts are still good, as far as this process knows.
//!
//! `SQS` may take an old receipt for a message that was handed out anew. So a verdict is told only
//! while the lease runs by our own clock, and a receipt that was used up is never used again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::queue::{Delivery, Receipt};

/// So many receipts are kept at least before the old ones are looked for.
const ENOUGH: usize = 1024;

/// What became of deliveries since they were made.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    holds: HashMap<Receipt, Hold>,
    /// How many there may be before the old ones are looked for.
    roof: usize,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    /// When the lease ends.
    end: Instant,
    /// When this need not be known any more: then the delivery's own end is over too.
    forget: Instant,
    /// Whether a verdict was told.
    settled: bool,
    /// Whether the job lies in the graveyard already, and is only to be deleted here.
    entombed: bool,
}

impl Holds {
    /// Whether the lease runs and no verdict was told.
    pub(super) fn is_good(&self, delivery: &Delivery) -> bool {
        let hold = self.kept().hold(delivery);
        !hold.settled && Instant::now() < hold.end
    }

    /// When the lease ends.
    pub(super) fn end(&self, delivery: &Delivery) -> Instant {
        self.kept().hold(delivery).end
    }

    /// Whether the job lies in the graveyard already.
    pub(super) fn is_entombed(&self, delivery: &Delivery) -> bool {
        self.kept().hold(delivery).entombed
    }

    /// The lease ends then.
    pub(super) fn extended(&self, delivery: &Delivery, end: Instant) {
        self.change(delivery, |hold| {
            hold.end = end;
            hold.forget = hold.forget.max(end);
        });
    }

    /// A verdict is told: no other is, unless this one fails.
    pub(super) fn settled(&self, delivery: &Delivery, settled: bool) {
        self.change(delivery, |hold| hold.settled = settled);
    }

    /// The job lies in the graveyard.
    pub(super) fn entombed(&self, delivery: &Delivery) {
        self.change(delivery, |hold| hold.entombed = true);
    }

    fn change(&self, delivery: &Delivery, change: impl FnOnce(&mut Hold)) {
        let mut kept = self.kept();
        let mut hold = kept.hold(delivery);
        change(&mut hold);
        kept.holds.insert(delivery.receipt.clone(), hold);
        if kept.holds.len() > kept.roof.max(ENOUGH) {
            let now = Instant::now();
            kept.holds.retain(|_, hold| hold.forget > now);
            kept.roof = kept.holds.len() * 2;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Every change above is complete before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn hold(&self, delivery: &Delivery) -> Hold {
        let (end, forget) = (delivery.expires, delivery.expires);
        let fresh = Hold { end, forget, settled: false, entombed: false };
        self.holds.get(&delivery.receipt).copied().unwrap_or(fresh)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::tests::job;

    fn delivery(n: u32, term: Duration) -> Delivery {
        Delivery { job: job(n), attempt: 1, receipt: Receipt::new(n.to_string()), expires: Instant::now() + term }
    }

    #[test]
    fn a_receipt_is_good_until_its_lease_ends_or_a_verdict_is_told() {
        let holds = Holds::default();
        let (long, over) = (delivery(1, Duration::from_secs(60)), delivery(2, Duration::ZERO));
        assert!(holds.is_good(&long) && !holds.is_good(&over));
        holds.extended(&over, long.expires);
        assert!(holds.is_good(&over));
        holds.settled(&over, true);
        assert!(!holds.is_good(&over));
        holds.settled(&over, false);
        assert!(holds.is_good(&over), "the verdict failed");
        holds.extended(&long, Instant::now());
        assert!(!holds.is_good(&long), "shortened");
    }

    #[test]
    fn what_is_over_is_forgotten_without_becoming_good_again() {
        let holds = Holds::default();
        let mine = delivery(0, Duration::from_secs(60));
        holds.settled(&mine, true);
        for n in 1..5000 {
            holds.settled(&delivery(n, Duration::ZERO), true);
        }
        assert!(holds.kept().holds.len() <= ENOUGH + 2);
        assert!(!holds.is_good(&mine), "a receipt that would be good again is kept");
    }
}
