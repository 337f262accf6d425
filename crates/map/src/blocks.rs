//! Blocks in memory: those that were asked for last, within a bound of bytes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use zagg_core::column::Values;

use crate::places::BlockKey;

/// Which values: those of one field of one block, made coarser so many times.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlockName {
    /// The group of the store that holds the field.
    pub group: Arc<str>,
    /// The field.
    pub field: Arc<str>,
    /// How many steps coarser than the group's cells.
    pub level: u8,
    /// The block.
    pub key: BlockKey,
    /// How many times the block was written anew since it was first seen.
    pub edition: u32,
}

/// A cache of values. When it is full, what was not asked for the longest goes.
#[derive(Debug)]
pub struct BlockCache {
    most_bytes: usize,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    blocks: LruCache<BlockName, Arc<Values>>,
    bytes: usize,
}

/// What an entry costs besides its values.
const OVERHEAD: usize = 160;

impl BlockCache {
    /// An empty cache for this many bytes.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, held: Mutex::new(Held { blocks: LruCache::unbounded(), bytes: 0 }) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The values, if they are held.
    #[must_use]
    pub fn get(&self, name: &BlockName) -> Option<Arc<Values>> {
        self.held().blocks.get(name).cloned()
    }

    /// Takes values in.
    pub fn put(&self, name: BlockName, values: Arc<Values>) {
        let size = |values: &Values| OVERHEAD + values.len() * values.dtype().size();
        let mut held = self.held();
        held.bytes += size(&values);
        if let Some((_, replaced)) = held.blocks.push(name, values) {
            held.bytes -= size(&replaced);
        }
        while held.bytes > self.most_bytes {
            let Some((_, oldest)) = held.blocks.pop_lru() else { break };
            held.bytes -= size(&oldest);
        }
    }

    /// How many bytes are held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.held().bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(key: u64) -> BlockName {
        BlockName { group: "12".into(), field: "h".into(), level: 0, key: BlockKey(key, 0), edition: 0 }
    }

    #[test]
    fn a_full_cache_lets_go_of_what_was_not_asked_for_the_longest() {
        let one = 800 + OVERHEAD;
        let cache = BlockCache::new(3 * one);
        let values = Arc::new(Values::Float64(vec![0.0; 100]));
        for key in 0..3 {
            cache.put(name(key), Arc::clone(&values));
        }
        assert!(cache.get(&name(0)).is_some());
        cache.put(name(3), Arc::clone(&values));
        let held = [0, 1, 2, 3].map(|key| cache.get(&name(key)).is_some());
        assert_eq!((held, cache.bytes()), ([true, false, true, true], 3 * one));
        cache.put(name(3), Arc::new(Values::Int8(vec![0; 10])));
        assert_eq!(cache.bytes(), 2 * one + 10 + OVERHEAD);
        cache.put(name(9), Arc::new(Values::Float64(vec![0.0; 1000])));
        assert_eq!(cache.bytes(), 0, "what is larger than the cache is not held");
    }
}
