//! Which granules touch which shard of a region.

use std::collections::BTreeSet;

use rayon::prelude::*;
use zagg_core::grid::Grid;

use super::{
    CoverError,
    cap::Cap,
    descent::{Descent, Tree},
    healpix::margin_in_radians,
    shape::Shape,
    shard_cells::ShardCells,
    tile_tree::TileTree,
};
use crate::{
    area::Area,
    catalog::{Catalog, Entry},
};

/// Granules in the order of a catalog, with their footprints.
pub trait Footprints: Sync {
    /// How many granules there are.
    fn count(&self) -> usize;

    /// The footprint of one of them, if it is known.
    fn footprint(&self, index: usize) -> Option<&Area>;
}

impl Footprints for [Entry] {
    fn count(&self) -> usize {
        self.len()
    }

    fn footprint(&self, index: usize) -> Option<&Area> {
        self.get(index).and_then(|entry| entry.footprint.as_ref())
    }
}

impl Footprints for Catalog {
    fn count(&self) -> usize {
        self.entries.len()
    }

    fn footprint(&self, index: usize) -> Option<&Area> {
        self.entries.as_slice().footprint(index)
    }
}

impl Footprints for [Option<Area>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn footprint(&self, index: usize) -> Option<&Area> {
        self.get(index).and_then(Option::as_ref)
    }
}

/// The shards of a region that granules touch, and what was left out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Assigned {
    keys: Vec<u64>,
    /// Where the granules of each shard begin in `granules`; one more than there are keys.
    starts: Vec<usize>,
    granules: Vec<u32>,
    /// Shards of the region, with and without granules.
    pub region_shards: u64,
    /// Granules whose footprint touches no shard of the region, by their place in the catalog.
    pub outside: Vec<u32>,
    /// Granules without a footprint, by their place in the catalog: they are in no shard.
    pub without_footprint: Vec<u32>,
    /// Granules whose footprint makes no area, and why: they are in no shard.
    pub unusable: Vec<(u32, CoverError)>,
}

impl Assigned {
    /// The shards with granules: keys ascending, and places in the catalog ascending.
    pub fn shards(&self) -> impl ExactSizeIterator<Item = (u64, &[u32])> {
        self.keys.iter().enumerate().map(|(i, key)| (*key, &self.granules[self.starts[i]..self.starts[i + 1]]))
    }

    /// The number of (shard, granule) pairs.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.granules.len() as u64
    }

    /// Shards of the region that no granule touches.
    #[must_use]
    pub fn empty_shards(&self) -> u64 {
        self.region_shards - self.keys.len() as u64
    }
}

/// The shards of a region, in a tree.
pub(super) trait Shards: Tree<Node: Send + Sync> + Sync {
    /// How many there are.
    fn count(&self) -> u64;

    /// The nodes that a descent begins from.
    fn roots(&self) -> Vec<Self::Node>;

    /// Appends the ranks, among all shards, of those in a node.
    fn ranks(&self, node: Self::Node, into: &mut Vec<u32>);

    /// The keys of all shards, ascending.
    fn keys(&self) -> Vec<u64>;
}

/// The most shards of a region: a number for each is kept.
const MOST_SHARDS: u64 = 1 << 28;

/// Footprints that are worked on at once.
const BATCH: usize = 512;

/// How much wider footprints of ICESat-2 are to be taken, in metres, so that no point is missed.
///
/// The sides of a published footprint run 6.26 km on either side of the track, the outer beams
/// 3.43 km. But a side has its corners up to 1600 km apart, and is taken as an arc of a great
/// circle, which the track is not: the Earth turns below it. Of 2,089 published footprints of
/// ATL03, 101 have a side of more than 1200 km, and there the outer beam lies up to 1.02 km
/// outside; the others hold their beams to within 25 m. Those tracks are the orbit's through the
/// corners. Real points lie within 2.3 km of such a track over 3600 km; as the square of the
/// length, that is 0.45 km over the longest side.
pub const DEFAULT_MARGIN_M: f64 = 2000.0;

/// For each shard of `grid` that `region` touches, the granules whose footprints touch it.
///
/// Footprints are widened by `margin_m` metres on the authalic sphere: a shard counts as touched
/// when it comes within that distance of a footprint, and beyond a corner of the shard it may
/// count up to about three times as far away. With 0, areas and shards are as they are.
///
/// The outcome does not depend on the number of threads. It takes 8 bytes of memory for each pair
/// while it is made, and 4 afterwards; and 8 bytes for each shard of the region.
///
/// # Errors
/// When the region or the margin is not usable, the region has more than 2^28 shards, there are
/// more granules than fit 32 bits, or the grid's coordinate system is not supported.
pub fn assign<F: Footprints + ?Sized>(
    grid: &Grid,
    region: &Area,
    footprints: &F,
    margin_m: f64,
) -> Result<Assigned, CoverError> {
    if u32::try_from(footprints.count()).is_err() {
        return Err(CoverError::TooManyGranules { count: footprints.count() });
    }
    let margin = margin_in_radians(margin_m)?;
    match grid {
        Grid::Healpix(grid) => assign_to(&ShardCells::new(grid, region, margin)?, footprints, margin),
        Grid::Rectilinear(grid) => assign_to(&TileTree::new(grid, region, margin)?, footprints, margin),
    }
}

/// What became of some footprints in a row.
#[derive(Default)]
struct Batch {
    /// The ranks of the shards that each touches, one after the other.
    ranks: Vec<u32>,
    /// How many there are of each.
    counts: Vec<u32>,
    without_footprint: Vec<u32>,
    unusable: Vec<(u32, CoverError)>,
}

fn assign_to<S: Shards, F: Footprints + ?Sized>(
    shards: &S,
    footprints: &F,
    margin: f64,
) -> Result<Assigned, CoverError> {
    if shards.count() > MOST_SHARDS {
        return Err(CoverError::TooManyShards { limit: MOST_SHARDS });
    }
    let roots: Vec<_> = shards.roots().into_iter().map(|root| (root, shards.cap(root))).collect();
    let total = footprints.count();
    let batches: Vec<Batch> = (0..total.div_ceil(BATCH))
        .into_par_iter()
        .map(|number| {
            let mut descent = Descent::new();
            let mut batch = Batch::default();
            for index in number * BATCH..((number + 1) * BATCH).min(total) {
                let found = batch.ranks.len();
                batch.add(index as u32, footprints.footprint(index), shards, &roots, margin, &mut descent);
                batch.counts.push((batch.ranks.len() - found) as u32);
            }
            batch.ranks.shrink_to_fit();
            batch
        })
        .collect();
    Ok(inverted(batches, shards))
}

impl Batch {
    fn add<S: Shards>(
        &mut self,
        index: u32,
        footprint: Option<&Area>,
        shards: &S,
        roots: &[(S::Node, Cap)],
        margin: f64,
        descent: &mut Descent<S::Node>,
    ) {
        let Some(area) = footprint else {
            self.without_footprint.push(index);
            return;
        };
        let shapes = match Shape::all_of(area, margin) {
            Ok(shapes) => shapes,
            Err(error) => {
                self.unusable.push((index, error));
                return;
            }
        };
        let first = self.ranks.len();
        descent.found.clear();
        for shape in &shapes {
            for (root, cap) in roots {
                descent.run(shards, shape, *root, cap);
            }
        }
        for node in &descent.found {
            shards.ranks(*node, &mut self.ranks);
        }
        if shapes.len() > 1 {
            let mut own = self.ranks.split_off(first);
            own.sort_unstable();
            own.dedup();
            self.ranks.append(&mut own);
        }
    }
}

/// From the shards of each footprint to the footprints of each shard.
fn inverted<S: Shards>(batches: Vec<Batch>, shards: &S) -> Assigned {
    let mut assigned = Assigned { region_shards: shards.count(), ..Assigned::default() };
    let mut next = vec![0_usize; shards.count() as usize];
    for rank in batches.iter().flat_map(|batch| &batch.ranks) {
        next[*rank as usize] += 1;
    }
    let mut pairs = 0;
    for (key, count) in shards.keys().into_iter().zip(&mut next) {
        let start = pairs;
        pairs += *count;
        if *count > 0 {
            assigned.keys.push(key);
            assigned.starts.push(start);
        }
        *count = start;
    }
    assigned.starts.push(pairs);
    assigned.granules = vec![0; pairs];
    let mut index = 0;
    for batch in batches {
        let mut ranks = batch.ranks.iter();
        let left_out = batch.without_footprint.iter().copied().chain(batch.unusable.iter().map(|(i, _)| *i));
        let left_out: BTreeSet<u32> = left_out.collect();
        for count in batch.counts {
            if count == 0 && !left_out.contains(&index) {
                assigned.outside.push(index);
            }
            for rank in ranks.by_ref().take(count as usize) {
                let place = &mut next[*rank as usize];
                assigned.granules[*place] = index;
                *place += 1;
            }
            index += 1;
        }
        assigned.without_footprint.extend(batch.without_footprint);
        assigned.unusable.extend(batch.unusable);
    }
    assigned
}

#[cfg(test)]
mod tests;
