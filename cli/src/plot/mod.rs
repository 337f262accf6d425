//! `zagg plot`: a field as a map.

mod arguments;
mod draw;
mod file;
mod report;

use std::path::PathBuf;

use zagg_map::{
    MapError,
    difference::{Difference, difference},
    field::{FieldCells, FieldSource},
};
use zagg_program::{environment, exit::Exit, output};
use zagg_store::{Location, Store};

use crate::error::CommandError;
use file::Format;

pub(crate) use arguments::PlotArguments;

/// Draws a field and prints what was drawn.
pub(crate) async fn plot(typed: &PlotArguments, quiet: bool) -> Result<Exit, CommandError> {
    if let Some(path) = &typed.output {
        Format::of(path)?;
        file::check(path)?;
    }
    let source = open(typed, &typed.store).await?;
    let other = match &typed.compare {
        Some(other) => Some(open(typed, other).await?),
        None => None,
    };
    let field = chosen_field(typed, &source)?;
    let path = output_path(typed, &source, &field);
    let format = Format::of(&path)?;
    file::check(&path)?;
    let read = read(source, other, &field).await?;
    let orders = draw::Orders::of(typed);
    let drawn = tokio::task::spawn_blocking(move || draw::draw(read, &orders, format)).await;
    let (picture, mut report) = drawn.map_err(MapError::Ended)??;
    file::write(&path, &picture)?;
    report.picture.file = path;
    report.picture.bytes = picture.len() as u64;
    let text = if typed.json { output::json(&report)? } else { report::table(&report) };
    output::result(&text, quiet);
    Ok(Exit::Done)
}

/// What was read of a store, or of two.
#[derive(Debug)]
struct Read {
    source: FieldSource,
    other: Option<FieldSource>,
    /// The cells to draw.
    cells: FieldCells,
    /// Of a difference, the cells that only one store has: the first, and the other.
    alone: Option<(u64, u64)>,
}

async fn open(typed: &PlotArguments, store: &str) -> Result<FieldSource, CommandError> {
    let store = Store::open(&Location::parse(store)?, &environment::store_settings(&typed.s3))?;
    Ok(match typed.order {
        Some(order) => FieldSource::open_group(&store, &order.get().to_string()).await?,
        None => FieldSource::open(&store).await?,
    })
}

async fn read(source: FieldSource, other: Option<FieldSource>, field: &str) -> Result<Read, CommandError> {
    let here = source.read(field, |_| true).await?;
    let Some(other) = other else { return Ok(Read { source, other: None, cells: here, alone: None }) };
    let there = other.read(field, |_| true).await?;
    let made = tokio::task::spawn_blocking(move || difference(&here, &there)).await;
    let Difference { cells, only_here, only_there } = made.map_err(MapError::Ended)??;
    Ok(Read { source, other: Some(other), cells, alone: Some((only_here, only_there)) })
}

/// The field that was asked for, if there is one; else the first mean, else the first field.
fn chosen_field(typed: &PlotArguments, source: &FieldSource) -> Result<String, CommandError> {
    if let Some(field) = &typed.field {
        source.array(field)?;
        return Ok(field.clone());
    }
    let names = || source.cells.fields.iter().map(|(name, _)| name.as_str());
    let mean = names().find(|name| source.about.statistic_name(name) == Some("mean"));
    let field = mean.or_else(|| names().find(|name| name.ends_with("mean"))).or_else(|| names().next());
    field.map(str::to_owned).ok_or_else(|| CommandError::Usage(format!("{} has no fields", source.store.location())))
}

fn output_path(typed: &PlotArguments, source: &FieldSource, field: &str) -> PathBuf {
    let name = || file::default_name(&draw::name_of(source), field, typed.compare.is_some());
    typed.output.clone().unwrap_or_else(name)
}
