//! A small pipeline, grids and columns for tests: what the conformance suite writes.

use zagg_core::{
    column::{Dtype, FillValue, ShardColumns, Values},
    digest::Digest,
    grid::{Grid, GridError, Shard},
    order::Order,
    pipeline::{
        Compression, DataSource, Field, FillPolicy, GridSpec, InnerChunk, PathTemplate, Pipeline, Reduction, Storage,
    },
};

use crate::{
    error::{Result, StoreError},
    layout::{Layout, Provenance, Role},
    mark::Inputs,
};

/// A pipeline, its grid and its layout.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The pipeline: a count, two floating fields, a wide integer and a byte.
    pub pipeline: Pipeline,
    /// The grid.
    pub grid: Grid,
    /// The layout.
    pub layout: Layout,
}

impl Sample {
    /// HEALPix, shards of 256 cells (orders 2 and 6), the shard in one chunk.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn healpix() -> Result<Self> {
        Self::healpix_with(None, false, Compression::Zstd { level: 3 })
    }

    /// HEALPix, shards of 256 cells in 16 inner chunks of 16 cells, loose or packed.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn healpix_inner(packed: bool) -> Result<Self> {
        let inner = order(4).map(InnerChunk::Order)?;
        Self::healpix_with(Some(inner), packed, Compression::Zstd { level: 3 })
    }

    /// HEALPix with the chunks asked for.
    ///
    /// # Errors
    /// When the chunks do not divide the shards.
    pub fn healpix_with(inner: Option<InnerChunk>, sharded: bool, compression: Compression) -> Result<Self> {
        let grid = GridSpec::Healpix { shard_order: order(2)?, cell_order: order(6)? };
        Self::new(grid, Storage { inner, sharded, compression, cell_ids: true, morton: true }, fields())
    }

    /// Rectilinear, 24 rows and 40 columns of 5 km around the south pole, in tiles of 8 by 10;
    /// inner tiles of 4 by 5 when asked for.
    ///
    /// # Errors
    /// When the inner tiles do not divide the tiles.
    pub fn rectilinear(inner: Option<[u32; 2]>, sharded: bool) -> Result<Self> {
        let grid = GridSpec::Rectilinear {
            crs: "EPSG:3031".to_owned(),
            resolution: [5000.0, 5000.0],
            bounds: [-100_000.0, -60_000.0, 100_000.0, 60_000.0],
            tile: [8, 10],
        };
        let compression = Compression::Zstd { level: 3 };
        let inner = inner.map(InnerChunk::Tile);
        Self::new(grid, Storage { inner, sharded, compression, cell_ids: false, morton: false }, fields())
    }

    /// A grid, its storage and fields of one's own.
    ///
    /// # Errors
    /// When they make no layout.
    pub fn new(spec: GridSpec, storage: Storage, fields: Vec<Field>) -> Result<Self> {
        let grid = Grid::new(&spec).map_err(|error| refuse(&error))?;
        let pipeline = Pipeline {
            source: source(),
            fields,
            grid: spec,
            storage,
            catalog: None,
            store: None,
            digest: Digest::of(b"sample pipeline"),
            notes: Vec::new(),
        };
        let provenance = Provenance { version: "0.0.0".to_owned(), catalog: None, notes: Vec::new() };
        let layout = Layout::new(&pipeline, &grid, provenance)?;
        Ok(Self { pipeline, grid, layout })
    }

    /// The shard at `index` of the grid (a NESTED id, or a tile number).
    ///
    /// # Errors
    /// When the grid has no such shard.
    pub fn shard(&self, index: u64) -> Result<Shard> {
        match &self.grid {
            Grid::Healpix(grid) => grid.nested_shard(index),
            Grid::Rectilinear(grid) => grid.shard(index),
        }
        .map_err(|error| refuse(&error))
    }

    /// Columns in which every `every`th cell has data made from `seed`; the others are empty.
    #[must_use]
    pub fn columns(&self, seed: u64, every: usize) -> ShardColumns {
        let cells = self.layout.geometry.cells_per_shard();
        let full = |cell: usize| every > 0 && cell.is_multiple_of(every);
        let value = |cell: usize| (seed * 1000 + cell as u64) as f64 * 0.37 - 20.0;
        let column = |array: &crate::layout::ArrayLayout| match array.array.name() {
            "count" => Values::Int32((0..cells).map(|i| if full(i) { 1 + (i as i32 % 7) } else { 0 }).collect()),
            "h_mean" => Values::Float32((0..cells).map(|i| if full(i) { value(i) as f32 } else { f32::NAN }).collect()),
            "h_sum" => Values::Float64((0..cells).map(|i| if full(i) { value(i) * 1e9 } else { f64::NAN }).collect()),
            "last" => Values::Int64((0..cells).map(|i| if full(i) { i64::MAX - i as i64 } else { -1 }).collect()),
            _ => Values::Uint8((0..cells).map(|i| if full(i) { (i % 251) as u8 } else { 255 }).collect()),
        };
        let fields = self.layout.arrays.iter().filter(|a| matches!(a.role, Role::Field(_)));
        ShardColumns {
            fields: fields.map(|array| (array.array.name().to_owned(), column(array))).collect(),
            cells_with_points: (0..cells).filter(|i| full(*i)).count() as u64,
        }
    }

    /// The inputs of a shard whose granule list is `granules`.
    #[must_use]
    pub fn inputs(&self, granules: &str) -> Inputs {
        Inputs { pipeline: self.pipeline.digest, granules: Digest::of(granules.as_bytes()) }
    }
}

fn order(order: u8) -> Result<Order> {
    Order::new(order).map_err(|error| StoreError::Layout { reason: error.to_string() })
}

fn refuse(error: &GridError) -> StoreError {
    StoreError::Layout { reason: error.to_string() }
}

fn source() -> DataSource {
    let path = |name: &str| PathTemplate(format!("{{group}}/{name}"));
    DataSource {
        driver: "s3".to_owned(),
        groups: vec!["gt1l".to_owned()],
        latitude: path("latitude"),
        longitude: path("longitude"),
        variables: Vec::new(),
        filters: Vec::new(),
        levels: None,
        read_plan: None,
        fill: FillPolicy::Missing,
    }
}

fn fields() -> Vec<Field> {
    let field = |name: &str, dtype: Dtype, fill_value: FillValue, long_name: &str, units: &str| Field {
        name: name.to_owned(),
        reduction: Reduction::Count { source: None },
        dtype,
        fill_value,
        attributes: vec![("long_name".to_owned(), long_name.into()), ("units".to_owned(), units.into())],
    };
    vec![
        field("count", Dtype::Int32, FillValue::Integer(0), "points", "1"),
        field("h_mean", Dtype::Float32, FillValue::NaN, "mean height", "m"),
        field("h_sum", Dtype::Float64, FillValue::NaN, "sum of heights", "m"),
        field("last", Dtype::Int64, FillValue::Integer(-1), "last segment", "1"),
        field("flag", Dtype::Uint8, FillValue::Integer(255), "quality", "1"),
    ]
}
