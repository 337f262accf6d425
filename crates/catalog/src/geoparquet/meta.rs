//! What a catalog file says about itself: GeoParquet 1.1.0, stac-geoparquet, and the search.

use serde_json::{Value, json};

/// The note that holds the search's metadata, as a JSON object.
pub(super) const CATALOG_META: &str = "zagg:catalog_meta";

/// WGS84 as PROJJSON 0.7, longitude first as everywhere in GeoParquet.
pub(super) fn wgs84() -> Value {
    let axis = |name: &str, abbreviation: &str, direction: &str| json!({"name": name, "abbreviation": abbreviation, "direction": direction, "unit": "degree"});
    json!({
        "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
        "type": "GeographicCRS",
        "name": "WGS 84",
        "datum": {
            "type": "GeodeticReferenceFrame",
            "name": "World Geodetic System 1984",
            "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6_378_137, "inverse_flattening": 298.257_223_563},
        },
        "coordinate_system": {
            "subtype": "ellipsoidal",
            "axis": [
                axis("Geodetic latitude", "Lat", "north"),
                axis("Geodetic longitude", "Lon", "east"),
            ],
        },
        "id": {"authority": "EPSG", "code": 4326},
    })
}

/// The `geo` note of GeoParquet 1.1.0.
pub(super) fn geo(multi: bool, single: bool) -> Value {
    let types = [(multi, "MultiPolygon"), (single, "Polygon")];
    let types: Vec<_> = types.iter().filter(|(present, _)| *present).map(|(_, name)| *name).collect();
    let covering = |edge: &str| json!(["bbox", edge]);
    json!({
        "version": "1.1.0",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": types,
                "crs": wgs84(),
                "edges": "planar",
                "covering": {
                    "bbox": {
                        "xmin": covering("xmin"),
                        "ymin": covering("ymin"),
                        "xmax": covering("xmax"),
                        "ymax": covering("ymax"),
                    },
                },
            },
        },
        "primary_column": "geometry",
    })
}
