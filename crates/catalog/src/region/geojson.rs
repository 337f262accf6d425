//! GeoJSON (RFC 7946), and the `crs` member of its forerunner.

use serde_json::{Map, Value};

use super::{Place, Region, RegionError, ring};
use crate::area::Ring;

/// Geometries within geometries, at most.
const DEPTH: usize = 16;

pub(super) fn parse(text: &str) -> Result<Region, RegionError> {
    let document: Value = serde_json::from_str(text).map_err(RegionError::Json)?;
    let mut found = Found::default();
    found.document(&document)?;
    found.region()
}

/// What a document holds.
#[derive(Default)]
struct Found {
    region: Region,
    /// Geometries that are no polygons: their type, and where they are.
    others: Vec<(String, Place)>,
    empty: bool,
}

impl Found {
    fn document(&mut self, document: &Value) -> Result<(), RegionError> {
        let object = object(document, Place::default(), "a GeoJSON object")?;
        if kind(object, Place::default())? != "FeatureCollection" {
            return self.feature(object, Place::default());
        }
        reference(object, Place::default())?;
        let features = list(object, "features", Place::default())?;
        for (number, feature) in features.iter().enumerate() {
            let place = Place { feature: Some(number), ..Place::default() };
            self.feature(self::object(feature, place, "a Feature")?, place)?;
        }
        Ok(())
    }

    fn feature(&mut self, feature: &Map<String, Value>, place: Place) -> Result<(), RegionError> {
        if kind(feature, place)? != "Feature" {
            return self.geometry(feature, place, 0);
        }
        reference(feature, place)?;
        match feature.get("geometry") {
            // A feature without a place is allowed, and is nowhere.
            None | Some(Value::Null) => {
                self.others.push(("nothing".to_owned(), place));
                Ok(())
            }
            Some(geometry) => self.geometry(object(geometry, place, "a geometry")?, place, 0),
        }
    }

    fn geometry(&mut self, geometry: &Map<String, Value>, place: Place, depth: usize) -> Result<(), RegionError> {
        reference(geometry, place)?;
        match kind(geometry, place)? {
            "Polygon" => self.polygon(list(geometry, "coordinates", place)?, place),
            "MultiPolygon" => {
                for (part, polygon) in list(geometry, "coordinates", place)?.iter().enumerate() {
                    let place = place.part(part);
                    self.polygon(array(polygon, place, "a list of rings")?, place)?;
                }
                Ok(())
            }
            "GeometryCollection" if depth < DEPTH => {
                for (part, geometry) in list(geometry, "geometries", place)?.iter().enumerate() {
                    let place = place.part(part);
                    self.geometry(object(geometry, place, "a geometry")?, place, depth + 1)?;
                }
                Ok(())
            }
            other @ ("Point" | "MultiPoint" | "LineString" | "MultiLineString") => {
                self.others.push((format!("a {other}"), place));
                Ok(())
            }
            other => Err(RegionError::Shape { place, found: format!("a `{other}`"), expected: "a GeoJSON geometry" }),
        }
    }

    fn polygon(&mut self, rings: &[Value], place: Place) -> Result<(), RegionError> {
        let rings = rings.iter().enumerate().map(|(number, ring)| {
            let place = place.ring(number);
            let corners = array(ring, place, "a list of corners")?.iter().enumerate();
            corners.map(|(number, corner)| position(corner, place.corner(number))).collect::<Result<Ring, _>>()
        });
        let part = ring::polygon(rings.collect::<Result<_, _>>()?, place)?;
        self.empty |= part.is_none();
        self.region.area.parts.extend(part);
        Ok(())
    }

    fn region(mut self) -> Result<Region, RegionError> {
        let named = |(kind, place): &(String, Place)| match place.feature {
            None => kind.clone(),
            Some(feature) => format!("{kind} (feature {feature})"),
        };
        let mut names: Vec<String> = self.others.iter().take(3).map(named).collect();
        if self.others.len() > 3 {
            names.push(format!("{} more", self.others.len() - 3));
        }
        let others = names.join(", ");
        match (self.region.area.parts.is_empty(), self.others.is_empty()) {
            (true, true) => return Err(RegionError::Empty),
            (true, false) => return Err(RegionError::NoPolygon { found: others }),
            (false, false) => self.region.notes.push(format!("only polygons count; left out: {others}")),
            (false, true) => {}
        }
        if self.empty {
            self.region.notes.push("polygons without corners are left out".to_owned());
        }
        Ok(self.region)
    }
}

/// Longitude and latitude; a height is let go.
fn position(value: &Value, place: Place) -> Result<[f64; 2], RegionError> {
    let expected = "a list of longitude and latitude";
    let numbers = array(value, place, expected)?;
    match (numbers.first().and_then(Value::as_f64), numbers.get(1).and_then(Value::as_f64)) {
        (Some(longitude), Some(latitude)) => Ok([longitude, latitude]),
        _ => Err(RegionError::Shape { place, found: shown(value), expected }),
    }
}

/// Refuses coordinates that are not longitude and latitude on WGS84.
fn reference(object: &Map<String, Value>, place: Place) -> Result<(), RegionError> {
    let Some(crs) = object.get("crs").filter(|crs| !crs.is_null()) else { return Ok(()) };
    let name = crs.pointer("/properties/name").and_then(Value::as_str);
    let code = name.and_then(|name| name.rsplit(':').next());
    if matches!(code, Some("CRS84" | "CRS84h" | "4326" | "4979")) {
        return Ok(());
    }
    Err(RegionError::Reference { place, reference: name.map_or_else(|| shown(crs), str::to_owned) })
}

fn kind(object: &Map<String, Value>, place: Place) -> Result<&str, RegionError> {
    let missing =
        || RegionError::Shape { place, found: "an object without a `type`".to_owned(), expected: "a GeoJSON object" };
    object.get("type").and_then(Value::as_str).ok_or_else(missing)
}

fn object<'a>(value: &'a Value, place: Place, expected: &'static str) -> Result<&'a Map<String, Value>, RegionError> {
    value.as_object().ok_or_else(|| RegionError::Shape { place, found: shown(value), expected })
}

fn array<'a>(value: &'a Value, place: Place, expected: &'static str) -> Result<&'a [Value], RegionError> {
    let found = || RegionError::Shape { place, found: shown(value), expected };
    value.as_array().map(Vec::as_slice).ok_or_else(found)
}

/// A member that is a list.
fn list<'a>(object: &'a Map<String, Value>, name: &'static str, place: Place) -> Result<&'a [Value], RegionError> {
    array(
        object.get(name).unwrap_or(&Value::Null),
        place,
        match name {
            "features" => "a list of `features`",
            "geometries" => "a list of `geometries`",
            _ => "a list of `coordinates`",
        },
    )
}

/// A value for people, not too long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
