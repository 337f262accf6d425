//! Granules that never were, in the form of the real ones.

use chrono::DateTime;
use zagg_catalog::{Area, Entry, Part};

/// 2024-01-06, in microseconds since 1970.
const START_US: i64 = 1_704_499_200_000_000;

/// So many granules of `ATL06_007`, ten minutes apart from 2024-01-06 on, all of cycle 22; each is
/// a strip of 30° of latitude a little further west, some across ±180.
#[must_use]
pub fn granules(count: usize) -> Vec<Entry> {
    granules_from(0, count)
}

/// The same, from the granule of this number on.
#[must_use]
pub fn granules_from(first: usize, count: usize) -> Vec<Entry> {
    (first..first + count).map(granule).collect()
}

fn granule(number: usize) -> Entry {
    let start = START_US + number as i64 * 600_000_000 + 56_000;
    let time = DateTime::from_timestamp_micros(start).expect("a time");
    let (track, region) = (number / 14 % 1387 + 1, number % 14 + 1);
    let name = format!("ATL06_{}_{track:04}22{region:02}_007_01", time.format("%Y%m%d%H%M%S"));
    let folder = format!("nsidc-cumulus-prod-protected/ATLAS/ATL06/007/{}", time.format("%Y/%m/%d"));
    Entry {
        id: format!("{name}.h5"),
        collection: Some("ATL06_007".to_owned()),
        footprint: Some(strip(number)),
        https: Some(format!("https://data.nsidc.earthdatacloud.nasa.gov/{folder}/{name}.h5")),
        s3: Some(format!("s3://{folder}/{name}.h5")),
        metadata: Some(format!("https://cmr.earthdata.nasa.gov/search/concepts/G{number}-NSIDC_CPRD.xml")),
        thumbnails: Vec::new(),
        datetime_us: Some(start),
        start_us: Some(start),
        end_us: Some(start + 326_000_000),
    }
}

fn strip(number: usize) -> Area {
    let south = [-80.0, -40.0, 10.0, 45.0][number % 4];
    let west = 179.5 - number as f64 * 0.37 % 360.0;
    let turn = |longitude: f64| if longitude > 180.0 { longitude - 360.0 } else { longitude };
    // Coordinates of five decimals, as the archive's.
    let at = |longitude: f64, latitude: f64| [(turn(longitude) * 1e5).round() / 1e5, latitude];
    let ring = vec![
        at(west, south),
        at(west + 0.1, south),
        at(west + 1.3, south + 15.0),
        at(west + 2.6, south + 30.0),
        at(west + 2.5, south + 30.0),
        at(west + 1.2, south + 15.0),
        at(west, south),
    ];
    Area { parts: vec![Part::Polygon(vec![ring])] }
}
