//! Blocks of cells to rows.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, RecordBatch,
    StructArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use serde_json::Value;
use zagg_core::{
    column::{Dtype, Values},
    grid::healpix,
    morton::Word,
};
use zagg_store::read::Block;

use super::{
    Geometry,
    outline::{Ring, half_turn, polygons},
    wkb,
};
use crate::{about::About, error::Result, field::FieldSource, places::Places};

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) geometry: Geometry,
    about: About,
    places: Places,
    /// Columns of a rectilinear grid.
    width: Option<u64>,
    fields: Vec<Column>,
    /// The field that says whether a cell has data; else any field that has a value does.
    count: Option<String>,
    schema: SchemaRef,
}

/// A field.
#[derive(Debug)]
struct Column {
    name: String,
    /// The value of an integer field without one; none where every value is one.
    missing: Option<i128>,
    /// Whether it counts, so that zero says that there is nothing.
    counts: bool,
}

impl Table {
    /// The columns for `fields`, or all.
    pub(super) fn new(source: &FieldSource, fields: &[String], geometry: Geometry) -> Result<Self> {
        let names: Vec<String> = if fields.is_empty() {
            source.cells.fields.iter().map(|(name, _)| name.clone()).collect()
        } else {
            fields.to_vec()
        };
        let width = match &source.places {
            Places::Healpix { .. } => None,
            Places::Rectilinear(grid) => Some(grid.0.shape[1]),
        };
        let mut columns = vec![Field::new("cell_id", DataType::UInt64, false)];
        match width {
            None => columns.push(Field::new("morton", DataType::UInt64, false)),
            Some(_) => columns.extend(["row", "column"].map(|name| Field::new(name, DataType::UInt64, false))),
        }
        let mut kept: Vec<Column> = Vec::new();
        for name in names {
            let array = source.array(&name)?;
            if kept.iter().any(|other| other.name == name) {
                continue;
            }
            let counts = source.about.statistic_name(&name) == Some("count");
            let missing = if counts { None } else { whole(&array.fill(1)) };
            let about = array.attributes.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?)));
            let about: HashMap<String, String> = about.filter(|(key, _)| key != "coordinates").collect();
            columns.push(Field::new(&name, data_type(array.dtype), true).with_metadata(about));
            kept.push(Column { name, missing, counts });
        }
        columns.push(Field::new("bbox", DataType::Struct(edges()), false));
        columns.push(Field::new("geometry", DataType::Binary, false));
        Ok(Self {
            geometry,
            about: source.about.clone(),
            places: source.places.clone(),
            width,
            fields: kept,
            count: source.about.count_field(&source.cells).map(str::to_owned),
            schema: Arc::new(Schema::new(columns)),
        })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The fields that are written.
    pub(super) fn fields(&self) -> Vec<String> {
        self.fields.iter().map(|column| column.name.clone()).collect()
    }

    /// The fields that are read.
    pub(super) fn read(&self) -> Vec<&str> {
        self.fields.iter().map(|column| column.name.as_str()).chain(self.count.as_deref()).collect()
    }

    /// What the store says about itself.
    pub(super) fn claim(&self) -> &Value {
        self.about.claim()
    }

    /// The rows of a block: its cells with data.
    pub(super) fn batch(&self, block: &Block) -> Result<RecordBatch, ArrowError> {
        let values = |name: &str| block.columns.iter().find(|(n, _)| n == name).map(|(_, values)| values);
        let rows: Vec<usize> = (0..block.ids.len()).filter(|row| self.has_data(*row, &values)).collect();
        let ids: Vec<u64> = rows.iter().map(|row| block.ids[*row]).collect();
        let unsigned = |of: &dyn Fn(u64) -> u64| -> ArrayRef {
            Arc::new(UInt64Array::from(ids.iter().map(|id| of(*id)).collect::<Vec<u64>>()))
        };
        let mut columns = vec![unsigned(&|id| id)];
        match (&self.places, self.width) {
            (Places::Healpix { order, .. }, _) => {
                columns.push(unsigned(&|id| Word::from_nested(id, *order).map_or(0, Word::bits)));
            }
            (_, width) => {
                let width = width.unwrap_or(1).max(1);
                columns.extend([unsigned(&|id| id / width), unsigned(&|id| id % width)]);
            }
        }
        for column in &self.fields {
            let Some(values) = values(&column.name) else { continue };
            columns.push(array(values, &rows, column.missing));
        }
        let (boxes, geometries) = self.shapes(&ids);
        columns.extend([boxes, geometries]);
        RecordBatch::try_new(self.schema(), columns)
    }

    fn has_data<'a>(&self, row: usize, values: &impl Fn(&str) -> Option<&'a Values>) -> bool {
        match self.count.as_deref().and_then(values) {
            Some(count) => count.float_at(row) > 0.0,
            None => self.fields.iter().any(|column| {
                let Some(values) = values(&column.name) else { return false };
                if column.counts { values.float_at(row) > 0.0 } else { is_present(values, row, column.missing) }
            }),
        }
    }

    /// The boxes and the geometries of cells.
    fn shapes(&self, ids: &[u64]) -> (ArrayRef, ArrayRef) {
        let mut edges_of: [Vec<f64>; 4] = Default::default();
        let mut geometries: Vec<Vec<u8>> = Vec::with_capacity(ids.len());
        for id in ids {
            let (rings, geometry) = match self.geometry {
                Geometry::Polygon => {
                    let rings = polygons(&self.outline(*id));
                    let geometry = wkb::polygons(&rings);
                    (rings, geometry)
                }
                Geometry::Centre => {
                    let centre = self.places.center(*id).map_or([f64::NAN; 2], |(lon, lat)| [half_turn(lon), lat]);
                    (vec![vec![centre]], wkb::point(centre))
                }
            };
            for (edge, value) in edges_of.iter_mut().zip(bounds(&rings)) {
                edge.push(value);
            }
            geometries.push(geometry);
        }
        let arrays = edges_of.map(|edge| Arc::new(Float64Array::from(edge)) as ArrayRef).to_vec();
        let geometries = BinaryArray::from_iter_values(geometries);
        (Arc::new(StructArray::new(edges(), arrays, None)), Arc::new(geometries))
    }

    /// A cell's outline. Sides of coarse HEALPix cells are curves, and are given more points.
    fn outline(&self, id: u64) -> Vec<(f64, f64)> {
        match &self.places {
            Places::Healpix { order, .. } if order.get() < 8 => {
                healpix::outline(*order, id, 1 << (8 - order.get()).min(5)).unwrap_or_default()
            }
            places => places.corners(id).map_or_else(Vec::new, |corners| corners.to_vec()),
        }
    }
}

fn bounds(rings: &[Ring]) -> [f64; 4] {
    let corners = || rings.iter().flatten();
    let least = |axis: usize| corners().map(|corner| corner[axis]).fold(f64::INFINITY, f64::min);
    let most = |axis: usize| corners().map(|corner| corner[axis]).fold(f64::NEG_INFINITY, f64::max);
    [least(0), least(1), most(0), most(1)]
}

fn edges() -> Fields {
    ["xmin", "ymin", "xmax", "ymax"].into_iter().map(|name| Field::new(name, DataType::Float64, false)).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn data_type(dtype: Dtype) -> DataType {
    match dtype {
        Dtype::Int8 => DataType::Int8,
        Dtype::Int16 => DataType::Int16,
        Dtype::Int32 => DataType::Int32,
        Dtype::Int64 => DataType::Int64,
        Dtype::Uint8 => DataType::UInt8,
        Dtype::Uint16 => DataType::UInt16,
        Dtype::Uint32 => DataType::UInt32,
        Dtype::Uint64 => DataType::UInt64,
        Dtype::Float32 => DataType::Float32,
        Dtype::Float64 => DataType::Float64,
    }
}

/// The first value of an integer column.
fn whole(values: &Values) -> Option<i128> {
    macro_rules! go {
        ($($variant:ident)*) => {
            match values {
                $(Values::$variant(v) => v.first().map(|x| i128::from(*x)),)*
                Values::Float32(_) | Values::Float64(_) => None,
            }
        };
    }
    go!(Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64)
}

fn is_present(values: &Values, row: usize, missing: Option<i128>) -> bool {
    macro_rules! go {
        ($($variant:ident)*) => {
            match values {
                $(Values::$variant(v) => v.get(row).is_some_and(|x| Some(i128::from(*x)) != missing),)*
                Values::Float32(v) => v.get(row).is_some_and(|x| !x.is_nan()),
                Values::Float64(v) => v.get(row).is_some_and(|x| !x.is_nan()),
            }
        };
    }
    go!(Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64)
}

/// The values of some rows, null where there is none.
fn array(values: &Values, rows: &[usize], missing: Option<i128>) -> ArrayRef {
    macro_rules! go {
        ($($variant:ident $array:ident)*) => {
            match values {
                $(Values::$variant(v) => {
                    let present = |row: &usize| is_present(values, *row, missing).then(|| v[*row]);
                    Arc::new(rows.iter().map(present).collect::<$array>()) as ArrayRef
                })*
            }
        };
    }
    go!(Int8 Int8Array Int16 Int16Array Int32 Int32Array Int64 Int64Array
        Uint8 UInt8Array Uint16 UInt16Array Uint32 UInt32Array Uint64 UInt64Array
        Float32 Float32Array Float64 Float64Array)
}
