//! A shard's columns to the objects that hold them. Pure computing: for the CPU pool.

use std::borrow::Cow;

use bytes::Bytes;
use zagg_core::{
    column::{ShardColumns, Values},
    digest::Digest,
    grid::{Position, Shard},
    morton::Word,
    order::Order,
};

use crate::{
    error::{Result, StoreError},
    geometry::Slot,
    layout::{ArrayLayout, Layout, Role},
    values::le_bytes,
};

/// An object to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key in the store.
    pub key: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// Digest of the bytes.
    pub sha256: Digest,
}

/// The objects of one shard: fields first, then coordinates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedShard {
    /// The shard's label.
    pub shard: String,
    /// Its objects, in the order in which they are written.
    pub objects: Vec<Object>,
    /// How many of them hold fields; the others hold coordinates.
    pub fields: usize,
}

impl EncodedShard {
    /// Bytes of all objects.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.bytes.len() as u64).sum()
    }
}

/// Encodes every chunk of `shard`, all-fill ones included: a later run with fewer points then
/// leaves nothing of an earlier one. The same columns give the same bytes on every machine.
///
/// # Errors
/// When the columns are not those of the layout (a defect of the caller), the shard is not of the
/// grid, or a codec fails.
pub fn encode_shard(layout: &Layout, shard: &Shard, columns: &ShardColumns) -> Result<EncodedShard> {
    check(layout, shard, columns)?;
    encode(layout, shard, |array, position| match array.role {
        Role::Field(index) => columns.fields.get(index).map(|(_, values)| Cow::Borrowed(values)),
        Role::CellIds(_) => Some(Cow::Owned(Values::Uint64(nested_ids(layout, position)))),
        Role::Morton(order) => Some(Cow::Owned(words(layout, position, order))),
        Role::Fixed(_) | Role::Bare => None,
    })
}

/// Encodes every chunk of `shard` as if it had never been written: all fill, coordinates too.
///
/// # Errors
/// When the shard is not of the grid, or a codec fails.
pub fn encode_fill(layout: &Layout, shard: &Shard) -> Result<EncodedShard> {
    let cells = layout.geometry.cells_per_shard();
    encode(layout, shard, |array, _| Some(Cow::Owned(array.array.fill(cells))))
}

fn encode<'a>(
    layout: &Layout,
    shard: &Shard,
    column: impl Fn(&ArrayLayout, Position) -> Option<Cow<'a, Values>>,
) -> Result<EncodedShard> {
    let slots = layout.geometry.slots(shard)?;
    let (mut objects, mut fields) = (Vec::new(), 0);
    for array in layout.written() {
        let Some(held) = column(array, shard.position) else { continue };
        for slot in &slots {
            objects.push(object(shard, array, &held, slot)?);
        }
        if matches!(array.role, Role::Field(_)) {
            fields = objects.len();
        }
    }
    Ok(EncodedShard { shard: shard.label.clone(), objects, fields })
}

fn object(shard: &Shard, array: &ArrayLayout, values: &Values, slot: &Slot) -> Result<Object> {
    let raw = le_bytes(values, &slot.runs).ok_or_else(|| StoreError::Columns {
        shard: shard.label.clone(),
        reason: format!("`{}` is too short", array.array.name()),
    })?;
    let bytes = array.array.encode(raw)?;
    Ok(Object { key: array.array.chunk_key(&slot.index), sha256: Digest::of(&bytes), bytes: bytes.into() })
}

fn check(layout: &Layout, shard: &Shard, columns: &ShardColumns) -> Result<()> {
    let refuse = |reason: String| StoreError::Columns { shard: shard.label.clone(), reason };
    let cells = layout.geometry.cells_per_shard();
    let fields: Vec<&ArrayLayout> = layout.arrays.iter().filter(|a| matches!(a.role, Role::Field(_))).collect();
    if fields.len() != columns.fields.len() {
        return Err(refuse(format!("{} columns for {} fields", columns.fields.len(), fields.len())));
    }
    for (array, (name, values)) in fields.iter().zip(&columns.fields) {
        if array.array.name() != name {
            return Err(refuse(format!("`{name}` where `{}` is expected", array.array.name())));
        }
        if values.dtype() != array.array.dtype {
            return Err(refuse(format!("`{name}` is {} and not {}", values.dtype(), array.array.dtype)));
        }
        if values.len() != cells {
            return Err(refuse(format!("`{name}` has {} values for {cells} cells", values.len())));
        }
    }
    Ok(())
}

/// The NESTED ids of a shard's cells, ascending (spec `morton.md` §4: rank order is NESTED order).
fn nested_ids(layout: &Layout, position: Position) -> Vec<u64> {
    let cells = layout.geometry.cells_per_shard() as u64;
    match position {
        Position::Nested(nested) => (nested * cells..(nested + 1) * cells).collect(),
        Position::Tile { .. } => Vec::new(),
    }
}

fn words(layout: &Layout, position: Position, order: Order) -> Values {
    let ids = nested_ids(layout, position).into_iter();
    Values::Uint64(ids.map(|id| Word::from_nested(id, order).map_or(0, Word::bits)).collect())
}

#[cfg(test)]
mod tests;
