//! `zagg catalog`: which granules touch which shard.

mod arguments;
mod granules;
mod info;
mod place;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde::Serialize;
use zagg_catalog::{Catalog, Sharded, cover::DEFAULT_MARGIN_M, geoparquet, region, shard, table};
use zagg_core::{fault::chain, grid::Grid};
use zagg_producer::Inputs;
use zagg_program::{exit::Exit, numbers, output};

pub(crate) use arguments::CatalogArguments;
use arguments::Look;
use granules::Granules;
use info::Info;
pub(crate) use info::{USUAL_OBJECTS, grid as grid_in_words};

use crate::error::CommandError;

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    shard_map: PathBuf,
    catalog: Option<PathBuf>,
    /// Granules that were found, and not left out.
    granules: usize,
    /// Of those, granules that touch no shard of the region.
    outside: u64,
    /// Shards of the region, with and without granules.
    region_shards: u64,
    notes: Vec<String>,
    info: Info,
}

/// Makes a shard map, or looks at one.
pub(crate) async fn catalog(typed: &CatalogArguments, quiet: bool) -> Result<Exit, CommandError> {
    if let Some(Look::Info(typed)) = &typed.look {
        return info::info(typed, quiet);
    }
    let Some(config) = &typed.config else {
        return Err(CommandError::Usage("no pipeline is named: give --config FILE".to_owned()));
    };
    let (_, _, grid) = Inputs::load_grid(config)?;
    // A region that cannot be used is better known before the search than after it.
    let place = place::named(typed)?;
    let boxes = match &place {
        Some(place) => region::query_boxes(&place.area),
        None if typed.from.is_none() => {
            let names = region::BUILTIN.join(", ");
            let text = format!("say where: --region NAME ({names}), --polygon FILE, --bbox W,S,E,N or --wkt TEXT");
            return Err(CommandError::Usage(text));
        }
        None => Vec::new(),
    };
    let Granules { catalog, mut notes } = granules::gather(typed, &boxes, quiet || typed.json).await?;
    let place = match place {
        Some(place) => place,
        None => place::of_catalog(&catalog)?,
    };
    notes.extend(place.notes);
    let saved = match &typed.catalog_out {
        Some(path) => {
            geoparquet::write(&catalog, path)?;
            Some(path.clone())
        }
        None => None,
    };
    let margin = typed.margin.unwrap_or(DEFAULT_MARGIN_M);
    let sharded = shard(&grid, &place.area, &catalog, margin)?;
    let Sharded { map, region_shards, outside, without_footprint, unusable } = sharded;
    granules::name(&mut notes, &without_footprint, "granules have no footprint and are in no shard");
    for (id, error) in unusable.iter().take(3) {
        notes.push(format!("{id} is in no shard: {}", chain(error)));
    }
    if map.shards().is_empty() {
        return Err(CommandError::Usage(nothing(&catalog, region_shards, &grid)));
    }
    let path = typed.output.clone().unwrap_or_else(|| default_output(&catalog));
    table::save(&map, &path)?;
    let info = Info::of(&map, &path);
    let granules = catalog.entries.len();
    let made = Made { shard_map: path, catalog: saved, granules, outside, region_shards, notes, info };
    match typed.json {
        true => output::result(&output::json(&made)?, false),
        false => output::result(&made.describe(), quiet),
    }
    Ok(if unusable.is_empty() && without_footprint.is_empty() { Exit::Done } else { Exit::Incomplete })
}

fn nothing(catalog: &Catalog, region_shards: u64, grid: &Grid) -> String {
    let grid = match grid {
        Grid::Healpix(_) => "",
        Grid::Rectilinear(_) => "; does the pipeline's grid lie where the region is?",
    };
    format!(
        "none of the {} granules touches any of the region's {} shards{grid}",
        numbers::grouped(catalog.entries.len() as u64),
        numbers::grouped(region_shards)
    )
}

/// The name that the Python zagg gives.
fn default_output(catalog: &Catalog) -> PathBuf {
    let word = |key: &str| catalog.metadata.get(key).and_then(|value| value.as_str()).unwrap_or("all");
    let product = word("collection").split('_').next().unwrap_or("all");
    PathBuf::from(format!("shardmap_{product}_{}_{}.json", word("start_date"), word("end_date")))
}

impl Made {
    fn describe(&self) -> String {
        let mut text = self.info.describe(&self.shard_map);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  region    {} shards, {} without a granule",
            numbers::grouped(self.region_shards),
            numbers::grouped(self.region_shards.saturating_sub(self.info.shards as u64))
        );
        let _ = writeln!(
            text,
            "  granules  {} found, {} of them touch none of its shards",
            numbers::grouped(self.granules as u64),
            numbers::grouped(self.outside)
        );
        for note in &self.notes {
            let _ = writeln!(text, "  NOTE      {note}");
        }
        if let Some(path) = &self.catalog {
            let _ = writeln!(text, "  catalog   {} (for --from)", path.display());
        }
        let _ = writeln!(text, "Next: {}", next(&self.shard_map));
        text
    }
}

fn next(map: &Path) -> String {
    format!("zagg run --config PIPELINE --catalog {} --store STORE", map.display())
}
