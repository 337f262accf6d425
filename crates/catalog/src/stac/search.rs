//! The search: pages, one after the other, box by box.

use std::collections::HashMap;
use std::time::Duration;

use super::answer::Page;
use super::backoff;
use super::error::StacError;
use super::found::{Found, Progress};
use super::item::Item;
use super::place::Place;
use super::query::Query;
use super::server::{Server, Style, shown};
use super::web;

/// Asks `server` for all that `query` wants. `progress` hears of each page and of each pause.
///
/// Pages come one after the other, since only a page knows where the next one is, and boxes too,
/// so that the order of what is found depends on the server alone.
///
/// # Errors
/// What the server refuses; what failed at each of the attempts that the server's settings allow;
/// paging that leads in a circle or to another server; a total that is not what the server said;
/// and [`StacError::Nothing`] when nothing matches.
pub async fn search(server: &Server, query: &Query, progress: impl FnMut(&Progress)) -> Result<Found, StacError> {
    query.check()?;
    let mut run = Run { server, query, found: Found::default(), style: server.style, seen: HashMap::new(), progress };
    if query.boxes.is_empty() {
        run.crawl(0, None).await?;
    }
    for (number, bounds) in query.boxes.iter().enumerate() {
        run.crawl(number, Some(bounds)).await?;
    }
    if run.found.entries.is_empty() {
        return Err(StacError::Nothing {
            what: format!("{} has no granules of {}", shown(&server.url), query.words()),
            remedy: "check the dates, the region, and the collection's name and version: \
                     a server does not tell an unknown collection from one without matches",
        });
    }
    Ok(run.found)
}

/// A search under way.
struct Run<'a, F> {
    server: &'a Server,
    query: &'a Query,
    found: Found,
    /// How first pages are asked for, once it is known what the server takes.
    style: Style,
    /// Where each id came last: box and page.
    seen: HashMap<String, (usize, u64)>,
    progress: F,
}

/// The pages of one box.
#[derive(Default)]
struct Crawl {
    /// The box.
    number: usize,
    /// Pages so far; in messages they are counted from 1.
    pages: u64,
    /// Different ids in this box.
    received: u64,
    /// What the server said last.
    matched: Option<u64>,
    /// The first id of each page.
    firsts: HashMap<String, u64>,
    /// The places that were asked, and for which page.
    asked: HashMap<String, u64>,
}

impl<F: FnMut(&Progress)> Run<'_, F> {
    async fn crawl(&mut self, number: usize, bounds: Option<&[f64; 4]>) -> Result<(), StacError> {
        let mut crawl = Crawl { number, ..Crawl::default() };
        let mut place = self.first(bounds);
        loop {
            crawl.asked.insert(place.key(), crawl.pages + 1);
            let page = match self.page(&crawl, &place).await {
                // A server that takes no posted searches.
                Err(StacError::Refused { status: 405 | 501, .. }) if self.style == Style::Post && crawl.pages == 0 => {
                    self.style = Style::Get;
                    place = self.first(bounds);
                    continue;
                }
                page => page?,
            };
            let next = self.take(&mut crawl, page, &place)?;
            self.tell(&crawl, None);
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        self.finish(&crawl, bounds)
    }

    /// Where the first page is.
    fn first(&self, bounds: Option<&[f64; 4]>) -> Place {
        let size = self.server.settings.page;
        match self.style {
            Style::Get => Place::get(&self.server.url, &self.query.pairs(bounds, size)),
            Style::Post => Place::post(&self.server.url, self.query.body(bounds, size)),
        }
    }

    /// The page at `place`, asked for again when an earlier one came instead.
    async fn page(&mut self, crawl: &Crawl, place: &Place) -> Result<Page, StacError> {
        let (server, number) = (self.server, crawl.pages + 1);
        let mut tries = 0;
        loop {
            let page = web::page(server, place, number, |pause| self.wait(crawl, pause)).await?;
            let Some(earlier) = self.repeated(crawl, &page) else { return Ok(page) };
            tries += 1;
            let Some(pause) = backoff::pause(&server.settings.patience, tries, None) else {
                return Err(StacError::Repeated { url: shown(&place.url), page: number, earlier, tries });
            };
            tracing::debug!(page = number, earlier, ?pause, "a page came again; asking for the next one again");
            self.wait(crawl, pause);
            tokio::time::sleep(pause).await;
        }
    }

    /// The earlier page that this one is again: it begins as that one does, or brings nothing new
    /// and wants to go on. A last page of a single item that came before is a duplicate instead.
    fn repeated(&self, crawl: &Crawl, page: &Page) -> Option<u64> {
        let first = page.features.first()?;
        let goes_on = page.next().is_some();
        let here = |item: &Item| self.seen.get(&item.id).filter(|(number, _)| *number == crawl.number);
        if let Some(earlier) = crawl.firsts.get(&first.id)
            && (goes_on || page.features.len() > 1)
        {
            return Some(*earlier);
        }
        match goes_on && page.features.iter().all(|item| here(item).is_some()) {
            true => here(first).map(|(_, page)| *page),
            false => None,
        }
    }

    /// Takes a page's items; gives where the next page is. A page without items is the last one,
    /// even if it has a link, as the last full page of CMR has.
    fn take(&mut self, crawl: &mut Crawl, page: Page, place: &Place) -> Result<Option<Place>, StacError> {
        crawl.pages += 1;
        self.found.pages += 1;
        self.count(crawl, page.matched());
        let next = page.next().filter(|_| !page.features.is_empty()).cloned();
        if let Some(first) = page.features.first() {
            crawl.firsts.entry(first.id.clone()).or_insert(crawl.pages);
        }
        for item in page.features {
            self.keep(crawl, item)?;
        }
        let (Some(link), url, number) = (next, shown(&place.url), crawl.pages) else { return Ok(None) };
        let refused = |reason| StacError::Next { url, page: number, reason };
        let slack = u64::from(self.server.settings.page);
        if let Some(matched) = crawl.matched.filter(|matched| crawl.received > matched.saturating_add(slack)) {
            let reason = format!("{} granules came already, where {matched} were announced", crawl.received);
            return Err(refused(reason));
        }
        let next = match place.next(&link) {
            Ok(next) => next,
            Err(reason) => return Err(refused(reason)),
        };
        match crawl.asked.get(&next.key()) {
            Some(earlier) => Err(refused(format!("it leads back to page {earlier}"))),
            None => Ok(Some(next)),
        }
    }

    /// Notes what the server says matches; while the archive grows, the last word counts.
    fn count(&mut self, crawl: &mut Crawl, matched: Option<u64>) {
        if let (Some(before), Some(now)) = (crawl.matched, matched)
            && before != now
        {
            let page = crawl.pages;
            let note = format!("at page {page} the number of matching granules changed from {before} to {now}");
            self.found.notes.push(note);
        }
        crawl.matched = matched.or(crawl.matched);
    }

    fn keep(&mut self, crawl: &mut Crawl, item: Item) -> Result<(), StacError> {
        let before = self.seen.insert(item.id.clone(), (crawl.number, crawl.pages));
        match before {
            Some((number, _)) if number == crawl.number => {
                self.found.duplicates += 1;
                return Ok(());
            }
            before => {
                crawl.received += 1;
                if before.is_some() {
                    self.found.shared += 1;
                    return Ok(());
                }
            }
        }
        let settings = &self.server.settings;
        if self.found.entries.len() >= settings.max_granules {
            return Err(StacError::TooMany { limit: settings.max_granules });
        }
        let taken = item.take(settings.thumbnails);
        let (found, entry) = (&mut self.found, taken.entry);
        if entry.footprint.is_none() {
            found.without_footprint.push(entry.id.clone());
        }
        if entry.https.is_none() && entry.s3.is_none() {
            found.without_data.push(entry.id.clone());
        }
        if taken.has_odd_time {
            found.odd_times.push(entry.id.clone());
        }
        found.entries.push(entry);
        Ok(())
    }

    /// Compares what came with what the server said.
    fn finish(&mut self, crawl: &Crawl, bounds: Option<&[f64; 4]>) -> Result<(), StacError> {
        self.found.matched = self.matched(crawl);
        let Some(matched) = crawl.matched.filter(|matched| *matched != crawl.received) else { return Ok(()) };
        let place = bounds.map(|bounds| format!(" in the box {bounds:?}")).unwrap_or_default();
        let (url, received) = (shown(&self.server.url), crawl.received);
        let error = StacError::Mismatch { url, place, matched, received };
        if !self.server.settings.allow_mismatch {
            return Err(error);
        }
        self.found.notes.push(format!("{error} (allowed)"));
        Ok(())
    }

    /// What the server said of this box and those before.
    fn matched(&self, crawl: &Crawl) -> Option<u64> {
        let before = if crawl.number == 0 { Some(0) } else { self.found.matched };
        before.zip(crawl.matched).map(|(before, here)| before.saturating_add(here))
    }

    fn wait(&mut self, crawl: &Crawl, pause: Duration) {
        self.found.retries += 1;
        self.tell(crawl, Some(pause));
    }

    fn tell(&mut self, crawl: &Crawl, waiting: Option<Duration>) {
        let (pages, retries) = (self.found.pages, self.found.retries);
        let (received, matched) = (self.found.entries.len() as u64, self.matched(crawl));
        (self.progress)(&Progress { received, matched, pages, retries, waiting });
    }
}
