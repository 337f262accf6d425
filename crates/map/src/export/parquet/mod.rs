//! Cells as GeoParquet 1.1: a row for each cell with data.
//!
//! Columns: `cell_id` (NESTED id; `row * columns + column` on a rectilinear grid), `morton` (the packed word) or
//! `row` and `column`, the fields in their own types, null where a cell has no value, then `bbox` and `geometry`, in
//! degrees of longitude and latitude on WGS84 (OGC:CRS84). Rows ascend by block, and within a block by cell.

mod columns;
mod meta;
mod outline;
mod wkb;

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::RecordBatch;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
    schema::types::ColumnPath,
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{ExportError, staged::Staged};
use crate::{
    error::{MapError, Result},
    field::FieldSource,
};

use columns::Table;

/// What the geometry of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Geometry {
    /// Its outline, in two parts where it lies across longitude 180.
    #[default]
    Polygon,
    /// Its centre.
    Centre,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct CellsReport {
    /// Rows: cells with data.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
    /// The fields.
    pub fields: Vec<String>,
}

/// Rows of a row group; a group is what is held in memory, and what readers skip.
const ROW_GROUP: usize = 1 << 17;

/// Blocks that are read ahead of the writer.
const AHEAD: usize = 8;

/// Writes the cells of `source` with `fields` (all, when none is named) to a file, which is there whole or not at
/// all. The same cells give the same bytes. `progress` is told the blocks done so far, and of how many.
///
/// # Errors
/// When there is no such field, a request fails, or the file cannot be written.
pub async fn write(
    source: &FieldSource,
    fields: &[String],
    geometry: Geometry,
    path: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<CellsReport> {
    let table = Arc::new(Table::new(source, fields, geometry)?);
    let staged = Staged::new(path)?;
    let (to, from) = mpsc::channel::<RecordBatch>(AHEAD);
    let (file, about) = (staged.handle()?, Arc::clone(&table));
    let writer = tokio::task::spawn_blocking(move || write_batches(file, &about, from));
    let cells = source.cells.only(&table.read());
    let batches = cells.blocks.iter().map(|place| {
        let (cells, table) = (&cells, Arc::clone(&table));
        async move {
            let block = cells.read(place).await?;
            let batch = tokio::task::spawn_blocking(move || table.batch(&block));
            Ok::<_, MapError>(batch.await.map_err(MapError::Ended)?.map_err(ExportError::from)?)
        }
    });
    let batches: Vec<_> = batches.collect();
    let all = batches.len() as u64;
    let mut batches = stream::iter(batches).buffered(AHEAD);
    let mut done = 0;
    while let Some(batch) = batches.try_next().await? {
        done += 1;
        // A writer that has failed takes no more; its error follows.
        if to.send(batch).await.is_err() {
            break;
        }
        progress(done, all);
    }
    drop(to);
    let encode = |source| ExportError::Parquet { path: path.to_owned(), source };
    let rows = writer.await.map_err(MapError::Ended)?.map_err(encode)?;
    Ok(CellsReport { rows, bytes: staged.finish()?, fields: table.fields() })
}

fn write_batches(file: File, table: &Table, mut from: mpsc::Receiver<RecordBatch>) -> Result<u64, ParquetError> {
    let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties()?))?;
    let (mut rows, mut seen) = (0, meta::Seen::default());
    while let Some(batch) = from.blocking_recv() {
        rows += batch.num_rows() as u64;
        seen.add(&batch);
        writer.write(&batch)?;
    }
    writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), seen.geo(table.geometry).to_string()));
    writer.append_key_value_metadata(KeyValue::new("zagg".to_owned(), table.claim().to_string()));
    writer.close()?;
    Ok(rows)
}

fn properties() -> Result<WriterProperties, ParquetError> {
    // Nothing repeats in these.
    let plain = ["cell_id", "morton", "geometry"].map(|name| ColumnPath::from(vec![name.to_owned()]));
    let edges = ["xmin", "ymin", "xmax", "ymax"].map(|edge| ColumnPath::from(vec!["bbox".to_owned(), edge.to_owned()]));
    let builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP));
    let builder = plain
        .into_iter()
        .chain(edges)
        .fold(builder, |builder, path| builder.set_column_dictionary_enabled(path, false));
    Ok(builder.build())
}
