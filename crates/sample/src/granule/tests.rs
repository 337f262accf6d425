use std::time::Instant;

use hdf5_reader::Hdf5File;

use super::*;
use crate::beam::BEAMS;

fn small(oddities: Vec<(usize, Oddity)>) -> SampleParameters {
    SampleParameters {
        granules: 2,
        segments: 500,
        layout: Layout::Chunked(64),
        oddities,
        ..SampleParameters::default()
    }
}

fn made(parameters: &SampleParameters) -> (tempfile::TempDir, Vec<SampleGranule>) {
    let dir = tempfile::tempdir().unwrap();
    let granules = write_granules(dir.path(), parameters).unwrap();
    (dir, granules)
}

fn values<T: hdf5_reader::H5Type>(granule: &SampleGranule, path: &str) -> Vec<T> {
    let file = Hdf5File::open(&granule.file).unwrap();
    file.dataset(path).unwrap().read_array::<T>().unwrap().iter().cloned().collect()
}

fn has(granule: &SampleGranule, path: &str) -> bool {
    Hdf5File::open(&granule.file).unwrap().dataset(path).is_ok()
}

#[test]
fn what_was_made_is_what_is_read_back() {
    let (_dir, granules) = made(&small(Vec::new()));
    for granule in &granules {
        assert_eq!(granule.beams.iter().map(|beam| beam.name).collect::<Vec<_>>(), BEAMS);
        for beam in &granule.beams {
            let path = |name: &str| format!("/{}/land_ice_segments/{name}", beam.name);
            assert!(beam.len() > 300, "{} of 500 segments are left", beam.len());
            assert_eq!(values::<f64>(granule, &path("latitude")), beam.lat_deg);
            assert_eq!(values::<f64>(granule, &path("longitude")), beam.lon_deg);
            assert_eq!(values::<f64>(granule, &path("delta_time")), beam.delta_time);
            assert_eq!(values::<f32>(granule, &path("h_li")), beam.h_li);
            assert_eq!(values::<f32>(granule, &path("h_li_sigma")), beam.h_li_sigma);
            assert_eq!(values::<i8>(granule, &path("atl06_quality_summary")), beam.quality);
            assert_eq!(values::<i32>(granule, &path("segment_id")), beam.segment_id);
        }
    }
}

#[test]
fn one_seed_gives_one_set_of_bytes() {
    let bytes = |seed| {
        let (_dir, granules) = made(&SampleParameters { seed, ..small(Vec::new()) });
        granules.iter().map(|granule| std::fs::read(&granule.file).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn the_demo_is_small_made_at_once_and_has_what_pipelines_must_leave_out() {
    let start = Instant::now();
    let (_dir, granules) = made(&SampleParameters::default());
    let elapsed = start.elapsed();
    assert!(elapsed.as_secs() < 20, "it took {elapsed:?}");
    assert_eq!(granules.len(), 8);
    assert!(granules.iter().map(|granule| granule.bytes).sum::<u64>() < 15_000_000);
    assert_eq!(granules[1].beams.len(), 5);
    assert!(!has(&granules[1], "/gt2r/land_ice_segments/latitude"));

    let mut names: Vec<&str> = granules.iter().map(|granule| granule.id.as_str()).collect();
    names.dedup();
    assert_eq!(names.len(), 8, "granules are named apart");
    let beam = &granules[0].beams[0];
    let bad = beam.quality.iter().filter(|quality| **quality == 1).count();
    let filled = (0..beam.len()).filter(|i| beam.h_li[*i] == f32::MAX && beam.quality[*i] == 0).count();
    assert!((1..beam.len() / 4).contains(&bad), "{bad} bad segments");
    assert!((1..beam.len() / 20).contains(&filled), "{filled} fills of good quality");
}

#[test]
fn tracks_pass_near_the_centre_as_smooth_lines() {
    let (_dir, granules) = made(&small(Vec::new()));
    for granule in &granules {
        let nearest = granule
            .points()
            .map(|(lon, lat)| (lat + 78.5).hypot((lon + 100.0) * 78.5_f64.to_radians().cos()) * 111.2)
            .fold(f64::INFINITY, f64::min);
        assert!(nearest < 40.0, "{nearest} km");
        let beam = &granule.beams[2];
        for pair in beam.lat_deg.windows(2).zip(beam.segment_id.windows(2)) {
            let segments = f64::from(pair.1[1] - pair.1[0]);
            let metres = (pair.0[1] - pair.0[0]).abs() * 111_200.0;
            assert!(metres < 21.0 * segments && metres > 10.0 * segments, "{metres} m in {segments} segments");
        }
    }
}

#[test]
fn oddities_are_in_their_granule_and_nowhere_else() {
    let (_dir, granules) = made(&small(vec![
        (0, Oddity::EmptyTrack { beam: "gt1l" }),
        (0, Oddity::MissingDataset { beam: "gt1r", name: "h_li" }),
        (0, Oddity::TwoDimensional { beam: "gt2l" }),
        (0, Oddity::NanCoordinates { beam: "gt2r", count: 3 }),
        (0, Oddity::FillCoordinates { beam: "gt3l", count: 4 }),
        (1, Oddity::Contiguous),
        (1, Oddity::AllBad),
    ]));
    let odd = &granules[0];
    assert_eq!(values::<f64>(odd, "/gt1l/land_ice_segments/latitude"), [0.0; 0]);
    assert!(!has(odd, "/gt1r/land_ice_segments/h_li") && has(odd, "/gt1r/land_ice_segments/h_li_sigma"));
    let file = Hdf5File::open(&odd.file).unwrap();
    let table = file.dataset("/gt2l/land_ice_segments/signal_conf").unwrap().read_array::<i8>().unwrap();
    assert_eq!(table.shape(), [odd.beams[2].len(), 5]);
    assert_eq!(table.iter().skip(15).take(5).copied().collect::<Vec<_>>(), [3, 2, 1, 0, -1]);
    assert_eq!(values::<f64>(odd, "/gt2r/land_ice_segments/latitude").iter().filter(|v| v.is_nan()).count(), 3);
    assert_eq!(values::<f64>(odd, "/gt3l/land_ice_segments/longitude").iter().filter(|v| **v == f64::MAX).count(), 4);
    let other = &granules[1];
    assert_eq!(values::<f64>(other, "/gt1l/land_ice_segments/latitude"), other.beams[0].lat_deg);
    assert!(values::<i8>(other, "/gt3r/land_ice_segments/atl06_quality_summary").iter().all(|quality| *quality == 1));
    assert!(has(other, "/gt1r/land_ice_segments/h_li"));
}

#[test]
fn a_contiguous_granule_holds_the_same_values() {
    let (_dir, chunked) = made(&small(Vec::new()));
    let (_other, contiguous) = made(&SampleParameters { layout: Layout::Contiguous, ..small(Vec::new()) });
    let path = "/gt3r/land_ice_segments/h_li";
    assert_eq!(values::<f32>(&chunked[0], path), values::<f32>(&contiguous[0], path));
    let (_same, asked) = made(&small(vec![(0, Oddity::Contiguous)]));
    let bytes = |granule: &SampleGranule| std::fs::read(&granule.file).unwrap();
    assert!(bytes(&asked[0]) == bytes(&contiguous[0]) && bytes(&asked[1]) == bytes(&chunked[1]));
    assert!(bytes(&contiguous[0]) != bytes(&chunked[0]));
}

#[test]
fn parameters_out_of_reach_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let demo = SampleParameters::default;
    for (parameters, name) in [
        (SampleParameters { granules: 1001, ..demo() }, "granules"),
        (SampleParameters { segments: usize::MAX, ..demo() }, "segments"),
        (SampleParameters { spread_km: f64::NAN, ..demo() }, "spread_km"),
        (SampleParameters { layout: Layout::Chunked(0), ..demo() }, "layout"),
        (SampleParameters { center: Position { lon_deg: 0.0, lat_deg: 95.0 }, ..demo() }, "center"),
    ] {
        let error = write_granules(dir.path(), &parameters).err().unwrap();
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn no_segments_and_no_granules_are_no_trouble() {
    let (_dir, granules) = made(&SampleParameters { segments: 0, ..small(Vec::new()) });
    assert_eq!(granules[0].points().count(), 0);
    let (_dir, granules) = made(&SampleParameters { granules: 0, ..small(Vec::new()) });
    assert!(granules.is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = write_granules(&file.join("granules"), &small(Vec::new())).unwrap_err();
    assert!(error.to_string().contains("granules"), "{error}");
}
