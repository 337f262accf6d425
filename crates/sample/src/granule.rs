//! Whole granules.

use std::path::{Path, PathBuf};

use hdf5_writer::AttributeBuilder;

use crate::beam::{Beam, Pass};
use crate::error::Error;
use crate::hdf5::{About, Writer, encode, file};
use crate::oddity;
use crate::orbit::{Orbit, Position};
use crate::parameters::{Layout, Oddity, SampleParameters};
use crate::random::Random;
use crate::time::Moment;

/// A granule that was written, and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleGranule {
    /// The granule's name, which is the file's without `.h5`.
    pub id: String,
    /// The file.
    pub file: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// First segment's time, RFC 3339.
    pub time_start: String,
    /// Last segment's time, RFC 3339.
    pub time_end: String,
    /// The beams that are in the file.
    pub beams: Vec<Beam>,
}

impl SampleGranule {
    /// Longitude and latitude in degrees of every segment, good or bad, beam by beam.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.beams.iter().flat_map(|beam| beam.lon_deg.iter().copied().zip(beam.lat_deg.iter().copied()))
    }
}

/// Makes granules and writes them to `dir`, which is created if it is not there. Files of the
/// same names are replaced.
///
/// # Errors
/// When a parameter is out of reach or a file can't be written.
pub fn write_granules(dir: &Path, parameters: &SampleParameters) -> Result<Vec<SampleGranule>, Error> {
    parameters.check()?;
    std::fs::create_dir_all(dir).map_err(|source| Error::Write { path: dir.to_owned(), source })?;
    (0..parameters.granules).map(|number| write_granule(dir, parameters, number)).collect()
}

fn write_granule(dir: &Path, parameters: &SampleParameters, number: usize) -> Result<SampleGranule, Error> {
    let mut random = Random::new(parameters.seed, number as u64);
    let pass = pass(parameters, number, &mut random)?;
    let mut beams = pass.beams(&mut random);
    let oddities: Vec<&Oddity> =
        parameters.oddities.iter().filter(|(where_, _)| *where_ == number).map(|(_, oddity)| oddity).collect();
    oddities.iter().for_each(|oddity| oddity::apply(&mut beams, oddity));

    let start = Moment(pass.time + Orbit::seconds(pass.along(0)));
    let end = Moment(pass.time + Orbit::seconds(pass.along(pass.segments.saturating_sub(1))));
    let id = format!("ATL06_{}_{:04}03{:02}_006_01", start.compact(), track(number), region(number));
    let bytes = granule_bytes(&beams, parameters.layout, &oddities)
        .map_err(|source| Error::Encode { id: id.clone(), source })?;
    let path = dir.join(format!("{id}.h5"));
    std::fs::write(&path, &bytes).map_err(|source| Error::Write { path: path.clone(), source })?;
    let (time_start, time_end) = (start.rfc3339(), end.rfc3339());
    Ok(SampleGranule { id, file: path, bytes: bytes.len() as u64, time_start, time_end, beams })
}

/// The reference ground track's number, 1..=1387.
fn track(number: usize) -> usize {
    number * 37 % 1387 + 1
}

/// Even granules fly north, odd ones south, in the product's regions 12 and 10 of the south.
fn region(number: usize) -> u8 {
    if number.is_multiple_of(2) { 12 } else { 10 }
}

/// The pass of granule `number`: a target in the disk around the centre, somewhere in the middle
/// third of the track.
pub(crate) fn pass(parameters: &SampleParameters, number: usize, random: &mut Random) -> Result<Pass, Error> {
    let distance = parameters.spread_km * 1000.0 * random.uniform().sqrt();
    let (sine, cosine) = (std::f64::consts::TAU * random.uniform()).sin_cos();
    let target: Position = parameters.center.moved(distance * sine, distance * cosine);
    let orbit = Orbit::through(target, number.is_multiple_of(2))?;
    let share = (1.0 + random.uniform()) / 3.0;
    Ok(Pass {
        orbit,
        // The first passes over the target at noon of 5 January 2019, the others follow.
        time: 86_400.0 * (369.5 + 1.4871 * number as f64),
        segments: parameters.segments,
        target: (parameters.segments as f64 * share) as usize,
    })
}

fn granule_bytes(beams: &[Beam], layout: Layout, oddities: &[&Oddity]) -> hdf5_writer::Result<Vec<u8>> {
    let layout = if oddities.contains(&&Oddity::Contiguous) { Layout::Contiguous } else { layout };
    let mut file = file("ATL06")?;
    for beam in beams {
        file = file.group_attribute(beam.name, AttributeBuilder::fixed_string("groundtrack_id", beam.name));
        for (name, dataset) in datasets(beam, Writer { layout })? {
            if !oddities.contains(&&Oddity::MissingDataset { beam: beam.name, name }) {
                file = file.dataset(dataset);
            }
        }
        if oddities.contains(&&Oddity::TwoDimensional { beam: beam.name }) {
            let values: Vec<i8> =
                (0..beam.len()).flat_map(|row| (0..5).map(move |col| (row % 5) as i8 - col)).collect();
            let path = format!("{}/land_ice_segments/signal_conf", beam.name);
            file = file.dataset(Writer { layout }.dataset(path, &values, 5, About::new("1", "Confidence"))?);
        }
    }
    encode(file)
}

/// The datasets of a beam, by name.
fn datasets(beam: &Beam, writer: Writer) -> hdf5_writer::Result<[(&'static str, hdf5_writer::DatasetBuilder); 7]> {
    let path = |name: &str| format!("{}/land_ice_segments/{name}", beam.name);
    macro_rules! dataset {
        ($name:literal, $values:expr, $about:expr) => {
            ($name, writer.dataset(path($name), $values, 1, $about)?)
        };
    }
    Ok([
        dataset!("delta_time", &beam.delta_time, About::new("seconds since 2018-01-01", "Elapsed seconds")),
        dataset!("latitude", &beam.lat_deg, About::new("degrees_north", "Latitude")),
        dataset!("longitude", &beam.lon_deg, About::new("degrees_east", "Longitude")),
        dataset!("h_li", &beam.h_li, About::new("meters", "Land ice height").fill(f32::MAX)),
        dataset!("h_li_sigma", &beam.h_li_sigma, About::new("meters", "Expected uncertainty").fill(f32::MAX)),
        dataset!("atl06_quality_summary", &beam.quality, About::new("1", "Quality summary")),
        dataset!("segment_id", &beam.segment_id, About::new("1", "Segment number")),
    ])
}

#[cfg(test)]
mod tests;
