//! Containers of the images that the repository's own Dockerfile makes of the programs.

mod draining;

mod image;

mod pod;

use std::net::SocketAddr;
use std::time::Duration;

use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::podman::Container;
use zagg_tests::kit::{Fleet, Job, Kind, MiniStack, Podman, Proxy, Web, job, web::Answer};

/// How long one request for granules takes: so far away that jobs are in work when a worker is stopped.
const LATENCY: Duration = Duration::from_millis(150);

/// Seconds of a lease: none is lost, however slow the machine.
const TERM: &str = "120";

/// A fleet with granules far away and its store on S3, whose workers are containers.
pub(crate) struct Contained {
    engine: std::sync::Arc<Podman>,
    far: Proxy,
    fleet: Fleet,
    store: Proxy,
    // It ends with the fleet.
    _web: Web,
}

impl Contained {
    /// The fleet, with its jobs on the queue.
    pub(crate) fn new(kind: Kind) -> Self {
        let engine = Podman::shared();
        let web = Web::new();
        for granule in job::granules() {
            web.set(&format!("/{}.h5", granule.id), Answer::File(granule.file.clone()));
        }
        let far = Proxy::before(web.address());
        far.set_latency(LATENCY);
        let job = Job::reading(|granule| {
            vec![
                ("https".to_owned(), format!("{}/{}.h5", far.url(), granule.id)),
                ("file".to_owned(), granule.file.display().to_string()),
            ]
        });
        let store = Proxy::before(MiniStack::shared().address());
        let fleet = Fleet::on_s3(kind, job, &store);
        fleet.produce(&["--driver", "https"]).expect(0);
        Self { engine, far, fleet, store, _web: web }
    }

    /// The environment of the fleet's programs, and what a worker is told besides.
    pub(crate) fn environment(&self, listen: SocketAddr, grace: u64) -> Vec<(String, String)> {
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let command = self.fleet.zagg_command(&[]);
        let fleet = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?))));
        let mut all: Vec<_> = fleet.filter(|(name, _)| name != "TMPDIR").collect();
        let (queue, listen, grace) = (self.fleet.queue(), listen.to_string(), grace.to_string());
        for (name, value) in [
            ("ZAGG_QUEUE", queue.as_str()),
            ("ZAGG_LISTEN", &listen),
            ("ZAGG_GRACE", &grace),
            ("ZAGG_SLOTS", "2"),
            ("ZAGG_WAIT", "1"),
            ("ZAGG_TERM", TERM),
            ("ZAGG_RETRY_WAIT", "0.5"),
            ("ZAGG_GRANULES_IN_FLIGHT", "1"),
            ("ZAGG_CACHE_MB", "0"),
        ] {
            all.push((name.to_owned(), value.to_owned()));
        }
        all
    }

    /// Starts a worker that puts back what is in work when `grace` seconds are over.
    pub(crate) fn worker(&self, grace: u64) -> Container {
        self.engine.run("zagg-worker", &self.environment(free_address(), grace), &[], &[])
    }

    /// Waits until granules are being read, and so jobs are in work.
    pub(crate) fn wait_for_reading(&self) {
        until("granules are read", || self.far.requests() > 2);
    }
}
