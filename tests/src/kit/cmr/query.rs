//! What a request asks for, and the pages of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde_json::{Map, Value, json};
use url::Url;
use zagg_catalog::Entry;

use super::item::touches;
use super::{MAX_PAGE, Trouble, sample};

/// Pages can be as large as this by the server's word.
const MAX_LIMIT: f64 = 5000.0;

/// The parameters of the URL and over them those of the body.
pub(super) fn parameters(url: &Url, body: &[u8]) -> Map<String, Value> {
    let mut all: Map<_, _> = url.query_pairs().map(|(key, value)| (key.into_owned(), json!(value))).collect();
    if let Ok(Value::Object(body)) = serde_json::from_slice(body) {
        all.extend(body);
    }
    all
}

/// A parameter as it stands in a URL.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

/// Where the search goes on after `offset` items; CMR's cursors are such JSON too.
pub(super) fn cursor(offset: usize) -> String {
    STANDARD.encode(json!({"json": json!(["nsidc_cprd", offset]).to_string()}).to_string())
}

fn offset(cursor: &str) -> Option<usize> {
    let outer: Value = serde_json::from_slice(&STANDARD.decode(cursor).ok()?).ok()?;
    let inner: Value = serde_json::from_str(outer.get("json")?.as_str()?).ok()?;
    inner.get(1)?.as_u64().map(|offset| offset as usize)
}

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    collections: Vec<String>,
    bounds: Option<[f64; 4]>,
    /// Microseconds since 1970, both included.
    times: [i64; 2],
    /// What the client asked for.
    pub(super) limit: usize,
    offset: usize,
}

/// A page of what is wanted.
pub(super) struct Slice {
    pub(super) entries: Vec<Entry>,
    pub(super) next: Option<String>,
}

impl Wanted {
    /// # Errors
    /// What the server's refusal says.
    pub(super) fn read(parameters: &Map<String, Value>, all: usize) -> Result<Self, String> {
        let get = |name: &str| parameters.get(name).map(text);
        let limit = match get("limit").and_then(|limit| limit.parse::<f64>().ok()) {
            Some(limit) if !(0.0..=MAX_LIMIT).contains(&limit) => {
                return Err("Limit must be between 0 and 5000".to_owned());
            }
            limit => limit.map_or(10, |limit| limit as usize),
        };
        let bounds = get("bbox").map(|text| bounds(&text)).transpose()?;
        if bounds.is_some() && parameters.contains_key("intersects") {
            let only = "Query params BBOX and INTERSECTS are mutually exclusive. You may only use one at a time.";
            return Err(only.to_owned());
        }
        let times = get("datetime").map_or(Ok([i64::MIN, i64::MAX]), |text| times(&text))?;
        let split = |list: String| list.split(',').map(str::to_owned).collect();
        let collections = get("collections").map(split).unwrap_or_default();
        let offset = match get("cursor").or_else(|| get("next")) {
            Some(cursor) => offset(&cursor).ok_or_else(|| format!("Invalid cursor among {all} items"))?,
            None => 0,
        };
        Ok(Self { collections, bounds, times, limit, offset })
    }

    fn size(&self) -> usize {
        self.limit.clamp(1, MAX_PAGE)
    }

    /// The page, from 1.
    pub(super) fn page(&self) -> u64 {
        (self.offset / self.size()) as u64 + 1
    }

    /// The page's entries, and how many match in all. There is a next page after every full one,
    /// which may then be empty.
    pub(super) fn page_of(&self, entries: &[Entry], trouble: Option<&Trouble>) -> (Slice, usize) {
        let matching: Vec<_> = entries.iter().filter(|entry| self.wants(entry)).collect();
        let offset = match trouble {
            Some(Trouble::Instead(page)) => (*page as usize - 1) * self.size(),
            _ => self.offset,
        };
        let rest = matching.get(offset..).unwrap_or_default();
        let mut own: Vec<Entry> = rest.iter().take(self.size()).copied().cloned().collect();
        let mut next = (own.len() == self.size()).then(|| cursor(offset + self.size()));
        match trouble {
            Some(Trouble::Empty) => own.clear(),
            Some(Trouble::Duplicates(count)) => {
                let before = matching.get(..offset).unwrap_or_default();
                let again = before.iter().rev().take(*count).copied().cloned();
                own.splice(0..0, again);
            }
            Some(Trouble::Endless) => {
                own = sample::granules_from(10_000_000 + offset, self.size());
                next = Some(cursor(offset + self.size()));
            }
            Some(Trouble::Leads(_) | Trouble::LeadsBack(_)) => next = Some(cursor(offset + self.size())),
            _ => {}
        }
        (Slice { entries: own, next }, matching.len())
    }

    fn wants(&self, entry: &Entry) -> bool {
        // The older form of an id is taken too.
        let is = |wanted: &String, id: &String| wanted == id || wanted.replacen(".v", "_", 1) == *id;
        let of_these = |id: &String| self.collections.iter().any(|wanted| is(wanted, id));
        let collection = self.collections.is_empty() || entry.collection.as_ref().is_some_and(of_these);
        let start = entry.start_us.or(entry.datetime_us).unwrap_or(i64::MIN);
        let end = entry.end_us.or(entry.datetime_us).unwrap_or(i64::MAX);
        let time = start <= self.times[1] && end >= self.times[0];
        collection && time && self.bounds.is_none_or(|bounds| touches(entry, bounds))
    }
}

fn bounds(text: &str) -> Result<[f64; 4], String> {
    let bad =
        || "BBOX must be in the form of 'bbox=swLon,swLat,neLon,neLat' with valid latitude and longitude.".to_owned();
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    let [west, south, east, north] = match numbers.as_deref() {
        Some([west, south, east, north]) => [*west, *south, *east, *north],
        Some([west, south, _, east, north, _]) => [*west, *south, *east, *north],
        _ => return Err(bad()),
    };
    let valid = |number: f64, most: f64| (-most..=most).contains(&number);
    let inside = valid(west, 180.0) && valid(east, 180.0) && valid(south, 90.0) && valid(north, 90.0);
    if inside && west <= east && south <= north { Ok([west, south, east, north]) } else { Err(bad()) }
}

fn times(text: &str) -> Result<[i64; 2], String> {
    let bad = "Query param datetime does not match a valid date format. \
               Please use RFC3339 or ISO8601 formatted datetime strings.";
    let time = |text: &str, open: i64| match text {
        "" | ".." => Ok(open),
        text => DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros()).map_err(|_| bad.to_owned()),
    };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [one] => Ok([time(one, i64::MIN)?; 2]),
        ["" | "..", "" | ".."] => Err(bad.to_owned()),
        [start, end] => {
            let times = [time(start, i64::MIN)?, time(end, i64::MAX)?];
            if times[0] < times[1] { Ok(times) } else { Err(bad.to_owned()) }
        }
        _ => Err(bad.to_owned()),
    }
}
