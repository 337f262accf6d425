//! Writing a catalog with the columns that the Python zagg writes.

use std::{path::Path, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, Float64Array, ListArray, NullArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
    builder::{ListBuilder, StringBuilder},
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
};
use serde_json::{Value, json};

use super::{GeoparquetError, WkbError, file, meta, wkb};
use crate::{
    area::{Area, Part},
    catalog::{Catalog, Entry},
};

/// Rows that are laid out at a time.
const BATCH: usize = 8192;

/// Writes a catalog as a stac-geoparquet file. The file is there whole or not at all; the same
/// catalog gives the same bytes.
///
/// # Errors
/// When a footprint cannot be written as polygons, or the file cannot be.
pub fn write(catalog: &Catalog, path: &Path) -> Result<(), GeoparquetError> {
    let io_error = |source| GeoparquetError::Write { path: path.into(), source };
    file::replace(path, io_error, |staged| {
        let encode = |source| GeoparquetError::Encode { path: path.into(), source };
        let pictures = picture_names(&catalog.entries);
        let notes = notes(catalog);
        // Some readers look for notes in Arrow's schema only, others in the file's own only.
        let schema = Arc::new(Schema::new_with_metadata(fields(&pictures), notes.clone()));
        let properties = properties(notes).map_err(encode)?;
        let mut writer = ArrowWriter::try_new(&mut *staged, schema.clone(), Some(properties)).map_err(encode)?;
        for (batch, entries) in catalog.entries.chunks(BATCH).enumerate() {
            let geometry = geometries(entries, batch * BATCH, path)?;
            let columns = columns(entries, geometry, &pictures).map_err(GeoparquetError::Table)?;
            let rows = RecordBatch::try_new(schema.clone(), columns).map_err(GeoparquetError::Table)?;
            writer.write(&rows).map_err(encode)?;
        }
        writer.close().map(|_| ()).map_err(encode)
    })
}

/// What the file says of itself.
fn notes(catalog: &Catalog) -> [(String, String); 3] {
    let parts = || catalog.entries.iter().filter_map(|entry| Some(entry.footprint.as_ref()?.parts.len()));
    let geo = meta::geo(parts().any(|parts| parts > 1), parts().any(|parts| parts == 1));
    let note = |key: &str, value: &Value| (key.to_owned(), value.to_string());
    [
        note("geo", &geo),
        note("stac-geoparquet", &json!({"version": "1.0.0"})),
        note(meta::CATALOG_META, &Value::Object(catalog.metadata.clone())),
    ]
}

fn properties(notes: [(String, String); 3]) -> Result<WriterProperties, ParquetError> {
    let notes = notes.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
    let compression = Compression::ZSTD(ZstdLevel::try_new(3)?);
    Ok(WriterProperties::builder().set_compression(compression).set_key_value_metadata(Some(notes)).build())
}

/// Every name of a picture, in the order of first appearance.
fn picture_names(entries: &[Entry]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in entries.iter().flat_map(|entry| &entry.thumbnails) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", item, true)))
}

fn asset_fields() -> Fields {
    Fields::from(vec![Field::new("href", DataType::Utf8, true), Field::new("roles", list(DataType::Utf8), true)])
}

fn assets_fields(pictures: &[&str]) -> Fields {
    let names = ["data", "data_s3", "metadata"].into_iter().chain(pictures.iter().copied());
    names.map(|name| Field::new(name, DataType::Struct(asset_fields()), true)).collect()
}

fn bbox_fields() -> Fields {
    ["xmin", "ymin", "xmax", "ymax"].into_iter().map(|name| Field::new(name, DataType::Float64, true)).collect()
}

fn fields(pictures: &[&str]) -> Vec<Field> {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let time = |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let extension = [
        ("ARROW:extension:name".to_owned(), "geoarrow.wkb".to_owned()),
        ("ARROW:extension:metadata".to_owned(), json!({"crs": meta::wgs84()}).to_string()),
    ];
    vec![
        text("type"),
        text("stac_version"),
        Field::new("stac_extensions", list(DataType::Null), true),
        text("id"),
        text("collection"),
        Field::new("geometry", DataType::Binary, true).with_metadata(extension),
        Field::new("bbox", DataType::Struct(bbox_fields()), true),
        Field::new("assets", DataType::Struct(assets_fields(pictures)), true),
        Field::new("links", list(DataType::Null), true),
        time("datetime"),
        time("start_datetime"),
        time("end_datetime"),
    ]
}

fn geometries(entries: &[Entry], first_row: usize, path: &Path) -> Result<ArrayRef, GeoparquetError> {
    let footprint = |(row, entry): (usize, &Entry)| {
        let bytes = entry.footprint.as_ref().map(wkb::format).transpose();
        bytes.map_err(|source: WkbError| GeoparquetError::Footprint {
            path: path.into(),
            row: first_row + row,
            id: entry.id.clone(),
            source,
        })
    };
    let bytes = entries.iter().enumerate().map(footprint).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(bytes.iter().map(|bytes| bytes.as_deref()).collect::<BinaryArray>()))
}

fn columns(entries: &[Entry], geometry: ArrayRef, pictures: &[&str]) -> Result<Vec<ArrayRef>, ArrowError> {
    let constant = |text: &'static str| Arc::new(StringArray::from_iter_values(entries.iter().map(|_| text)));
    let nothing = || empty_lists(entries.len());
    let ids = StringArray::from_iter_values(entries.iter().map(|entry| &entry.id));
    let collections: StringArray = entries.iter().map(|entry| entry.collection.as_deref()).collect();
    let times = |time: fn(&Entry) -> Option<i64>| -> ArrayRef {
        let times: TimestampMicrosecondArray = entries.iter().map(time).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    Ok(vec![
        constant("Feature"),
        constant("1.0.0"),
        nothing()?,
        Arc::new(ids),
        Arc::new(collections),
        geometry,
        boxes(entries)?,
        assets(entries, pictures)?,
        nothing()?,
        times(|entry| entry.datetime_us),
        times(|entry| entry.start_us),
        times(|entry| entry.end_us),
    ])
}

fn empty_lists(rows: usize) -> Result<ArrayRef, ArrowError> {
    let element = Arc::new(Field::new("element", DataType::Null, true));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(0, rows));
    Ok(Arc::new(ListArray::try_new(element, offsets, Arc::new(NullArray::new(0)), None)?))
}

/// The least and greatest longitude and latitude of the corners, as they are written.
fn boxes(entries: &[Entry]) -> Result<ArrayRef, ArrowError> {
    let boxes: Vec<_> = entries.iter().map(|entry| entry.footprint.as_ref().and_then(corner_box)).collect();
    let edge = |edge: usize| -> ArrayRef {
        Arc::new(boxes.iter().map(|corners| corners.map(|corners| corners[edge])).collect::<Float64Array>())
    };
    let valid = NullBuffer::from_iter(boxes.iter().map(Option::is_some));
    Ok(Arc::new(StructArray::try_new(bbox_fields(), (0..4).map(edge).collect(), Some(valid))?))
}

fn corner_box(area: &Area) -> Option<[f64; 4]> {
    let rings = area.parts.iter().flat_map(|part| match part {
        Part::Polygon(rings) => rings.as_slice(),
        Part::Band { .. } => &[],
    });
    rings.flatten().fold(None, |found, &[x, y]| {
        let [west, south, east, north] = found.unwrap_or([x, y, x, y]);
        Some([west.min(x), south.min(y), east.max(x), north.max(y)])
    })
}

fn assets(entries: &[Entry], pictures: &[&str]) -> Result<ArrayRef, ArrowError> {
    let mut columns = vec![
        asset(entries, "data", |entry| entry.https.as_deref())?,
        asset(entries, "data", |entry| entry.s3.as_deref())?,
        asset(entries, "metadata", |entry| entry.metadata.as_deref())?,
    ];
    for picture in pictures {
        let role = if *picture == "browse" { "browse" } else { "thumbnail" };
        let href = |entry: &'_ Entry| entry.thumbnails.iter().position(|(name, _)| name == picture);
        let hrefs: Vec<_> = entries.iter().map(|entry| Some(entry.thumbnails[href(entry)?].1.as_str())).collect();
        columns.push(asset_of(&hrefs, role)?);
    }
    Ok(Arc::new(StructArray::try_new(assets_fields(pictures), columns, None)?))
}

fn asset(entries: &[Entry], role: &str, href: fn(&Entry) -> Option<&str>) -> Result<ArrayRef, ArrowError> {
    asset_of(&entries.iter().map(href).collect::<Vec<_>>(), role)
}

/// One asset of every row; a row without it is null.
fn asset_of(hrefs: &[Option<&str>], role: &str) -> Result<ArrayRef, ArrowError> {
    let mut roles = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
    for href in hrefs {
        if href.is_some() {
            roles.values().append_value(role);
        }
        roles.append(href.is_some());
    }
    let valid = NullBuffer::from_iter(hrefs.iter().map(Option::is_some));
    let hrefs: StringArray = hrefs.iter().copied().collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(hrefs), Arc::new(roles.finish())];
    Ok(Arc::new(StructArray::try_new(asset_fields(), columns, Some(valid))?))
}
