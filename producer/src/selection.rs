//! Which shards of a shard map a run takes.

use zagg_core::{
    grid::{Grid, Shard},
    shard_map::ShardMap,
};

use crate::error::ProducerError;

/// Which shards a run takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// The first so many, in the shard map's order.
    First(usize),
    /// The ones with these labels.
    Labels(Vec<String>),
}

/// A shard of the shard map and its place there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenShard {
    /// The shard.
    pub shard: Shard,
    /// Its index in the shard map.
    pub entry: usize,
    /// How many granules it has.
    pub granules: usize,
}

/// The chosen shards, largest first: by the bit length of their granule count, and among equals by
/// key, so that neighbours follow each other and find each other's HDF5 chunks still decoded.
///
/// # Errors
/// When a key is not a shard of `grid`, or a label is not in the shard map.
pub fn choose(map: &ShardMap, grid: &Grid, selection: &Selection) -> Result<Vec<ChosenShard>, ProducerError> {
    let mut all = Vec::with_capacity(map.shards().len());
    for (entry, shard) in map.shards().iter().enumerate() {
        let granules = shard.granules.len();
        let shard = grid.shard(shard.key).map_err(|source| ProducerError::Shard { key: shard.key, source })?;
        all.push(ChosenShard { shard, entry, granules });
    }
    match selection {
        Selection::All => {}
        Selection::First(n) => all.truncate(*n),
        Selection::Labels(labels) => {
            let mut wanted = Vec::with_capacity(labels.len());
            for label in labels {
                let shard = grid
                    .shard_by_label(label)
                    .map_err(|source| ProducerError::Label { label: label.clone(), source })?;
                wanted.push(shard.key);
                if !all.iter().any(|chosen| chosen.shard.key == shard.key) {
                    return Err(ProducerError::NotInShardMap { label: label.clone(), shards: all.len() });
                }
            }
            all.retain(|chosen| wanted.contains(&chosen.shard.key));
        }
    }
    all.sort_by_key(|chosen| (std::cmp::Reverse(chosen.granules.checked_ilog2()), chosen.shard.key));
    Ok(all)
}
