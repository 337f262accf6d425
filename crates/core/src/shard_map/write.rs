//! Writing a shard map in the form that [`ShardMap::from_json`] reads, to the byte as the Python
//! zagg writes it (`json.dumps(payload, indent=2)`).

use std::io::{BufWriter, Write};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{Granule, ShardEntry, ShardMap, ShardMapError, python_json::Python};

impl ShardMap {
    /// The map as JSON: `metadata`, `grid_signature`, `shard_keys` and, parallel to them,
    /// `granules`.
    ///
    /// # Errors
    /// When the grid signature holds a number that JSON cannot.
    pub fn to_json(&self) -> Result<String, ShardMapError> {
        let mut bytes = Vec::new();
        self.write_json(&mut bytes)?;
        String::from_utf8(bytes).map_err(|error| ShardMapError::Write(serde::ser::Error::custom(error)))
    }

    /// Writes the map as [`Self::to_json`] gives it, without ever holding the text: a map of
    /// millions of pairs is a text of gigabytes.
    ///
    /// # Errors
    /// When `writer` fails, or the grid signature holds a number that JSON cannot.
    pub fn write_json(&self, writer: impl Write) -> Result<(), ShardMapError> {
        let mut writer = BufWriter::with_capacity(1 << 16, writer);
        let mut serializer = serde_json::Serializer::with_formatter(&mut writer, Python::default());
        self.serialize(&mut serializer).map_err(ShardMapError::Write)?;
        writer.flush().map_err(|error| ShardMapError::Write(serde_json::Error::io(error)))
    }

    /// What the map says of itself, `metadata` and `grid_signature`, as
    /// [`ShardMapBuilder::from_header`](super::ShardMapBuilder::from_header) reads it.
    ///
    /// # Errors
    /// When the grid signature holds a number that JSON cannot.
    pub fn header_json(&self) -> Result<String, ShardMapError> {
        let signature = self.signature_json().map_err(ShardMapError::Write)?;
        Ok(json!({"metadata": self.metadata, "grid_signature": signature}).to_string())
    }

    /// The signature, without the latitude where the file that was read left it out.
    fn signature_json(&self) -> Result<Value, serde_json::Error> {
        let mut signature = serde_json::to_value(&self.signature)?;
        if self.latitude_unsaid
            && let Value::Object(keys) = &mut signature
        {
            keys.shift_remove("latitude");
        }
        Ok(signature)
    }
}

impl Serialize for ShardMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let signature = self.signature_json().map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("metadata", &self.metadata)?;
        map.serialize_entry("grid_signature", &signature)?;
        map.serialize_entry("shard_keys", &Each(|| self.shards.iter().map(|shard| shard.key)))?;
        map.serialize_entry("granules", &Each(|| self.shards.iter().map(|shard| Records { map: self, shard })))?;
        map.end()
    }
}

/// A list made while it is written.
struct Each<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// One shard's granules.
struct Records<'a> {
    map: &'a ShardMap,
    shard: &'a ShardEntry,
}

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.map.granules_of(self.shard).map(Record))
    }
}

/// One granule.
struct Record<'a>(&'a Granule);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Granule { id, hrefs, time_start, time_end } = self.0;
        let has = |driver: &str| hrefs.iter().any(|(name, _)| name == driver);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        // The Python zagg always writes both of its drivers, `s3` first; what is not there is null.
        if has("https") && !has("s3") {
            map.serialize_entry("s3", &())?;
        }
        for (driver, href) in hrefs {
            map.serialize_entry(driver, href)?;
            if driver == "s3" && !has("https") {
                map.serialize_entry("https", &())?;
            }
        }
        for (key, time) in [("time_start", time_start), ("time_end", time_end)] {
            if let Some(time) = time {
                map.serialize_entry(key, time)?;
            }
        }
        map.end()
    }
}
