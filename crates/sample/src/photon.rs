//! A granule with two levels, like ATL03: photons, and the segments that own runs of them.

use std::path::Path;

use hdf5_writer::Hdf5Builder;

use crate::beam::Pass;
use crate::error::Error;
use crate::granule::pass;
use crate::hdf5::{About, Writer, encode, file};
use crate::orbit::{Orbit, Position};
use crate::parameters::SampleParameters;
use crate::random::Random;
use crate::time::Moment;

/// The beams of a photon granule.
pub const PHOTON_BEAMS: [&str; 2] = ["gt1l", "gt1r"];

/// One beam's segments and photons, as they are in the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PhotonBeam {
    /// One of [`PHOTON_BEAMS`].
    pub name: &'static str,
    /// Longitude of each segment's reference photon, degrees east.
    pub segment_lon_deg: Vec<f64>,
    /// Latitude of each segment's reference photon, degrees north.
    pub segment_lat_deg: Vec<f64>,
    /// Index of each segment's first photon, counted from 1; 0 where the segment has none.
    pub ph_index_beg: Vec<i64>,
    /// Photons of each segment.
    pub segment_ph_cnt: Vec<i32>,
    /// Longitude of each photon, degrees east.
    pub lon_deg: Vec<f64>,
    /// Latitude of each photon, degrees north.
    pub lat_deg: Vec<f64>,
    /// Height of each photon in metres.
    pub h_ph: Vec<f32>,
    /// Confidence of each photon for five kinds of surface, -2..=4, row by row.
    pub signal_conf_ph: Vec<i8>,
}

/// A photon granule that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotonGranule {
    /// The granule's name.
    pub id: String,
    /// The file.
    pub file: std::path::PathBuf,
    /// What is in it.
    pub beams: Vec<PhotonBeam>,
}

/// Writes one photon granule to `dir`: `parameters.segments` segments of 20 m per beam with 0 to
/// 12 photons each, and stretches of segments without any. Oddities do not apply.
///
/// # Errors
/// When a parameter is out of reach or the file can't be written.
pub fn write_photon_granule(dir: &Path, parameters: &SampleParameters) -> Result<PhotonGranule, Error> {
    parameters.check()?;
    let mut random = Random::new(parameters.seed, u64::MAX);
    let pass = pass(parameters, 0, &mut random)?;
    let beams: Vec<PhotonBeam> = PHOTON_BEAMS
        .iter()
        .zip([3345.0, 3255.0])
        .map(|(name, left)| photon_beam(name, left, &pass, &mut random))
        .collect();
    let start = Moment(pass.time + Orbit::seconds(pass.along(0)));
    let id = format!("ATL03_{}_00010312_006_01", start.compact());
    let bytes = granule_bytes(&beams, parameters).map_err(|source| Error::Encode { id: id.clone(), source })?;
    let path = dir.join(format!("{id}.h5"));
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|source| Error::Write { path: path.clone(), source })?;
    Ok(PhotonGranule { id, file: path, beams })
}

fn photon_beam(name: &'static str, left: f64, pass: &Pass, random: &mut Random) -> PhotonBeam {
    let mut beam = PhotonBeam { name, ..PhotonBeam::default() };
    let dark = random.runs(pass.segments, 0.15, 40.0);
    let years = pass.time / (365.25 * 86_400.0) - 1.0;
    for (segment, dark) in dark.into_iter().enumerate() {
        let count = if dark { 0 } else { random.bits() % 13 };
        let along = pass.along(segment);
        let middle = pass.orbit.position(along + 10.0, left);
        beam.segment_lon_deg.push(middle.lon_deg);
        beam.segment_lat_deg.push(middle.lat_deg);
        beam.ph_index_beg.push(if count == 0 { 0 } else { beam.lon_deg.len() as i64 + 1 });
        beam.segment_ph_cnt.push(count as i32);
        for photon in 0..count {
            let within = 20.0 * (photon as f64 + 0.5) / count as f64;
            let at: Position = pass.orbit.position(along + within, left);
            beam.lon_deg.push(at.lon_deg);
            beam.lat_deg.push(at.lat_deg);
            beam.h_ph.push((at.surface(years) + 0.3 * random.normal()) as f32);
            let confidence = (random.bits() % 5) as i8;
            beam.signal_conf_ph.extend([-1, -1, -2, confidence, -1]);
        }
    }
    beam
}

fn granule_bytes(beams: &[PhotonBeam], parameters: &SampleParameters) -> hdf5_writer::Result<Vec<u8>> {
    let mut file = file("ATL03")?;
    for beam in beams {
        file = with_beam(file, beam, Writer { layout: parameters.layout })?;
    }
    encode(file)
}

fn with_beam(file: Hdf5Builder, beam: &PhotonBeam, writer: Writer) -> hdf5_writer::Result<Hdf5Builder> {
    let segment = |name: &str| format!("{}/geolocation/{name}", beam.name);
    let photon = |name: &str| format!("{}/heights/{name}", beam.name);
    let north = || About::new("degrees_north", "Latitude");
    let east = || About::new("degrees_east", "Longitude");
    let one = |long_name| About::new("1", long_name);
    Ok(file
        .dataset(writer.dataset(segment("reference_photon_lat"), &beam.segment_lat_deg, 1, north())?)
        .dataset(writer.dataset(segment("reference_photon_lon"), &beam.segment_lon_deg, 1, east())?)
        .dataset(writer.dataset(segment("ph_index_beg"), &beam.ph_index_beg, 1, About::new("1", "First photon"))?)
        .dataset(writer.dataset(segment("segment_ph_cnt"), &beam.segment_ph_cnt, 1, About::new("1", "Photons"))?)
        .dataset(writer.dataset(photon("lat_ph"), &beam.lat_deg, 1, north())?)
        .dataset(writer.dataset(photon("lon_ph"), &beam.lon_deg, 1, east())?)
        .dataset(writer.dataset(photon("h_ph"), &beam.h_ph, 1, About::new("meters", "Height").fill(f32::MAX))?)
        .dataset(writer.dataset(photon("signal_conf_ph"), &beam.signal_conf_ph, 5, one("Confidence"))?))
}

#[cfg(test)]
mod tests {
    use hdf5_reader::Hdf5File;

    use super::*;

    #[test]
    fn segments_own_their_photons_counted_from_one() {
        let dir = tempfile::tempdir().unwrap();
        let parameters = SampleParameters { segments: 800, ..SampleParameters::default() };
        let granule = write_photon_granule(dir.path(), &parameters).unwrap();
        for beam in &granule.beams {
            let mut next = 1;
            for (first, count) in beam.ph_index_beg.iter().zip(&beam.segment_ph_cnt) {
                assert_eq!(*first, if *count == 0 { 0 } else { next });
                next += i64::from(*count);
            }
            assert_eq!(next as usize, beam.lon_deg.len() + 1);
            let empty = beam.segment_ph_cnt.iter().filter(|count| **count == 0).count();
            assert!((50..400).contains(&empty), "{empty} segments of 800 are empty");
        }
    }

    #[test]
    fn both_levels_are_read_back_as_they_were_made() {
        let dir = tempfile::tempdir().unwrap();
        let parameters = SampleParameters { segments: 300, ..SampleParameters::default() };
        let granule = write_photon_granule(dir.path(), &parameters).unwrap();
        let file = Hdf5File::open(&granule.file).unwrap();
        let beam = &granule.beams[1];
        let begins = file.dataset("/gt1r/geolocation/ph_index_beg").unwrap().read_array::<i64>().unwrap();
        assert_eq!(begins.iter().copied().collect::<Vec<_>>(), beam.ph_index_beg);
        let heights = file.dataset("/gt1r/heights/h_ph").unwrap().read_array::<f32>().unwrap();
        assert_eq!(heights.iter().copied().collect::<Vec<_>>(), beam.h_ph);
        let confidence = file.dataset("/gt1r/heights/signal_conf_ph").unwrap().read_array::<i8>().unwrap();
        assert_eq!(confidence.shape(), [beam.h_ph.len(), 5]);
        assert_eq!(confidence.iter().copied().collect::<Vec<_>>(), beam.signal_conf_ph);
    }
}
