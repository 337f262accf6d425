//! Granules that cannot be read: what can be done is done, what cannot is named, and a repair is enough.

use std::collections::BTreeSet;
use std::path::Path;

use zagg_sample::{Oddity, SampleGranule, SampleParameters, write_granules};
use zagg_tests::kit::objects::{Objects, assert_same, marks, of_folder, without_plans};
use zagg_tests::kit::{Ended, Job, job, web::Answer};

use crate::places;

/// A job on copies, its healthy store, and the granule that touches the fewest shards.
struct Patient {
    job: Job,
    healthy: Objects,
    number: usize,
    granule: &'static SampleGranule,
}

impl Patient {
    fn new() -> Self {
        let job = Job::with_copies();
        job.must_run(&job.store("healthy.zarr"), &[]);
        let healthy = of_folder(Path::new(&job.store("healthy.zarr")));
        let (number, granule) =
            job::granules().iter().enumerate().min_by_key(|(number, _)| job.shards_of(*number).len()).unwrap();
        let touched = job.shards_of(number).len();
        assert!(touched > 0 && touched < job.map.shards().len(), "{touched} shards have the granule");
        Self { job, healthy, number, granule }
    }

    /// Runs over the damage, checks what was done and what not, repairs, and runs again. With `all`
    /// every shard of the granule must fail, else some.
    fn check(&self, fault: &str, words: &[&str], all: bool) -> Ended {
        let (store, chosen) = (self.job.store("store.zarr"), self.job.map.shards().len() as u64);
        let ended = self.job.run(&store, &[]).expect(1);
        let lost = self.failed(&ended, fault, words, all);
        let done: BTreeSet<String> = marks(&of_folder(Path::new(&store))).into_iter().collect();
        let expected: BTreeSet<String> =
            marks(&self.healthy).into_iter().filter(|label| !lost.contains(label)).collect();
        assert_eq!(done, expected, "the failed shards have no mark, the others have");
        assert_eq!((ended.shards("failed"), ended.shards("done")), (lost.len() as u64, chosen - lost.len() as u64));
        self.job.verify(&store).expect(0);
        self.job.repair(self.granule);
        let repaired = self.job.must_run(&store, &[]);
        assert_eq!(
            (repaired.shards("done"), repaired.shards("skipped")),
            (lost.len() as u64, chosen - lost.len() as u64)
        );
        assert_same(&self.healthy, &of_folder(Path::new(&store)));
        ended
    }

    fn failed(&self, ended: &Ended, fault: &str, words: &[&str], all: bool) -> BTreeSet<String> {
        let failures = ended.failures();
        let lost: BTreeSet<String> = failures.keys().cloned().collect();
        let touched: BTreeSet<String> = self.job.shards_of(self.number).into_iter().collect();
        assert!(!lost.is_empty() && lost.is_subset(&touched), "failed: {lost:?}, touched: {touched:?}");
        assert!(!all || lost == touched, "failed: {lost:?}, touched: {touched:?}");
        for (shard, (kind, reason)) in &failures {
            assert_eq!(kind, fault, "{shard}: {reason}");
            for word in words.iter().chain([&self.granule.id.as_str()]) {
                assert!(reason.contains(word), "no `{word}` in: {reason}");
            }
            assert!(ended.out.contains(&format!("FAILED   shard {shard} ({fault})")), "{}", ended.out);
        }
        lost
    }
}

#[test]
fn a_truncated_granule_fails_its_shards_only() {
    let patient = Patient::new();
    let copy = patient.job.copy_of(patient.granule);
    let bytes = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &bytes[..bytes.len() / 2]).unwrap();
    patient.check("malformed", &[], true);
}

#[test]
fn flipped_bytes_in_hdf5_chunks_fail_their_shards_only() {
    let patient = Patient::new();
    let copy = patient.job.copy_of(patient.granule);
    let mut bytes = std::fs::read(&copy).unwrap();
    // Deflated HDF5 chunks are most of the file, and end in a checksum.
    let (first, last) = (bytes.len() / 4, bytes.len() / 4 * 3);
    bytes[first..last].iter_mut().step_by(997).for_each(|byte| *byte ^= 0x55);
    std::fs::write(&copy, bytes).unwrap();
    patient.check("malformed", &[], false);
}

#[test]
fn a_granule_that_is_not_there_is_named() {
    let patient = Patient::new();
    std::fs::remove_file(patient.job.copy_of(patient.granule)).unwrap();
    patient.check("missing", &[], true);
}

#[test]
fn a_file_that_is_no_hdf5_is_named() {
    let patient = Patient::new();
    std::fs::write(patient.job.copy_of(patient.granule), "<html>please log in</html>".repeat(100)).unwrap();
    patient.check("malformed", &[], true);
}

#[test]
fn a_dataset_that_a_present_beam_lacks_is_named() {
    let patient = Patient::new();
    let parameters = job::parameters();
    let lacking = Oddity::MissingDataset { beam: "gt1l", name: "h_li" };
    let oddities = parameters.oddities.iter().cloned().chain([(patient.number, lacking)]).collect();
    let odd = write_granules(&patient.job.work.path("odd"), &SampleParameters { oddities, ..parameters }).unwrap();
    assert_eq!(odd[patient.number].id, patient.granule.id);
    std::fs::copy(&odd[patient.number].file, patient.job.copy_of(patient.granule)).unwrap();
    patient.check("malformed", &["gt1l", "h_li"], false);
}

#[test]
fn a_granule_that_may_not_be_read_is_tried_twice_and_named() {
    let web = places::web();
    let job = Job::reading(|granule| {
        vec![("https".to_owned(), format!("http://{}/{}", web.address(), places::name(granule)))]
    });
    let (number, granule) = (0, &job::granules()[0]);
    web.set(&format!("/{}", places::name(granule)), Answer::Status(403));
    let store = job.store("store.zarr");
    let ended = job.run(&store, &["--driver", "https"]).expect(1);
    let failures = ended.failures();
    let lost: Vec<String> = failures.keys().cloned().collect();
    assert_eq!(lost.iter().cloned().collect::<BTreeSet<_>>(), job.shards_of(number).into_iter().collect());
    for (fault, reason) in failures.values() {
        assert_eq!(fault, "denied");
        assert!(
            reason.contains(&granule.id)
                && reason.contains("cannot be read")
                && reason.contains("403")
                && reason.contains("token"),
            "{reason}"
        );
    }
    assert_eq!(ended.shards("retries"), lost.len() as u64, "credentials may just have been renewed");
    web.set(&format!("/{}", places::name(granule)), Answer::File(granule.file.clone()));
    let repaired = job.must_run(&store, &["--driver", "https"]);
    assert_eq!(repaired.shards("done"), lost.len() as u64);
    let clean = job.store("clean.zarr");
    job.must_run(&clean, &["--driver", "https"]);
    assert_same(&without_plans(of_folder(Path::new(&clean))), &without_plans(of_folder(Path::new(&store))));
}

#[test]
fn what_fails_for_a_moment_is_read_all_the_same() {
    let web = places::web();
    let proxy = zagg_tests::kit::Proxy::before(web.address());
    let job = Job::reading(|granule| {
        vec![
            ("file".to_owned(), granule.file.display().to_string()),
            ("https".to_owned(), format!("{}/{}", proxy.url(), places::name(granule))),
        ]
    });
    let (steady, shaky) = (job.store("steady.zarr"), job.store("shaky.zarr"));
    job.must_run(&steady, &[]);
    proxy.set_busy_every(5);
    proxy.set_cut_every(7);
    let ended = job.must_run(&shaky, &["--driver", "https"]);
    assert!(
        proxy.log().iter().any(|request| request.status == 503)
            && proxy.log().iter().any(|request| request.status == 0)
    );
    assert_eq!(ended.shards("failed"), 0);
    assert_same(&without_plans(of_folder(Path::new(&steady))), &without_plans(of_folder(Path::new(&shaky))));
}
