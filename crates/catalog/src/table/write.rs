//! Writing the table: granules are held once, rows are places in them.

use std::{collections::HashMap, path::Path, sync::Arc};

use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
};
use zagg_core::shard_map::{Granule, ShardMap};

use super::{EmptyShard, FORM, Form, HEADER, OWN_COLUMNS, TABLE, TableError};
use crate::geoparquet::file;

/// Rows that are laid out at a time.
const BATCH: usize = 1 << 16;
/// Rows of a row group, which has a dictionary of its own.
const ROW_GROUP: usize = 1 << 22;
/// Bytes of a dictionary; beyond them a column would be written out in full. A Parquet page has
/// at most 2^31.
const DICTIONARY: usize = 1 << 30;

/// Writes a shard map as a table. The file is there whole or not at all; the same map gives the
/// same bytes. Granules that touch no shard are left out, as in the JSON form.
///
/// # Errors
/// When a driver has the name of another column, or the file cannot be written.
pub fn write(map: &ShardMap, path: &Path) -> Result<(), TableError> {
    let columns = Columns::of(map)?;
    let header = map.header_json().map_err(TableError::Header)?;
    let form = form(map, &columns);
    let io_error = |source| TableError::Write { path: path.into(), source };
    file::replace(path, io_error, |staged| {
        let encode = |source| TableError::Encode { path: path.into(), source };
        let form = serde_json::to_string(&form).map_err(|error| encode(ParquetError::External(Box::new(error))))?;
        let notes = [(HEADER.to_owned(), header), (TABLE.to_owned(), form)];
        let properties = properties(notes.clone()).map_err(encode)?;
        // Some readers look for notes in Arrow's schema only, others in the file's own only.
        let schema = Arc::new(columns.schema().with_metadata(notes));
        let mut writer = ArrowWriter::try_new(&mut *staged, schema.clone(), Some(properties)).map_err(encode)?;
        let mut rows = Rows::default();
        for shard in map.shards() {
            for &granule in &shard.granules {
                rows.keys.push(shard.key);
                rows.granules.push(columns.place(granule));
                if rows.keys.len() == BATCH {
                    writer.write(&rows.take(&columns, &schema).map_err(TableError::Layout)?).map_err(encode)?;
                }
            }
        }
        writer.write(&rows.take(&columns, &schema).map_err(TableError::Layout)?).map_err(encode)?;
        writer.close().map(|_| ()).map_err(encode)
    })
}

fn form(map: &ShardMap, columns: &Columns) -> Form {
    let empty = map.shards().iter().zip(0..).filter(|(shard, _)| shard.granules.is_empty());
    Form {
        version: FORM,
        drivers: columns.drivers.clone(),
        empty_shards: empty.map(|(shard, place)| EmptyShard { place, key: shard.key }).collect(),
    }
}

fn properties(notes: [(String, String); 2]) -> Result<WriterProperties, ParquetError> {
    let notes = notes.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_key_value_metadata(Some(notes))
        .build())
}

/// What rows refer to.
struct Columns {
    drivers: Vec<String>,
    /// For each granule of the map, its place among those that are used.
    places: Vec<u32>,
    /// Name and values; a value per granule that is used.
    texts: Vec<(String, ArrayRef)>,
}

impl Columns {
    fn of(map: &ShardMap) -> Result<Self, TableError> {
        let (used, places) = used(map);
        let mut drivers: Vec<String> = Vec::new();
        for (driver, _) in used.iter().flat_map(|granule| &granule.hrefs) {
            if !drivers.contains(driver) {
                if OWN_COLUMNS.contains(&driver.as_str()) {
                    return Err(TableError::Driver { driver: driver.clone() });
                }
                drivers.push(driver.clone());
            }
        }
        let column = |text: &dyn Fn(&Granule) -> Option<String>| -> ArrayRef {
            Arc::new(used.iter().map(|granule| text(granule)).collect::<StringArray>())
        };
        let mut texts = vec![("granule_id".to_owned(), column(&|granule| Some(granule.id.clone())))];
        for driver in &drivers {
            texts.push((driver.clone(), column(&|granule| granule.href(driver).ok().map(str::to_owned))));
        }
        texts.push(("time_start".to_owned(), column(&|granule| granule.time_start.clone())));
        texts.push(("time_end".to_owned(), column(&|granule| granule.time_end.clone())));
        Ok(Self { drivers, places, texts })
    }

    fn schema(&self) -> Schema {
        let text = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
        let mut fields = vec![Field::new("shard_key", DataType::UInt64, false)];
        fields.extend(self.texts.iter().map(|(name, _)| Field::new(name, text.clone(), name != "granule_id")));
        Schema::new(fields)
    }

    fn place(&self, granule: u32) -> u32 {
        self.places.get(granule as usize).copied().unwrap_or_default()
    }
}

/// The granules that touch a shard, in the order in which rows name them, and each granule's
/// place among them.
fn used(map: &ShardMap) -> (Vec<&Granule>, Vec<u32>) {
    let mut places = vec![u32::MAX; map.granules().len()];
    let mut used = Vec::new();
    for shard in map.shards() {
        for (granule, &index) in map.granules_of(shard).zip(&shard.granules) {
            if let Some(place) = places.get_mut(index as usize).filter(|place| **place == u32::MAX) {
                *place = u32::try_from(used.len()).unwrap_or(u32::MAX);
                used.push(granule);
            }
        }
    }
    (used, places)
}

/// Rows to be laid out.
#[derive(Default)]
struct Rows {
    keys: Vec<u64>,
    granules: Vec<u32>,
}

impl Rows {
    fn take(&mut self, columns: &Columns, schema: &Arc<Schema>) -> Result<RecordBatch, ArrowError> {
        let keys = UInt64Array::from(std::mem::take(&mut self.keys));
        let granules = std::mem::take(&mut self.granules);
        // Only the values that these rows name are handed on, each once.
        let mut named: HashMap<u32, u32> = HashMap::new();
        let mut values: Vec<u32> = Vec::new();
        let rows: UInt32Array = granules
            .iter()
            .map(|granule| {
                *named.entry(*granule).or_insert_with(|| {
                    values.push(*granule);
                    u32::try_from(values.len() - 1).unwrap_or(u32::MAX)
                })
            })
            .collect::<Vec<_>>()
            .into();
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(keys)];
        for (_, texts) in &columns.texts {
            let texts = arrow_array::cast::AsArray::as_string::<i32>(texts);
            arrays.push(dictionary(&rows, &values, texts)?);
        }
        RecordBatch::try_new(schema.clone(), arrays)
    }
}

/// A column of texts: for each row the place of its value; a null value makes a null row.
fn dictionary(rows: &UInt32Array, values: &[u32], texts: &StringArray) -> Result<ArrayRef, ArrowError> {
    use arrow_array::Array;
    if texts.null_count() == 0 {
        let values = StringArray::from_iter_values(values.iter().map(|&place| texts.value(place as usize)));
        return Ok(Arc::new(DictionaryArray::try_new(rows.clone(), Arc::new(values))?));
    }
    let is_valid = |row: &u32| values.get(*row as usize).is_some_and(|&place| texts.is_valid(place as usize));
    let rows: UInt32Array = rows.values().iter().map(|row| is_valid(row).then_some(*row)).collect();
    let value = |&place: &u32| if texts.is_valid(place as usize) { texts.value(place as usize) } else { "" };
    let values = StringArray::from_iter_values(values.iter().map(value));
    Ok(Arc::new(DictionaryArray::try_new(rows, Arc::new(values))?))
}
