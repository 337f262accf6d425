//! What a run starts from: pipeline, shard map, grid, store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use zagg_core::{grid::Grid, pipeline::Pipeline, shard_map::ShardMap};
use zagg_producer::Selection;
use zagg_store::Location;

use crate::{args::RunArguments, error::CommandError};

/// What a run starts from.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// What is computed.
    pub(crate) pipeline: Pipeline,
    /// Onto which grid.
    pub(crate) grid: Grid,
    /// Which granules touch which shard.
    pub(crate) shard_map: ShardMap,
    /// Where the shard map's relative hrefs start.
    pub(crate) folder: PathBuf,
    /// Which of a granule's hrefs is read.
    pub(crate) driver: String,
    /// Which shards.
    pub(crate) selection: Selection,
    /// Where the result goes.
    pub(crate) location: Location,
}

impl Inputs {
    /// Reads and checks everything that was named.
    pub(crate) fn load(typed: &RunArguments) -> Result<Self, CommandError> {
        let pipeline = load_pipeline(&typed.config)?;
        let grid =
            Grid::new(&pipeline.grid).map_err(|source| CommandError::Grid { path: typed.config.clone(), source })?;
        let missing = |what: &str, flag: &str, key: &str| {
            CommandError::Usage(format!("no {what} is named: give {flag}, or `{key}` in {}", typed.config.display()))
        };
        let catalog = typed
            .catalog
            .clone()
            .or_else(|| pipeline.catalog.as_ref().map(PathBuf::from))
            .ok_or_else(|| missing("shard map", "--catalog FILE", "catalog"))?;
        let store = typed
            .store
            .as_ref()
            .or(pipeline.store.as_ref())
            .ok_or_else(|| missing("store", "--store LOCATION", "output.store"))?;
        let location = Location::parse(store)?;
        let (shard_map, folder) = load_shard_map(&catalog)?;
        let driver = typed.driver.clone().unwrap_or_else(|| pipeline.source.driver.clone());
        let selection = match (&typed.shards[..], typed.max_cells) {
            ([], 0) => Selection::All,
            ([], first) => Selection::First(first),
            (labels, _) => Selection::Labels(labels.to_vec()),
        };
        Ok(Self { pipeline, grid, shard_map, folder, driver, selection, location })
    }

    /// Whether granules are read over a network, judged by the first one.
    pub(crate) fn is_remote(&self) -> bool {
        let first = self.shard_map.granules().first().and_then(|granule| granule.href(&self.driver).ok());
        first.is_some_and(|href| href.contains("://") && !href.starts_with("file://"))
    }
}

fn load_pipeline(path: &Path) -> Result<Pipeline, CommandError> {
    let text = fs::read_to_string(path).map_err(|source| CommandError::ReadFile {
        what: "the pipeline",
        path: path.into(),
        source,
    })?;
    Pipeline::from_yaml(&text).map_err(|source| CommandError::Pipeline { path: path.into(), source })
}

fn load_shard_map(path: &Path) -> Result<(ShardMap, PathBuf), CommandError> {
    let unreadable = |source| CommandError::ReadFile { what: "the shard map", path: path.into(), source };
    let bytes = fs::read(path).map_err(unreadable)?;
    let map = ShardMap::from_json(&bytes).map_err(|source| CommandError::ShardMap { path: path.into(), source })?;
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    let folder = absolute.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    Ok((map, folder))
}
