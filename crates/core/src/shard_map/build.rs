//! Making a shard map from pieces, in the order of a file that holds it by rows.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeSeed};
use serde_json::{Map, Value};

use super::{
    ShardMap, ShardMapError,
    lists::{List, Lists},
    read::{Header, Signature},
    record::Record,
};

/// One granule of one shard, as a row of a table has it.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The granule's name.
    pub id: &'a str,
    /// Drivers and locations.
    pub hrefs: &'a [(&'a str, &'a str)],
    /// When its first point was taken (ISO 8601).
    pub time_start: Option<&'a str>,
    /// When its last point was taken (ISO 8601).
    pub time_end: Option<&'a str>,
}

/// A shard map in the making: shard by shard, each with its granules in order. A granule that
/// touches many shards is held once; records of one granule may complete each other.
pub struct ShardMapBuilder {
    header: Header,
    keys: Vec<u64>,
    lists: Lists,
}

impl ShardMapBuilder {
    /// Starts a map from its header, a JSON object of `metadata` and `grid_signature`.
    ///
    /// # Errors
    /// When the text is no such object.
    pub fn from_header(json: &str) -> Result<Self, ShardMapError> {
        #[derive(Deserialize)]
        struct Text {
            #[serde(default)]
            metadata: Map<String, Value>,
            grid_signature: Option<Signature>,
        }
        let text: Text = serde_json::from_str(json).map_err(ShardMapError::Json)?;
        let signature = text.grid_signature.ok_or(ShardMapError::MissingKey { key: "grid_signature" })?;
        let header = Header { metadata: text.metadata, signature, masked: false };
        Ok(Self { header, keys: Vec::new(), lists: Lists::default() })
    }

    /// Begins a shard; pairs that follow are its own.
    pub fn shard(&mut self, key: u64) {
        self.keys.push(key);
        self.lists.lists.push(Vec::new());
    }

    /// Adds a granule to the shard that was begun last. Trouble with it is told by [`Self::finish`].
    pub fn pair(&mut self, pair: Pair<'_>) {
        let hrefs = pair.hrefs.iter().map(|(driver, href)| (Cow::Borrowed(*driver), Cow::Borrowed(*href)));
        let record = Record {
            id: Cow::Borrowed(pair.id),
            hrefs: hrefs.collect(),
            time_start: pair.time_start.map(Cow::Borrowed),
            time_end: pair.time_end.map(Cow::Borrowed),
        };
        if let Some(mut list) = self.lists.lists.pop() {
            self.lists.take(record, &mut list);
            self.lists.lists.push(list);
        }
    }

    /// Adds a shard with its granules as the JSON form writes them, a list of records.
    ///
    /// # Errors
    /// When the text is no such list.
    pub fn shard_of_json(&mut self, key: u64, granules: &str) -> Result<(), ShardMapError> {
        let mut text = serde_json::Deserializer::from_str(granules);
        let list = List(&mut self.lists).deserialize(&mut text).map_err(ShardMapError::Json)?;
        text.end().map_err(ShardMapError::Json)?;
        if self.lists.bare_urls {
            return Err(ShardMapError::BareUrlForm);
        }
        self.keys.push(key);
        self.lists.lists.push(list);
        Ok(())
    }

    /// Says that the file has masks, which are not used; a note will say so.
    pub fn ignore_masks(&mut self) {
        self.header.masked = true;
    }

    /// The map.
    ///
    /// # Errors
    /// When it contradicts itself, or its keys have an older form.
    pub fn finish(self) -> Result<ShardMap, ShardMapError> {
        self.header.map(self.keys, self.lists)
    }
}
