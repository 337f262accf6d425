//! What the store says about itself to readers: the DGGS convention of Zarr, the attributes that
//! xdggs reads, and CF.

use serde_json::{Map, Value, json};
use zagg_core::{
    grid::{Grid, RectilinearGrid, signature::AUTHALIC_WGS84},
    order::Order,
};

fn ellipsoid() -> Value {
    json!({"name": "WGS84", "semimajor_axis": 6_378_137.0, "inverse_flattening": 298.257_223_563})
}

/// The attributes of the group that holds the arrays, without the provenance.
#[must_use]
pub fn group_attributes(grid: &Grid, cell_ids: bool, morton: bool) -> Map<String, Value> {
    let attributes = match grid {
        Grid::Healpix(grid) => healpix_attributes(grid.cell_order, cell_ids, morton),
        Grid::Rectilinear(grid) => {
            json!({
                "Conventions": "CF-1.11",
                "crs": grid.crs,
                "resolution": grid.resolution,
                "bounds": grid.bounds(),
            })
        }
    };
    into_map(attributes)
}

fn healpix_attributes(order: Order, cell_ids: bool, morton: bool) -> Value {
    let mut conventions = vec![dggs_convention()];
    if morton {
        conventions.push(json!({
            "schema_url": "https://github.com/espg/mortie/blob/main/docs/specification.md#dggs-attrs",
            "spec_url": "https://github.com/espg/mortie/blob/main/docs/specification.md",
            "uuid": "3e22156d-ea9e-4e01-95fe-e3809a4b41e7",
            "name": "morton-dggs",
            "description": "Packed-u64 morton (HEALPix) DGGS convention",
        }));
    }
    let dggs = dggs(order, cell_ids);
    json!({"Conventions": "CF-1.11", "zarr_conventions": conventions, "dggs": dggs, "latitude": AUTHALIC_WGS84})
}

fn dggs_convention() -> Value {
    json!({
        "schema_url": "https://raw.githubusercontent.com/zarr-conventions/dggs/refs/tags/v1/schema.json",
        "spec_url": "https://github.com/zarr-conventions/dggs/blob/v1/README.md",
        "uuid": "7b255807-140c-42ca-97f6-7a1cfecdbc38",
        "name": "dggs",
        "description": "Discrete Global Grid Systems convention for zarr",
    })
}

fn dggs(order: Order, cell_ids: bool) -> Value {
    // No `latitude` in here: xdggs hands every key of this object to its HEALPix grid and refuses
    // one that it does not know. The ellipsoid already means the authalic latitude to xdggs; for
    // everybody else the key stands beside.
    let mut dggs = json!({
        "name": "healpix",
        "refinement_level": order.get(),
        "indexing_scheme": "nested",
        "spatial_dimension": "cells",
        "ellipsoid": ellipsoid(),
    });
    if cell_ids {
        dggs["coordinate"] = json!("cell_ids");
        dggs["compression"] = json!("none");
    }
    dggs
}

/// The attributes of the root that list the overviews of cells of order `cells`, by the multiscales convention
/// and, within each entry, the DGGS one.
#[must_use]
pub fn multiscales_attributes(cells: Order, cell_ids: bool, overviews: &[Order]) -> Map<String, Value> {
    let mut layout = vec![json!({"asset": cells.to_string(), "dggs": dggs(cells, cell_ids)})];
    layout.extend(overviews.iter().map(|order| {
        let wider = f64::from(1_u32 << cells.finer_by(*order).unwrap_or(0));
        json!({
            "asset": order.to_string(),
            "derived_from": cells.to_string(),
            "transform": {"scale": [wider]},
            "dggs": dggs(*order, cell_ids),
        })
    }));
    into_map(json!({
        "zarr_conventions": [
            {
                "schema_url": "https://raw.githubusercontent.com/zarr-conventions/multiscales/refs/tags/v1/schema.json",
                "spec_url": "https://github.com/zarr-conventions/multiscales/blob/v1/README.md",
                "uuid": "d35379db-88df-4056-af3a-620245f8e347",
                "name": "multiscales",
                "description": "Multiscale layout of zarr datasets",
            },
            dggs_convention(),
        ],
        "multiscales": {"layout": layout},
    }))
}

/// The attributes of `cell_ids`: those of xdggs's own convention, and no other (it refuses more).
#[must_use]
pub fn cell_ids_attributes(order: Order) -> Map<String, Value> {
    into_map(json!({
        "grid_name": "healpix", "level": order.get(), "indexing_scheme": "nested", "ellipsoid": ellipsoid(),
    }))
}

/// The attributes of `morton`.
#[must_use]
pub fn morton_attributes(order: Order) -> Map<String, Value> {
    into_map(json!({
        "long_name": "packed morton word of the cell", "refinement_level": order.get(), "latitude": AUTHALIC_WGS84,
    }))
}

/// The attributes of `x` and `y`, in that order.
#[must_use]
pub fn axis_attributes(crs: &str) -> [Map<String, Value>; 2] {
    let axis = |axis: &str, name: &str, long: &str, units: &str| {
        into_map(json!({"axis": axis, "standard_name": name, "long_name": long, "units": units}))
    };
    if is_geographic(crs) {
        [
            axis("X", "longitude", "longitude of the cell's centre", "degrees_east"),
            axis("Y", "latitude", "latitude of the cell's centre", "degrees_north"),
        ]
    } else {
        [
            axis("X", "projection_x_coordinate", "x of the cell's centre", "m"),
            axis("Y", "projection_y_coordinate", "y of the cell's centre", "m"),
        ]
    }
}

/// The attributes of `spatial_ref`, the CF grid mapping. `crs_wkt` and `spatial_ref` hold the
/// EPSG code, which PROJ takes wherever it takes WKT; the CF parameters are added for the
/// projections whose PROJ and CF parameters correspond one to one.
#[must_use]
pub fn grid_mapping_attributes(grid: &RectilinearGrid) -> Map<String, Value> {
    let mut map = projection(&proj_parameters(&grid.crs));
    map.insert("crs_wkt".into(), json!(grid.crs));
    map.insert("spatial_ref".into(), json!(grid.crs));
    let [x, y] = grid.origin;
    map.insert("GeoTransform".into(), json!(format!("{x} {} 0 {y} 0 {}", grid.resolution[0], -grid.resolution[1])));
    map
}

/// Parameters of a PROJ definition, `+name=value`, by name.
fn proj_parameters(crs: &str) -> Vec<(String, String)> {
    let code = crs.rsplit_once(':').and_then(|(_, code)| code.parse::<u16>().ok());
    let Some(definition) = code.and_then(crs_definitions::from_code) else { return Vec::new() };
    definition
        .proj4
        .split_whitespace()
        .filter_map(|word| word.strip_prefix('+'))
        .map(|word| word.split_once('=').unwrap_or((word, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn is_geographic(crs: &str) -> bool {
    proj_parameters(crs).iter().any(|(name, value)| name == "proj" && value == "longlat")
}

fn projection(parameters: &[(String, String)]) -> Map<String, Value> {
    let text = |name: &str| parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let number = |name: &str| text(name).and_then(|value| value.parse::<f64>().ok());
    let zero = |name: &str| number(name).unwrap_or(0.0);
    let mut map = match text("proj") {
        Some("longlat") => json!({"grid_mapping_name": "latitude_longitude"}),
        Some("stere") if zero("lat_0").abs() == 90.0 => {
            let mut map = json!({
                "grid_mapping_name": "polar_stereographic",
                "latitude_of_projection_origin": zero("lat_0"),
                "straight_vertical_longitude_from_pole": zero("lon_0"),
            });
            match number("lat_ts") {
                Some(parallel) => map["standard_parallel"] = json!(parallel),
                None => map["scale_factor_at_projection_origin"] = json!(number("k").or(number("k_0")).unwrap_or(1.0)),
            }
            map
        }
        Some("laea") => json!({
            "grid_mapping_name": "lambert_azimuthal_equal_area",
            "latitude_of_projection_origin": zero("lat_0"),
            "longitude_of_projection_origin": zero("lon_0"),
        }),
        _ => return Map::new(),
    };
    if text("proj") != Some("longlat") {
        map["false_easting"] = json!(zero("x_0"));
        map["false_northing"] = json!(zero("y_0"));
    }
    if text("datum") == Some("WGS84") || text("ellps") == Some("WGS84") {
        map["semi_major_axis"] = json!(6_378_137.0);
        map["inverse_flattening"] = json!(298.257_223_563);
    }
    into_map(map)
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polar_projection_has_its_cf_parameters() {
        let map = projection(&proj_parameters("EPSG:3031"));
        assert_eq!(map["grid_mapping_name"], "polar_stereographic");
        assert_eq!(map["standard_parallel"], -71.0);
        assert_eq!(map["latitude_of_projection_origin"], -90.0);
        assert_eq!(projection(&proj_parameters("EPSG:3413"))["straight_vertical_longitude_from_pole"], -45.0);
        assert_eq!(projection(&proj_parameters("EPSG:4326"))["grid_mapping_name"], "latitude_longitude");
        assert_eq!(projection(&proj_parameters("EPSG:6933")), Map::new());
        assert_eq!(projection(&proj_parameters("nonsense")), Map::new());
    }

    #[test]
    fn overviews_are_listed_with_their_scale() {
        let order = |order| Order::new(order).unwrap();
        let map = multiscales_attributes(order(12), true, &[order(10), order(6)]);
        let layout = &map["multiscales"]["layout"];
        assert_eq!(layout[0]["asset"], "12");
        assert_eq!((&layout[1]["derived_from"], &layout[1]["transform"]["scale"][0]), (&json!("12"), &json!(4.0)));
        assert_eq!(layout[2]["transform"]["scale"][0], 64.0);
        assert_eq!(layout[2]["dggs"]["refinement_level"], 6);
    }

    #[test]
    fn axes_of_a_geographic_system_are_in_degrees() {
        assert_eq!(axis_attributes("EPSG:4326")[0]["units"], "degrees_east");
        assert_eq!(axis_attributes("EPSG:3031")[1]["units"], "m");
    }
}
