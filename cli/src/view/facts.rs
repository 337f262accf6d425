//! What the page is told: of the store, its fields, its projections and its shards.

use axum::extract::{RawQuery, State};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use zagg_map::{
    frame::bounds_of,
    projection::{MapProjection, Plane},
    pyramid::{Pyramid, TILE},
};
use zagg_store::{mark, read::Domain};

use super::{
    answer::{Answer, Failure, as_json},
    coast,
    desk::{Desk, Phase, Seen, Standing},
    outline,
    query::Query,
};

/// Blocks that a field's range is taken from at the most.
const SAMPLE: usize = 512;

/// The store: fields, grid, projections, provenance.
pub(super) async fn store(State(desk): State<Arc<Desk>>) -> Answer {
    let seen = desk.seen();
    let location = desk.store.location().to_string();
    let Ok(atlas) = seen.atlas() else {
        return as_json(&json!({ "location": location, "ready": false, "phase": seen.phase, "trouble": seen.trouble }));
    };
    let source = atlas.source();
    let fields = source.cells.fields.iter().map(|(name, dtype)| {
        let attributes = source.cells.array(name).map(|array| array.attributes.clone()).unwrap_or_default();
        json!({
            "name": name, "dtype": dtype.name(), "long_name": attributes.get("long_name"),
            "units": attributes.get("units"), "statistic": source.about.statistic(name),
        })
    });
    let fields: Vec<Value> = fields.collect();
    let grid = match &source.cells.domain {
        Domain::Healpix(order) => json!({ "type": "healpix", "order": order.get() }),
        Domain::Rectilinear(shape) => json!({ "type": "rectilinear", "crs": source.places.crs(), "shape": shape }),
    };
    let projections: Vec<String> = seen.projections()?.iter().map(ToString::to_string).collect();
    as_json(&json!({
        "location": location,
        "ready": true,
        "fields": fields,
        "first_field": first_field(&desk, &seen)?,
        "count_field": count_field(&seen)?,
        "grid": grid,
        "cell_size_m": source.places.cell_size_m(),
        "projections": projections,
        "projection": first_projection(&seen)?.to_string(),
        "overviews": atlas.overviews(),
        "pipeline": source.about.pipeline(),
        "version": source.about.version(),
        "notes": source.cells.notes,
    }))
}

/// The field that counts the points of a cell, or else those of one variable.
fn count_field(seen: &Seen) -> Result<Option<String>, Failure> {
    let source = seen.atlas()?.source();
    let of_all = source.about.count_field(&source.cells);
    let mut names = source.cells.fields.iter().map(|(name, _)| name.as_str());
    Ok(of_all.or_else(|| names.find(|name| source.about.statistic_name(name) == Some("count"))).map(str::to_owned))
}

/// The field that is shown first.
fn first_field(desk: &Desk, seen: &Seen) -> Result<Option<String>, Failure> {
    let source = seen.atlas()?.source();
    if let Some(field) = desk.field.as_ref().filter(|field| source.cells.array(field).is_some()) {
        return Ok(Some(field.clone()));
    }
    let names = || source.cells.fields.iter().map(|(name, _)| name);
    let mean = names().find(|name| source.about.statistic_name(name) == Some("mean") || name.ends_with("_mean"));
    Ok(mean.or_else(|| names().next()).cloned())
}

/// The projection that shows the most of the store.
fn first_projection(seen: &Seen) -> Result<MapProjection, Failure> {
    let own = seen
        .projections()?
        .into_iter()
        .next()
        .filter(|_| seen.atlas().is_ok_and(|a| a.source().places.crs().is_some()));
    if let Some(own) = own {
        return Ok(own);
    }
    let positions = outlines(seen).into_iter().flat_map(|(_, points)| points);
    let bounds = positions.fold(None, |bounds: Option<(f64, f64)>, (_, lat)| {
        let (least, most) = bounds.unwrap_or((lat, lat));
        Some((least.min(lat), most.max(lat)))
    });
    Ok(match bounds {
        Some((_, most)) if most < -45.0 => MapProjection::PolarSouth,
        Some((least, _)) if least > 45.0 => MapProjection::PolarNorth,
        _ => MapProjection::Mollweide,
    })
}

/// The shards, and points along the edge of each (longitude and latitude in degrees).
fn outlines(seen: &Seen) -> Vec<(&String, Vec<(f64, f64)>)> {
    let Some(grid) = &seen.grid else { return Vec::new() };
    let of = |label: &String| grid.shard_by_label(label).ok().map(|shard| outline::outline(grid, &shard));
    seen.shards.keys().filter_map(|label| Some((label, of(label)?))).collect()
}

/// Percentiles of a field, of at most [`SAMPLE`] blocks spread over all of them.
pub(super) async fn field(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let query = Query::of(raw.as_deref());
    let (seen, field) = (desk.seen(), query.needed("field")?.to_owned());
    let source = Arc::clone(seen.atlas()?.source());
    let blocks = source.cells.blocks.len();
    let step = blocks.div_ceil(SAMPLE).max(1);
    let of: std::collections::BTreeSet<_> = source.cells.blocks.iter().step_by(step).cloned().collect();
    let read = of.len();
    let cells = source.read(&field, |place| of.contains(place)).await?;
    let sorted = tokio::task::spawn_blocking(move || cells.sorted_values()).await?;
    let at = |percent: u32| {
        let rank = (sorted.len().saturating_sub(1)) as f64 * f64::from(percent) / 100.0;
        let (below, share) = (rank.floor() as usize, rank.fract());
        let below_value = sorted.get(below).copied()?;
        let above = sorted.get(below + 1).copied().unwrap_or(below_value);
        Some(below_value + (above - below_value) * share)
    };
    let percentiles: Map<String, Value> = [0, 1, 2, 5, 10, 25, 50, 75, 90, 95, 98, 99, 100]
        .into_iter()
        .map(|percent| (percent.to_string(), at(percent).map_or(Value::Null, Value::from)))
        .collect();
    as_json(&json!({
        "field": field, "values": sorted.len(), "percentiles": percentiles, "blocks": blocks, "blocks_read": read,
    }))
}

/// The plane of a projection: its tiles, where the shards lie, meridians and parallels.
pub(super) async fn projection(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let query = Query::of(raw.as_deref());
    let seen = desk.seen();
    let pyramid = seen.pyramid(query.needed("projection")?)?;
    let extent = extent(&seen, &pyramid);
    let graticule: Vec<Value> = outline::graticule(&pyramid, extent)
        .into_iter()
        .map(|(name, lines)| json!({ "name": name, "lines": lines }))
        .collect();
    as_json(&json!({
        "name": pyramid.plane.projection().to_string(),
        "crs": pyramid.plane.projection().crs(),
        "left": pyramid.left, "top": pyramid.top, "side": pyramid.side,
        "tile": TILE, "most_zoom": pyramid.most_zoom,
        "metres_per_unit": pyramid.plane.metres_per_unit(),
        "extent": extent,
        "graticule": graticule,
    }))
}

/// The box of the plane that holds the shards, as far as the projection is good for them; else all of it.
fn extent(seen: &Seen, pyramid: &Pyramid) -> [f64; 4] {
    let all = [pyramid.left, pyramid.top - pyramid.side, pyramid.left + pyramid.side, pyramid.top];
    let domain = pyramid.plane.domain().unwrap_or(all);
    let inside = |plane: &Plane, lon: f64, lat: f64| {
        plane
            .forward(lon, lat)
            .is_some_and(|(x, y)| x >= domain[0] && x <= domain[2] && y >= domain[1] && y <= domain[3])
    };
    let positions = outlines(seen).into_iter().flat_map(|(_, points)| points);
    let good = positions.filter(|(lon, lat)| inside(&pyramid.plane, *lon, *lat));
    bounds_of(&pyramid.plane, good).filter(|[xmin, ymin, xmax, ymax]| xmin < xmax && ymin < ymax).unwrap_or(domain)
}

/// Coastlines in a plane; no lines where there are none.
pub(super) async fn coasts(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let query = Query::of(raw.as_deref());
    let pyramid = desk.seen().pyramid(query.needed("projection")?)?;
    let lines = tokio::task::spawn_blocking(move || coast::lines(&pyramid)).await?;
    as_json(&json!({ "lines": lines }))
}

/// The shards as rings of a plane.
pub(super) async fn shards(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let query = Query::of(raw.as_deref());
    let seen = desk.seen();
    let pyramid = seen.pyramid(query.needed("projection")?)?;
    let list = tokio::task::spawn_blocking(move || {
        let list: Vec<Value> = outlines(&seen)
            .into_iter()
            .map(|(label, points)| {
                let state = seen.shards.get(label).map(|(standing, _)| standing.name());
                json!({ "label": label, "state": state, "rings": outline::rings(&pyramid, &points) })
            })
            .collect();
        json!({ "sequence": seen.sequence, "listed": seen.listed, "shards": list })
    });
    as_json(&list.await?)
}

impl Standing {
    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Empty => "empty",
            Self::Left => "left",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One shard: how it stands, its mark, its granules.
pub(super) async fn shard(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let query = Query::of(raw.as_deref());
    let label = query.needed("label")?;
    let seen = desk.seen();
    let Some((standing, _)) = seen.shards.get(label) else {
        return Err(Failure::Absent(format!("there is no shard `{label}`")));
    };
    let mark = mark::find(&desk.store, label).await?;
    let run = mark.as_ref().and_then(|mark| mark.execution.as_ref()).map(|execution| execution.run.clone());
    let record = desk.plans.record(&desk.store, run.as_deref().or(seen.run.as_deref()), label).await?;
    let mark = mark.map(|mark| {
        json!({
            "points": mark.points, "cells": mark.cells, "outcome": mark.outcome, "objects": mark.objects.len(),
            "bytes": mark.objects.iter().map(|object| object.size).sum::<u64>(), "execution": mark.execution,
            "usd": mark.execution.as_ref().map(|execution| execution.usd.total()),
        })
    });
    let granules = record.map(|record| record.granules);
    as_json(&json!({ "label": label, "standing": standing, "mark": mark, "granules": granules }))
}

/// How far it is, and the shards whose standing is new since a sequence.
pub(super) async fn status(State(desk): State<Arc<Desk>>, RawQuery(raw): RawQuery) -> Answer {
    let since = Query::of(raw.as_deref()).parsed::<u64>("since", "a whole number")?.unwrap_or(0);
    let seen = desk.seen();
    let changed: Map<String, Value> = seen
        .shards
        .iter()
        .filter(|(_, (_, at))| *at > since)
        .map(|(label, (standing, _))| (label.clone(), standing.name().into()))
        .collect();
    let mut counts = [("done", 0_u64), ("empty", 0), ("left", 0), ("failed", 0)];
    for (standing, _) in seen.shards.values() {
        if let Some((_, count)) = counts.iter_mut().find(|(name, _)| *name == standing.name()) {
            *count += 1;
        }
    }
    let counts: Map<String, Value> = counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
    as_json(&json!({
        "sequence": seen.sequence, "listed": seen.listed, "ready": seen.atlas.is_some(),
        "live": matches!(seen.phase, Phase::Running | Phase::Waiting),
        "phase": seen.phase, "run": seen.run, "shards": counts, "progress": seen.progress,
        "trouble": seen.trouble, "queue_trouble": seen.queue_trouble, "changed": changed,
    }))
}
