//! Which granules: from a search, or from a saved catalog.

use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zagg_catalog::{
    Catalog, geoparquet,
    stac::{self, Collection, Found, Patience, Query, SearchSettings, Server, TimeRange, cycle, revision},
};
use zagg_program::{environment, numbers};

use super::arguments::CatalogArguments;
use crate::error::CommandError;

/// The granules, and what is worth telling about how they were had.
pub(super) struct Granules {
    pub(super) catalog: Catalog,
    pub(super) notes: Vec<String>,
}

/// Takes the granules of a saved catalog, or searches for them in `boxes`.
pub(super) async fn gather(
    typed: &CatalogArguments,
    boxes: &[[f64; 4]],
    quiet: bool,
) -> Result<Granules, CommandError> {
    let mut granules = match &typed.from {
        Some(path) => saved(path, typed)?,
        None => search(typed, boxes, quiet).await?,
    };
    let Granules { catalog, notes } = &mut granules;
    if let (Some(number), false) = (typed.cycle, typed.cycle_dates) {
        let left = cycle::keep(&mut catalog.entries, number)?;
        note(notes, left.other_cycles, "granules of other cycles are left out");
        name(notes, &left.nameless, "granules whose names tell no cycle are left out");
        catalog.metadata.insert("cycle".to_owned(), number.into());
    }
    if !typed.all_revisions {
        name(notes, &revision::keep_newest(&mut catalog.entries), "older revisions are left out");
    }
    catalog.metadata.insert("total_granules".to_owned(), catalog.entries.len().into());
    Ok(granules)
}

fn saved(path: &Path, typed: &CatalogArguments) -> Result<Granules, CommandError> {
    let mut catalog = geoparquet::read(path)?;
    let mut notes = Vec::new();
    let range = time(typed)?;
    let before = catalog.entries.len();
    catalog.entries.retain(|entry| {
        let (start, end) = (entry.start_us.or(entry.datetime_us), entry.end_us.or(entry.datetime_us));
        let ends_early = range.start_us.is_some_and(|first| end.is_some_and(|end| end < first));
        let starts_late = range.end_us.is_some_and(|last| start.is_some_and(|start| start > last));
        !ends_early && !starts_late
    });
    note(&mut notes, (before - catalog.entries.len()) as u64, "granules of the saved catalog are of other dates");
    Ok(Granules { catalog, notes })
}

async fn search(typed: &CatalogArguments, boxes: &[[f64; 4]], quiet: bool) -> Result<Granules, CommandError> {
    let patience = Patience { tries: typed.tries.max(1), ..Patience::default() };
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
    let query = Query { collection, boxes: boxes.to_vec(), time: range, further: serde_json::Map::new() };
    let bar = bar(quiet);
    let found = stac::search(&server, &query, |progress| tell(&bar, progress)).await;
    bar.finish_and_clear();
    let found = found?;
    let notes = told(&found);
    Ok(Granules { catalog: found.into_catalog(&server, &query), notes })
}

fn time(typed: &CatalogArguments) -> Result<TimeRange, CommandError> {
    let mode = if typed.cycle_dates { cycle::Mode::Formula } else { cycle::Mode::Exact };
    Ok(match typed.cycle {
        Some(number) => cycle::window(number, mode)?,
        None => TimeRange::of_days(typed.start_date.as_deref(), typed.end_date.as_deref())?,
    })
}

fn told(found: &Found) -> Vec<String> {
    let mut notes = found.notes.clone();
    note(&mut notes, found.retries, "requests were made again");
    note(&mut notes, found.duplicates, "items came twice and count once");
    name(&mut notes, &found.without_footprint, "granules have no footprint and are left out");
    name(&mut notes, &found.without_data, "granules have no .h5 file");
    name(&mut notes, &found.odd_times, "granules have times that are none");
    notes
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
