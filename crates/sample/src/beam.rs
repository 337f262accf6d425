//! One beam's segments.

use crate::orbit::{Orbit, Position};
use crate::random::Random;

/// The beams of a granule, in the order of the product's groups.
pub const BEAMS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

/// Metres between segments.
const SPACING: f64 = 20.0;
/// Metres to the left of the reference track of the three pairs.
const PAIRS: [f64; 3] = [3300.0, 0.0, -3300.0];
/// Metres to the left of its pair's middle of the left and the right beam.
const SIDES: [f64; 2] = [45.0, -45.0];

/// One beam's segments, as they are in the file. All columns are equally long.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beam {
    /// One of [`BEAMS`].
    pub name: &'static str,
    /// Longitude, degrees east.
    pub lon_deg: Vec<f64>,
    /// Geodetic latitude, degrees north.
    pub lat_deg: Vec<f64>,
    /// Seconds since 2018-01-01.
    pub delta_time: Vec<f64>,
    /// Height above the ellipsoid in metres; missing is `f32::MAX`, the product's fill value.
    pub h_li: Vec<f32>,
    /// Uncertainty of the height in metres; missing is `f32::MAX`.
    pub h_li_sigma: Vec<f32>,
    /// 0: no problem found, 1: some potential problem.
    pub quality: Vec<i8>,
    /// Segment number, counted from the equator.
    pub segment_id: Vec<i32>,
}

impl Beam {
    /// The number of segments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lon_deg.len()
    }

    /// Whether there is no segment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lon_deg.is_empty()
    }
}

/// The pass of which beams are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    /// The orbit.
    pub(crate) orbit: Orbit,
    /// When the target is passed, in seconds since 2018-01-01.
    pub(crate) time: f64,
    /// Segments per beam, before gaps.
    pub(crate) segments: usize,
    /// Which segment, counted from the first, is at the target.
    pub(crate) target: usize,
}

impl Pass {
    /// Metres from the target to segment `index`; negative before it.
    pub(crate) fn along(&self, index: usize) -> f64 {
        (index as f64 - self.target as f64) * SPACING
    }

    /// All six beams. Both beams of a pair see the same clouds.
    pub(crate) fn beams(&self, random: &mut Random) -> Vec<Beam> {
        let mut beams = Vec::with_capacity(BEAMS.len());
        for (pair, names) in PAIRS.iter().zip(BEAMS.chunks(2)) {
            let gaps = random.runs(self.segments, 0.08, 150.0);
            let haze = random.runs(self.segments, 0.04, 30.0);
            for (side, name) in SIDES.iter().zip(names) {
                let segments = (0..self.segments).filter(|index| !gaps[*index]);
                beams.push(self.beam(name, pair + side, segments, &haze, random));
            }
        }
        beams
    }

    fn beam(
        &self,
        name: &'static str,
        left: f64,
        segments: impl Iterator<Item = usize>,
        haze: &[bool],
        random: &mut Random,
    ) -> Beam {
        let mut beam = Beam { name, ..Beam::default() };
        let first_id = self.orbit.metres_since_equator(0.0) / SPACING - self.target as f64;
        for index in segments {
            let along = self.along(index);
            let Position { lon_deg, lat_deg } = self.orbit.position(along, left + 2.5 * (index as f64 / 9000.0).sin());
            let time = self.time + Orbit::seconds(along);
            let bad = haze[index] || random.uniform() < 0.01;
            let (height, sigma) = observe(Position { lon_deg, lat_deg }, time, bad, random);
            beam.lon_deg.push(lon_deg);
            beam.lat_deg.push(lat_deg);
            beam.delta_time.push(time);
            beam.h_li.push(height);
            beam.h_li_sigma.push(sigma);
            beam.quality.push(i8::from(bad));
            beam.segment_id.push((first_id + index as f64) as i32);
        }
        beam
    }
}

/// A height and its uncertainty. Bad segments are far off or missing; one good segment in 500 is
/// missing too, which quality filters do not catch.
fn observe(position: Position, time: f64, bad: bool, random: &mut Random) -> (f32, f32) {
    let sigma = (0.03 * (0.8 * random.normal()).exp()).clamp(0.0125, 2.0);
    let blunder = if bad { 15.0 * random.normal() } else { 0.0 };
    let years = time / (365.25 * 86_400.0) - 1.0;
    let height = position.surface(years) + blunder + (sigma + 0.05) * random.normal();
    if random.uniform() < if bad { 0.4 } else { 0.002 } {
        return (f32::MAX, f32::MAX);
    }
    (height as f32, sigma as f32)
}
