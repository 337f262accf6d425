//! The names of ICESat-2 granules.

use std::fmt;

use crate::catalog::Entry;

/// What the name of an ICESat-2 granule says: `ATLnn_yyyymmddhhmmss_ttttccss_vvv_rr.h5`
/// (NSIDC's user guides of ATL03 and others, "file naming convention"). Sea-ice products write
/// their hemisphere into the product, as `ATL07-01`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GranuleName {
    /// The product, such as `ATL06` or `ATL07-01`.
    pub product: String,
    /// When the granule begins (UTC), the 14 digits.
    pub time: String,
    /// The reference ground track, 1 to 1387.
    pub rgt: u16,
    /// The cycle, from 1.
    pub cycle: u8,
    /// The region along the track, 1 to 14; 0 of products that are not cut into regions.
    pub region: u8,
    /// The product's version, such as 7.
    pub version: u16,
    /// The revision of this granule within the version.
    pub revision: u8,
}

/// The last of the reference ground tracks.
const LAST_TRACK: u16 = 1387;
/// The last of the regions.
const LAST_REGION: u8 = 14;

impl GranuleName {
    /// Reads a file's name, with or without its ending; none when it is not of that form.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".h5").unwrap_or(name);
        let mut parts = stem.split('_');
        let (product, time, track) = (parts.next()?, parts.next()?, parts.next()?);
        let (version, revision) = (parts.next()?, parts.next()?);
        let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        let lengths = digits(time, 14) && digits(track, 8) && digits(version, 3) && digits(revision, 2);
        if parts.next().is_some() || !lengths || !is_product(product) {
            return None;
        }
        let found = Self {
            product: product.to_owned(),
            time: time.to_owned(),
            rgt: track.get(..4)?.parse().ok()?,
            cycle: track.get(4..6)?.parse().ok()?,
            region: track.get(6..)?.parse().ok()?,
            version: version.parse().ok()?,
            revision: revision.parse().ok()?,
        };
        let exists = (1..=LAST_TRACK).contains(&found.rgt) && found.cycle >= 1 && found.region <= LAST_REGION;
        (exists && is_time(time)).then_some(found)
    }

    /// The name of a catalog's granule: its id, or else the last part of where its data are.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        let file = |href: &String| href.rsplit('/').next().and_then(Self::parse);
        Self::parse(&entry.id)
            .or_else(|| entry.s3.as_ref().and_then(file))
            .or_else(|| entry.https.as_ref().and_then(file))
    }

    /// Whether both are the same granule, in perhaps another revision.
    #[must_use]
    pub fn is_same_granule(&self, other: &Self) -> bool {
        Self { revision: 0, ..self.clone() } == Self { revision: 0, ..other.clone() }
    }
}

impl fmt::Display for GranuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { product, time, rgt, cycle, region, version, revision } = self;
        write!(f, "{product}_{time}_{rgt:04}{cycle:02}{region:02}_{version:03}_{revision:02}.h5")
    }
}

/// `ATLnn` or `ATLnn-hh`.
fn is_product(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("ATL") else { return false };
    let two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    match rest.split_once('-') {
        Some((number, hemisphere)) => two(number) && two(hemisphere),
        None => two(rest),
    }
}

/// Whether 14 digits are a date and a time of day.
fn is_time(digits: &str) -> bool {
    chrono::NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_and_written_back() {
        for name in ["ATL03_20190203150920_05680202_007_01.h5", "ATL07-01_20240106012345_13872214_006_12.h5"] {
            assert_eq!(GranuleName::parse(name).unwrap().to_string(), name);
        }
        let name = GranuleName::parse("ATL06_20240318112233_13882205_007_02");
        assert_eq!(name, None, "there are 1387 tracks");
        let name = GranuleName::parse("ATL06_20240318112233_13872205_007_02").unwrap();
        assert_eq!((name.rgt, name.cycle, name.region, name.version, name.revision), (1387, 22, 5, 7, 2));
    }

    #[test]
    fn what_is_no_name_of_a_granule_is_none() {
        for name in [
            "",
            "ATL06",
            "ATL06_20240318112233_13872205_007.h5",
            "ATL06_20240318112233_13872205_007_02_extra.h5",
            "ATL06_20240318112233_1387220_007_02.h5",
            "ATL06_20241318112233_13872205_007_02.h5",
            "ATL06_20240318112233_13870005_007_02.h5",
            "ATL06_20240318112233_13872215_007_02.h5",
            "ATL11_000103_0321_06_v006.h5",
            "GEDI_20240318112233_13872205_007_02.h5",
            "ATL6_20240318112233_+1372205_007_02.h5",
            "SC:ATL03.005:256325263",
            "ATL0é_20240318112233_13872205_007_02.h5",
        ] {
            assert_eq!(GranuleName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_file_tells_where_the_id_does_not() {
        let s3 = "s3://bucket/ATL03/ATL03_20190203150920_05680202_007_01.h5".to_owned();
        let mut entry = Entry { id: "G2560598660-NSIDC_ECS".to_owned(), s3: Some(s3), ..Entry::default() };
        assert_eq!(GranuleName::of(&entry).unwrap().cycle, 2);
        entry.https = entry.s3.take();
        assert_eq!(GranuleName::of(&entry).unwrap().rgt, 568);
        entry.https = None;
        assert_eq!(GranuleName::of(&entry), None);
    }
}
