//! One field of a store in memory, to be asked by position or by cell.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rayon::prelude::*;
use zagg_core::column::Values;
use zagg_store::{
    Store,
    array::ZarrArray,
    read::{BlockPlace, Cells},
};

use crate::{
    about::{About, Together},
    error::{MapError, Result},
    places::{BlockKey, Places},
};

/// Chunks that are fetched at once.
const AT_ONCE: usize = 32;

/// One field of a store: the values of every block that was written.
#[derive(Debug, Clone)]
pub struct FieldCells {
    /// The field's name.
    pub name: String,
    /// Where the cells lie.
    pub places: Places,
    /// The shape of a block.
    pub block_shape: Vec<u64>,
    blocks: BTreeMap<BlockKey, FieldBlock>,
    missing: Missing,
    /// Its attributes: `long_name`, `units`, ...
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone)]
struct FieldBlock {
    place: BlockPlace,
    values: Arc<Values>,
}

/// Which values stand for none.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Missing {
    /// Numbers that are not finite.
    NotFinite,
    /// The fill value.
    Fill(f64),
}

/// A field of a store, with what is to be known to read its blocks.
#[derive(Debug, Clone)]
pub struct FieldSource {
    /// The store.
    pub store: Store,
    /// The cells of the store.
    pub cells: Cells,
    /// What the store says about itself.
    pub about: About,
    /// Where the cells lie.
    pub places: Places,
}

impl FieldSource {
    /// Finds the cells of a store.
    ///
    /// # Errors
    /// When there is no store, it does not say where its cells lie, or a request fails.
    pub async fn open(store: &Store) -> Result<Self> {
        let (cells, about) = (Cells::open(store).await?, About::read(store).await?);
        Self::of(store, cells, about)
    }

    /// As [`FieldSource::open`], of one group, such as an overview.
    ///
    /// # Errors
    /// As [`FieldSource::open`].
    pub async fn open_group(store: &Store, group: &str) -> Result<Self> {
        let (cells, about) = (Cells::open_group(store, group).await?, About::read(store).await?);
        Self::of(store, cells, about)
    }

    fn of(store: &Store, cells: Cells, about: About) -> Result<Self> {
        let places = Places::of(store, &cells, &about)?;
        Ok(Self { store: store.clone(), cells, about, places })
    }

    /// The array of a field.
    ///
    /// # Errors
    /// When there is none, naming those that there are.
    pub fn array(&self, field: &str) -> Result<&ZarrArray> {
        self.cells.array(field).ok_or_else(|| MapError::NoField {
            location: self.store.location().to_string(),
            field: field.to_owned(),
            known: self.cells.fields.iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Reads a field of the chosen blocks. Only chunks that were written are asked for, and of them only
    /// the field's own.
    ///
    /// # Errors
    /// When there is no such field, a request fails, or a chunk cannot be decoded.
    pub async fn read(&self, field: &str, wanted: impl Fn(&BlockPlace) -> bool) -> Result<FieldCells> {
        self.array(field)?;
        let reads = self.cells.blocks.iter().filter(|place| wanted(place)).map(|place| async move {
            let values = self.cells.values(field, place).await?;
            Ok::<_, MapError>(values.map(|values| (place.clone(), Arc::new(values))))
        });
        let reads: Vec<_> = reads.collect();
        let blocks: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        self.assemble(field, 0, blocks.into_iter().flatten())
    }

    /// Puts blocks of a field together that were read, and made coarser by `level` ([`FieldCells::coarser`]),
    /// before.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn assemble(
        &self,
        field: &str,
        level: u8,
        blocks: impl IntoIterator<Item = (BlockPlace, Arc<Values>)>,
    ) -> Result<FieldCells> {
        let array = self.array(field)?;
        let missing = match array.fill(1) {
            values if level > 0 || values.dtype().is_float() => Missing::NotFinite,
            values => Missing::Fill(values.float_at(0)),
        };
        let block_shape = self.places.coarser_length(&self.cells.block_shape, level);
        let block = |(mut place, values): (BlockPlace, Arc<Values>)| {
            place.origin = self.places.coarser_length(&place.origin, level);
            (BlockKey::of(&place, &block_shape), FieldBlock { place, values })
        };
        Ok(FieldCells {
            name: field.to_owned(),
            places: self.places.coarser(level),
            blocks: blocks.into_iter().map(block).collect(),
            block_shape,
            missing,
            attributes: array.attributes.clone(),
        })
    }

    /// The most steps by which cells can be made coarser within their blocks.
    #[must_use]
    pub fn most_levels(&self) -> u8 {
        self.places.most_levels(&self.cells.block_shape)
    }
}

/// What the cells of a coarser one make together.
#[derive(Debug, Clone, Copy, Default)]
struct Joined {
    count: u32,
    value: f64,
}

impl Joined {
    fn take(&mut self, value: f64, together: Together) {
        self.value = match (self.count, together) {
            (0, _) => value,
            (_, Together::Mean) => self.value + value,
            (_, Together::Least) => self.value.min(value),
            (_, Together::Greatest) => self.value.max(value),
        };
        self.count += 1;
    }

    fn value(self, together: Together) -> f64 {
        match (self.count, together) {
            (0, _) => f64::NAN,
            (count, Together::Mean) => self.value / f64::from(count),
            _ => self.value,
        }
    }
}

impl FieldCells {
    /// The value at a position (geodetic degrees); none where no value was written.
    #[inline]
    #[must_use]
    pub fn value_at(&self, lon_deg: f64, lat_deg: f64) -> Option<f64> {
        self.value_of(self.places.cell_at(lon_deg, lat_deg)?)
    }

    /// The value of a cell; none where no value was written.
    #[inline]
    #[must_use]
    pub fn value_of(&self, id: u64) -> Option<f64> {
        let (key, rank) = self.places.within(id, &self.block_shape)?;
        self.present(self.blocks.get(&key)?.values.float_at(rank))
    }

    /// Whether a block was read.
    #[must_use]
    pub fn holds(&self, key: BlockKey) -> bool {
        self.blocks.contains_key(&key)
    }

    /// The blocks that were read, ascending.
    pub fn places_of_blocks(&self) -> impl ExactSizeIterator<Item = &BlockPlace> {
        self.blocks.values().map(|block| &block.place)
    }

    /// For each block, ascending: what `of` makes of it, on all cores.
    pub fn map_blocks<T: Send>(
        &self,
        of: impl Fn(&BlockPlace, &mut dyn Iterator<Item = (u64, f64)>) -> T + Sync,
    ) -> Vec<T> {
        let blocks: Vec<&FieldBlock> = self.blocks.values().collect();
        blocks.into_par_iter().map(|block| of(&block.place, &mut self.cells_of(block))).collect()
    }

    /// Every cell with a value: its id and the value. Blocks ascend, and cells within a block.
    pub fn iter(&self) -> impl Iterator<Item = (u64, f64)> {
        self.blocks.values().flat_map(|block| self.cells_of(block))
    }

    fn cells_of<'a>(&'a self, block: &'a FieldBlock) -> impl Iterator<Item = (u64, f64)> + 'a {
        (0..block.values.len()).filter_map(|rank| {
            let value = self.present(block.values.float_at(rank))?;
            Some((self.id_of(&block.place, rank), value))
        })
    }

    fn id_of(&self, place: &BlockPlace, rank: usize) -> u64 {
        let rank = rank as u64;
        match (&self.places, place.origin.as_slice(), self.block_shape.as_slice()) {
            (Places::Rectilinear(grid), [top, left], [_, columns]) => {
                (top + rank / columns) * grid.0.shape[1] + left + rank % columns
            }
            (_, [first, ..], _) => first + rank,
            _ => rank,
        }
    }

    #[inline]
    fn present(&self, value: f64) -> Option<f64> {
        let is_missing = match self.missing {
            Missing::NotFinite => !value.is_finite(),
            Missing::Fill(fill) => value == fill,
        };
        (!is_missing).then_some(value)
    }

    /// The same cells with what `of` makes of each id and value; NaN is no value.
    #[must_use]
    pub fn with_values(&self, of: impl Fn(u64, f64) -> f64 + Sync) -> Self {
        let made = |block: &FieldBlock| {
            let mut values = vec![f64::NAN; block.values.len()];
            for (rank, made) in values.iter_mut().enumerate() {
                if let Some(value) = self.present(block.values.float_at(rank)) {
                    *made = of(self.id_of(&block.place, rank), value);
                }
            }
            FieldBlock { place: block.place.clone(), values: Arc::new(Values::Float64(values)) }
        };
        let blocks: Vec<(&BlockKey, &FieldBlock)> = self.blocks.iter().collect();
        let blocks: Vec<_> = blocks.into_par_iter().map(|(key, block)| (*key, made(block))).collect();
        Self {
            name: self.name.clone(),
            places: self.places.clone(),
            block_shape: self.block_shape.clone(),
            blocks: blocks.into_iter().collect(),
            missing: Missing::NotFinite,
            attributes: self.attributes.clone(),
        }
    }

    /// The cells of each block made coarser by `level` steps, each of which joins 2 by 2 of them: what all the cells in
    /// one that have a value make together. In the order of the block's cells. `level` is at most that of
    /// [`FieldSource::most_levels`].
    pub fn coarser(&self, level: u8, together: Together) -> impl Iterator<Item = (&BlockPlace, Values)> {
        let length = self.places.coarser_length(&self.block_shape, level).iter().product::<u64>() as usize;
        self.blocks.values().map(move |block| {
            let mut joined = vec![Joined::default(); length];
            for rank in 0..block.values.len() {
                if let Some(value) = self.present(block.values.float_at(rank))
                    && let Some(cell) = joined.get_mut(self.places.coarser_rank(rank as u64, &self.block_shape, level))
                {
                    cell.take(value, together);
                }
            }
            (&block.place, Values::Float64(joined.into_iter().map(|cell| cell.value(together)).collect()))
        })
    }

    /// The values in ascending order.
    #[must_use]
    pub fn sorted_values(&self) -> Vec<f64> {
        let mut values: Vec<f64> =
            self.map_blocks(|_, cells| cells.map(|(_, value)| value).collect::<Vec<_>>()).concat();
        values.par_sort_unstable_by(f64::total_cmp);
        values
    }
}
