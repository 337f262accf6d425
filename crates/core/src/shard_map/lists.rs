//! The granule lists of a shard map, while they are read.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};

use super::{
    Granule, ShardMapError,
    record::{Item, Record},
};

/// Every granule once, and for each shard the places of its granules.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) granules: Vec<Granule>,
    places: HashMap<String, u32>,
    pub(super) lists: Vec<Vec<u32>>,
    /// For each granule, the number of the list that it was last put in, from 1.
    last_list: Vec<usize>,
    pub(super) repeated: u64,
    pub(super) bare_urls: bool,
    pub(super) error: Option<ShardMapError>,
}

impl Lists {
    /// Takes one record of the list that is being read.
    pub(super) fn take(&mut self, record: Record<'_>, list: &mut Vec<u32>) {
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

impl<'de> Deserialize<'de> for Lists {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        pub(super) struct ListsVisitor;

        impl<'de> Visitor<'de> for ListsVisitor {
            type Value = Lists;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of granule lists")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lists, A::Error> {
                let mut lists = Lists::default();
                while let Some(list) = seq.next_element_seed(List(&mut lists))? {
                    lists.lists.push(list);
                }
                Ok(lists)
            }
        }

        deserializer.deserialize_seq(ListsVisitor)
    }
}

/// One shard's list.
pub(super) struct List<'t>(pub(super) &'t mut Lists);

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
