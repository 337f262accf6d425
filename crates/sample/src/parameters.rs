//! What to make.

use crate::error::Error;
use crate::orbit::Position;

/// How the datasets lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// HDF5 chunks of this many values, deflated; integers are shuffled first, as in the product.
    Chunked(u64),
    /// Every dataset in one piece, not compressed.
    Contiguous,
}

/// Something legal and awkward, put into one granule. `beam` is a name like `gt1l`; what is
/// asked of a beam that the granule lacks changes nothing.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Oddity {
    /// The beam's group is not there.
    MissingBeam { beam: &'static str },
    /// The beam's datasets have no rows.
    EmptyTrack { beam: &'static str },
    /// One dataset of the beam is not there (`h_li`, say).
    MissingDataset { beam: &'static str, name: &'static str },
    /// The middle `count` points have neither latitude nor longitude (NaN).
    NanCoordinates { beam: &'static str, count: usize },
    /// The middle `count` points have the largest `f64`, a usual fill value, for coordinates.
    FillCoordinates { beam: &'static str, count: usize },
    /// The middle `count` heights are NaN, at good quality.
    NanHeights { beam: &'static str, count: usize },
    /// The middle `count` heights and sigmas are the fill value, at good quality.
    FillHeights { beam: &'static str, count: usize },
    /// The middle `count` sigmas are the fill value beside valid heights, at good quality.
    FillSigma { beam: &'static str, count: usize },
    /// The middle `count` sigmas are zero, at good quality.
    ZeroSigma { beam: &'static str, count: usize },
    /// No segment of the granule is of good quality.
    AllBad,
    /// The granule's datasets are contiguous, whatever the others are.
    Contiguous,
    /// The beam also has `signal_conf`, 8-bit integers of shape `[segments, 5]` with values
    /// `row % 5 - column`.
    TwoDimensional { beam: &'static str },
}

/// What to make. The defaults give the demo: 8 granules of 6 beams, about 7 MB.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleParameters {
    /// Another seed gives other tracks and noise.
    pub seed: u64,
    /// How many granules.
    pub granules: usize,
    /// Segments of 20 m per beam, before cloud gaps.
    pub segments: usize,
    /// Where the tracks cross.
    pub center: Position,
    /// Tracks pass within this many kilometres of the centre.
    pub spread_km: f64,
    /// How the datasets lie in the files.
    pub layout: Layout,
    /// What is awkward, with the number of the granule that it is in. By default granule 1 lacks
    /// beam `gt2r`.
    pub oddities: Vec<(usize, Oddity)>,
}

impl Default for SampleParameters {
    fn default() -> Self {
        Self {
            seed: 1,
            granules: 8,
            segments: 6000,
            center: Position { lon_deg: -100.0, lat_deg: -78.5 },
            spread_km: 30.0,
            layout: Layout::Chunked(2000),
            oddities: vec![(1, Oddity::MissingBeam { beam: "gt2r" })],
        }
    }
}

impl SampleParameters {
    /// # Errors
    /// When a number is out of reach: more than 1000 granules or a million segments, a spread
    /// that is negative, not finite or above 1000 km, or an empty HDF5 chunk.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, value: String, remedy| Err(Error::Parameter { name, value, remedy });
        if self.granules > 1000 {
            return refuse("granules", self.granules.to_string(), "make at most 1000");
        }
        if self.segments > 1_000_000 {
            return refuse("segments", self.segments.to_string(), "make at most 1000000 per beam");
        }
        if !(0.0..=1000.0).contains(&self.spread_km) {
            return refuse("spread_km", self.spread_km.to_string(), "choose 0 to 1000 kilometres");
        }
        if self.layout == Layout::Chunked(0) {
            return refuse("layout", "chunked by 0".to_owned(), "an HDF5 chunk holds at least one value");
        }
        Ok(())
    }
}
