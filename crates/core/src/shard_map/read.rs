//! Reading a shard map: streamed, so that a granule that touches a thousand shards is held once.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{ShardEntry, ShardMap, ShardMapError, lists::Lists};
use crate::grid::GridSignature;

impl ShardMap {
    /// Reads the JSON form: `metadata`, `grid_signature`, `shard_keys` and, parallel to them,
    /// `granules`. Keys that are not known are ignored. A granule listed twice in one shard
    /// counts once, with a note.
    ///
    /// # Errors
    /// When it is not a shard map, has an older form (which is named), or contradicts itself.
    pub fn from_json(json: &[u8]) -> Result<Self, ShardMapError> {
        if json.starts_with(b"PAR1") {
            return Err(ShardMapError::ParquetForm);
        }
        let document: Document = serde_json::from_slice(json).map_err(ShardMapError::Json)?;
        document.check()
    }
}

/// The file, as far as it could be read.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    metadata: Map<String, Value>,
    grid_signature: Option<Signature>,
    shard_keys: Option<Keys>,
    granules: Option<Lists>,
    catalog: Option<IgnoredAny>,
    aoi_mask: Option<IgnoredAny>,
}

impl Document {
    fn check(self) -> Result<ShardMap, ShardMapError> {
        let missing = |key| ShardMapError::MissingKey { key };
        if self.catalog.is_some() && self.shard_keys.is_none() {
            return Err(ShardMapError::CatalogForm);
        }
        let lists = self.granules.ok_or(missing("granules"))?;
        if lists.bare_urls {
            return Err(ShardMapError::BareUrlForm);
        }
        let keys = self.shard_keys.ok_or(missing("shard_keys"))?;
        if let Some(key) = keys.signed {
            return Err(ShardMapError::SignedKey { key });
        }
        let header = Header {
            metadata: self.metadata,
            signature: self.grid_signature.ok_or(missing("grid_signature"))?,
            masked: self.aoi_mask.is_some(),
        };
        header.map(keys.keys, lists)
    }
}

/// What a map says of itself, before its shards.
pub(super) struct Header {
    pub(super) metadata: Map<String, Value>,
    pub(super) signature: Signature,
    /// Whether there are masks, which are not used.
    pub(super) masked: bool,
}

impl Header {
    /// The map of the shards, keys and granule lists in parallel.
    pub(super) fn map(self, keys: Vec<u64>, lists: Lists) -> Result<ShardMap, ShardMapError> {
        if let Some(error) = lists.error {
            return Err(error);
        }
        if keys.len() != lists.lists.len() {
            return Err(ShardMapError::Lengths { keys: keys.len(), lists: lists.lists.len() });
        }
        if let Some(key) = keys.iter().find(|key| self.signature.is_decimal(**key)) {
            return Err(ShardMapError::SignedKey { key: key.cast_signed() });
        }
        let entries = keys.into_iter().zip(lists.lists);
        let shards = entries.map(|(key, granules)| ShardEntry { key, granules }).collect();
        let mut map = ShardMap::new(self.metadata, self.signature.signature, lists.granules, shards)?;
        map.latitude_unsaid = self.signature.latitude_unsaid;
        if lists.repeated > 0 {
            map.notes.push(format!("{} granules were listed twice in one shard and are read once", lists.repeated));
        }
        if self.masked {
            map.notes.push("aoi_mask is ignored: shards are processed whole".to_owned());
        }
        Ok(map)
    }
}

/// A grid signature, and whether it leaves out the latitude, as the Python zagg's do.
pub(super) struct Signature {
    pub(super) signature: GridSignature,
    pub(super) latitude_unsaid: bool,
}

impl Signature {
    /// Whether a key is a cell's decimal name, which stood for it before July 2026: the base cell
    /// from 1 to 6, then a digit from 1 to 4 for each order. Words are 2^60 and more.
    fn is_decimal(&self, key: u64) -> bool {
        let GridSignature::Healpix { parent_order, .. } = &self.signature else { return false };
        let digits = key.to_string().into_bytes();
        key < 1 << 60
            && digits.len() == usize::from(*parent_order) + 1
            && digits.first().is_some_and(|digit| (b'1'..=b'6').contains(digit))
            && digits.iter().skip(1).all(|digit| (b'1'..=b'4').contains(digit))
            && *parent_order > 0
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Value::deserialize(deserializer)?;
        let latitude_unsaid = object.get("latitude").is_none();
        let signature = serde_json::from_value(object).map_err(D::Error::custom)?;
        Ok(Self { signature, latitude_unsaid })
    }
}

/// `shard_keys`: unsigned words, never through `f64`.
struct Keys {
    keys: Vec<u64>,
    /// The first negative key.
    signed: Option<i64>,
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of shard keys (whole numbers)")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys, A::Error> {
                let mut keys = Keys { keys: Vec::new(), signed: None };
                while let Some(key) = seq.next_element::<Key>()? {
                    match key {
                        Key::Unsigned(key) => keys.keys.push(key),
                        Key::Signed(key) => keys.signed = keys.signed.or(Some(key)),
                    }
                }
                Ok(keys)
            }
        }

        deserializer.deserialize_seq(KeysVisitor)
    }
}

enum Key {
    Unsigned(u64),
    Signed(i64),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a shard key (a whole number of up to 64 bits)")
            }

            fn visit_u64<E>(self, key: u64) -> Result<Key, E> {
                Ok(Key::Unsigned(key))
            }

            fn visit_i64<E>(self, key: i64) -> Result<Key, E> {
                Ok(u64::try_from(key).map_or(Key::Signed(key), Key::Unsigned))
            }
        }

        deserializer.deserialize_u64(KeyVisitor)
    }
}
