//! Reading a shard map: streamed, so that a granule that touches a thousand shards is held once.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    Granule, ShardEntry, ShardMap, ShardMapError,
    record::{Item, Record},
};
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
    grid_signature: Option<GridSignature>,
    shard_keys: Option<Keys>,
    granules: Option<Table>,
    catalog: Option<IgnoredAny>,
    aoi_mask: Option<IgnoredAny>,
}

impl Document {
    fn check(self) -> Result<ShardMap, ShardMapError> {
        let missing = |key| ShardMapError::MissingKey { key };
        if self.catalog.is_some() && self.shard_keys.is_none() {
            return Err(ShardMapError::CatalogForm);
        }
        let table = self.granules.ok_or(missing("granules"))?;
        if table.bare_urls {
            return Err(ShardMapError::BareUrlForm);
        }
        let keys = self.shard_keys.ok_or(missing("shard_keys"))?;
        if let Some(key) = keys.signed {
            return Err(ShardMapError::SignedKey { key });
        }
        let signature = self.grid_signature.ok_or(missing("grid_signature"))?;
        if let Some(error) = table.error {
            return Err(error);
        }
        if keys.keys.len() != table.lists.len() {
            return Err(ShardMapError::Lengths { keys: keys.keys.len(), lists: table.lists.len() });
        }
        let entries = keys.keys.into_iter().zip(table.lists);
        let shards = entries.map(|(key, granules)| ShardEntry { key, granules }).collect();
        let mut map = ShardMap::new(self.metadata, signature, table.granules, shards)?;
        if table.repeated > 0 {
            map.notes.push(format!("{} granules were listed twice in one shard and are read once", table.repeated));
        }
        if self.aoi_mask.is_some() {
            map.notes.push("aoi_mask is ignored: shards are processed whole".to_owned());
        }
        Ok(map)
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

/// `granules`: every granule once, and for each shard the places of its granules.
#[derive(Default)]
struct Table {
    granules: Vec<Granule>,
    places: HashMap<String, u32>,
    lists: Vec<Vec<u32>>,
    /// For each granule, the number of the list that it was last put in, from 1.
    last_list: Vec<usize>,
    repeated: u64,
    bare_urls: bool,
    error: Option<ShardMapError>,
}

impl Table {
    /// Takes one record of the list that is being read.
    fn take(&mut self, record: Record<'_>, list: &mut Vec<u32>) {
        let place = match self.place(record) {
            Ok(place) => place,
            Err(error) => {
                self.error.get_or_insert(error);
                return;
            }
        };
        let this_list = self.lists.len() + 1;
        match self.last_list.get_mut(place as usize) {
            Some(last) if *last == this_list => self.repeated += 1,
            Some(last) => {
                *last = this_list;
                list.push(place);
            }
            None => {}
        }
    }

    /// The place of a record's granule, which is added or completed.
    fn place(&mut self, record: Record<'_>) -> Result<u32, ShardMapError> {
        let Some(&place) = self.places.get(record.id.as_ref()) else {
            let place = u32::try_from(self.granules.len()).map_err(|_| ShardMapError::TooManyGranules)?;
            self.places.insert(record.id.clone().into_owned(), place);
            self.granules.push(record.into_granule());
            self.last_list.push(0);
            return Ok(place);
        };
        let granule = &mut self.granules[place as usize];
        for (driver, href) in record.hrefs {
            match granule.hrefs.iter().find(|(name, _)| *name == driver) {
                None => granule.hrefs.push((driver.into_owned(), href.into_owned())),
                Some((_, first)) if *first == href => {}
                Some((_, first)) => {
                    return Err(ShardMapError::ConflictingLocations {
                        id: granule.id.clone(),
                        driver: driver.into_owned(),
                        first: first.clone(),
                        second: href.into_owned(),
                    });
                }
            }
        }
        Ok(place)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableVisitor;

        impl<'de> Visitor<'de> for TableVisitor {
            type Value = Table;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of granule lists")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Table, A::Error> {
                let mut table = Table::default();
                while let Some(list) = seq.next_element_seed(List(&mut table))? {
                    table.lists.push(list);
                }
                Ok(table)
            }
        }

        deserializer.deserialize_seq(TableVisitor)
    }
}

/// One shard's list.
struct List<'t>(&'t mut Table);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Vec<u32>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<u32>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Vec<u32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of granules")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u32>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element::<Item<'_>>()? {
            match item {
                Item::Record(record) => self.0.take(record, &mut list),
                Item::BareUrl => self.0.bare_urls = true,
            }
        }
        Ok(list)
    }
}
