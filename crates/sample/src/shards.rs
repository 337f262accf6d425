//! Which shards the granules touch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use zagg_core::grid::{Grid, HealpixGrid, healpix};
use zagg_core::shard_map::{Granule, ShardEntry, ShardMap};

use crate::error::Error;
use crate::granule::SampleGranule;

/// The shard map of `granules`: every shard that holds at least one of their points, by key. The
/// points themselves are looked up, not footprints, so that no shard is without data. `hrefs`
/// gives a granule's locations by driver: `("file", "granules/ATL06_...h5")`, say.
///
/// # Errors
/// When a shard cannot be named; that would be a defect.
pub fn shard_map(
    granules: &[SampleGranule],
    grid: &HealpixGrid,
    hrefs: impl Fn(&SampleGranule) -> Vec<(String, String)>,
) -> Result<ShardMap, Error> {
    let mut touched: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for (number, granule) in (0..).zip(granules) {
        let shards = granule.points().filter_map(|(lon, lat)| healpix::nested_at(grid.shard_order, lon, lat));
        for nested in shards.collect::<BTreeSet<u64>>() {
            let key = grid.nested_shard(nested)?.key;
            touched.entry(key).or_default().insert(number);
        }
    }
    let records = granules.iter().map(|granule| Granule {
        id: granule.id.clone(),
        hrefs: hrefs(granule),
        time_start: Some(granule.time_start.clone()),
        time_end: Some(granule.time_end.clone()),
    });
    let shards =
        touched.into_iter().map(|(key, granules)| ShardEntry { key, granules: granules.into_iter().collect() });
    let signature = Grid::Healpix(*grid).signature();
    Ok(ShardMap::new(metadata(granules.len()), signature, records.collect(), shards.collect())?)
}

fn metadata(granules: usize) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("short_name".to_owned(), "ATL06".into());
    metadata.insert("version".to_owned(), "006".into());
    metadata.insert("source".to_owned(), "zagg-sample: synthetic, not measurements".into());
    metadata.insert("total_granules".to_owned(), granules.into());
    metadata
}

#[cfg(test)]
mod tests {
    use zagg_core::order::Order;

    use super::*;
    use crate::{Oddity, SampleParameters, write_granules};

    fn grid() -> HealpixGrid {
        HealpixGrid::new(Order::new(6).unwrap(), Order::new(12).unwrap()).unwrap()
    }

    #[test]
    fn every_point_is_in_a_shard_that_lists_its_granule_and_none_is_listed_in_vain() {
        let dir = tempfile::tempdir().unwrap();
        let granules = write_granules(dir.path(), &SampleParameters { segments: 2000, ..Default::default() }).unwrap();
        let map =
            shard_map(&granules, &grid(), |granule| vec![("file".to_owned(), format!("{}.h5", granule.id))]).unwrap();
        let mut pairs = BTreeSet::new();
        for (number, granule) in granules.iter().enumerate() {
            assert_eq!(map.granules()[number].href("file").unwrap(), format!("{}.h5", granule.id));
            for (lon, lat) in granule.points() {
                let nested = healpix::nested_at(Order::new(6).unwrap(), lon, lat).unwrap();
                pairs.insert((grid().nested_shard(nested).unwrap().key, number as u32));
            }
        }
        let listed: BTreeSet<(u64, u32)> =
            map.shards().iter().flat_map(|shard| shard.granules.iter().map(|granule| (shard.key, *granule))).collect();
        assert_eq!(listed, pairs);
        assert!(map.shards().len() > 1, "the demo spans shards");
        assert!(map.shards().is_sorted_by_key(|shard| shard.key));
    }

    #[test]
    fn points_that_are_nowhere_touch_no_shard() {
        let dir = tempfile::tempdir().unwrap();
        let nowhere = |beam| (0, Oddity::NanCoordinates { beam, count: usize::MAX });
        let parameters = SampleParameters {
            granules: 1,
            segments: 50,
            oddities: crate::BEAMS.map(nowhere).into(),
            ..Default::default()
        };
        let granules = write_granules(dir.path(), &parameters).unwrap();
        let map = shard_map(&granules, &grid(), |_| Vec::new()).unwrap();
        assert_eq!((map.granules().len(), map.shards().len()), (1, 0));
    }
}
