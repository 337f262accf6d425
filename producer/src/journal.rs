//! The journal: which jobs of a run the queue has taken. Written while they are sent, so that a
//! producer that died can go on where it was, also on brokers that cannot tell what they hold.

use serde::{Deserialize, Serialize};
use zagg_core::run::journal_key;
use zagg_store::{Store, StoreError};

use crate::error::ProducerError;

/// The schema name that every journal carries.
const JOURNAL_SCHEMA: &str = "zagg-enqueued/1";

/// Which of a plan's shards the queue has taken, by their places in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    schema: String,
    /// The queue's address, without credentials: a journal is of one queue.
    queue: String,
    /// Ranges of places, from (inclusive) to (exclusive), in order and apart.
    taken: Vec<(usize, usize)>,
}

impl Journal {
    /// An empty journal of this queue.
    #[must_use]
    pub fn new(queue: &str) -> Self {
        Self { schema: JOURNAL_SCHEMA.to_owned(), queue: queue.to_owned(), taken: Vec::new() }
    }

    /// The run's journal of this queue; an empty one when there is none, or one of another queue.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(store: &Store, run: &str, queue: &str) -> Result<Self, ProducerError> {
        let Some(bytes) = store.find(&journal_key(run)).await? else { return Ok(Self::new(queue)) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(journal) if journal.schema == JOURNAL_SCHEMA && journal.queue == queue => Ok(journal),
            // Enqueueing a job once more is harmless; leaving one out is not.
            _ => Ok(Self::new(queue)),
        }
    }

    /// Whether the queue has taken the shard at this place.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        let after = self.taken.partition_point(|&(from, _)| from <= place);
        after.checked_sub(1).and_then(|at| self.taken.get(at)).is_some_and(|&(_, to)| place < to)
    }

    /// How many shards the queue has taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.iter().map(|(from, to)| to - from).sum()
    }

    /// Whether the queue has taken none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Enters a shard.
    pub fn enter(&mut self, place: usize) {
        if self.has(place) {
            return;
        }
        let at = self.taken.partition_point(|&(from, _)| from <= place);
        let joins_left = at.checked_sub(1).filter(|&left| self.taken[left].1 == place);
        let joins_right = self.taken.get(at).is_some_and(|&(from, _)| from == place + 1);
        match (joins_left, joins_right) {
            (Some(left), true) => {
                self.taken[left].1 = self.taken[at].1;
                self.taken.remove(at);
            }
            (Some(left), false) => self.taken[left].1 = place + 1,
            (None, true) => self.taken[at].0 = place,
            (None, false) => self.taken.insert(at, (place, place + 1)),
        }
    }

    /// Writes the journal beside the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write(&self, store: &Store, run: &str) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        store.put(&journal_key(run), bytes.into()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_join_to_ranges_in_whatever_order_they_come() {
        let mut journal = Journal::new("memory:");
        for place in [5, 3, 4, 9, 0, 8, 4, 7, 1] {
            journal.enter(place);
        }
        assert_eq!(journal.taken, [(0, 2), (3, 6), (7, 10)]);
        assert_eq!(journal.len(), 8);
        assert!(journal.has(0) && journal.has(9) && !journal.has(2) && !journal.has(6) && !journal.has(10));
    }
}
