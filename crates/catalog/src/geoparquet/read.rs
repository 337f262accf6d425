//! Reading a catalog, a few thousand rows at a time.

use std::{
    collections::BTreeSet,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use arrow_array::{Array, BinaryArray, RecordBatch, StructArray, cast::AsArray};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
    },
    file::metadata::KeyValue,
    schema::types::SchemaDescriptor,
};
use serde_json::{Map, Value, json};

use super::{
    GeoparquetError,
    columns::{Asset, Texts, Times, Unexpected, bytes, column},
    guard,
    meta::CATALOG_META,
    wkb,
};
use crate::catalog::{Catalog, Entry};

/// Rows that are decoded at a time.
const BATCH: usize = 4096;

/// Reads a stac-geoparquet file. Needed are the columns `id`, `geometry` (WKB) and `assets`;
/// `collection`, `datetime`, `start_datetime` and `end_datetime` are read where they are. An
/// asset named `data`, `data_s3` or `metadata` is what its name says; others are judged by their
/// roles, as a search judges them.
///
/// # Errors
/// When the file is not such a table, is damaged, or a row has no id or a footprint that is not
/// a polygon; the error names the row.
pub fn read(path: &Path) -> Result<Catalog, GeoparquetError> {
    // The decoder answers almost all damage with an error; what is left must not end the program.
    catch_unwind(AssertUnwindSafe(|| read_whole(path)))
        .unwrap_or_else(|_| Err(GeoparquetError::Undecodable { path: path.into() }))
}

fn read_whole(path: &Path) -> Result<Catalog, GeoparquetError> {
    let Opened { reader, metadata, rows } = open(path)?;
    // The file says how many rows there are; the memory for them is taken only as they come.
    let mut catalog = Catalog { metadata: Map::new(), entries: Vec::with_capacity(rows.min(BATCH)) };
    for batch in reader {
        let first_row = catalog.entries.len();
        let damaged = |source| GeoparquetError::Damaged { path: path.into(), rows: first_row, source };
        let batch = batch.map_err(damaged)?;
        let columns = Columns::of(&batch, path)?;
        for row in 0..batch.num_rows() {
            catalog.entries.push(columns.entry(row, first_row + row)?);
        }
    }
    catalog.metadata = match metadata {
        Some(metadata) => metadata,
        None => told_by(&catalog.entries),
    };
    Ok(catalog)
}

/// A file whose rows are not read yet.
struct Opened {
    /// Of the needed columns.
    reader: ParquetRecordBatchReader,
    /// What the file says of the search.
    metadata: Option<Map<String, Value>>,
    /// How many rows it announces.
    rows: usize,
}

fn open(path: &Path) -> Result<Opened, GeoparquetError> {
    let broken = |source| GeoparquetError::Parquet { path: path.into(), source };
    let unopened = |source| GeoparquetError::Open { path: path.into(), source };
    let file = File::open(path).map_err(unopened)?;
    let file_bytes = file.metadata().map_err(unopened)?.len();
    // Without Arrow's hints a text is a text, however its writer held it in memory.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(broken)?;
    guard::check(builder.metadata(), file_bytes).map_err(broken)?;
    let metadata = search_metadata(builder.metadata().file_metadata().key_value_metadata(), path)?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let mask = ProjectionMask::leaves(builder.parquet_schema(), needed(builder.parquet_schema()));
    let reader = builder.with_projection(mask).with_batch_size(BATCH).build().map_err(broken)?;
    Ok(Opened { reader, metadata, rows })
}

fn search_metadata(pairs: Option<&Vec<KeyValue>>, path: &Path) -> Result<Option<Map<String, Value>>, GeoparquetError> {
    let text = pairs.into_iter().flatten().find(|pair| pair.key == CATALOG_META).and_then(|pair| pair.value.as_ref());
    let parsed = text.map(|text| serde_json::from_str(text)).transpose();
    parsed.map_err(|source| GeoparquetError::Metadata { path: path.into(), source })
}

/// The places of the leaves that are read.
fn needed(schema: &SchemaDescriptor) -> Vec<usize> {
    let flat = ["id", "collection", "geometry", "datetime", "start_datetime", "end_datetime"];
    let is_needed = |parts: &[String]| match parts {
        [name, asset, child, ..] if name == "assets" => {
            child == "href" || (child == "roles" && !matches!(asset.as_str(), "data" | "data_s3" | "metadata"))
        }
        [name, ..] => name == "assets" || flat.contains(&name.as_str()),
        [] => false,
    };
    let leaves = schema.columns().iter().enumerate();
    leaves.filter(|(_, leaf)| is_needed(leaf.path().parts())).map(|(place, _)| place).collect()
}

/// What can be said of granules whose search is not known.
fn told_by(entries: &[Entry]) -> Map<String, Value> {
    let collections: BTreeSet<_> = entries.iter().filter_map(|entry| entry.collection.as_deref()).collect();
    let mut metadata = Map::new();
    metadata.insert("source".to_owned(), json!("stac-geoparquet"));
    if let [collection] = collections.into_iter().collect::<Vec<_>>()[..] {
        metadata.insert("collection".to_owned(), json!(collection));
    }
    metadata.insert("total_granules".to_owned(), json!(entries.len()));
    metadata
}

/// The columns of some rows.
struct Columns<'a> {
    path: &'a Path,
    id: Texts<'a>,
    collection: Option<Texts<'a>>,
    geometry: &'a BinaryArray,
    all_assets: &'a StructArray,
    assets: Vec<Asset<'a>>,
    /// `datetime`, `start_datetime`, `end_datetime`.
    times: [Option<(&'static str, Times<'a>)>; 3],
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, path: &'a Path) -> Result<Self, GeoparquetError> {
        let unexpected = |name: &str, error: Unexpected| GeoparquetError::ColumnType {
            path: path.into(),
            column: name.to_owned(),
            found: error.found,
            expected: error.expected,
        };
        let needed = |name| column(batch, name).ok_or(GeoparquetError::NoColumn { path: path.into(), column: name });
        let texts = |name: &'static str, array| Texts::of(array).map_err(|error| unexpected(name, error));
        let times = |name: &'static str| {
            let times = column(batch, name).map(|array| Times::of(array).map_err(|error| unexpected(name, error)));
            Ok(times.transpose()?.map(|times| (name, times)))
        };
        let geometry = bytes(needed("geometry")?).map_err(|error| unexpected("geometry", error))?;
        let all_assets = needed("assets")?;
        let all_assets = all_assets.as_struct_opt().ok_or_else(|| {
            let found = all_assets.data_type().to_string();
            unexpected("assets", Unexpected { found, expected: "structs" })
        })?;
        Ok(Self {
            path,
            id: texts("id", needed("id")?)?,
            collection: column(batch, "collection").map(|array| texts("collection", array)).transpose()?,
            geometry,
            all_assets,
            assets: Asset::all(all_assets).map_err(|(name, error)| unexpected(&name, error))?,
            times: [times("datetime")?, times("start_datetime")?, times("end_datetime")?],
        })
    }

    /// The granule at a row of these rows, which is row `file_row` of the file.
    fn entry(&self, row: usize, file_row: usize) -> Result<Entry, GeoparquetError> {
        let path = self.path;
        let id = self.id.get(row).ok_or_else(|| GeoparquetError::NoId { path: path.into(), row: file_row })?;
        let mut entry = Entry { id: id.to_owned(), ..Entry::default() };
        entry.collection = self.collection.as_ref().and_then(|texts| texts.get(row)).map(str::to_owned);
        if self.geometry.is_valid(row) {
            let footprint = wkb::parse(self.geometry.value(row)).map_err(|source| GeoparquetError::Footprint {
                path: path.into(),
                row: file_row,
                id: id.to_owned(),
                source,
            })?;
            entry.footprint = (!footprint.parts.is_empty()).then_some(footprint);
        }
        let moment = |place: usize| match self.times.get(place) {
            Some(Some((name, times))) => times.get(row).map_err(|found| GeoparquetError::Value {
                path: path.into(),
                row: file_row,
                column: (*name).to_owned(),
                found,
                expected: "a moment (RFC 3339)",
            }),
            _ => Ok(None),
        };
        [entry.datetime_us, entry.start_us, entry.end_us] = [moment(0)?, moment(1)?, moment(2)?];
        if self.all_assets.is_valid(row) {
            self.locate(row, &mut entry);
        }
        Ok(entry)
    }

    /// Where the granule at a row is.
    fn locate(&self, row: usize, entry: &mut Entry) {
        let mut by_role: [Option<&str>; 2] = [None; 2];
        for asset in &self.assets {
            let Some(href) = asset.href(row) else { continue };
            match asset.name {
                "data" => entry.https = Some(href.to_owned()),
                "data_s3" => entry.s3 = Some(href.to_owned()),
                "metadata" => entry.metadata = Some(href.to_owned()),
                _ if asset.has_role(row, &["data"]) && href.ends_with(".h5") => {
                    by_role[usize::from(!href.starts_with("https"))] = Some(href);
                }
                name if asset.has_role(row, &["thumbnail", "browse", "overview"]) => {
                    entry.thumbnails.push((name.to_owned(), href.to_owned()));
                }
                _ => {}
            }
        }
        let [https, s3] = by_role.map(|href| href.map(str::to_owned));
        entry.https = entry.https.take().or(https);
        entry.s3 = entry.s3.take().or(s3);
    }
}
