//! What is kept for later within a budget of bytes, the most recently used.

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
        self.lock().touch(key)
    }

    /// The value of `key`; where there is none, `value` is kept and given. Of several callers at
    /// once all get the same.
    pub(super) fn get_or_put(&self, key: &K, value: impl FnOnce() -> V) -> Arc<V> {
        let mut state = self.lock();
        if let Some(known) = state.touch(key) {
            return known;
        }
        let value = Arc::new(value());
        state.insert(key.clone(), Arc::clone(&value), self.budget);
        value
    }

    /// Keeps `value`, dropping the least recently used until it fits. A value larger than the
    /// whole budget is not kept.
    pub(super) fn put(&self, key: K, value: Arc<V>) {
        self.lock().insert(key, value, self.budget);
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

impl<K: Hash + Eq + Clone, V: Weigh> State<K, V> {
    fn touch(&mut self, key: &K) -> Option<Arc<V>> {
        let entry = self.entries.get_mut(key)?;
        self.by_use.remove(&entry.used);
        self.clock += 1;
        entry.used = self.clock;
        self.by_use.insert(entry.used, key.clone());
        Some(Arc::clone(&entry.value))
    }

    fn insert(&mut self, key: K, value: Arc<V>, budget: usize) {
        let bytes = value.weight();
        if bytes > budget {
            return;
        }
        self.remove(&key);
        while self.bytes + bytes > budget {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.remove(&oldest);
        }
        self.clock += 1;
        self.by_use.insert(self.clock, key.clone());
        self.bytes += bytes;
        self.entries.insert(key, Entry { value, bytes, used: self.clock });
    }

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
    fn asking_for_what_is_not_there_makes_it_once() {
        let cache = Cache::new(10);
        let first = cache.get_or_put(&"a", || vec![1; 3]);
        let second = cache.get_or_put(&"a", || vec![2; 3]);
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(cache.bytes(), 3);
    }

    #[test]
    fn replacing_a_value_counts_it_once() {
        let cache = Cache::new(10);
        cache.put("a", Arc::new(vec![0; 6]));
        cache.put("a", Arc::new(vec![0; 7]));
        assert_eq!(cache.bytes(), 7);
    }
}
