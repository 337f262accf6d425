//! Granules as CMR-STAC's items.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};
use zagg_catalog::{Area, Entry, Part, Ring};

use super::PROVIDER;

/// The item of a granule in the catalog below `root`.
pub(super) fn item(entry: &Entry, root: &str) -> Value {
    let collection = entry.collection.clone().unwrap_or_default();
    let at = format!("{root}/{PROVIDER}/collections/{collection}");
    let id = &entry.id;
    let link = |rel: &str, href: String| json!({"rel": rel, "href": href, "type": "application/geo+json"});
    json!({
        "type": "Feature",
        "id": id,
        "stac_version": "1.1.0",
        "stac_extensions": ["https://stac-extensions.github.io/storage/v2.0.0/schema.json"],
        "properties": properties(entry),
        "geometry": entry.footprint.as_ref().map(geometry),
        "bbox": entry.footprint.as_ref().map(extent),
        "assets": assets(entry),
        "links": [
            link("self", format!("{at}/items/{id}")),
            link("parent", at.clone()),
            link("collection", at),
            link("root", root.to_owned()),
            link("provider", format!("{root}/{PROVIDER}")),
            link("via", format!("https://cmr.earthdata.nasa.gov/search/concepts/{id}.json")),
            link("via", format!("https://cmr.earthdata.nasa.gov/search/concepts/{id}.umm_json")),
        ],
        "collection": entry.collection,
    })
}

fn properties(entry: &Entry) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, time: Option<i64>| {
        if let Some(time) = time {
            let digits = if time % 1000 == 0 { SecondsFormat::Millis } else { SecondsFormat::Micros };
            let text = DateTime::from_timestamp_micros(time).expect("a time").to_rfc3339_opts(digits, true);
            all.insert(name.to_owned(), json!(text));
        }
    };
    put("datetime", entry.datetime_us);
    put("start_datetime", entry.start_us);
    put("end_datetime", entry.end_us);
    let aws = json!({"type": "aws-s3", "bucket": "nsidc-cumulus-prod-protected", "region": "us-west-2"});
    all.insert("storage:schemes".to_owned(), json!({"aws": aws}));
    Value::Object(all)
}

fn assets(entry: &Entry) -> Value {
    let mut all = Map::new();
    for (name, href) in &entry.thumbnails {
        all.insert(name.clone(), json!({"href": href, "roles": ["thumbnail"], "type": "image/jpeg"}));
    }
    if let Some(href) = &entry.https {
        // The server's keys are what stands before the last ending.
        let key = href.rsplit('.').nth(1).unwrap_or_default().trim_start_matches('/');
        all.insert(key.to_owned(), json!({"href": href, "title": "Direct Download", "roles": ["data"]}));
    }
    if let Some(href) = &entry.s3 {
        let key = format!("s3_{}", href.trim_end_matches(".h5"));
        all.insert(key, json!({"href": href, "roles": ["data"], "storage:refs": ["aws"]}));
    }
    if let Some(href) = &entry.metadata {
        let provider = "https://data.nsidc.earthdatacloud.nasa.gov/nsidc-cumulus-prod-protected/other.cmr.json";
        all.insert("provider_metadata".to_owned(), json!({"href": provider, "roles": ["metadata"]}));
        all.insert("metadata".to_owned(), json!({"href": href, "roles": ["metadata"], "type": "application/xml"}));
    }
    Value::Object(all)
}

fn geometry(area: &Area) -> Value {
    let polygon = |part: &Part| match part {
        Part::Polygon(rings) => json!(rings),
        Part::Band { south_deg: south, north_deg: north } => {
            json!([[[-180.0, south], [180.0, south], [180.0, north], [-180.0, north], [-180.0, south]]])
        }
    };
    match area.parts.as_slice() {
        [part] => json!({"type": "Polygon", "coordinates": polygon(part)}),
        parts => json!({"type": "MultiPolygon", "coordinates": parts.iter().map(polygon).collect::<Vec<_>>()}),
    }
}

/// Smallest and largest of the coordinates, as the server says it even of what crosses ±180.
fn extent(area: &Area) -> [f64; 4] {
    let corners = area.parts.iter().flat_map(|part| match part {
        Part::Polygon(rings) => rings.concat(),
        Part::Band { south_deg, north_deg } => vec![[-180.0, *south_deg], [180.0, *north_deg]],
    });
    corners
        .fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[w, s, e, n], [x, y]| [w.min(x), s.min(y), e.max(x), n.max(y)])
}

/// Whether the box around a granule, turn by turn, touches `bounds`; one without a footprint
/// touches everything. (The real server knows the orbit better.)
pub(super) fn touches(entry: &Entry, bounds: [f64; 4]) -> bool {
    let [west, south, east, north] = bounds;
    let part = |part: &Part| match part {
        Part::Band { south_deg, north_deg } => *south_deg <= north && *north_deg >= south,
        Part::Polygon(rings) => rings.first().is_some_and(|ring| {
            let [w, s, e, n] = unwound(ring);
            let turns = [-720.0, -360.0, 0.0, 360.0, 720.0];
            s <= north && n >= south && turns.iter().any(|turn| w + turn <= east && e + turn >= west)
        }),
    };
    entry.footprint.as_ref().is_none_or(|area| area.parts.iter().any(part))
}

/// The box around a ring whose longitudes go on without a jump; around a pole it is all of them.
fn unwound(ring: &Ring) -> [f64; 4] {
    let (mut bounds, mut longitude) = ([f64::MAX, f64::MAX, f64::MIN, f64::MIN], None);
    for [x, y] in ring {
        let x = longitude.map_or(*x, |before: f64| before + (x - before + 540.0).rem_euclid(360.0) - 180.0);
        longitude = Some(x);
        bounds = [bounds[0].min(x), bounds[1].min(*y), bounds[2].max(x), bounds[3].max(*y)];
    }
    let turned = ring.first().zip(longitude).map_or(0.0, |(first, last)| (last - first[0]).abs());
    match turned > 180.0 {
        true if bounds[1] + bounds[3] < 0.0 => [-180.0, -90.0, 180.0, bounds[3]],
        true => [-180.0, bounds[1], 180.0, 90.0],
        false => bounds,
    }
}
