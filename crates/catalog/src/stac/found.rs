//! What a search found.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::cycle::{self, LeftOut};
use super::error::StacError;
use super::query::{Collection, Query};
use super::revision;
use super::server::Server;
use crate::catalog::{Catalog, Entry};

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The granules, each id once, in the server's order: those of the first box, then those of
    /// the next that were not among them, and so on.
    pub entries: Vec<Entry>,
    /// How many the server said there are, summed over the boxes; none when it did not say.
    pub matched: Option<u64>,
    /// Pages that were read.
    pub pages: u64,
    /// Requests that had to be made again.
    pub retries: u64,
    /// Items that came again within a box, and were left out.
    pub duplicates: u64,
    /// Items that an earlier box had given already.
    pub shared: u64,
    /// Granules of which the server does not say where they are, or says nothing usable.
    pub without_footprint: Vec<String>,
    /// Granules without a `.h5` to read.
    pub without_data: Vec<String>,
    /// Granules with a time that is none.
    pub odd_times: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Different granules so far.
    pub received: u64,
    /// How many there are in the boxes asked so far, by the server's word.
    pub matched: Option<u64>,
    /// Pages so far.
    pub pages: u64,
    /// Requests that had to be made again.
    pub retries: u64,
    /// The pause before the next attempt, while the search waits for one.
    pub waiting: Option<Duration>,
}

impl Found {
    /// Keeps the granules of a cycle by their names; see [`cycle::keep`].
    ///
    /// # Errors
    /// [`StacError::NoneOfCycle`] when there is none.
    pub fn keep_cycle(&mut self, cycle: u32) -> Result<LeftOut, StacError> {
        let left = cycle::keep(&mut self.entries, cycle)?;
        self.forget_others();
        Ok(left)
    }

    /// Keeps the newest revision of each granule, and gives the ids of the older ones; see
    /// [`revision::keep_newest`].
    pub fn keep_newest(&mut self) -> Vec<String> {
        let superseded = revision::keep_newest(&mut self.entries);
        self.forget_others();
        superseded
    }

    /// What is named is among the granules.
    fn forget_others(&mut self) {
        let lists = [&mut self.without_footprint, &mut self.without_data, &mut self.odd_times];
        if lists.iter().any(|list| !list.is_empty()) {
            let ids: HashSet<&str> = self.entries.iter().map(|entry| entry.id.as_str()).collect();
            lists.into_iter().for_each(|list| list.retain(|id| ids.contains(id.as_str())));
        }
    }

    /// The granules with what is known of the search, under the names that the Python zagg uses.
    #[must_use]
    pub fn into_catalog(self, server: &Server, query: &Query) -> Catalog {
        let mut metadata = Map::new();
        let source = if server.provider.is_some() { "CMR-STAC" } else { "STAC" };
        metadata.insert("source".to_owned(), json!(source));
        match &server.provider {
            Some(provider) => metadata.insert("provider".to_owned(), json!(provider)),
            None => metadata.insert("url".to_owned(), json!(server.url())),
        };
        metadata.insert("collection".to_owned(), json!(query.collection.id()));
        if let Collection::Product { short_name, version } = &query.collection {
            metadata.insert("short_name".to_owned(), json!(short_name));
            metadata.insert("version".to_owned(), json!(version));
        }
        let [start, end] = query.time.days();
        metadata.insert("start_date".to_owned(), json!(start));
        metadata.insert("end_date".to_owned(), json!(end));
        metadata.insert("bbox".to_owned(), json!(query.bounds()));
        metadata.insert("preserve_thumbnails".to_owned(), Value::Bool(server.settings.thumbnails));
        metadata.insert("total_granules".to_owned(), json!(self.entries.len()));
        Catalog { metadata, entries: self.entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_named_no_more() {
        let ids = [
            "ATL06_20240106012345_02872203_007_01.h5",
            "ATL06_20240106012345_02872203_007_02.h5",
            "ATL06_20240320012345_02872303_007_01.h5",
        ]
        .map(str::to_owned);
        let entries = ids.clone().map(|id| Entry { id, ..Entry::default() }).to_vec();
        let mut found =
            Found { entries, without_footprint: ids.to_vec(), without_data: ids.to_vec(), ..Found::default() };
        assert_eq!(found.keep_cycle(22).unwrap().other_cycles, 1);
        assert_eq!(found.without_footprint, ids[..2]);
        assert_eq!(found.keep_newest(), ids[..1]);
        assert_eq!((found.without_footprint, found.without_data.len()), (ids[1..2].to_vec(), 1));
        assert_eq!(found.entries.len(), 1);
    }
}
