//! A checked pipeline. Every name in it resolves; what is here is supported.

use crate::{
    column::{Dtype, FillValue},
    digest::Digest,
    expression::Expression,
    order::Order,
};

/// A checked pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Where points come from.
    pub source: DataSource,
    /// The output fields, in the order of the file.
    pub fields: Vec<Field>,
    /// The output grid.
    pub grid: GridSpec,
    /// How the grid is stored.
    pub storage: Storage,
    /// `catalog`: the shard map's path, when the file names one.
    pub catalog: Option<String>,
    /// `output.store`, when the file names one.
    pub store: Option<String>,
    /// Digest of everything above that can change a byte of the store.
    pub digest: Digest,
    /// Things that are accepted but have no effect here, one sentence each.
    pub notes: Vec<String>,
}

/// `data_source`.
#[derive(Debug, Clone)]
pub struct DataSource {
    /// Which of a granule's hrefs is used: `s3`, `https`, ... Not part of the digest.
    pub driver: String,
    /// Group names, e.g. `gt1l`, read in this order.
    pub groups: Vec<String>,
    /// Path template of the latitude in degrees.
    pub latitude: PathTemplate,
    /// Path template of the longitude in degrees.
    pub longitude: PathTemplate,
    /// Variables at the base rate, in the order of the file.
    pub variables: Vec<Variable>,
    /// Filters, all of which a point must pass.
    pub filters: Vec<Filter>,
    /// Segment levels and their links (ATL03).
    pub levels: Option<Levels>,
    /// Planned reading along a coarse level (ATL03).
    pub read_plan: Option<ReadPlan>,
    /// What an HDF5 fill value means.
    pub fill: FillPolicy,
}

/// A dataset path in which `{group}` stands for the group's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathTemplate(pub String);

impl PathTemplate {
    /// The path for one group, without a leading slash.
    #[must_use]
    pub fn path(&self, group: &str) -> String {
        self.0.replace("{group}", group).trim_start_matches('/').to_owned()
    }
}

/// One variable of the points.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The column's name.
    pub name: String,
    /// Where it is read.
    pub path: PathTemplate,
    /// The column of a two-dimensional dataset.
    pub column: Option<usize>,
}

/// `data_source.fill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillPolicy {
    /// Fill values and NaN are missing data: statistics leave them out (the default).
    Missing,
    /// Fill values are data and NaN propagates, as in the peer.
    Keep,
}

/// One filter.
#[derive(Debug, Clone)]
pub enum Filter {
    /// A dataset compared with numbers.
    Compare(Comparison),
    /// A boolean expression over the variables.
    Expression(Expression),
}

/// A dataset compared with numbers; NaN compares false (numpy's rule, in the dataset's type).
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The dataset's path.
    pub dataset: PathTemplate,
    /// The comparison.
    pub op: CompareOp,
    /// One number, or several for `in` and `not_in`.
    pub values: Vec<f64>,
    /// The column of a two-dimensional dataset.
    pub column: Option<usize>,
    /// False inverts: points that compare true are dropped.
    pub keep: bool,
    /// The level whose rate the dataset has; none for the base rate.
    pub level: Option<String>,
}

/// Comparison operators of filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CompareOp {
    Eq,
    Ne,
    Ge,
    Le,
    Lt,
    Gt,
    In,
    NotIn,
}

/// Levels of a product with more than one rate.
#[derive(Debug, Clone)]
pub struct Levels {
    /// The level at whose rate points are.
    pub base: String,
    /// All levels, by name.
    pub levels: Vec<Level>,
}

/// One level.
#[derive(Debug, Clone)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// Its group's path.
    pub path: PathTemplate,
    /// Full path templates of its own coordinates, degrees (`path` joined with the names).
    pub latitude: Option<PathTemplate>,
    /// As `latitude`.
    pub longitude: Option<PathTemplate>,
    /// How its rows own rows of another level.
    pub link: Option<Link>,
    /// Variables of this level that are broadcast to the base rate.
    pub broadcast: Vec<Variable>,
}

/// Row `p` of a level owns rows `index_beg[p] - index_base .. + count[p]` of `to`.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The finer level's name.
    pub to: String,
    /// Full path template of the first index.
    pub index_beg: PathTemplate,
    /// Full path template of the row count.
    pub count: PathTemplate,
    /// The number that stands for the first row (ATL03: 1).
    pub index_base: i64,
    /// Full path template of the row that stands for the segment, when there is one.
    pub reference_index: Option<PathTemplate>,
}

/// `data_source.read_plan`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlan {
    /// The level whose coordinates select the rows.
    pub spatial_index: String,
    /// Parents added on each side of a run.
    pub pad: usize,
    /// Above this share of the rows everything is read.
    pub full_read_threshold: f64,
}

/// One output field: a value per cell.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name, the Zarr array's.
    pub name: String,
    /// How it is computed.
    pub reduction: Reduction,
    /// The stored type.
    pub dtype: Dtype,
    /// The array's fill value; also the value of an integer field in an empty cell.
    pub fill_value: FillValue,
    /// CF attributes (`long_name`, `units`, ...), in order.
    pub attributes: Vec<(String, serde_json::Value)>,
}

/// A statistic of the points of a cell. `source` names a variable.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Reduction {
    /// Points, or the points with a value of `source`.
    Count {
        source: Option<String>,
    },
    Min {
        source: String,
    },
    Max {
        source: String,
    },
    Sum {
        source: String,
    },
    Mean {
        source: String,
    },
    /// `sum(x w) / sum(w)`; NaN where the weights sum to zero.
    WeightedMean {
        source: String,
        weights: Expression,
    },
    /// `sum((x - mean)^2) / (n - ddof)`.
    Variance {
        source: String,
        ddof: u32,
    },
    /// The root of the variance.
    StandardDeviation {
        source: String,
        ddof: u32,
    },
    Median {
        source: String,
    },
    /// Linear (Hyndman and Fan 1996, type 7); `q` in 0..=1.
    Quantile {
        source: String,
        q: f64,
    },
    /// An expression that reduces to one number per cell.
    Expression(Expression),
}

/// `output.grid`.
#[derive(Debug, Clone, PartialEq)]
pub enum GridSpec {
    /// HEALPix NESTED over authalic latitude.
    Healpix {
        /// The shard order (`parent_order`).
        shard_order: Order,
        /// The cell order (`child_order`).
        cell_order: Order,
    },
    /// Equal steps in a projected (or geographic) coordinate system.
    Rectilinear {
        /// `EPSG:n`.
        crs: String,
        /// Cell width and height in units of the CRS.
        resolution: [f64; 2],
        /// `xmin, ymin, xmax, ymax`, before padding.
        bounds: [f64; 4],
        /// Rows and columns of a shard.
        tile: [u32; 2],
    },
}

/// How the grid is laid out in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// Inner chunks: an order on HEALPix, rows and columns on a rectilinear grid; none means the
    /// shard is one chunk.
    pub inner: Option<InnerChunk>,
    /// Whether inner chunks are packed in one object per shard (`sharding_indexed`).
    pub sharded: bool,
    /// Codec of the chunks.
    pub compression: Compression,
    /// Write `cell_ids` (HEALPix; the default).
    pub cell_ids: bool,
    /// Write `morton` (HEALPix; the default).
    pub morton: bool,
}

/// `output.grid.chunk_inner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InnerChunk {
    /// HEALPix: the order of an inner chunk, between the shard order and the cell order.
    Order(Order),
    /// Rectilinear: rows and columns, dividing the tile.
    Tile([u32; 2]),
}

/// `output.compression`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// zstd at a level, then crc32c.
    Zstd {
        /// 1..=22.
        level: i32,
    },
    /// Neither compression nor checksum.
    None,
}
