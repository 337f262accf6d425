//! Outlines as GeoJSON (RFC 7946): one feature per shard, then one per footprint.

use std::io::{self, BufWriter, Write};

use serde_json::{Map, Value, json};
use zagg_map::outline::{LaidOut, Outline};

use super::{
    state,
    told::{ShardTold, Told},
};

/// Decimals of degrees: a centimetre.
const DECIMALS: f64 = 1e7;

/// Writes everything.
pub(super) fn write(told: &Told, to: &mut impl Write) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    let about = json!({
        "shard_map": told.title,
        "digest": told.map.digest().to_string(),
        "grid_signature": told.map.signature(),
        "metadata": told.map.metadata(),
        "store": told.states.as_ref().map(|states| states.store.as_str()),
        "notes": told.notes,
    });
    write!(to, "{{\"type\":\"FeatureCollection\",\"zagg\":{about},\"features\":[")?;
    let mut separator = "\n";
    for (number, shard) in told.shards.iter().enumerate() {
        write!(to, "{separator}{}", shard_feature(told, number, shard))?;
        separator = ",\n";
    }
    let shards_of = shards_of_granules(told);
    for (number, footprint) in told.footprints.iter().flatten().enumerate() {
        if let Some(outlines) = footprint {
            write!(to, "{separator}{}", granule_feature(told, number, outlines, shards_of[number]))?;
            separator = ",\n";
        }
    }
    to.write_all(b"\n]}\n")?;
    to.flush()
}

fn shard_feature(told: &Told, number: usize, shard: &ShardTold) -> Value {
    let entry = &told.map.shards()[number];
    let mut about = Map::new();
    about.insert("kind".to_owned(), json!("shard"));
    about.insert("label".to_owned(), json!(shard.label));
    // A text: readers that hold numbers as doubles would round it.
    about.insert("key".to_owned(), json!(shard.key.to_string()));
    about.insert("granules".to_owned(), json!(entry.granules.len()));
    if told.names {
        let ids: Vec<&str> = told.map.granules_of(entry).map(|granule| granule.id.as_str()).collect();
        about.insert("granule_ids".to_owned(), json!(ids));
    }
    about.insert("estimated_seconds".to_owned(), json!(shard.seconds));
    about.insert("estimated_usd".to_owned(), json!(shard.usd));
    if let Some(states) = &told.states {
        let mark = states.marks[number].as_ref();
        let execution = mark.and_then(|mark| mark.execution.as_ref());
        about.insert("state".to_owned(), json!(state::word(mark)));
        about.insert("points".to_owned(), json!(mark.map(|mark| mark.points)));
        about.insert("cells".to_owned(), json!(mark.map(|mark| mark.cells)));
        about.insert("seconds".to_owned(), json!(execution.map(|execution| execution.seconds)));
        about.insert("usd".to_owned(), json!(execution.map(|execution| execution.usd.total())));
        about.insert("worker".to_owned(), json!(execution.map(|execution| execution.worker.as_str())));
    }
    let geometry = geometry(std::slice::from_ref(&shard.outline));
    json!({"type": "Feature", "id": shard.label, "geometry": geometry, "properties": about})
}

fn granule_feature(told: &Told, number: usize, outlines: &[Outline], shards: u32) -> Value {
    let granule = &told.map.granules()[number];
    let about = json!({
        "kind": "granule",
        "label": granule.id,
        "shards": shards,
        "time_start": granule.time_start,
        "time_end": granule.time_end,
    });
    json!({"type": "Feature", "id": granule.id, "geometry": geometry(outlines), "properties": about})
}

/// For each granule, the number of its shards.
fn shards_of_granules(told: &Told) -> Vec<u32> {
    let mut counts = vec![0; told.map.granules().len()];
    for granule in told.map.shards().iter().flat_map(|shard| &shard.granules) {
        counts[*granule as usize] += 1;
    }
    counts
}

/// The polygons of outlines; null when none has an area.
fn geometry(outlines: &[Outline]) -> Value {
    let laid_out = outlines.iter().flat_map(|outline| outline.laid_out(0.0));
    let mut polygons: Vec<Value> = laid_out.filter_map(|polygon| coordinates(&polygon)).collect();
    match polygons.len() {
        0 => Value::Null,
        1 => json!({"type": "Polygon", "coordinates": polygons.remove(0)}),
        _ => json!({"type": "MultiPolygon", "coordinates": polygons}),
    }
}

/// The rings, rounded; none when rounding leaves no outer ring.
fn coordinates(polygon: &LaidOut) -> Option<Value> {
    let round = |degrees: f64| (degrees * DECIMALS).round() / DECIMALS;
    let rings = polygon.rings.iter().map(|ring| {
        let mut ring: Vec<[f64; 2]> = ring.iter().map(|[lon, lat]| [round(*lon), round(*lat)]).collect();
        ring.dedup();
        ring
    });
    let rings: Vec<Vec<[f64; 2]>> = rings.collect();
    let outer_is_one = rings.first().is_some_and(|ring| ring.len() > 3);
    outer_is_one.then(|| json!(rings.into_iter().filter(|ring| ring.len() > 3).collect::<Vec<_>>()))
}
