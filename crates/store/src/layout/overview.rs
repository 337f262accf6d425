//! The layout of an overview: that of the cells, with cells of a coarser order.

use serde_json::{Map, Value, json};
use zagg_core::{
    digest::Digest,
    grid::{Grid, HealpixGrid},
    order::Order,
};

use super::{ArrayLayout, Layout, Provenance, Role};
use crate::{
    array::ZarrArray,
    convention,
    error::{Result, StoreError},
    geometry::Geometry,
};

/// What an overview takes from the cells that it is made of.
#[derive(Debug, Clone, Copy)]
pub struct OverviewSource<'a> {
    /// Digest of the cells' pipeline.
    pub pipeline: Digest,
    /// The `zarr.json` of each of the cells' arrays, by the array's name.
    pub documents: &'a [(String, Value)],
    /// How many orders finer cells are than the chunks that hold them; overviews have chunks of as many cells.
    pub inside: u8,
}

impl Layout {
    /// The layout of the overview of an order that keeps `fields`: arrays as the cells have them (type, codecs,
    /// attributes), one chunk per coarse cell, never packed.
    ///
    /// # Errors
    /// When the cells have no such field.
    pub fn overview(source: OverviewSource<'_>, order: Order, fields: &[&str]) -> Result<Self> {
        let refuse = |reason: String| StoreError::Layout { reason };
        let inside = source.inside.min(order.get());
        let chunk = Order::new(order.get() - inside).map_err(|error| refuse(error.to_string()))?;
        let grid = HealpixGrid::new(chunk, order).map_err(|error| refuse(error.to_string()))?;
        let geometry = Geometry::Healpix { shard: chunk, inner: chunk, cell: order, packed: false };
        let group = order.to_string();
        let document = |name: &str| source.documents.iter().find(|(n, _)| n == name).map(|(_, document)| document);
        let array = |name: &str, document: &Value, role: Role| -> Result<ArrayLayout> {
            let document = coarser(document, &geometry, &role);
            let array = ZarrArray::parse(&format!("{group}/{name}"), &document)?;
            Ok(ArrayLayout { array, document, role })
        };
        let mut arrays = Vec::new();
        let coordinates = [("cell_ids", Role::CellIds(order)), ("morton", Role::Morton(order))];
        for (name, role) in coordinates {
            if let Some(document) = document(name) {
                arrays.push(array(name, document, role)?);
            }
        }
        for (index, name) in fields.iter().enumerate() {
            let document = document(name).ok_or_else(|| refuse(format!("the cells have no field `{name}`")))?;
            arrays.push(array(name, document, Role::Field(index))?);
        }
        let grid = Grid::Healpix(grid);
        let (cell_ids, morton) = (document("cell_ids").is_some(), document("morton").is_some());
        Ok(Self {
            group,
            pipeline: source.pipeline,
            signature: grid.signature(),
            geometry,
            arrays,
            group_attributes: convention::group_attributes(&grid, cell_ids, morton),
            statistics: json!({}),
            provenance: Provenance::default(),
        })
    }
}

/// The document of an array of cells, as that of an array of coarser ones.
fn coarser(document: &Value, geometry: &Geometry, role: &Role) -> Value {
    let mut document = document.clone();
    document["shape"] = json!(geometry.shape());
    document["chunk_grid"]["configuration"]["chunk_shape"] = json!(geometry.object_chunk());
    let packed = document["codecs"].as_array().and_then(|codecs| codecs.first()).cloned().unwrap_or_default();
    if packed["name"] == "sharding_indexed" {
        document["codecs"] = packed["configuration"]["codecs"].clone();
    }
    let attributes: Option<Map<String, Value>> = match role {
        Role::CellIds(order) => Some(convention::cell_ids_attributes(*order)),
        Role::Morton(order) => Some(convention::morton_attributes(*order)),
        _ => None,
    };
    if let Some(attributes) = attributes {
        document["attributes"] = Value::Object(attributes);
    }
    document
}
