//! The web page: one file, which fetches nothing.

mod frame;
mod lines;
mod plane;

use serde_json::{Value, json};
use zagg_map::outline::{Outline, Ring};
use zagg_program::numbers;

use super::{
    state,
    told::{ShardTold, Told},
};
use crate::{catalog::grid_in_words, error::CommandError};
use frame::Frame;
use plane::PagePlane;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Granules that are named in the page at the most.
const MOST_GRANULES: usize = 20_000;
/// Numbers of footprints' points in the page at the most.
const MOST_POINTS: usize = 400_000;

/// The page's text.
pub(super) fn page(told: &Told) -> Result<String, CommandError> {
    let plane = PagePlane::fitting(told.shards.iter().map(|shard| &shard.outline))?;
    let shards: Vec<Vec<Ring>> = told.shards.iter().map(|shard| plane.rings(&shard.outline)).collect();
    let frame = Frame::about(&shards);
    let mut notes = told.notes.clone();
    let granules = granules(told, &plane, &frame, &mut notes);
    let data = json!({
        "title": told.title,
        "grid": grid_in_words(told.map.signature()),
        "about": about(told),
        "plane": plane.name(),
        "size": frame.size(),
        "metres": frame.step * plane.metres_per_unit(),
        "lines": lines::graticule(&plane, &frame),
        "land": lines::land(&plane, &frame),
        "shards": columns(told, &shards, &frame),
        "pairs": if told.names && granules["id"].is_array() { pairs(told) } else { Value::Null },
        "states": states(told),
        "granules": granules,
        "notes": notes,
    });
    // No `<` of a name ends the script, or begins another.
    let data = data.to_string().replace('<', "\\u003c");
    let title = told.title.replace('&', "&amp;").replace('<', "&lt;");
    // The data last: nothing of it is taken for a place in the page.
    Ok(PAGE
        .replace("{{title}}", &title)
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT)
        .replacen("{{data}}", &data, 1))
}

/// What the shard map says of its origin.
fn about(told: &Told) -> Vec<[String; 2]> {
    let words = [("source", "source"), ("provider", "provider"), ("collection", "collection")];
    let dates = [("start_date", "from"), ("end_date", "to")];
    let metadata = told.map.metadata();
    let found = words.iter().chain(&dates).filter_map(|(key, name)| Some((name, metadata.get(*key)?.as_str()?)));
    let mut about: Vec<[String; 2]> = found.map(|(name, value)| [(*name).to_owned(), value.to_owned()]).collect();
    about.push(["digest".to_owned(), told.map.digest().to_string()]);
    if let Some(states) = &told.states {
        about.push(["store".to_owned(), states.store.clone()]);
    }
    about
}

fn columns(told: &Told, rings: &[Vec<Ring>], frame: &Frame) -> Value {
    let steps = |rings: &Vec<Ring>| rings.iter().map(|ring| frame.steps(ring)).collect::<Vec<_>>();
    let column = |of: fn(&ShardTold) -> Value| told.shards.iter().map(of).collect::<Vec<_>>();
    json!({
        "label": column(|shard| json!(shard.label)),
        // A text: a browser would round the number.
        "key": column(|shard| json!(shard.key.to_string())),
        "count": told.map.shards().iter().map(|entry| entry.granules.len()).collect::<Vec<_>>(),
        "usd": column(|shard| json!((shard.usd * 1e7).round() / 1e7)),
        "rings": rings.iter().map(steps).collect::<Vec<_>>(),
    })
}

/// For each shard its granules: the first one's place, then the way from each to the next.
fn pairs(told: &Told) -> Value {
    let of_shard = |granules: &Vec<u32>| {
        let mut last = 0;
        let steps = granules.iter().map(|granule| {
            let step = i64::from(*granule) - last;
            last = i64::from(*granule);
            step
        });
        steps.collect::<Vec<_>>()
    };
    told.map.shards().iter().map(|entry| json!(of_shard(&entry.granules))).collect()
}

fn states(told: &Told) -> Value {
    let Some(states) = &told.states else { return Value::Null };
    let of = |value: fn(&zagg_store::mark::Mark) -> Value| {
        states.marks.iter().map(|mark| mark.as_ref().map_or(Value::Null, value)).collect::<Vec<_>>()
    };
    json!({
        "state": states.marks.iter().map(|mark| state::word(mark.as_ref())).collect::<Vec<_>>(),
        "points": of(|mark| json!(mark.points)),
        "cells": of(|mark| json!(mark.cells)),
        "seconds": of(|mark| json!(mark.execution.as_ref().map(|how| how.seconds))),
        "usd": of(|mark| json!(mark.execution.as_ref().map(|how| how.usd.total()))),
        "worker": of(|mark| json!(mark.execution.as_ref().map(|how| how.worker.as_str()))),
    })
}

/// The granules' names, times and footprints, as many as a page can hold.
fn granules(told: &Told, plane: &PagePlane, frame: &Frame, notes: &mut Vec<String>) -> Value {
    let granules = told.map.granules();
    if granules.len() > MOST_GRANULES {
        notes.push(format!(
            "this page names no granules: there are {}, more than {}. The GeoJSON has them (zagg shards -o FILE.geojson)",
            numbers::grouped(granules.len() as u64),
            numbers::grouped(MOST_GRANULES as u64)
        ));
        return json!({"id": null, "rings": null, "total": granules.len()});
    }
    let footprint = |outlines: &Option<Vec<Outline>>| -> Vec<Vec<i64>> {
        let rings = outlines.iter().flatten().flat_map(|outline| plane.rings(outline));
        rings.map(|ring| frame.steps(&frame.clipped(&ring))).filter(|ring| ring.len() > 4).collect()
    };
    let mut rings = told.footprints.as_ref().map(|all| all.iter().map(footprint).collect::<Vec<_>>());
    let points: usize = rings.iter().flatten().flatten().map(Vec::len).sum();
    if points > MOST_POINTS {
        notes.push(format!(
            "this page has no footprints: they have {} points, too many for a page. The GeoJSON has them",
            numbers::grouped(points as u64 / 2)
        ));
        rings = None;
    }
    json!({
        "id": granules.iter().map(|granule| granule.id.as_str()).collect::<Vec<_>>(),
        "start": granules.iter().map(|granule| granule.time_start.as_deref()).collect::<Vec<_>>(),
        "rings": rings,
        "total": granules.len(),
    })
}
