//! What is said of a picture.

use std::{fmt::Write as _, path::PathBuf};

use serde::Serialize;
use zagg_map::{
    colours::Colours,
    picture::{Geometry, number_in_words, spacing_in_words},
    projection::Plane,
    raster::Raster,
    summary::Summary,
};
use zagg_program::numbers::{bytes, grouped};

/// What was drawn.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) store: String,
    /// Of a difference: the store that it was taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compared_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) only_in_store: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) only_in_other: Option<u64>,
    /// What the field is of the points of a cell; absent when the store does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statistic: Option<String>,
    pub(super) grid: String,
    #[serde(flatten)]
    pub(super) summary: Summary,
    pub(super) bytes_read: u64,
    pub(super) map: MapReport,
    pub(super) picture: PictureReport,
}

/// The map: what is where, and which colour means what.
#[derive(Debug, Serialize)]
pub(super) struct MapReport {
    pub(super) projection: String,
    /// The coordinate system's code, where it has one.
    pub(super) crs: Option<String>,
    /// The left edge of the data's pixels, in metres or degrees of the plane.
    left: f64,
    top: f64,
    spacing: f64,
    columns: u32,
    rows: u32,
    /// Pixels with a value.
    painted: u64,
    spacing_in_words: String,
    colormap: String,
    scale: String,
    low: f64,
    high: f64,
}

/// The picture.
#[derive(Debug, Serialize)]
pub(super) struct PictureReport {
    pub(super) file: PathBuf,
    pub(super) bytes: u64,
    #[serde(flatten)]
    pub(super) geometry: Geometry,
}

impl MapReport {
    pub(super) fn of(plane: &Plane, raster: &Raster, colours: &Colours) -> Self {
        let frame = raster.frame;
        Self {
            projection: plane.projection().to_string(),
            crs: plane.projection().crs().map(str::to_owned),
            left: frame.left,
            top: frame.top,
            spacing: frame.spacing,
            columns: frame.width,
            rows: frame.height,
            painted: raster.painted() as u64,
            spacing_in_words: spacing_in_words(plane, frame.spacing),
            colormap: colours.map.to_string(),
            scale: colours.scale.to_string(),
            low: colours.limits.low,
            high: colours.limits.high,
        }
    }
}

/// The report for people.
pub(super) fn table(report: &Report) -> String {
    let mut text = String::new();
    for (name, value) in rows(report) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<18} {value}");
    }
    text
}

fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let (summary, map, picture) = (&report.summary, &report.map, &report.picture);
    let value = |value: f64| match summary.units.as_str() {
        "" | "1" => number_in_words(value, 6),
        units => format!("{} {units}", number_in_words(value, 6)),
    };
    let described = match (&report.statistic, summary.long_name.as_str()) {
        (_, name) if !name.is_empty() => format!(": {name}"),
        (Some(statistic), _) => format!(": {statistic}"),
        (None, _) => String::new(),
    };
    let mut rows = vec![("store", report.store.clone())];
    if let Some(other) = &report.compared_with {
        rows.push(("other", format!("{other} (shown is the other less the store)")));
    }
    rows.extend([
        ("field", format!("{}{described}", summary.field)),
        ("grid", report.grid.clone()),
        ("cells with data", grouped(summary.cells)),
        ("area", format!("{} km2", number_in_words(summary.area_km2, 6))),
        ("least", value(summary.min)),
        ("1st percentile", value(summary.p1)),
        ("median", value(summary.median)),
        ("mean of cells", value(summary.mean)),
        ("99th percentile", value(summary.p99)),
        ("greatest", value(summary.max)),
    ]);
    if let (Some(here), Some(there)) = (report.only_in_store, report.only_in_other) {
        rows.push(("in one store only", format!("{} in the store, {} in the other", grouped(here), grouped(there))));
    }
    let code = map.crs.as_ref().filter(|code| **code != map.projection);
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    rows.extend([
        ("projection", format!("{}{code}", map.projection)),
        ("grid spacing", format!("{}, {} x {} pixels", map.spacing_in_words, map.columns, map.rows)),
        ("colours", format!("{} from {} to {}, {}", map.colormap, value(map.low), value(map.high), map.scale)),
        ("read", format!("{} blocks, {}", grouped(summary.blocks), bytes(report.bytes_read))),
        (
            "picture",
            format!(
                "{} ({} x {}, {})",
                picture.file.display(),
                picture.geometry.width,
                picture.geometry.height,
                bytes(picture.bytes)
            ),
        ),
    ]);
    rows
}
