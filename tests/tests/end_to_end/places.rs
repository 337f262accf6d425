//! Granules behind other doors than the file system's.

use zagg_sample::SampleGranule;
use zagg_tests::kit::{Job, MiniStack, Web, http, job, web::Answer};

/// Puts the shared granules into a new bucket.
pub(crate) fn upload(bucket: &str) {
    let server = MiniStack::shared();
    server.create_bucket(bucket);
    for granule in job::granules() {
        let bytes = std::fs::read(&granule.file).unwrap();
        let (status, _) =
            http::request(server.address(), "PUT", &format!("/{bucket}/{}", name(granule)), &bytes).unwrap();
        assert_eq!(status, 200);
    }
}

/// A web server with the shared granules.
pub(crate) fn web() -> Web {
    let web = Web::new();
    for granule in job::granules() {
        web.set(&format!("/{}", name(granule)), Answer::File(granule.file.clone()));
    }
    web
}

/// The file name of a granule.
pub(crate) fn name(granule: &SampleGranule) -> String {
    format!("{}.h5", granule.id)
}

/// Gives `zagg` the shared S3 server's environment.
pub(crate) fn use_s3(job: &mut Job) {
    for (name, value) in MiniStack::environment(&MiniStack::shared().endpoint()) {
        job.set(name, &value);
    }
}
