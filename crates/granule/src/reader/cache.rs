//! Decoded HDF5 chunks that neighbouring shards share, within a budget of bytes.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A value's share of the budget.
pub(super) trait Weigh {
    /// Bytes held.
    fn weight(&self) -> usize;
}

/// The most recently used values, as many as fit the budget.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    budget: usize,
    state: Mutex<State<K, V>>,
}

#[derive(Debug)]
struct State<K, V> {
    entries: HashMap<K, Entry<V>>,
    by_use: BTreeMap<u64, K>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    bytes: usize,
    used: u64,
}

impl<K: Hash + Eq + Clone, V: Weigh> Cache<K, V> {
    /// An empty cache; a budget of zero keeps nothing.
    pub(super) fn new(budget: usize) -> Self {
        let state = State { entries: HashMap::new(), by_use: BTreeMap::new(), clock: 0, bytes: 0 };
        Self { budget, state: Mutex::new(state) }
    }

    /// The value of `key`, which thereby is the most recently used.
    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut state = self.lock();
        let state = &mut *state;
        let entry = state.entries.get_mut(key)?;
        state.by_use.remove(&entry.used);
        state.clock += 1;
        entry.used = state.clock;
        state.by_use.insert(entry.used, key.clone());
        Some(Arc::clone(&entry.value))
    }

    /// Keeps `value`, dropping the least recently used until it fits. A value larger than the
    /// whole budget is not kept.
    pub(super) fn put(&self, key: K, value: Arc<V>) {
        let bytes = value.weight();
        if bytes > self.budget {
            return;
        }
        let mut state = self.lock();
        let state = &mut *state;
        state.remove(&key);
        while state.bytes + bytes > self.budget {
            let Some((_, oldest)) = state.by_use.pop_first() else { break };
            state.remove(&oldest);
        }
        state.clock += 1;
        state.by_use.insert(state.clock, key.clone());
        state.bytes += bytes;
        state.entries.insert(key, Entry { value, bytes, used: state.clock });
    }

    /// Bytes held.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        // Every update leaves the state whole, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V> State<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for Vec<u8> {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let cache = Cache::new(10);
        cache.put("a", Arc::new(vec![0; 4]));
        cache.put("b", Arc::new(vec![0; 4]));
        assert!(cache.get(&"a").is_some());
        cache.put("c", Arc::new(vec![0; 4]));
        assert!(cache.get(&"b").is_none(), "b was used longest ago");
        assert!(cache.get(&"a").is_some() && cache.get(&"c").is_some());
        assert_eq!(cache.bytes(), 8);
    }

    #[test]
    fn a_value_larger_than_the_budget_is_not_kept_and_pushes_nothing_out() {
        let cache = Cache::new(10);
        cache.put("a", Arc::new(vec![0; 10]));
        cache.put("b", Arc::new(vec![0; 11]));
        assert!(cache.get(&"a").is_some() && cache.get(&"b").is_none());
    }

    #[test]
    fn replacing_a_value_counts_it_once() {
        let cache = Cache::new(10);
        cache.put("a", Arc::new(vec![0; 6]));
        cache.put("a", Arc::new(vec![0; 7]));
        assert_eq!(cache.bytes(), 7);
    }
}
