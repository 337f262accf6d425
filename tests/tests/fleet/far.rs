//! A job whose granules, or whose store, are far away, behind a proxy that can be told to fail.

use std::time::Duration;

use zagg_tests::kit::fleet::until;
use zagg_tests::kit::{Fleet, Job, Kind, MiniStack, Proxy, Web, job, web::Answer};

/// Granules far away.
pub(crate) struct Far {
    /// What is between.
    pub(crate) proxy: Proxy,
    /// Where they are.
    pub(crate) web: Web,
}

impl Far {
    /// Every request takes `latency`.
    pub(crate) fn new(latency: Duration) -> Self {
        let web = Web::new();
        let proxy = Proxy::before(web.address());
        proxy.set_latency(latency);
        let far = Self { proxy, web };
        far.mend();
        far
    }

    /// So far that a run takes seconds, also for workers that read much at once.
    pub(crate) fn slow() -> Self {
        Self::new(Duration::from_millis(150))
    }

    /// Waits until granules are being read.
    pub(crate) fn wait_for_reading(&self) {
        until("granules are read", || self.proxy.requests() > 2);
    }

    /// Every granule can be read.
    pub(crate) fn mend(&self) {
        for granule in job::granules() {
            self.web.set(&format!("/{}.h5", granule.id), Answer::File(granule.file.clone()));
        }
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

    /// A fleet that reads there.
    pub(crate) fn fleet(&self, kind: Kind) -> Fleet {
        Fleet::new(kind, self.job())
    }

    /// A fleet that reads there, with its jobs on the queue.
    pub(crate) fn produced(&self, kind: Kind) -> Fleet {
        let fleet = self.fleet(kind);
        fleet.produce(&["--driver", "https"]).expect(0);
        fleet
    }
}

/// A fleet whose store is on S3, behind a proxy, with its jobs on the queue.
pub(crate) fn stored_far(kind: Kind) -> (Fleet, Proxy) {
    let proxy = Proxy::before(MiniStack::shared().address());
    let fleet = Fleet::on_s3(kind, Job::new(), &proxy);
    fleet.produce(&[]).expect(0);
    (fleet, proxy)
}
