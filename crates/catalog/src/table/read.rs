//! Reading the table, and the Python zagg's own Parquet form.

use std::{
    collections::VecDeque,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, UInt64Array, cast::AsArray};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};
use zagg_core::shard_map::{Pair, ShardMap, ShardMapBuilder, ShardMapError};

use super::{EmptyShard, FORM, Form, HEADER, TABLE, TableError};
use crate::geoparquet::{Texts, Unexpected, guard};

/// Pairs that are decoded at a time.
const PAIRS: usize = 8192;
/// Shards that are decoded at a time in the Python zagg's form, where one may be megabytes.
const SHARDS: usize = 8;

/// Reads a shard map from a Parquet file: the table that [`write`](super::write) makes, or the
/// Python zagg's form with a JSON text per shard.
///
/// # Errors
/// When the file is no such table, is damaged, or contradicts itself.
pub fn read(path: &Path) -> Result<ShardMap, TableError> {
    // The decoder answers almost all damage with an error; what is left must not end the program.
    catch_unwind(AssertUnwindSafe(|| read_whole(path)))
        .unwrap_or_else(|_| Err(TableError::Undecodable { path: path.into() }))
}

fn read_whole(path: &Path) -> Result<ShardMap, TableError> {
    let builder = open(path)?;
    let note = |key: &str| {
        let notes = builder.metadata().file_metadata().key_value_metadata();
        notes.into_iter().flatten().find(|note| note.key == key).and_then(|note| note.value.clone())
    };
    let header = note(HEADER).ok_or(TableError::NotAShardMap { path: path.into(), lacks: "its metadata" })?;
    let unusable = |source| TableError::Map { path: path.into(), source };
    let map = ShardMapBuilder::from_header(&header).map_err(unusable)?;
    let map = match note(TABLE) {
        Some(form) => pairs(builder, map, checked_form(&form, path)?, path)?,
        None => lists(builder, map, path)?,
    };
    map.finish().map_err(unusable)
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, TableError> {
    let unopened = |source| TableError::Open { path: path.into(), source };
    let broken = |source| TableError::Parquet { path: path.into(), source };
    let file = File::open(path).map_err(unopened)?;
    let file_bytes = file.metadata().map_err(unopened)?.len();
    // Without Arrow's hints a text is a text, however its writer held it in memory.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(broken)?;
    guard::check(builder.metadata(), file_bytes).map_err(broken)?;
    Ok(builder)
}

fn checked_form(text: &str, path: &Path) -> Result<Form, TableError> {
    let wrong = |source| TableError::Note { path: path.into(), key: TABLE, source };
    let version: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
    match version.get("version").and_then(serde_json::Value::as_u64) {
        Some(FORM) | None => serde_json::from_value(version).map_err(wrong),
        Some(found) => Err(TableError::Form { path: path.into(), found, known: FORM }),
    }
}

/// The batches of a file, with the row that each starts at.
fn batches(
    builder: ParquetRecordBatchReaderBuilder<File>,
    rows: usize,
    columns: &[&str],
    path: &Path,
) -> Result<impl Iterator<Item = Result<(u64, RecordBatch), TableError>>, TableError> {
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder.with_projection(mask).with_batch_size(rows).build();
    let reader = reader.map_err(|source| TableError::Parquet { path: path.into(), source })?;
    let mut first = 0;
    let path = path.to_owned();
    Ok(reader.map(move |batch| {
        let batch = batch.map_err(|source| TableError::Damaged { path: path.clone(), rows: first, source })?;
        first += batch.num_rows() as u64;
        Ok((first - batch.num_rows() as u64, batch))
    }))
}

/// Adds the shards of a table of pairs.
fn pairs(
    builder: ParquetRecordBatchReaderBuilder<File>,
    mut map: ShardMapBuilder,
    form: Form,
    path: &Path,
) -> Result<ShardMapBuilder, TableError> {
    let mut columns = vec!["shard_key", "granule_id", "time_start", "time_end"];
    columns.extend(form.drivers.iter().map(String::as_str));
    let mut empty = Empty { left: form.empty_shards.into(), shards: 0 };
    let mut last = None;
    for batch in batches(builder, PAIRS, &columns, path)? {
        let (first_row, batch) = batch?;
        let keys = Keys::of(&batch, "shard_key", path)?;
        let ids = texts(&batch, "granule_id", path)?;
        let starts = optional_texts(&batch, "time_start", path)?;
        let ends = optional_texts(&batch, "time_end", path)?;
        let located = form.drivers.iter().map(|driver| Ok((driver.as_str(), optional_texts(&batch, driver, path)?)));
        let located = located.collect::<Result<Vec<_>, TableError>>()?;
        let mut hrefs = Vec::with_capacity(located.len());
        for row in 0..batch.num_rows() {
            let nothing = |column| TableError::Empty { path: path.into(), row: first_row + row as u64, column };
            let key = keys.get(row, path)?.ok_or_else(|| nothing("shard_key"))?;
            let id = ids.get(row).ok_or_else(|| nothing("granule_id"))?;
            if last != Some(key) {
                empty.before_next(&mut map);
                map.shard(key);
                last = Some(key);
            }
            hrefs.clear();
            hrefs.extend(located.iter().filter_map(|(driver, texts)| Some((*driver, texts.as_ref()?.get(row)?))));
            map.pair(Pair {
                id,
                hrefs: &hrefs,
                time_start: starts.as_ref().and_then(|texts| texts.get(row)),
                time_end: ends.as_ref().and_then(|texts| texts.get(row)),
            });
        }
    }
    empty.rest(&mut map);
    Ok(map)
}

/// Shards without granules, which go between those that have rows.
struct Empty {
    left: VecDeque<EmptyShard>,
    /// How many shards there are already.
    shards: u64,
}

impl Empty {
    /// Adds those that come before the next shard with rows, and counts that one.
    fn before_next(&mut self, map: &mut ShardMapBuilder) {
        while let Some(empty) = self.left.pop_front_if(|empty| empty.place <= self.shards) {
            map.shard(empty.key);
            self.shards += 1;
        }
        self.shards += 1;
    }

    fn rest(self, map: &mut ShardMapBuilder) {
        for empty in self.left {
            map.shard(empty.key);
        }
    }
}

/// Adds the shards of the Python zagg's form.
fn lists(
    builder: ParquetRecordBatchReaderBuilder<File>,
    mut map: ShardMapBuilder,
    path: &Path,
) -> Result<ShardMapBuilder, TableError> {
    if builder.schema().field_with_name("aoi_mask").is_ok() {
        map.ignore_masks();
    }
    for batch in batches(builder, SHARDS, &["shard_keys", "granules"], path)? {
        let (first_row, batch) = batch?;
        let keys = Keys::of(&batch, "shard_keys", path)?;
        let granules = texts(&batch, "granules", path)?;
        for row in 0..batch.num_rows() {
            let nothing = |column| TableError::Empty { path: path.into(), row: first_row + row as u64, column };
            let key = keys.get(row, path)?.ok_or_else(|| nothing("shard_keys"))?;
            let list = granules.get(row).ok_or_else(|| nothing("granules"))?;
            map.shard_of_json(key, list).map_err(|source| TableError::Map { path: path.into(), source })?;
        }
    }
    Ok(map)
}

/// Shard keys, as other programs may have saved them.
enum Keys<'a> {
    Unsigned(&'a UInt64Array),
    Signed(&'a Int64Array),
}

impl<'a> Keys<'a> {
    fn of(batch: &'a RecordBatch, name: &'static str, path: &Path) -> Result<Self, TableError> {
        let array = needed(batch, name, path)?;
        let keys = array.as_primitive_opt().map(Self::Unsigned);
        keys.or_else(|| array.as_primitive_opt().map(Self::Signed)).ok_or_else(|| TableError::ColumnType {
            path: path.into(),
            column: name.to_owned(),
            found: array.data_type().to_string(),
            expected: "shard keys (whole numbers of 64 bits)",
        })
    }

    fn get(&self, row: usize, path: &Path) -> Result<Option<u64>, TableError> {
        match self {
            Self::Unsigned(keys) => Ok(keys.is_valid(row).then(|| keys.value(row))),
            Self::Signed(keys) if keys.is_valid(row) => {
                let key = keys.value(row);
                let signed = |_| TableError::Map { path: path.into(), source: ShardMapError::SignedKey { key } };
                u64::try_from(key).map(Some).map_err(signed)
            }
            Self::Signed(_) => Ok(None),
        }
    }
}

fn needed<'a>(batch: &'a RecordBatch, name: &'static str, path: &Path) -> Result<&'a ArrayRef, TableError> {
    batch.column_by_name(name).ok_or(TableError::NotAShardMap { path: path.into(), lacks: name })
}

fn texts<'a>(batch: &'a RecordBatch, name: &'static str, path: &Path) -> Result<Texts<'a>, TableError> {
    needed(batch, name, path)?;
    let lacks = TableError::NotAShardMap { path: path.into(), lacks: name };
    optional_texts(batch, name, path)?.ok_or(lacks)
}

fn optional_texts<'a>(batch: &'a RecordBatch, name: &str, path: &Path) -> Result<Option<Texts<'a>>, TableError> {
    let wrong = |Unexpected { found, expected }| TableError::ColumnType {
        path: path.into(),
        column: name.to_owned(),
        found,
        expected,
    };
    batch.column_by_name(name).map(|array| Texts::of(array).map_err(wrong)).transpose()
}
