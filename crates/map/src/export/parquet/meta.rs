//! What the file says about its geometries: the `geo` note of GeoParquet 1.1.0.

use arrow_array::{Array as _, BinaryArray, Float64Array, RecordBatch, StructArray};
use serde_json::{Value, json};

use super::{Geometry, wkb};

/// What is known of the rows once they are written.
#[derive(Debug, Default)]
pub(super) struct Seen {
    single: bool,
    multi: bool,
    bounds: Option<[f64; 4]>,
}

impl Seen {
    /// Takes rows in.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let geometries =
            batch.column_by_name("geometry").and_then(|column| column.as_any().downcast_ref::<BinaryArray>());
        for geometry in geometries.into_iter().flat_map(BinaryArray::iter).flatten() {
            if wkb::is_multi(geometry) { self.multi = true } else { self.single = true }
        }
        let Some(boxes) = batch.column_by_name("bbox").and_then(|column| column.as_any().downcast_ref::<StructArray>())
        else {
            return;
        };
        for (edge, column) in boxes.columns().iter().enumerate() {
            let Some(values) = column.as_any().downcast_ref::<Float64Array>() else { continue };
            for value in values.iter().flatten() {
                let edges = self.bounds.get_or_insert([f64::MAX, f64::MAX, f64::MIN, f64::MIN]);
                edges[edge] = if edge < 2 { edges[edge].min(value) } else { edges[edge].max(value) };
            }
        }
    }

    /// The note. It names no coordinate system, which means OGC:CRS84.
    pub(super) fn geo(&self, geometry: Geometry) -> Value {
        let types: &[&str] = match (geometry, self.single, self.multi) {
            (Geometry::Centre, ..) => &["Point"],
            (Geometry::Polygon, true, true) => &["Polygon", "MultiPolygon"],
            (Geometry::Polygon, false, true) => &["MultiPolygon"],
            (Geometry::Polygon, ..) => &["Polygon"],
        };
        let covering = |edge: &str| json!(["bbox", edge]);
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": types,
            "edges": "planar",
            "covering": {"bbox": {
                "xmin": covering("xmin"),
                "ymin": covering("ymin"),
                "xmax": covering("xmax"),
                "ymax": covering("ymax"),
            }},
        });
        if let Some(bounds) = self.bounds {
            column["bbox"] = json!(bounds);
        }
        json!({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})
    }
}
