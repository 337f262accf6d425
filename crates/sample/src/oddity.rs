//! Makes a granule awkward.

use crate::beam::Beam;
use crate::parameters::Oddity;

/// Applies to `beams` what `oddity` says about their values. Which datasets exist and how they
/// lie is the encoder's part.
pub(crate) fn apply(beams: &mut Vec<Beam>, oddity: &Oddity) {
    match oddity {
        Oddity::MissingBeam { beam } => beams.retain(|candidate| candidate.name != *beam),
        Oddity::EmptyTrack { beam } => on(beams, beam, |beam| {
            *beam = Beam { name: beam.name, ..Beam::default() };
        }),
        Oddity::NanCoordinates { beam, count } => on(beams, beam, |beam| coordinates(beam, *count, f64::NAN)),
        Oddity::FillCoordinates { beam, count } => on(beams, beam, |beam| coordinates(beam, *count, f64::MAX)),
        Oddity::NanHeights { beam, count } => on(beams, beam, |beam| {
            good(beam, *count);
            set(&mut beam.h_li, *count, f32::NAN);
        }),
        Oddity::FillHeights { beam, count } => on(beams, beam, |beam| {
            good(beam, *count);
            set(&mut beam.h_li, *count, f32::MAX);
            set(&mut beam.h_li_sigma, *count, f32::MAX);
        }),
        Oddity::FillSigma { beam, count } => on(beams, beam, |beam| sigma(beam, *count, f32::MAX)),
        Oddity::ZeroSigma { beam, count } => on(beams, beam, |beam| sigma(beam, *count, 0.0)),
        Oddity::AllBad => beams.iter_mut().for_each(|beam| beam.quality.fill(1)),
        Oddity::MissingDataset { .. } | Oddity::Contiguous | Oddity::TwoDimensional { .. } => {}
    }
}

fn on(beams: &mut [Beam], name: &str, change: impl FnOnce(&mut Beam)) {
    if let Some(beam) = beams.iter_mut().find(|beam| beam.name == name) {
        change(beam);
    }
}

/// The middle `count` values (all of them when there are fewer) become `value`.
fn set<T: Copy>(values: &mut [T], count: usize, value: T) {
    let count = count.min(values.len());
    let first = (values.len() - count) / 2;
    values.iter_mut().skip(first).take(count).for_each(|slot| *slot = value);
}

fn good(beam: &mut Beam, count: usize) {
    set(&mut beam.quality, count, 0);
}

fn coordinates(beam: &mut Beam, count: usize, value: f64) {
    set(&mut beam.lon_deg, count, value);
    set(&mut beam.lat_deg, count, value);
}

/// Sets sigmas beside heights that are surely valid.
fn sigma(beam: &mut Beam, count: usize, value: f32) {
    good(beam, count);
    let height = beam.h_li.iter().copied().find(|height| *height < f32::MAX).unwrap_or(1500.0);
    let valid: Vec<f32> = beam.h_li.iter().map(|h| if *h < f32::MAX { *h } else { height }).collect();
    let count = count.min(valid.len());
    let first = (valid.len() - count) / 2;
    for (slot, value) in beam.h_li.iter_mut().zip(valid).skip(first).take(count) {
        *slot = value;
    }
    set(&mut beam.h_li_sigma, count, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beams() -> Vec<Beam> {
        let n = 10;
        let beam = |name| Beam {
            name,
            lon_deg: vec![1.0; n],
            lat_deg: vec![2.0; n],
            delta_time: vec![0.0; n],
            h_li: vec![f32::MAX; n],
            h_li_sigma: vec![0.1; n],
            quality: vec![1; n],
            segment_id: vec![0; n],
        };
        vec![beam("gt1l"), beam("gt1r")]
    }

    #[test]
    fn a_missing_beam_leaves_the_others() {
        let mut beams = beams();
        apply(&mut beams, &Oddity::MissingBeam { beam: "gt1l" });
        assert_eq!(beams.iter().map(|beam| beam.name).collect::<Vec<_>>(), ["gt1r"]);
    }

    #[test]
    fn oddities_touch_the_middle_points_of_their_beam_only() {
        let mut odd = beams();
        apply(&mut odd, &Oddity::NanCoordinates { beam: "gt1r", count: 4 });
        let nan: Vec<usize> = (0..10).filter(|i| odd[1].lat_deg[*i].is_nan()).collect();
        assert_eq!(nan, [3, 4, 5, 6]);
        assert_eq!(odd[0], beams()[0]);
    }

    #[test]
    fn a_zero_sigma_stands_beside_a_valid_height_of_good_quality() {
        let mut odd = beams();
        odd[0].h_li[0] = 7.0;
        apply(&mut odd, &Oddity::ZeroSigma { beam: "gt1l", count: 2 });
        assert_eq!((odd[0].h_li[4], odd[0].h_li_sigma[4], odd[0].quality[4]), (7.0, 0.0, 0));
        assert_eq!((odd[0].h_li[3], odd[0].h_li_sigma[3], odd[0].quality[3]), (f32::MAX, 0.1, 1));
    }

    #[test]
    fn more_odd_points_than_points_are_all_points() {
        let mut odd = beams();
        apply(&mut odd, &Oddity::FillHeights { beam: "gt1l", count: 99 });
        assert!(odd[0].h_li_sigma.iter().all(|sigma| *sigma == f32::MAX));
        apply(&mut odd, &Oddity::EmptyTrack { beam: "gt1l" });
        apply(&mut odd, &Oddity::FillSigma { beam: "gt1l", count: 3 });
        assert!(odd[0].is_empty());
    }
}
