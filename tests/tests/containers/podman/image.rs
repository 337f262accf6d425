//! What the images are, and how a container of them runs.

use std::collections::BTreeSet;
use std::fs;

use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::{Kind, Podman, Workdir};

use super::Contained;

/// The files of an image, from its root.
fn files(engine: &Podman, image: &str) -> BTreeSet<String> {
    let work = Workdir::new();
    let (container, archive) = (engine.said(&["create", image]), work.path("all.tar").display().to_string());
    _ = engine.said(&["export", "--output", &archive, &container]);
    _ = engine.said(&["rm", &container]);
    let output = std::process::Command::new("tar").args(["-tf", &archive]).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().filter(|name| !name.ends_with('/')).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs podman"]
fn the_workers_image_holds_the_worker_and_certificates_alone() {
    let engine = Podman::shared();
    let image = engine.inspect(&["--type", "image", "localhost/zagg-worker:test"]);
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    assert_eq!(image["Architecture"], architecture);
    let config = &image["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"][0], "/zagg-worker");
    assert_eq!(config["StopSignal"], "SIGTERM");
    let labels = &config["Labels"];
    assert_eq!(labels["org.opencontainers.image.title"], "zagg-worker");
    assert_eq!(labels["org.opencontainers.image.licenses"], env!("CARGO_PKG_LICENSE"));
    assert_eq!(labels["org.opencontainers.image.revision"], "0123abcd");
    let mut files = files(&engine, "localhost/zagg-worker:test");
    // Libraries are there as the tests' program is not static, the rest comes from the engine.
    files.retain(|file| {
        !["lib", "usr/lib", "dev/", "proc/", "sys/", "run/"].iter().any(|place| file.starts_with(place))
    });
    let engines = ["etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab", "dev", "proc", "sys"];
    files.retain(|file| !engines.contains(&file.as_str()));
    let licences = ["LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY"].map(|name| format!("licences/{name}"));
    let ours = ["etc/ssl/certs/ca-certificates.crt", "zagg-worker"].map(str::to_owned);
    assert_eq!(files, ours.into_iter().chain(licences).collect());
}

#[test]
#[ignore = "needs podman"]
fn a_container_works_as_nobody_without_capabilities_on_a_root_that_cannot_be_written() {
    let contained = Contained::new(Kind::Redis);
    let worker = contained.worker(100);
    contained.wait_for_reading();
    let pid = worker.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = |name: &str| {
        let line =
            status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {status}"));
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("Uid:"), ["65532"; 4]);
    assert_eq!(line("Gid:"), ["65532"; 4]);
    assert_eq!(line("CapEff:"), ["0000000000000000"]);
    assert_eq!(line("CapBnd:"), ["0000000000000000"]);
    assert_eq!(line("NoNewPrivs:"), ["1"]);
    let mounts = fs::read_to_string(format!("/proc/{pid}/mounts")).unwrap();
    let root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|mount| mount[1] == "/").unwrap();
    assert!(root[3].split(',').any(|option| option == "ro"), "{root:?}");
    contained.far.set_latency(std::time::Duration::ZERO);
    until("the run is over", || contained.fleet.marked() == contained.fleet.job.map.shards().len());
    assert_eq!(worker.stop(60), 0, "{}", worker.logs());
    contained.fleet.assert_whole();
}

#[test]
#[ignore = "needs podman"]
fn a_containers_health_check_asks_the_worker_in_it() {
    let contained = Contained::new(Kind::Redis);
    let worker = contained.worker(100);
    until("the worker is healthy", || worker.is_healthy());
    // Nobody answers at this one's address: its broker cannot be reached.
    let mut environment = contained.environment(free_address(), 100);
    environment.push(("ZAGG_QUEUE".to_owned(), format!("redis://{}/0?queue=none", free_address())));
    let lost = contained.engine.run("zagg-worker", &environment, &[], &[]);
    assert!(!lost.is_healthy());
    assert_eq!(worker.stop(60), 0, "{}", worker.logs());
}

#[test]
#[ignore = "needs podman"]
fn the_image_with_all_programs_writes_to_its_data_folder_alone() {
    let engine = Podman::shared();
    // A volume of its own gets the owner of the folder in the image.
    let demo = engine.run("zagg", &[], &["--volume", "/data"], &["demo", "--dir", "/data/demo"]);
    assert_eq!(demo.wait(), 0, "{}", demo.logs());
    assert!(demo.logs().contains("zagg verify /data/demo/store.zarr"), "{}", demo.logs());
    let elsewhere = engine.run("zagg", &[], &[], &["demo", "--dir", "/demo"]);
    assert_eq!(elsewhere.wait(), 2, "{}", elsewhere.logs());
    assert!(elsewhere.logs().contains("/demo"), "{}", elsewhere.logs());
    for program in ["/zagg-produce", "/zagg-worker"] {
        let version = engine.run("zagg", &[], &["--entrypoint", program], &["--version"]);
        assert_eq!(version.wait(), 0, "{}", version.logs());
        assert!(version.logs().contains(env!("CARGO_PKG_VERSION")), "{}", version.logs());
    }
}
