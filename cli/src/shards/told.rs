//! Everything that is told of a shard map: where its shards and granules lie, what is done.

use std::collections::HashMap;

use zagg_catalog::{Area, Part, geoparquet, table};
use zagg_core::{grid::Grid, shard_map::ShardMap};
use zagg_map::{
    MapError,
    outline::{self, Outline},
};
use zagg_producer::{Place, estimate_jobs};
use zagg_program::numbers;

use super::{ShardsArguments, state::States};
use crate::{catalog::USUAL_OBJECTS, error::CommandError};

/// A shard of the map.
#[derive(Debug)]
pub(super) struct ShardTold {
    pub(super) label: String,
    pub(super) key: u64,
    pub(super) outline: Outline,
    /// What a run will likely take for it, in seconds of one slot, and cost on Lambda, in US dollars.
    pub(super) seconds: f64,
    pub(super) usd: f64,
}

/// Everything that is told.
#[derive(Debug)]
pub(super) struct Told {
    /// The shard map's name.
    pub(super) title: String,
    pub(super) map: ShardMap,
    /// In the map's order.
    pub(super) shards: Vec<ShardTold>,
    /// For each granule of the map its footprint; none when no catalog was given.
    pub(super) footprints: Option<Vec<Option<Vec<Outline>>>>,
    pub(super) states: Option<States>,
    /// Whether the granules of each shard are named, not only counted.
    pub(super) names: bool,
    pub(super) notes: Vec<String>,
}

impl Told {
    /// Reads whatever was typed.
    pub(super) async fn gather(typed: &ShardsArguments) -> Result<Self, CommandError> {
        let path = &typed.shard_map;
        let map = table::load(path)?;
        let unusable = |source| MapError::Grid { location: path.display().to_string(), source };
        let grid = Grid::of_signature(map.signature()).map_err(unusable)?;
        let mut notes = map.notes().to_vec();
        let shards = map.shards().iter().map(|entry| {
            let shard = grid.shard(entry.key).map_err(unusable)?;
            let outline = outline::shard(&grid, &shard)?;
            let estimate = estimate_jobs(std::iter::once(entry.granules.len()), USUAL_OBJECTS, Place::Lambda);
            let (seconds, usd) = (estimate.slot_seconds, estimate.usd.total());
            Ok(ShardTold { label: shard.label, key: shard.key, outline, seconds, usd })
        });
        let shards = shards.collect::<Result<Vec<_>, MapError>>()?;
        let footprints = match &typed.footprints {
            Some(path) => Some(footprints(&geoparquet::read(path)?, &map, &mut notes)),
            None => {
                notes.push(
                    "a shard map holds no footprints: save the catalog with `zagg catalog ... --catalog-out FILE` and give --footprints FILE"
                        .to_owned(),
                );
                None
            }
        };
        let states = match &typed.store {
            Some(location) => {
                let labels: Vec<String> = shards.iter().map(|shard| shard.label.clone()).collect();
                let (states, more) = States::read(location, typed, &grid, &labels).await?;
                notes.extend(more);
                Some(states)
            }
            None => None,
        };
        let names = map.pairs() <= typed.max_pairs;
        if !names {
            notes.push(format!(
                "the granules of shards are counted, not named: there are {} pairs, more than {} (--max-pairs)",
                numbers::grouped(map.pairs()),
                numbers::grouped(typed.max_pairs)
            ));
        }
        let title = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self { title, map, shards, footprints, states, names, notes })
    }
}

/// The footprints of the map's granules, by their names.
fn footprints(catalog: &zagg_catalog::Catalog, map: &ShardMap, notes: &mut Vec<String>) -> Vec<Option<Vec<Outline>>> {
    let areas = catalog.entries.iter().filter_map(|entry| Some((entry.id.as_str(), entry.footprint.as_ref()?)));
    let areas: HashMap<&str, &Area> = areas.collect();
    let found: Vec<Option<Vec<Outline>>> =
        map.granules().iter().map(|granule| areas.get(granule.id.as_str()).map(|area| outlines(area))).collect();
    let without: Vec<&str> = map
        .granules()
        .iter()
        .zip(&found)
        .filter(|(_, footprint)| footprint.is_none())
        .map(|(granule, _)| granule.id.as_str())
        .collect();
    if !without.is_empty() {
        let some = without.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let dots = if without.len() > 3 { ", ..." } else { "" };
        let count = numbers::grouped(without.len() as u64);
        notes.push(format!("{count} granules have no footprint in the catalog: {some}{dots}"));
    }
    found
}

fn outlines(area: &Area) -> Vec<Outline> {
    let of = |part: &Part| match part {
        Part::Polygon(rings) => Outline::of_great_circles(rings),
        Part::Band { south_deg, north_deg } => Outline::Band { south_deg: *south_deg, north_deg: *north_deg },
    };
    area.parts.iter().map(of).collect()
}
