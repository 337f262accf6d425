//! What a run starts from: pipeline, shard map, grid, store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use zagg_catalog::table;
use zagg_core::{grid::Grid, pipeline::Pipeline, shard_map::ShardMap};
use zagg_store::Location;

use crate::{error::ProducerError, selection::Selection};

/// What a run starts from, as it was typed.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The pipeline's file.
    pub config: PathBuf,
    /// The shard map's file; default: the pipeline's `catalog`.
    pub catalog: Option<PathBuf>,
    /// The store's location; default: the pipeline's `output.store`.
    pub store: Option<String>,
    /// Which of a granule's hrefs is read; default: the pipeline's.
    pub driver: Option<String>,
    /// Only these shards, by label.
    pub shards: Vec<String>,
    /// Only so many shards; 0 for all.
    pub max_cells: usize,
}

/// What a run starts from, read and checked.
#[derive(Debug)]
pub struct Inputs {
    /// The pipeline's text.
    pub yaml: String,
    /// What is computed.
    pub pipeline: Pipeline,
    /// Onto which grid.
    pub grid: Grid,
    /// Which granules touch which shard.
    pub shard_map: ShardMap,
    /// Where the shard map's relative hrefs start.
    pub folder: PathBuf,
    /// Which of a granule's hrefs is read.
    pub driver: String,
    /// Which shards.
    pub selection: Selection,
    /// Where the result goes.
    pub location: Location,
}

impl Inputs {
    /// Reads and checks everything that was named.
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be, or something was not named.
    pub fn load(typed: &Sources) -> Result<Self, ProducerError> {
        let (yaml, pipeline, grid) = Self::load_grid(&typed.config)?;
        let missing = |what: &str, flag: &str, key: &str| ProducerError::Unnamed {
            what: what.to_owned(),
            flag: flag.to_owned(),
            key: key.to_owned(),
            path: typed.config.clone(),
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
        Ok(Self { yaml, pipeline, grid, shard_map, folder, driver, selection, location })
    }

    /// Reads a pipeline: its text, its meaning, its grid.
    ///
    /// # Errors
    /// When the file cannot be read, is no pipeline, or asks for no grid that is known.
    pub fn load_grid(config: &Path) -> Result<(String, Pipeline, Grid), ProducerError> {
        let (yaml, pipeline) = load_pipeline(config)?;
        let grid = Grid::new(&pipeline.grid).map_err(|source| ProducerError::Grid { path: config.into(), source })?;
        Ok((yaml, pipeline, grid))
    }

    /// Whether granules are read over a network, judged by the first one.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        let first = self.shard_map.granules().first().and_then(|granule| granule.href(&self.driver).ok());
        first.is_some_and(|href| href.contains("://") && !href.starts_with("file://"))
    }
}

fn load_pipeline(path: &Path) -> Result<(String, Pipeline), ProducerError> {
    let text = fs::read_to_string(path).map_err(|source| ProducerError::ReadFile {
        what: "the pipeline",
        path: path.into(),
        source,
    })?;
    let pipeline =
        Pipeline::from_yaml(&text).map_err(|source| ProducerError::Pipeline { path: path.into(), source })?;
    Ok((text, pipeline))
}

fn load_shard_map(path: &Path) -> Result<(ShardMap, PathBuf), ProducerError> {
    let map = table::load(path)?;
    let unreadable = |source| ProducerError::ReadFile { what: "the shard map", path: path.into(), source };
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    let folder = absolute.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    Ok((map, folder))
}
