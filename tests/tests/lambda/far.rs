//! Granules in S3, or far away behind a proxy that can be told to fail.

use std::time::Duration;

use zagg_tests::kit::{Job, MiniStack, Proxy, Web, function::put, job, web::Answer};

/// A job whose granules are in the bucket `granules` of the server; `--driver file` reads the same
/// beside it.
pub(crate) fn in_s3(server: &MiniStack) -> Job {
    server.create_bucket("granules");
    for granule in job::granules() {
        put(server, &format!("/granules/{}.h5", granule.id), &std::fs::read(&granule.file).unwrap());
    }
    Job::reading(|granule| {
        vec![
            ("s3".to_owned(), format!("s3://granules/{}.h5", granule.id)),
            ("file".to_owned(), granule.file.display().to_string()),
        ]
    })
}

/// Granules far away.
pub(crate) struct Far {
    /// What is between.
    pub(crate) proxy: Proxy,
    _web: Web,
}

impl Far {
    /// Every request takes `latency`.
    pub(crate) fn new(latency: Duration) -> Self {
        let web = Web::new();
        for granule in job::granules() {
            web.set(&format!("/{}.h5", granule.id), Answer::File(granule.file.clone()));
        }
        let proxy = Proxy::before(web.address());
        proxy.set_latency(latency);
        Self { proxy, _web: web }
    }

    /// A job that reads there with `--driver https`; `--driver file` reads the same beside it.
    pub(crate) fn job(&self) -> Job {
        Job::reading(|granule| {
            vec![
                ("https".to_owned(), format!("{}/{}.h5", self.proxy.url(), granule.id)),
                ("file".to_owned(), granule.file.display().to_string()),
            ]
        })
    }
}
