//! Reading the cells of a store back, chunk by chunk: our layout, and the two layouts of the
//! Python zagg (one shared group, or a tree of one small store per shard).

mod discover;
mod hive;

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use zagg_core::{
    column::{Dtype, Values},
    morton::Word,
    order::Order,
};

use crate::{
    array::ZarrArray,
    error::{Result, StoreError},
    objects::Store,
    write::AT_ONCE,
};

/// What a cell's id means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// A NESTED id at this order.
    Healpix(Order),
    /// `row * columns + column` in an array of this shape.
    Rectilinear([u64; 2]),
}

/// The cells of a store that were written.
#[derive(Debug, Clone)]
pub struct Cells {
    store: Store,
    /// What the ids of cells mean.
    pub domain: Domain,
    /// The fields: name and type, in the order of their names.
    pub fields: Vec<(String, Dtype)>,
    /// The shape of a block.
    pub block_shape: Vec<u64>,
    /// Where blocks begin, in cells along each axis, ascending.
    pub blocks: Vec<BlockPlace>,
    /// The folder of the arrays; of those of the first shard, where each has its own.
    pub group: String,
    layout: Arrays,
    /// Things that were left out, one sentence each.
    pub notes: Vec<String>,
}

/// Where one block is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockPlace {
    /// Its first cell along each axis.
    pub origin: Vec<u64>,
    /// The chunk's index in its arrays.
    index: Vec<u64>,
    /// The folder that holds its arrays: one for all blocks, or the shard's own.
    folder: String,
}

/// The arrays of a store, by name: of one group, or of each leaf alike.
#[derive(Debug, Clone)]
struct Arrays {
    morton: Option<ZarrArray>,
    cell_ids: Option<ZarrArray>,
    fields: BTreeMap<String, ZarrArray>,
}

/// The cells of one block, ascending by id. Every column is as long as `ids`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The ids of the cells that were written (see [`Domain`]).
    pub ids: Vec<u64>,
    /// The fields, as in [`Cells::fields`].
    pub columns: Vec<(String, Values)>,
    /// Cells whose stored coordinate is not that of their place, and were left out.
    pub misplaced: u64,
}

impl Cells {
    /// Finds the arrays of a store and lists the blocks that were written. Of a store with
    /// overviews these are the cells themselves: the finest order.
    ///
    /// # Errors
    /// When there is no store, its arrays are not supported, or a request fails.
    pub async fn open(store: &Store) -> Result<Self> {
        discover::open(store).await
    }

    /// The cells of one group, such as an overview, `"8"`.
    ///
    /// # Errors
    /// When there is no such group, it holds no arrays of cells, or a request fails.
    pub async fn open_group(store: &Store, group: &str) -> Result<Self> {
        discover::of_group(store, group).await?.ok_or_else(|| StoreError::Metadata {
            key: format!("{group}/zarr.json"),
            reason: "the group holds no arrays over `cells`, or over `y` and `x`".to_owned(),
        })
    }

    /// The array of a field.
    #[must_use]
    pub fn array(&self, field: &str) -> Option<&ZarrArray> {
        self.layout.fields.get(field)
    }

    /// The same cells with only the fields in `names` (those that there are), and only one of the
    /// coordinates: reading a block then fetches the chunks of these alone.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        let mut cells = self.clone();
        cells.layout.fields.retain(|name, _| names.contains(&name.as_str()));
        cells.fields.retain(|(name, _)| names.contains(&name.as_str()));
        if cells.layout.morton.is_some() {
            cells.layout.cell_ids = None;
        }
        cells
    }

    /// Reads one field of one block of [`Cells::blocks`], whole, in C order: also the cells that were not
    /// written, with the fill value. None when the chunk was never written, or there is no such field.
    ///
    /// # Errors
    /// When a request fails or the chunk cannot be decoded.
    pub async fn values(&self, field: &str, place: &BlockPlace) -> Result<Option<Values>> {
        let Some(array) = self.layout.fields.get(field) else { return Ok(None) };
        let array = array.moved(&place.folder);
        let key = array.chunk_key(&place.index);
        let Some(bytes) = self.store.find(&key).await? else { return Ok(None) };
        let decoded = tokio::task::spawn_blocking(move || array.decode(&bytes));
        decoded.await.map_err(|source| StoreError::Task { what: key, source })?.map(Some)
    }

    /// Reads one block of [`Cells::blocks`]. Chunks that were never written read as fill.
    ///
    /// # Errors
    /// When a request fails or a chunk cannot be decoded.
    pub async fn read(&self, place: &BlockPlace) -> Result<Block> {
        let arrays: Vec<ZarrArray> = self.layout.all().map(|array| array.moved(&place.folder)).collect();
        let gets: Vec<_> = arrays
            .iter()
            .map(|array| {
                let key = array.chunk_key(&place.index);
                async move { self.store.find(&key).await }
            })
            .collect();
        let raw: Vec<_> = stream::iter(gets).buffered(AT_ONCE).try_collect().await?;
        let (domain, layout, shape, origin) =
            (self.domain.clone(), self.layout.clone(), self.block_shape.clone(), place.origin.clone());
        let what = format!("{} {:?}", place.folder, place.index);
        let decoded = tokio::task::spawn_blocking(move || {
            let mut columns = BTreeMap::new();
            for (array, bytes) in arrays.iter().zip(raw) {
                let values = bytes.as_deref().map(|bytes| array.decode(bytes)).transpose()?;
                columns.insert(array.name().to_owned(), values.unwrap_or_else(|| array.fill(array.chunk_len())));
            }
            Ok(assemble(&domain, &layout, &shape, &origin, columns))
        });
        decoded.await.map_err(|source| StoreError::Task { what, source })?
    }
}

impl Arrays {
    fn all(&self) -> impl Iterator<Item = &ZarrArray> {
        self.morton.iter().chain(&self.cell_ids).chain(self.fields.values())
    }
}

fn assemble(
    domain: &Domain,
    layout: &Arrays,
    shape: &[u64],
    origin: &[u64],
    mut columns: BTreeMap<String, Values>,
) -> Block {
    let ids = ids(domain, shape, origin);
    let mut keep = vec![true; ids.len()];
    let mut misplaced = 0;
    if let Domain::Healpix(order) = domain {
        let mut first = true;
        for (array, is_word) in [(&layout.morton, true), (&layout.cell_ids, false)] {
            let Some(Values::Uint64(found)) = array.as_ref().and_then(|a| columns.remove(a.name())) else { continue };
            for ((id, found), keep) in ids.iter().zip(found).zip(&mut keep) {
                let wanted = if is_word { Word::from_nested(*id, *order).map_or(0, Word::bits) } else { *id };
                if *keep && found != wanted {
                    *keep = false;
                    // The first coordinate tells which cells were written: 0 is fill, and no word.
                    misplaced += u64::from(!first || found != 0);
                }
            }
            first = false;
        }
    }
    let columns = columns.into_iter().map(|(name, values)| (name, only(&values, &keep))).collect();
    let mut kept = keep.iter();
    let ids = ids.into_iter().filter(|_| kept.next().copied().unwrap_or(false)).collect();
    Block { ids, columns, misplaced }
}

/// The ids of a block's cells, in C order.
fn ids(domain: &Domain, shape: &[u64], origin: &[u64]) -> Vec<u64> {
    match (domain, shape, origin) {
        (Domain::Healpix(_), [length], [start]) => (*start..start + length).collect(),
        (Domain::Rectilinear([_, width]), [rows, cols], [top, left]) => {
            (*top..top + rows).flat_map(|row| (*left..left + cols).map(move |col| row * width + col)).collect()
        }
        _ => Vec::new(),
    }
}

fn only(values: &Values, keep: &[bool]) -> Values {
    macro_rules! go {
        ($($variant:ident)*) => {
            match values {
                $(Values::$variant(v) => Values::$variant(v.iter().zip(keep).filter(|(_, k)| **k).map(|(x, _)| *x).collect()),)*
            }
        };
    }
    go!(Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Float32 Float64)
}

#[cfg(test)]
mod tests;
