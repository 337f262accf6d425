//! The arrays of a store, as a pipeline and a grid ask for them.

pub mod overview;

use serde_json::{Map, Value, json};
use zagg_core::{
    column::{Dtype, FillValue, Values},
    digest::Digest,
    grid::{Grid, GridSignature, RectilinearGrid},
    order::Order,
    pipeline::{Compression, Field, FillPolicy, Pipeline, Storage, describe_reduction},
};

use crate::{
    array::ZarrArray,
    convention,
    error::{Result, StoreError},
    geometry::Geometry,
    json,
};

/// The schema that every store names.
pub const STORE_SCHEMA: &str = "zagg-store/1";

/// Which program and catalog a store came from. Told to readers; never part of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The program's version.
    pub version: String,
    /// The catalog: a path, URL or digest of the shard map.
    pub catalog: Option<String>,
    /// Product name and version, a title, a DOI, ...: further facts, by name.
    pub notes: Vec<(String, String)>,
}

/// A store's layout. A worker and the producer get the same one from the same pipeline and grid.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The group of the arrays: the cell order, or `rectilinear`.
    pub group: String,
    /// Digest of the pipeline.
    pub pipeline: Digest,
    /// The grid's signature.
    pub signature: GridSignature,
    /// Which chunks a shard fills.
    pub geometry: Geometry,
    /// The arrays: coordinates first, then the fields in the pipeline's order.
    pub arrays: Vec<ArrayLayout>,
    group_attributes: Map<String, Value>,
    statistics: Value,
    provenance: Provenance,
}

/// One array of a layout.
#[derive(Debug, Clone)]
pub struct ArrayLayout {
    /// The array, ready to encode.
    pub array: ZarrArray,
    /// Its `zarr.json`.
    pub document: Value,
    /// Where its values come from.
    pub role: Role,
}

/// Where an array's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// The NESTED ids of the shard's cells.
    CellIds(Order),
    /// The morton words of the shard's cells.
    Morton(Order),
    /// The pipeline's field of this index.
    Field(usize),
    /// Written once, with the template: the values of the only chunk.
    Fixed(Values),
    /// Attributes only; there is no chunk.
    Bare,
}

impl Layout {
    /// The layout for `pipeline` on `grid`.
    ///
    /// # Errors
    /// When the chunks do not divide the grid, a shard is too large, or two arrays have one name.
    pub fn new(pipeline: &Pipeline, grid: &Grid, provenance: Provenance) -> Result<Self> {
        let storage = &pipeline.storage;
        let geometry = Geometry::new(grid, storage)?;
        let group = match grid {
            Grid::Healpix(grid) => grid.cell_order.to_string(),
            Grid::Rectilinear(_) => "rectilinear".to_owned(),
        };
        let plan = ArrayPlan { group: &group, geometry: &geometry, storage };
        let mut arrays = plan.coordinates(grid)?;
        let coordinates: Vec<&str> =
            arrays.iter().map(|a| a.array.name()).filter(|name| !matches!(*name, "x" | "y")).collect();
        let mut shared = Map::new();
        if !coordinates.is_empty() {
            shared.insert("coordinates".to_owned(), json!(coordinates.join(" ")));
        }
        if matches!(grid, Grid::Rectilinear(_)) {
            shared.insert("grid_mapping".to_owned(), json!("spatial_ref"));
        }
        for (index, field) in pipeline.fields.iter().enumerate() {
            let array = plan.field(index, field, &shared)?;
            if arrays.iter().any(|other| other.array.name() == field.name) {
                return Err(StoreError::Layout { reason: format!("two arrays are named `{}`", field.name) });
            }
            arrays.push(array);
        }
        let group_attributes = convention::group_attributes(grid, storage.cell_ids, storage.morton);
        let signature = grid.signature();
        let statistics = statistics(pipeline);
        Ok(Self {
            group,
            pipeline: pipeline.digest,
            signature,
            geometry,
            arrays,
            group_attributes,
            statistics,
            provenance,
        })
    }

    /// The arrays that every shard writes: the fields, then the coordinates.
    pub fn written(&self) -> impl Iterator<Item = &ArrayLayout> {
        let fields = self.arrays.iter().filter(|a| matches!(a.role, Role::Field(_)));
        fields.chain(self.arrays.iter().filter(|a| matches!(a.role, Role::CellIds(_) | Role::Morton(_))))
    }

    /// What the store says about where it comes from.
    #[must_use]
    pub fn claim(&self) -> Value {
        let mut claim = json!({
            "schema": STORE_SCHEMA,
            "pipeline": self.pipeline,
            "grid": self.signature,
            "statistics": self.statistics,
            "version": self.provenance.version,
        });
        if let Some(catalog) = &self.provenance.catalog {
            claim["catalog"] = json!(catalog);
        }
        for (name, value) in &self.provenance.notes {
            claim[name] = json!(value);
        }
        claim
    }

    /// The root's `zarr.json`, with the claim that decides whose store it is.
    #[must_use]
    pub fn root_document(&self, claim: &Value) -> Value {
        json!({"zarr_format": 3, "node_type": "group", "attributes": {"zagg": claim}})
    }

    /// The group's `zarr.json`.
    #[must_use]
    pub fn group_document(&self, claim: &Value) -> Value {
        let mut attributes = self.group_attributes.clone();
        attributes.insert("zagg".to_owned(), claim.clone());
        json!({"zarr_format": 3, "node_type": "group", "attributes": attributes})
    }
}

/// What each field is of the points of its cell, so that whoever has the store alone can merge
/// cells: [`describe_reduction`] by field, and whether missing values were left out.
#[must_use]
pub fn statistics(pipeline: &Pipeline) -> Value {
    let fields: Map<String, Value> =
        pipeline.fields.iter().map(|field| (field.name.clone(), describe_reduction(&field.reduction))).collect();
    let missing = match pipeline.source.fill {
        FillPolicy::Missing => "left out",
        FillPolicy::Keep => "kept",
    };
    json!({"fields": fields, "missing": missing})
}

/// What the arrays of one layout share.
struct ArrayPlan<'a> {
    group: &'a str,
    geometry: &'a Geometry,
    storage: &'a Storage,
}

impl ArrayPlan<'_> {
    fn coordinates(&self, grid: &Grid) -> Result<Vec<ArrayLayout>> {
        match grid {
            Grid::Healpix(grid) => {
                let order = grid.cell_order;
                let mut arrays = Vec::new();
                if self.storage.cell_ids {
                    let attributes = convention::cell_ids_attributes(order);
                    arrays.push(self.lattice(
                        "cell_ids",
                        Dtype::Uint64,
                        &json!(0),
                        attributes,
                        Role::CellIds(order),
                    )?);
                }
                if self.storage.morton {
                    let attributes = convention::morton_attributes(order);
                    arrays.push(self.lattice("morton", Dtype::Uint64, &json!(0), attributes, Role::Morton(order))?);
                }
                Ok(arrays)
            }
            Grid::Rectilinear(grid) => self.axes(grid),
        }
    }

    /// `x`, `y` and `spatial_ref`.
    fn axes(&self, grid: &RectilinearGrid) -> Result<Vec<ArrayLayout>> {
        let [x_attributes, y_attributes] = convention::axis_attributes(&grid.crs);
        let (x, y) = (Values::Float64(grid.x_centers()), Values::Float64(grid.y_centers()));
        let axis = |name: &str, values: Values, attributes| {
            let shape = vec![values.len() as u64];
            let document = self.document(&shape, &shape, None, Dtype::Float64, &json!("NaN"), &[name], attributes);
            self.finish(name, document, Role::Fixed(values))
        };
        let mapping = convention::grid_mapping_attributes(grid);
        let scalar = self.document(&[], &[], None, Dtype::Int32, &json!(0), &[], mapping);
        Ok(vec![
            axis("x", x, x_attributes)?,
            axis("y", y, y_attributes)?,
            self.finish("spatial_ref", scalar, Role::Bare)?,
        ])
    }

    fn field(&self, index: usize, field: &Field, shared: &Map<String, Value>) -> Result<ArrayLayout> {
        let mut attributes: Map<String, Value> = field.attributes.iter().cloned().collect();
        for (name, value) in shared {
            attributes.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let fill = match field.fill_value {
            FillValue::NaN => json!("NaN"),
            FillValue::Float(value) => json!(value),
            FillValue::Integer(value) if field.dtype.is_float() => json!(value as f64),
            FillValue::Integer(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => json!(value),
                (_, Ok(value)) => json!(value),
                _ => Value::Null,
            },
        };
        self.lattice(&field.name, field.dtype, &fill, attributes, Role::Field(index))
    }

    fn lattice(
        &self,
        name: &str,
        dtype: Dtype,
        fill: &Value,
        attributes: Map<String, Value>,
        role: Role,
    ) -> Result<ArrayLayout> {
        let inner = self.geometry.inner_chunk();
        let packed = self.geometry.is_packed().then_some(inner.as_slice());
        let (shape, chunk) = (self.geometry.shape(), self.geometry.object_chunk());
        let document = self.document(&shape, &chunk, packed, dtype, fill, self.geometry.dims(), attributes);
        self.finish(name, document, role)
    }

    fn finish(&self, name: &str, document: Value, role: Role) -> Result<ArrayLayout> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.starts_with('.') || name.starts_with("__") || !name.chars().all(plain) {
            let reason = format!("`{name}` is not an array's name (letters, digits, `_`, `-`, `.`)");
            return Err(StoreError::Layout { reason });
        }
        let array = ZarrArray::parse(&format!("{}/{name}", self.group), &document)?;
        Ok(ArrayLayout { array, document, role })
    }

    #[allow(clippy::too_many_arguments)]
    fn document(
        &self,
        shape: &[u64],
        chunk: &[u64],
        packed: Option<&[u64]>,
        dtype: Dtype,
        fill: &Value,
        dims: &[&str],
        attributes: Map<String, Value>,
    ) -> Value {
        let codecs = codecs(dtype, self.storage.compression);
        let codecs = match packed {
            None => codecs,
            Some(inner) => vec![json!({"name": "sharding_indexed", "configuration": {
                "chunk_shape": inner,
                "codecs": codecs,
                "index_codecs": [bytes_codec(Dtype::Uint64), {"name": "crc32c"}],
                "index_location": "end",
            }})],
        };
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill,
            "codecs": codecs,
            "attributes": attributes,
            "dimension_names": dims,
            "storage_transformers": [],
        })
    }
}

fn bytes_codec(dtype: Dtype) -> Value {
    if dtype.size() == 1 {
        json!({"name": "bytes"})
    } else {
        json!({"name": "bytes", "configuration": {"endian": "little"}})
    }
}

fn codecs(dtype: Dtype, compression: Compression) -> Vec<Value> {
    let mut codecs = vec![bytes_codec(dtype)];
    if let Compression::Zstd { level } = compression {
        codecs.push(json!({"name": "zstd", "configuration": {"level": level, "checksum": false}}));
        codecs.push(json!({"name": "crc32c"}));
    }
    codecs
}

impl ArrayLayout {
    /// The bytes of the array's `zarr.json`.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn document_bytes(&self) -> Result<Vec<u8>> {
        json::bytes(&self.document_key(), &self.document)
    }

    /// The key of the array's `zarr.json`.
    #[must_use]
    pub fn document_key(&self) -> String {
        format!("{}/zarr.json", self.array.path)
    }
}

#[cfg(test)]
mod tests;
