//! One cell: where it is, its values as they are stored, its shard, its granules.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use serde_json::{Map, Value, json};
use zagg_core::{column::Values, grid::bounds::is_position, morton::Word};
use zagg_map::{atlas::Atlas, pyramid::Pyramid};
use zagg_store::read::Domain;

use super::{
    answer::{Answer, Failure, as_json},
    desk::Desk,
    marked,
    query::Query,
};

/// Granules that are named; the shard names all.
const NAMED: usize = 8;

/// What JSON's numbers hold exactly everywhere.
const EXACT: u64 = 1 << 53;

/// The cell at `lon` and `lat`, or at `x` and `y` of a `projection`.
pub(super) async fn cell(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let query = Query::of(raw.as_deref());
    let seen = desk.seen();
    let atlas = seen.atlas()?;
    let pyramid = query.text("projection").map(|name| seen.pyramid(name)).transpose()?;
    let Some((lon, lat)) = position(&query, pyramid.as_ref())? else { return as_json(&json!({ "cell": null })) };
    let places = &atlas.source().places;
    let Some(id) = places.cell_at(lon, lat) else { return as_json(&json!({ "cell": null, "lon": lon, "lat": lat })) };
    let (center_lon, center_lat) = places.center(id).unwrap_or((lon, lat));
    let corners = pyramid.zip(places.corners(id)).map(|(pyramid, corners)| {
        let placed: Option<Vec<(f64, f64)>> =
            corners.iter().map(|(lon, lat)| pyramid.plane.forward(*lon, *lat)).collect();
        placed
    });
    let shard = seen.grid.as_ref().and_then(|grid| marked::label_of_cell(grid, id));
    let granules = match &shard {
        Some(label) => desk.plans.record(&desk.store, seen.run.as_deref(), label).await?,
        None => None,
    };
    let granules = granules.map(|record| {
        let ids: Vec<&String> = record.granules.iter().take(NAMED).map(|granule| &granule.id).collect();
        json!({ "total": record.granules.len(), "ids": ids })
    });
    as_json(&json!({
        "cell": name(&atlas.source().cells.domain, id),
        "lon": (center_lon + 180.0).rem_euclid(360.0) - 180.0,
        "lat": center_lat,
        "corners": corners,
        "values": values(atlas, id).await?,
        "state": shard.as_ref().and_then(|label| seen.shards.get(label)).map(|(standing, _)| standing.name()),
        "shard": shard.filter(|label| seen.shards.contains_key(label)),
        "granules": granules,
    }))
}

/// The position that is asked for; none outside of the map.
fn position(query: &Query, pyramid: Option<&Pyramid>) -> Result<Option<(f64, f64)>, Failure> {
    match (query.number("lon")?, query.number("lat")?, query.number("x")?, query.number("y")?, pyramid) {
        (Some(lon), Some(lat), ..) if is_position(lon, lat) => Ok(Some((lon, lat))),
        (Some(_), Some(_), ..) => Err(Failure::Bad("`lon` and `lat` are not a position in degrees".to_owned())),
        (_, _, Some(x), Some(y), Some(pyramid)) => Ok(pyramid.plane.inverse(x, y)),
        _ => Err(Failure::Bad("give `lon` and `lat`, or `projection`, `x` and `y`".to_owned())),
    }
}

fn name(domain: &Domain, id: u64) -> Value {
    match domain {
        Domain::Healpix(order) => json!({
            "id": whole(id), "order": order.get(),
            "morton": Word::from_nested(id, *order).map(|word| word.to_string()).ok(),
        }),
        Domain::Rectilinear([_, columns]) => {
            json!({ "row": id.checked_div(*columns), "column": id.checked_rem(*columns) })
        }
    }
}

/// The values of every field; null where the cell's block was not written.
async fn values(atlas: &Atlas, id: u64) -> Result<Map<String, Value>, Failure> {
    let mut values = Map::new();
    for (field, _) in &atlas.source().cells.fields {
        let found = atlas.block_of(field, id).await?;
        values.insert(field.clone(), found.map_or(Value::Null, |(block, rank)| stored(&block, rank)));
    }
    Ok(values)
}

/// A value as it is stored: a number, or a text where JSON has no such number.
fn stored(values: &Values, rank: usize) -> Value {
    match values {
        // The shortest decimal that is this number in its own type.
        Values::Float32(v) => v.get(rank).map_or(Value::Null, |x| fraction(f64::from(*x), &x.to_string())),
        Values::Float64(v) => v.get(rank).map_or(Value::Null, |x| fraction(*x, &x.to_string())),
        Values::Uint64(v) => v.get(rank).map_or(Value::Null, |x| whole(*x)),
        Values::Int64(v) => v.get(rank).map_or(Value::Null, |x| {
            if x.unsigned_abs() > EXACT { Value::from(x.to_string()) } else { Value::from(*x) }
        }),
        Values::Int8(v) => v.get(rank).copied().into(),
        Values::Int16(v) => v.get(rank).copied().into(),
        Values::Int32(v) => v.get(rank).copied().into(),
        Values::Uint8(v) => v.get(rank).copied().into(),
        Values::Uint16(v) => v.get(rank).copied().into(),
        Values::Uint32(v) => v.get(rank).copied().into(),
    }
}

fn fraction(value: f64, text: &str) -> Value {
    if !value.is_finite() {
        return Value::from(text);
    }
    text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from)
}

fn whole(value: u64) -> Value {
    if value > EXACT { Value::from(value.to_string()) } else { Value::from(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_they_are_stored() {
        assert_eq!(stored(&Values::Float32(vec![0.1]), 0), json!(0.1));
        assert_eq!(stored(&Values::Float32(vec![f32::NAN]), 0), json!("NaN"));
        assert_eq!(stored(&Values::Float64(vec![f64::NEG_INFINITY]), 0), json!("-inf"));
        assert_eq!(stored(&Values::Uint64(vec![u64::MAX]), 0), json!("18446744073709551615"));
        assert_eq!(stored(&Values::Uint64(vec![7]), 0), json!(7));
        assert_eq!(stored(&Values::Int64(vec![i64::MIN]), 0), json!("-9223372036854775808"));
        assert_eq!(stored(&Values::Int16(vec![-3]), 0), json!(-3));
        assert_eq!(stored(&Values::Int16(vec![-3]), 1), Value::Null);
    }
}
