//! One granule's record in the file.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

use super::Granule;

/// One element of a shard's list.
pub(super) enum Item<'de> {
    Record(Record<'de>),
    /// A text, as in the older form.
    BareUrl,
}

/// One granule, as the file has it.
pub(super) struct Record<'de> {
    pub(super) id: Cow<'de, str>,
    pub(super) hrefs: Vec<(Cow<'de, str>, Cow<'de, str>)>,
    pub(super) time_start: Option<Cow<'de, str>>,
    pub(super) time_end: Option<Cow<'de, str>>,
}

impl Record<'_> {
    pub(super) fn into_granule(self) -> Granule {
        Granule {
            id: self.id.into_owned(),
            hrefs: self.hrefs.into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect(),
            time_start: self.time_start.map(Cow::into_owned),
            time_end: self.time_end.map(Cow::into_owned),
        }
    }
}

/// A text that borrows from the file where that has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text, or anything else, which is let go.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

/// Whether `key: value` of a granule's record says where the granule is: the drivers that zagg
/// knows by name, and any other key whose value is a URL.
fn is_href(key: &str, value: &str) -> bool {
    !value.is_empty() && (matches!(key, "s3" | "https" | "http" | "file") || value.contains("://"))
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a granule with an id and its locations")
    }

    fn visit_str<E>(self, _: &str) -> Result<Item<'de>, E> {
        Ok(Item::BareUrl)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
        let mut id = None;
        let mut record = Record { id: Cow::Borrowed(""), hrefs: Vec::new(), time_start: None, time_end: None };
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "id" => id = Some(map.next_value::<Text<'de>>()?.0),
                "time_start" => record.time_start = map.next_value::<Option<Text<'de>>>()?.map(|text| text.0),
                "time_end" => record.time_end = map.next_value::<Option<Text<'de>>>()?.map(|text| text.0),
                _ => {
                    if let Loose::Text(value) = map.next_value()?
                        && is_href(&key, &value)
                    {
                        record.hrefs.push((key, value));
                    }
                }
            }
        }
        record.id = id.filter(|id| !id.is_empty()).ok_or_else(|| A::Error::custom("a granule has no `id`"))?;
        Ok(Item::Record(record))
    }
}
