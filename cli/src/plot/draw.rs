//! From cells to a picture and what is to be said of it.

use zagg_map::{
    Result,
    about::Together,
    colours::{ColourMap, Colours, Scale},
    error::MapError,
    extent,
    field::FieldSource,
    frame::FrameError,
    length::Length,
    picture::{Extras, Histogram, PanelText, Picture, Words, number_in_words, spacing_in_words},
    projection::Plane,
    range::{Limits, RangeChoice},
    raster,
    summary::{Summary, summary},
};
use zagg_program::numbers::grouped;
use zagg_store::Location;

use super::{
    PlotArguments, Read,
    arguments::ProjectionChoice,
    file::Format,
    report::{MapReport, PictureReport, Report},
};

/// The longer side of a map, in pixels, when nobody says.
const LONGEST: u32 = 1200;

/// What was asked of the drawing.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    projection: ProjectionChoice,
    spacing: Option<Length>,
    range: RangeChoice,
    colours: Option<ColourMap>,
    scale: Scale,
    size: Option<u32>,
    title: Option<String>,
    extras: Extras,
    histogram: bool,
}

impl Orders {
    pub(super) fn of(typed: &PlotArguments) -> Self {
        Self {
            projection: typed.projection.clone(),
            spacing: typed.grid_spacing,
            range: typed.range,
            colours: typed.colormap.clone(),
            scale: typed.scale.into(),
            size: typed.size,
            title: typed.title.clone(),
            extras: Extras { coast: !typed.no_coast, graticule: !typed.no_graticule },
            histogram: !typed.no_histogram,
        }
    }
}

/// Draws what was read.
pub(super) fn draw(read: Read, orders: &Orders, format: Format) -> Result<(Vec<u8>, Report)> {
    let ascending = read.cells.sorted_values();
    let Some(summary) = summary(&read.cells, &ascending) else {
        let (location, field) = (read.source.store.location().to_string(), read.cells.name.clone());
        return Err(MapError::NoData { location, field });
    };
    let projection = match &orders.projection {
        ProjectionChoice::Auto => extent::projection_for(&read.cells),
        ProjectionChoice::Of(projection) => projection.clone(),
    };
    let plane = projection.plane()?;
    let view = extent::view(&read.cells, &plane).ok_or(FrameError::Empty)?;
    let spacing = orders.spacing.map(|length| length.in_units_of(&plane));
    let frame = extent::frame(view, spacing, orders.size.unwrap_or(LONGEST))?;
    let is_difference = read.alone.is_some();
    let together = if is_difference { Together::Mean } else { read.source.about.together(&read.cells.name) };
    let painted = raster::paint(&read.cells, &plane, &frame, together);
    if painted.painted() == 0 {
        return Err(FrameError::Empty.into());
    }
    let colours = colours(orders, &ascending, is_difference)?;
    let histogram = orders.histogram.then(|| Histogram::of(&ascending, &colours));
    let words = words(&read, orders, &summary, &plane, frame.spacing);
    let size = orders.size.filter(|_| orders.spacing.is_some());
    let picture = Picture::new(&painted, &plane, &colours, histogram.as_ref(), &words, orders.extras, size)?;
    let bytes = match format {
        Format::Png => picture.png()?,
        Format::Svg => picture.svg()?.into_bytes(),
    };
    let map = MapReport::of(&plane, &painted, &colours);
    let report = Report {
        store: read.source.store.location().to_string(),
        compared_with: read.other.as_ref().map(|other| other.store.location().to_string()),
        only_in_store: read.alone.map(|(here, _)| here),
        only_in_other: read.alone.map(|(_, there)| there),
        statistic: read.source.about.statistic(&read.cells.name).map(statistic_in_words),
        grid: read.cells.places.describe(),
        summary,
        bytes_read: std::iter::once(&read.source).chain(&read.other).map(|s| s.store.usage().bytes_in).sum(),
        map,
        picture: PictureReport { file: Default::default(), bytes: 0, geometry: picture.geometry() },
    };
    Ok((bytes, report))
}

fn colours(orders: &Orders, ascending: &[f64], is_difference: bool) -> Result<Colours> {
    let default = if is_difference { ColourMap::diverging } else { ColourMap::sequential };
    let map = orders.colours.clone().unwrap_or_else(default);
    // Percentiles of what has a logarithm, where that is to be taken.
    let first = if orders.scale == Scale::Log { ascending.partition_point(|value| *value <= 0.0) } else { 0 };
    let limits: Limits = orders.range.limits(&ascending[first..], is_difference && orders.scale == Scale::Linear)?;
    Ok(Colours::new(map, limits, orders.scale)?)
}

/// The last part of a store's place: what people call it.
pub(super) fn name_of(source: &FieldSource) -> String {
    match source.store.location() {
        Location::Local(path) => path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        Location::S3 { bucket, prefix } => {
            prefix.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(bucket).to_owned()
        }
    }
}

fn statistic_in_words(parts: &[serde_json::Value]) -> String {
    let words = parts.iter().filter(|part| !part.is_null());
    let words = words.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
    words.collect::<Vec<_>>().join(" ")
}

/// `m2` as `m²`; nothing of numbers without a unit.
fn unit_in_words(units: &str) -> String {
    match units {
        "" | "1" => String::new(),
        units => units.replace("**", "").replace("-1", "\u{207b}\u{b9}").replace('2', "\u{b2}").replace('3', "\u{b3}"),
    }
}

fn words(read: &Read, orders: &Orders, summary: &Summary, plane: &Plane, spacing: f64) -> Words {
    let (store, field) = (name_of(&read.source), &summary.field);
    let unit = unit_in_words(&summary.units);
    let described = if summary.long_name.is_empty() { field.clone() } else { capital(&summary.long_name) };
    let in_brackets = if unit.is_empty() { String::new() } else { format!(" [{unit}]") };
    let (title, legend) = match &read.other {
        Some(other) => {
            let pair = format!("{} \u{2212} {store}", name_of(other));
            (format!("{described}: {pair}"), format!("{field}: {pair}{in_brackets}"))
        }
        None => (described, format!("{field}{in_brackets}")),
    };
    let value = |value: f64| {
        let space = if unit.is_empty() { "" } else { " " };
        format!("{}{space}{unit}", number_in_words(value, 5))
    };
    let mut facts = vec![
        ("cells with data".to_owned(), grouped(summary.cells)),
        ("their area".to_owned(), format!("{} km\u{b2}", number_in_words(summary.area_km2, 4))),
        ("least".to_owned(), value(summary.min)),
        ("median".to_owned(), value(summary.median)),
        ("mean".to_owned(), value(summary.mean)),
        ("greatest".to_owned(), value(summary.max)),
    ];
    if let Some((here, there)) = read.alone {
        facts.push((format!("only in {}", short(&store)), grouped(here)));
        let other = read.other.as_ref().map_or_else(String::new, name_of);
        facts.push((format!("only in {}", short(&other)), grouped(there)));
    }
    Words {
        title: orders.title.clone().unwrap_or(title),
        panel: PanelText { legend, facts },
        provenance: provenance(read, summary, plane, spacing),
    }
}

fn short(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= 16 { name.to_owned() } else { letters[..15].iter().collect::<String>() + "\u{2026}" }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Where the picture comes from. Without a date: equal inputs make equal pictures.
fn provenance(read: &Read, summary: &Summary, plane: &Plane, spacing: f64) -> String {
    let of = |source: &FieldSource| {
        let mut parts = vec![name_of(source)];
        let (pipeline, version) = (source.about.pipeline(), source.about.version());
        if !pipeline.is_empty() {
            parts.push(format!("pipeline {}", pipeline.chars().take(12).collect::<String>()));
        }
        if !version.is_empty() {
            parts.push(format!("zagg {version}"));
        }
        parts.join(", ")
    };
    let mut parts = vec![of(&read.source)];
    if let Some(other) = &read.other {
        parts.push(of(other));
        let (here, there) = (read.source.about.pipeline(), other.about.pipeline());
        if here != there && !here.is_empty() && !there.is_empty() {
            parts.push("the pipelines differ".to_owned());
        }
    }
    parts.push(read.cells.places.describe());
    parts.push(format!("{} cells in {} blocks", grouped(summary.cells), grouped(summary.blocks)));
    let projection = plane.projection();
    let code = projection.crs().map(str::to_owned).filter(|code| *code != projection.to_string());
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    parts.push(format!("{projection}{code}, pixels of {}", spacing_in_words(plane, spacing)));
    parts.push("coasts: Natural Earth".to_owned());
    if read.source.about.version() != env!("CARGO_PKG_VERSION") {
        parts.push(format!("drawn by zagg {}", env!("CARGO_PKG_VERSION")));
    }
    parts.join(" \u{b7} ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_names_are_written_for_people() {
        assert_eq!(["m", "m2", "1", "", "m a-1"].map(unit_in_words), ["m", "m\u{b2}", "", "", "m a\u{207b}\u{b9}"]);
        assert_eq!(capital("mean height"), "Mean height");
        assert_eq!(short("a-very-long-name-of-a-store"), "a-very-long-nam\u{2026}");
    }
}
