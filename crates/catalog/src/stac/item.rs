//! STAC items, and the catalog's entries out of them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::instant;
use crate::catalog::Entry;

mod geometry;

/// A STAC item, as far as a catalog needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) id: String,
    #[serde(default)]
    collection: Option<String>,
    /// Null where CMR knows an orbit only.
    #[serde(default)]
    geometry: Value,
    #[serde(default)]
    properties: Option<Properties>,
    /// In the document's order, which decides between assets of one kind.
    #[serde(default)]
    assets: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
struct Properties {
    #[serde(default)]
    datetime: Value,
    #[serde(default)]
    start_datetime: Value,
    #[serde(default)]
    end_datetime: Value,
}

/// An entry, and what its item lacks.
pub(super) struct Taken {
    pub(super) entry: Entry,
    /// It has a time that is none.
    pub(super) has_odd_time: bool,
}

impl Item {
    /// The entry of the item.
    pub(super) fn take(self, thumbnails: bool) -> Taken {
        let mut has_odd_time = false;
        let mut time = |value: &Value| match value {
            Value::Null => None,
            value => {
                let time = value.as_str().and_then(instant::parse);
                has_odd_time |= time.is_none();
                time
            }
        };
        let times = self.properties.unwrap_or_default();
        let mut entry = Entry {
            id: self.id,
            collection: self.collection,
            footprint: geometry::area(&self.geometry),
            datetime_us: time(&times.datetime),
            start_us: time(&times.start_datetime),
            end_us: time(&times.end_datetime),
            ..Entry::default()
        };
        for (key, asset) in self.assets.unwrap_or_default() {
            pick(&mut entry, key, &asset, thumbnails);
        }
        Taken { entry, has_odd_time }
    }
}

/// Puts an asset where it belongs: data that end in `.h5` by their scheme, metadata, pictures when
/// they are wanted. Of several for one place the last is taken; all others are left.
fn pick(entry: &mut Entry, key: String, asset: &Value, thumbnails: bool) {
    let roles = asset.get("roles").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let has = |role: &str| roles.iter().any(|value| value.as_str() == Some(role));
    let href = asset.get("href").and_then(Value::as_str).unwrap_or_default().to_owned();
    if has("data") && href.ends_with(".h5") {
        let place = if href.starts_with("https") { &mut entry.https } else { &mut entry.s3 };
        *place = Some(href);
    } else if has("metadata") {
        entry.metadata = Some(href).filter(|href| !href.is_empty());
    } else if thumbnails && (has("thumbnail") || has("browse")) {
        entry.thumbnails.push((key, href));
    }
}

#[cfg(test)]
mod tests;
