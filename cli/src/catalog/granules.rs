//! Which granules: from a search, or from a saved catalog.

use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};
use zagg_catalog::{
    Catalog, geoparquet,
    stac::{self, Collection, Found, Patience, Query, SearchSettings, Server, TimeRange, cycle},
};
use zagg_program::{environment, numbers};

use super::arguments::CatalogArguments;
use crate::error::CommandError;

/// The granules, and what is worth telling about how they were had.
pub(super) struct Granules {
    pub(super) catalog: Catalog,
    pub(super) notes: Vec<String>,
}

/// Where granules come from, and so what is told of them all.
enum Origin {
    Searched(Box<Server>, Box<Query>),
    Saved(Map<String, Value>),
}

/// Takes the granules of a saved catalog, or searches for them in `boxes`.
pub(super) async fn gather(
    typed: &CatalogArguments,
    boxes: &[[f64; 4]],
    quiet: bool,
) -> Result<Granules, CommandError> {
    let mut notes = Vec::new();
    let (mut found, origin) = match &typed.from {
        Some(path) => saved(path, typed, &mut notes)?,
        None => search(typed, boxes, quiet).await?,
    };
    let exact = typed.cycle.filter(|_| !typed.cycle_dates);
    if let Some(number) = exact {
        let left = found.keep_cycle(number)?;
        note(&mut notes, left.other_cycles, "granules of other cycles are left out");
        name(&mut notes, &left.nameless, "granules whose names tell no cycle are left out");
    }
    if !typed.all_revisions {
        name(&mut notes, &found.keep_newest(), "older revisions are left out");
    }
    tell_of(&found, &mut notes);
    let mut catalog = match origin {
        Origin::Searched(server, query) => found.into_catalog(&server, &query),
        Origin::Saved(metadata) => Catalog { metadata, entries: found.entries },
    };
    if let Some(number) = exact {
        catalog.metadata.insert("cycle".to_owned(), number.into());
    }
    catalog.metadata.insert("total_granules".to_owned(), catalog.entries.len().into());
    Ok(Granules { catalog, notes })
}

fn saved(path: &Path, typed: &CatalogArguments, notes: &mut Vec<String>) -> Result<(Found, Origin), CommandError> {
    let Catalog { metadata, mut entries } = geoparquet::read(path)?;
    let range = time(typed)?;
    let before = entries.len();
    entries.retain(|entry| {
        let (start, end) = (entry.start_us.or(entry.datetime_us), entry.end_us.or(entry.datetime_us));
        let ends_early = range.start_us.is_some_and(|first| end.is_some_and(|end| end < first));
        let starts_late = range.end_us.is_some_and(|last| start.is_some_and(|start| start > last));
        !ends_early && !starts_late
    });
    note(notes, (before - entries.len()) as u64, "granules of the saved catalog are of other dates");
    Ok((Found { entries, ..Found::default() }, Origin::Saved(metadata)))
}

async fn search(typed: &CatalogArguments, boxes: &[[f64; 4]], quiet: bool) -> Result<(Found, Origin), CommandError> {
    let patience = Patience { tries: typed.tries, ..Patience::default() };
    let settings = SearchSettings { thumbnails: typed.preserve_thumbnails, patience, ..SearchSettings::default() };
    let server = match (&typed.stac_url, environment::cmr_root()) {
        (Some(url), _) => Server::at(url, settings)?,
        (None, Some(root)) => Server::cmr_at(&root, &typed.provider, settings)?,
        (None, None) => Server::cmr(&typed.provider, settings)?,
    };
    let collection = match (&typed.collection, &typed.short_name) {
        (Some(id), _) => Collection::Id(id.clone()),
        (None, short_name) => {
            Collection::Product { short_name: short_name.clone().unwrap_or_default(), version: typed.version.clone() }
        }
    };
    let range = time(typed)?;
    if range == TimeRange::default() {
        return Err(CommandError::Usage("say when: --start-date and --end-date, or --cycle".to_owned()));
    }
    let query = Query { collection, boxes: boxes.to_vec(), time: range, further: Map::new() };
    let bar = bar(quiet);
    let found = stac::search(&server, &query, |progress| tell(&bar, progress)).await;
    bar.finish_and_clear();
    Ok((found?, Origin::Searched(Box::new(server), Box::new(query))))
}

fn time(typed: &CatalogArguments) -> Result<TimeRange, CommandError> {
    let mode = if typed.cycle_dates { cycle::Mode::Formula } else { cycle::Mode::Exact };
    Ok(match typed.cycle {
        Some(number) => cycle::window(number, mode)?,
        None => TimeRange::of_days(typed.start_date.as_deref(), typed.end_date.as_deref())?,
    })
}

/// What is worth knowing of the granules that stay. Those without a footprint are named when they
/// find no shard.
fn tell_of(found: &Found, notes: &mut Vec<String>) {
    notes.extend(found.notes.iter().cloned());
    note(notes, found.retries, "requests were made again");
    note(notes, found.duplicates, "items came twice and count once");
    name(notes, &found.without_data, "granules have no .h5 file");
    name(notes, &found.odd_times, "granules have times that are none");
}

fn note(notes: &mut Vec<String>, count: u64, what: &str) {
    if count > 0 {
        notes.push(format!("{} {what}", numbers::grouped(count)));
    }
}

/// A note that names the first few.
pub(super) fn name(notes: &mut Vec<String>, ids: &[String], what: &str) {
    const NAMED: usize = 3;
    if let Some(first) = ids.get(..ids.len().min(NAMED)).filter(|first| !first.is_empty()) {
        let more = if ids.len() > NAMED { ", ..." } else { "" };
        notes.push(format!("{} {what}: {}{more}", numbers::grouped(ids.len() as u64), first.join(", ")));
    }
}

fn bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar
}

fn tell(bar: &ProgressBar, progress: &stac::Progress) {
    let of = progress.matched.map_or_else(String::new, |all| format!(" of {}", numbers::grouped(all)));
    let mut text = format!("{}{of} granules, {} pages", numbers::grouped(progress.received), progress.pages);
    if progress.retries > 0 {
        text.push_str(&format!(", {} retries", progress.retries));
    }
    if let Some(wait) = progress.waiting {
        text.push_str(&format!(", asking again in {:.0} s", wait.as_secs_f64()));
    }
    bar.set_message(text);
    bar.tick();
}
