//! What a search asks for.

use std::fmt;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::error::StacError;
use super::instant;

/// What a search asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The collection.
    pub collection: Collection,
    /// Boxes of which a granule touches at least one, each `[west, south, east, north]` in degrees
    /// with `-180 <= west <= east <= 180`; what crosses ±180 comes as two. None: everywhere.
    pub boxes: Vec<[f64; 4]>,
    /// When.
    pub time: TimeRange,
    /// Further parameters for the server as they are, such as `sortby` or `query`.
    pub further: Map<String, Value>,
}

/// A collection, as STAC or as CMR names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collection {
    /// A collection's id.
    Id(String),
    /// A product of CMR.
    Product {
        /// The short name, such as `ATL06`.
        short_name: String,
        /// The version, such as `007`.
        version: String,
    },
}

impl Collection {
    /// The id: of a product `ATL06_007`.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Id(id) => id.clone(),
            Self::Product { short_name, version } => format!("{short_name}_{version}"),
        }
    }
}

/// From when to when, both included; an end that is none is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// The start, in microseconds since 1970 (UTC).
    pub start_us: Option<i64>,
    /// The end, in microseconds since 1970 (UTC).
    pub end_us: Option<i64>,
}

const DAY_US: i64 = 86_400_000_000;

/// A day's last instant is as fine as CMR's clock.
const MILLISECOND_US: i64 = 1000;

impl TimeRange {
    /// From the first moment of one day to the last of another (UTC), each as `2024-01-06`; a day
    /// that is none is open.
    ///
    /// # Errors
    /// [`StacError::BadQuery`] when one is no date, or they are in the wrong order.
    pub fn of_days(first: Option<&str>, last: Option<&str>) -> Result<Self, StacError> {
        let day = |text: &str| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
            let start = date.and_then(|date| date.and_hms_opt(0, 0, 0)).map(|time| time.and_utc().timestamp_micros());
            start.ok_or_else(|| bad(format!("{text:?} is no date such as 2024-01-06")))
        };
        let start_us = first.map(day).transpose()?;
        let end_us = last.map(day).transpose()?.map(|start| start + DAY_US - MILLISECOND_US);
        let range = Self { start_us, end_us };
        range.check()?;
        Ok(range)
    }

    fn check(&self) -> Result<(), StacError> {
        let text = |time| instant::text(time).ok_or_else(|| bad(format!("{time} µs is no time that a server knows")));
        if let (Some(start), Some(end)) = (self.start_us, self.end_us)
            && start > end
        {
            return Err(bad(format!("its dates start at {} and end before, at {}", text(start)?, text(end)?)));
        }
        self.start_us.into_iter().chain(self.end_us).try_for_each(|time| text(time).map(|_| ()))
    }

    /// As STAC's `datetime` parameter; none when both ends are open.
    fn parameter(&self) -> Option<String> {
        let end = |time: Option<i64>| time.and_then(instant::text).unwrap_or_else(|| "..".to_owned());
        match (self.start_us, self.end_us) {
            (None, None) => None,
            (Some(start), Some(at)) if start == at => instant::text(start),
            (start, last) => Some(format!("{}/{}", end(start), end(last))),
        }
    }

    /// The days of both ends, as `2024-01-06`.
    pub(super) fn days(&self) -> [Option<String>; 2] {
        [self.start_us, self.end_us].map(|time| time.and_then(instant::text)?.split('T').next().map(str::to_owned))
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [start, end] = [self.start_us, self.end_us].map(|time| time.and_then(instant::text));
        match (start, end) {
            (None, None) => f.write_str("at any time"),
            (Some(start), None) => write!(f, "since {start}"),
            (None, Some(end)) => write!(f, "until {end}"),
            (Some(start), Some(end)) => write!(f, "from {start} to {end}"),
        }
    }
}

/// Parameters that a query has fields for.
const OWN: [&str; 5] = ["collections", "bbox", "datetime", "limit", "intersects"];

impl Query {
    /// All granules of a product of CMR.
    #[must_use]
    pub fn of_product(short_name: &str, version: &str) -> Self {
        let product = Collection::Product { short_name: short_name.to_owned(), version: version.to_owned() };
        Self { collection: product, boxes: Vec::new(), time: TimeRange::default(), further: Map::new() }
    }

    /// All items of a collection.
    #[must_use]
    pub fn of_collection(id: &str) -> Self {
        let collection = Collection::Id(id.to_owned());
        Self { collection, boxes: Vec::new(), time: TimeRange::default(), further: Map::new() }
    }

    /// # Errors
    /// [`StacError::BadQuery`] when a server could not answer it.
    pub(super) fn check(&self) -> Result<(), StacError> {
        if self.collection.id().trim_matches('_').is_empty() {
            return Err(bad("it names no collection".to_owned()));
        }
        if let Some(name) = OWN.iter().find(|name| self.further.contains_key(**name)) {
            return Err(bad(format!("the parameter {name} has an option of its own")));
        }
        self.time.check()?;
        self.boxes.iter().try_for_each(check_box)
    }

    /// The parameters of a search in one of the boxes, as they are sent in a URL.
    pub(super) fn pairs(&self, bounds: Option<&[f64; 4]>, page: u32) -> Vec<(String, String)> {
        let mut pairs = vec![("collections".to_owned(), self.collection.id())];
        if let Some(bounds) = bounds {
            pairs.push(("bbox".to_owned(), bounds.map(|number| number.to_string()).join(",")));
        }
        pairs.extend(self.time.parameter().map(|time| ("datetime".to_owned(), time)));
        pairs.push(("limit".to_owned(), page.to_string()));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        pairs.extend(self.further.iter().map(|(name, value)| (name.clone(), text(value))));
        pairs
    }

    /// The same as a body.
    pub(super) fn body(&self, bounds: Option<&[f64; 4]>, page: u32) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("collections".to_owned(), json!([self.collection.id()]));
        if let Some(bounds) = bounds {
            body.insert("bbox".to_owned(), json!(bounds));
        }
        if let Some(time) = self.time.parameter() {
            body.insert("datetime".to_owned(), json!(time));
        }
        body.insert("limit".to_owned(), json!(page));
        body.extend(self.further.clone());
        body
    }

    /// What is searched, in words.
    pub(super) fn words(&self) -> String {
        let boxes: Vec<_> = self.boxes.iter().map(|bounds| format!("{bounds:?}")).collect();
        let place = match boxes.len() {
            0 => String::new(),
            1 => format!(" in the box {}", boxes.join("")),
            2..=4 => format!(" in the boxes {}", boxes.join(" and ")),
            many => format!(" in {many} boxes"),
        };
        format!("{}{place} {}", self.collection.id(), self.time)
    }

    /// The one box around all of them, where two halves that meet at ±180 are one box whose west
    /// is greater than its east (as in GeoJSON, RFC 7946 section 5.2); none without a box.
    pub(super) fn bounds(&self) -> Option<[f64; 4]> {
        match self.boxes.as_slice() {
            [west, east] | [east, west]
                if west[2] == 180.0 && east[0] == -180.0 && west[1] == east[1] && west[3] == east[3] =>
            {
                Some([west[0], west[1], east[2], west[3]])
            }
            boxes => boxes.iter().copied().reduce(|[w, s, e, n], [west, south, east, north]| {
                [w.min(west), s.min(south), e.max(east), n.max(north)]
            }),
        }
    }
}

fn check_box(bounds: &[f64; 4]) -> Result<(), StacError> {
    let [west, south, east, north] = *bounds;
    let inside = bounds.iter().all(|number| number.is_finite()) && west.abs().max(east.abs()) <= 180.0;
    if !inside || south.abs().max(north.abs()) > 90.0 || south > north {
        return Err(bad(format!("{bounds:?} is no box [west, south, east, north] in degrees")));
    }
    if west > east {
        return Err(bad(format!("the box {bounds:?} crosses ±180 and is to be split there")));
    }
    Ok(())
}

fn bad(reason: String) -> StacError {
    StacError::BadQuery { reason }
}

#[cfg(test)]
mod tests;
