//! From granules and a region to a shard map.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Timelike as _};
use serde_json::{Value, json};
use zagg_core::{
    grid::Grid,
    shard_map::{Granule, ShardEntry, ShardMap},
};

use crate::{
    area::Area,
    catalog::{Catalog, Entry},
    cover::{CoverError, assign},
    error::{CatalogError, Result},
};

/// A shard map, and what is not in it.
#[derive(Debug)]
pub struct Sharded {
    /// The map.
    pub map: ShardMap,
    /// Shards of the region, with and without granules. Those without are not in the map.
    pub region_shards: u64,
    /// Granules whose footprint touches no shard of the region.
    pub outside: u64,
    /// Granules of which nobody says where they are.
    pub without_footprint: Vec<String>,
    /// Granules whose footprint makes no area, and why.
    pub unusable: Vec<(String, CoverError)>,
}

/// The shards of `grid` that `region` touches, each with the granules whose footprint touches it, in
/// the order of the catalog. Footprints are taken to be wider by `margin_m` metres on every side.
///
/// The same inputs give the same map, its metadata included.
///
/// # Errors
/// As [`assign`]; and when the catalog has two granules of one name.
pub fn shard(grid: &Grid, region: &Area, catalog: &Catalog, margin_m: f64) -> Result<Sharded> {
    let firsts = firsts(&catalog.entries)?;
    let assigned = assign(grid, region, catalog, margin_m)?;
    let id = |index: u32| catalog.entries.get(index as usize).map_or_else(String::new, |entry| entry.id.clone());
    // Granules that are in no shard are not in the map either.
    let touching: HashSet<u32> =
        assigned.shards().flat_map(|(_, indices)| indices).map(|&index| firsts[index as usize]).collect();
    let mut touching: Vec<u32> = touching.into_iter().collect();
    touching.sort_unstable();
    let granules: Vec<Granule> = touching.iter().map(|&index| granule(&catalog.entries[index as usize])).collect();
    let mut places = vec![0_u32; catalog.entries.len()];
    for (place, &index) in touching.iter().enumerate() {
        places[index as usize] = place as u32;
    }
    let shards = assigned.shards().map(|(key, indices)| {
        let mut granules: Vec<u32> = indices.iter().map(|&index| places[firsts[index as usize] as usize]).collect();
        // Ascending already, unless a granule is listed again further down.
        granules.sort_unstable();
        granules.dedup();
        ShardEntry { key, granules }
    });
    let shards: Vec<ShardEntry> = shards.collect();
    let pairs: usize = shards.iter().map(|shard| shard.granules.len()).sum();
    let mut metadata = catalog.metadata.clone();
    for (key, value) in [
        ("total_granules", json!(catalog.entries.len())),
        ("backend", json!("zagg")),
        ("footprint", json!("swath")),
        ("footprint_margin_m", json!(margin_m)),
        ("granules_assigned", json!(granules.len())),
        ("total_shards", json!(shards.len())),
        ("total_pairs", json!(pairs)),
    ] {
        metadata.insert(key.to_owned(), value);
    }
    metadata.retain(|key, value: &mut Value| !value.is_null() || key.ends_with("_date"));
    let map = ShardMap::new(metadata, grid.signature(), granules, shards)?;
    Ok(Sharded {
        map,
        region_shards: assigned.region_shards,
        outside: assigned.outside.len() as u64,
        without_footprint: assigned.without_footprint.iter().map(|&index| id(index)).collect(),
        unusable: assigned.unusable.into_iter().map(|(index, error)| (id(index), error)).collect(),
    })
}

/// For each entry, the place of the first one of its name.
fn firsts(entries: &[Entry]) -> Result<Vec<u32>> {
    let mut seen: HashMap<&str, u32> = HashMap::with_capacity(entries.len());
    let mut firsts = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let first = *seen.entry(&entry.id).or_insert(index as u32);
        // A footprint that is no number is unequal to itself.
        if first as usize != index && entries[first as usize] != *entry {
            return Err(CatalogError::GranuleTwice { id: entry.id.clone() });
        }
        firsts.push(first);
    }
    Ok(firsts)
}

fn granule(entry: &Entry) -> Granule {
    let href = |driver: &str, href: &Option<String>| href.clone().map(|href| (driver.to_owned(), href));
    Granule {
        id: entry.id.clone(),
        hrefs: href("s3", &entry.s3).into_iter().chain(href("https", &entry.https)).collect(),
        time_start: entry.start_us.and_then(iso),
        time_end: entry.end_us.and_then(iso),
    }
}

/// A time as Python's `isoformat` writes it: microseconds, unless there are none.
fn iso(us: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(us)?;
    let fraction = if time.nanosecond() == 0 { "" } else { "%.6f" };
    Some(time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}+00:00")).to_string())
}

#[cfg(test)]
mod tests {
    use zagg_core::{grid::HealpixGrid, order::Order};

    use super::*;

    fn grid() -> Grid {
        Grid::Healpix(HealpixGrid::new(Order::new(6).unwrap(), Order::new(12).unwrap()).unwrap())
    }

    fn square(west: f64, south: f64, degrees: f64) -> Area {
        let (east, north) = (west + degrees, south + degrees);
        Area::of_ring(vec![[west, south], [east, south], [east, north], [west, north]])
    }

    fn entry(id: &str, footprint: Option<Area>) -> Entry {
        Entry { id: id.to_owned(), footprint, s3: Some(format!("s3://b/{id}")), ..Entry::default() }
    }

    #[test]
    fn what_is_in_no_shard_is_told_and_not_in_the_map() {
        let entries = vec![
            entry("elsewhere", Some(square(100.0, 10.0, 1.0))),
            entry("nowhere", None),
            entry("flat", Some(Area::of_ring(vec![[f64::NAN, 0.0], [1.0, 0.0], [1.0, 1.0]]))),
            Entry {
                start_us: Some(1_704_500_000_000_000),
                end_us: Some(1_704_500_000_500_000),
                ..entry("here", Some(square(10.2, -75.0, 0.1)))
            },
        ];
        let catalog = Catalog { entries, ..Catalog::default() };
        let sharded = shard(&grid(), &square(10.0, -76.0, 3.0), &catalog, 0.0).unwrap();
        let ids: Vec<&str> = sharded.map.granules().iter().map(|granule| granule.id.as_str()).collect();
        assert_eq!(ids, ["here"]);
        assert_eq!(sharded.outside, 1);
        assert_eq!(sharded.without_footprint, ["nowhere"]);
        assert_eq!(sharded.unusable[0].0, "flat");
        assert!(sharded.region_shards > sharded.map.shards().len() as u64);
        let here = &sharded.map.granules()[0];
        assert_eq!(here.time_start.as_deref(), Some("2024-01-06T00:13:20+00:00"));
        assert_eq!(here.time_end.as_deref(), Some("2024-01-06T00:13:20.500000+00:00"));
        assert_eq!(sharded.map.metadata()["granules_assigned"], 1);
    }

    #[test]
    fn a_granule_that_is_listed_twice_counts_once_unless_the_two_differ() {
        let here = entry("here", Some(square(10.2, -75.0, 0.1)));
        let mut entries = vec![here.clone(), entry("there", Some(square(10.2, -75.0, 0.1))), here];
        let catalog = Catalog { entries: entries.clone(), ..Catalog::default() };
        let map = shard(&grid(), &square(10.0, -76.0, 3.0), &catalog, 0.0).unwrap().map;
        assert_eq!(map.granules().len(), 2);
        assert!(map.shards().iter().all(|shard| shard.granules == [0, 1]));
        entries[2].s3 = Some("s3://other/here".to_owned());
        let catalog = Catalog { entries, ..Catalog::default() };
        let error = shard(&grid(), &square(10.0, -76.0, 3.0), &catalog, 0.0).unwrap_err();
        assert!(matches!(error, CatalogError::GranuleTwice { id } if id == "here"));
    }
}
