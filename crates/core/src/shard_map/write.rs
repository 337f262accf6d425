//! Writing a shard map in the form that [`ShardMap::from_json`] reads, and the Python zagg too.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Granule, ShardEntry, ShardMap, ShardMapError};

impl ShardMap {
    /// The map as JSON: `metadata`, `grid_signature`, `shard_keys` and, parallel to them,
    /// `granules`.
    ///
    /// # Errors
    /// When the grid signature holds a number that JSON cannot.
    pub fn to_json(&self) -> Result<String, ShardMapError> {
        serde_json::to_string_pretty(self).map_err(ShardMapError::Json)
    }
}

impl Serialize for ShardMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("metadata", &self.metadata)?;
        map.serialize_entry("grid_signature", &self.signature)?;
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
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        for (driver, href) in hrefs {
            map.serialize_entry(driver, href)?;
        }
        for (key, time) in [("time_start", time_start), ("time_end", time_end)] {
            if let Some(time) = time {
                map.serialize_entry(key, time)?;
            }
        }
        map.end()
    }
}
