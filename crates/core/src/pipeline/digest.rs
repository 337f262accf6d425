//! The digest of a pipeline: SHA-256 over a canonical JSON text of all that can change a byte of
//! the store.
//!
//! In: groups and filters in their order (points are summed in the order of groups), variables,
//! levels and fields by name (their order moves no byte of a chunk), expressions in canonical
//! spelling, the grid and its storage. Defaults are spelled out, so that writing one down changes
//! nothing. Out: which href is read, where the shard map and the store are, and every key without
//! effect.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::{
    Compression, DataSource, Field, FillPolicy, Filter, GridSpec, InnerChunk, Level, Levels, Reduction, Storage,
    Variable,
};
use crate::{column::FillValue, digest::Digest};

/// Names the meaning of the text below. It changes when zagg computes other values or writes
/// other bytes for the same pipeline.
pub const PIPELINE_SCHEMA: &str = "zagg-pipeline/1";

/// The digest of a pipeline.
pub(super) fn digest(source: &DataSource, fields: &[Field], grid: &GridSpec, storage: &Storage) -> Digest {
    Digest::of(canonical(source, fields, grid, storage).as_bytes())
}

fn canonical(source: &DataSource, fields: &[Field], grid: &GridSpec, storage: &Storage) -> String {
    let whole = json!({
        "schema": PIPELINE_SCHEMA,
        "source": self::source(source),
        "fields": by_name(fields.iter().map(|field| (field.name.as_str(), self::field(field)))),
        "grid": self::grid(grid),
        "storage": self::storage(storage),
    });
    sorted(whole).to_string()
}

/// The same value with the keys of every map in alphabetical order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            ordered.into_iter().collect::<serde_json::Map<_, _>>().into()
        }
        other => other,
    }
}

fn by_name<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> Value {
    entries.map(|(name, value)| (name.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
}

fn source(source: &DataSource) -> Value {
    json!({
        "groups": source.groups,
        "latitude": source.latitude.path("{group}"),
        "longitude": source.longitude.path("{group}"),
        "variables": variables(&source.variables),
        "filters": source.filters.iter().map(filter).collect::<Vec<_>>(),
        "levels": source.levels.as_ref().map(levels),
        "read_plan": source.read_plan.as_ref().map(|plan| json!({
            "spatial_index": plan.spatial_index,
            "pad": plan.pad,
            "full_read_threshold": plan.full_read_threshold,
        })),
        "fill": match source.fill {
            FillPolicy::Missing => "missing",
            FillPolicy::Keep => "keep",
        },
    })
}

fn variables(variables: &[Variable]) -> Value {
    by_name(variables.iter().map(|v| (v.name.as_str(), json!([v.path.path("{group}"), v.column]))))
}

fn filter(filter: &Filter) -> Value {
    match filter {
        Filter::Compare(c) => json!({
            "dataset": c.dataset.path("{group}"),
            "op": format!("{:?}", c.op),
            "values": c.values,
            "column": c.column,
            "keep": c.keep,
            "level": c.level,
        }),
        Filter::Expression(expression) => json!({"expression": expression.canonical()}),
    }
}

fn levels(levels: &Levels) -> Value {
    json!({
        "base": levels.base,
        "levels": by_name(levels.levels.iter().map(|level| (level.name.as_str(), self::level(level)))),
    })
}

fn level(level: &Level) -> Value {
    json!({
        "path": level.path.path("{group}"),
        "latitude": level.latitude.as_ref().map(|path| path.path("{group}")),
        "longitude": level.longitude.as_ref().map(|path| path.path("{group}")),
        "variables": variables(&level.broadcast),
        "link": level.link.as_ref().map(|link| json!({
            "to": link.to,
            "index_beg": link.index_beg.path("{group}"),
            "count": link.count.path("{group}"),
            "index_base": link.index_base,
            "reference_index": link.reference_index.as_ref().map(|path| path.path("{group}")),
        })),
    })
}

fn field(field: &Field) -> Value {
    let fill = match field.fill_value {
        FillValue::NaN => json!("NaN"),
        // Text, since JSON has no 128-bit numbers.
        FillValue::Integer(value) => json!(value.to_string()),
        FillValue::Float(value) => json!(value),
    };
    json!({
        "reduction": reduction(&field.reduction),
        "dtype": field.dtype.name(),
        "fill": fill,
        "attributes": by_name(field.attributes.iter().map(|(key, value)| (key.as_str(), value.clone()))),
    })
}

/// What a field is of the points of its cell, the same for every spelling: the statistic, the
/// variable, and what else it takes, e.g. `["mean", "h_li", "(1.0 / (s_li ** 2.0))"]`.
#[must_use]
pub fn reduction(reduction: &Reduction) -> Value {
    match reduction {
        Reduction::Count { source } => json!(["count", source]),
        Reduction::Min { source } => json!(["min", source]),
        Reduction::Max { source } => json!(["max", source]),
        Reduction::Sum { source } => json!(["sum", source]),
        Reduction::Mean { source } => json!(["mean", source]),
        Reduction::WeightedMean { source, weights } => json!(["mean", source, weights.canonical()]),
        Reduction::Variance { source, ddof } => json!(["variance", source, ddof]),
        Reduction::StandardDeviation { source, ddof } => json!(["standard_deviation", source, ddof]),
        Reduction::Median { source } => json!(["median", source]),
        Reduction::Quantile { source, q } => json!(["quantile", source, q]),
        Reduction::Expression(expression) => json!(["expression", expression.canonical()]),
    }
}

fn grid(grid: &GridSpec) -> Value {
    match grid {
        GridSpec::Healpix { shard_order, cell_order } => json!({
            "type": "healpix",
            "latitude": "authalic-wgs84",
            "shard_order": shard_order,
            "cell_order": cell_order,
        }),
        GridSpec::Rectilinear { crs, resolution, bounds, tile } => json!({
            "type": "rectilinear",
            "crs": crs,
            "resolution": resolution,
            "bounds": bounds,
            "tile": tile,
        }),
    }
}

fn storage(storage: &Storage) -> Value {
    let inner = storage.inner.map(|inner| match inner {
        InnerChunk::Order(order) => json!(order),
        InnerChunk::Tile(tile) => json!(tile),
    });
    let compression = match storage.compression {
        Compression::Zstd { level } => json!({"codec": "zstd", "level": level}),
        Compression::None => Value::Null,
    };
    json!({
        "inner": inner,
        "sharded": storage.sharded,
        "compression": compression,
        "cell_ids": storage.cell_ids,
        "morton": storage.morton,
    })
}
