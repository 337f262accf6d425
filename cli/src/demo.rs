//! `zagg demo`: small granules, a shard map, the main job on them, and what to look at.

use std::{
    fs,
    path::{Path, PathBuf},
};

use zagg_catalog::table;
use zagg_core::{
    grid::{Grid, Position},
    pipeline::Pipeline,
};
use zagg_sample::{SampleGranule, SampleParameters, shard_map, write_granules};

use zagg_producer::ProducerError;
use zagg_program::arguments::{ReadingArguments, S3Arguments};
use zagg_program::{exit::Exit, numbers, output};

use crate::{
    args::{DemoArguments, RunArguments},
    error::CommandError,
    run,
};

/// The pipeline that the demo runs: the ordinary one for ATL06.
const PIPELINE: &str = include_str!("../../configs/pipelines/atl06.yaml");

/// Cells of order 12 in a shard of order 6, as that pipeline says.
const CELLS_PER_SHARD: u64 = 4096;

/// Makes everything under the folder and runs the main job on it.
pub(crate) async fn demo(typed: &DemoArguments, quiet: bool) -> Result<Exit, CommandError> {
    let files = Files::under(&typed.dir);
    fs::create_dir_all(&typed.dir).map_err(cannot_write("the demo's folder", &typed.dir))?;
    let granules = write_granules(&files.granules, &SampleParameters::default())?;
    fs::write(&files.pipeline, PIPELINE).map_err(cannot_write("the pipeline", &files.pipeline))?;
    let first_cell = write_shard_map(&files, &granules)?;
    let bytes = granules.iter().map(|granule| granule.bytes).sum();
    let made = format!(
        "Made {} granules ({}) and a shard map in {}; running\n\n  zagg run --config {} --catalog {} --driver file --store {}\n",
        granules.len(),
        numbers::bytes(bytes),
        typed.dir.display(),
        files.pipeline.display(),
        files.shard_map.display(),
        files.store.display()
    );
    output::result(&made, quiet);
    let exit = run::run(files.arguments(), quiet).await?;
    output::result(&what_next(&typed.dir, &files, first_cell), quiet);
    Ok(exit)
}

/// What to look at. `first_cell` is the array index of the first cell of the fullest shard.
fn what_next(folder: &Path, files: &Files, first_cell: u64) -> String {
    let store = files.store.display();
    let last_cell = first_cell + CELLS_PER_SHARD;
    format!(
        "
Look at it (pip install xarray zarr):

  python3 - <<'END'
  import xarray
  ds = xarray.open_zarr(\"{store}\", group=\"12\")
  shard = ds.isel(cells=slice({first_cell}, {last_cell})).load()    # one shard of 201 million cells
  print(shard.where(shard[\"count\"] > 0, drop=True).h_mean.to_series().describe())
  END

  zagg plot {store} --field h_mean      # a map, as PNG
  zagg view {store} --open      # a page to look around in
  zagg verify {store}      # does every hash hold?
  zagg demo --dir {folder}    # again: everything is skipped, nothing changes",
        folder = folder.display()
    )
}

/// Writes the shard map; the array index of the first cell of the shard with the most granules.
fn write_shard_map(files: &Files, granules: &[SampleGranule]) -> Result<u64, CommandError> {
    let pipeline = Pipeline::from_yaml(PIPELINE)
        .map_err(|source| ProducerError::Pipeline { path: files.pipeline.clone(), source })?;
    let grid =
        Grid::new(&pipeline.grid).map_err(|source| ProducerError::Grid { path: files.pipeline.clone(), source })?;
    let Grid::Healpix(healpix) = grid else {
        return Err(CommandError::Usage("the demo's pipeline is not on a HEALPix grid".to_owned()));
    };
    let map = shard_map(granules, &healpix, |granule| {
        let name = granule.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        vec![("file".to_owned(), format!("granules/{name}"))]
    })?;
    table::save(&map, &files.shard_map)?;
    let fullest = map.shards().iter().max_by_key(|shard| shard.granules.len());
    let shard = fullest
        .map(|shard| grid.shard(shard.key))
        .transpose()
        .map_err(|source| ProducerError::Grid { path: files.pipeline.clone(), source })?;
    Ok(match shard.map(|shard| shard.position) {
        Some(Position::Nested(nested)) => nested * CELLS_PER_SHARD,
        _ => 0,
    })
}

fn cannot_write<'a>(what: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> CommandError + 'a {
    move |source| CommandError::WriteFile { what, path: path.into(), source }
}

/// Where things lie.
struct Files {
    granules: PathBuf,
    pipeline: PathBuf,
    shard_map: PathBuf,
    store: PathBuf,
}

impl Files {
    fn under(folder: &Path) -> Self {
        Self {
            granules: folder.join("granules"),
            pipeline: folder.join("atl06.yaml"),
            shard_map: folder.join("shardmap.json"),
            store: folder.join("store.zarr"),
        }
    }

    fn arguments(&self) -> RunArguments {
        RunArguments {
            config: self.pipeline.clone(),
            catalog: Some(self.shard_map.clone()),
            store: Some(self.store.display().to_string()),
            driver: Some("file".to_owned()),
            max_cells: 0,
            shards: Vec::new(),
            workers: None,
            overwrite: false,
            dry_run: false,
            report: None,
            queue: None,
            reading: ReadingArguments { granules_in_flight: None, requests_in_flight: None, cache_mb: None },
            s3: S3Arguments { region: None, endpoint_url: None, anonymous: false },
        }
    }
}
