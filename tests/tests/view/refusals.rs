//! What is refused, and how it ends.

use std::net::TcpListener;
use std::path::Path;

use zagg_tests::kit::Job;
use zagg_tests::kit::fleet::until;

use crate::server::Server;

#[test]
fn what_makes_no_sense_is_refused_with_words() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &["--max-cells", "2"]);
    let server = Server::start(job.zagg(), &store, &[]);
    until("the store is seen", || server.json("/status.json")["ready"] == true);
    for (path, status, word) in [
        ("/cell", 400, "lon"),
        ("/cell?lon=x&lat=1", 400, "lon"),
        ("/cell?lon=1&lat=91", 400, "position"),
        ("/cell?lon=NaN&lat=1", 400, "finite"),
        ("/field.json", 400, "field"),
        ("/field.json?field=nothing", 400, "h_mean"),
        ("/projection.json?projection=robinson", 400, "robinson"),
        ("/shards.json?projection=EPSG:99", 400, "99"),
        ("/shard.json?label=12", 404, "12"),
        ("/shard.json?label=../../secret", 404, "secret"),
        ("/status.json?since=-1", 400, "since"),
        ("/tiles/polar-south/nothing/0/0/0", 400, "nothing"),
        ("/tiles/polar-south/h_mean/0/1/0", 400, "0/1/0"),
        ("/tiles/polar-south/h_mean/x/0/0", 400, "x/0/0"),
        ("/tiles/polar-south/h_mean/99/0/0", 400, "99/0/0"),
        ("/nowhere", 404, "/nowhere"),
        ("/js/../../../Cargo.toml", 404, "Cargo"),
    ] {
        let answered = server.get(path);
        assert_eq!(answered.status, status, "{path}: {}", answered.text());
        assert!(answered.json()["error"].as_str().unwrap().contains(word), "{path}: {}", answered.text());
    }
    for (method, path) in [("POST", "/store.json"), ("PUT", "/"), ("DELETE", "/cell")] {
        assert_eq!(server.request(method, path, &[]).status, 405, "{method} {path}");
    }
    for host in ["evil.example", "localhost.evil.example:80", "169.254.1.1"] {
        let answered = server.request("GET", "/store.json", &[("Host", host)]);
        assert_eq!((answered.status, answered.text().contains("h_mean")), (403, false), "{host}");
    }
    assert_eq!(server.request("GET", "/store.json", &[("Host", "localhost:1234")]).status, 200);
    let page = server.get("/");
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'self';"));
    assert_eq!(page.header("access-control-allow-origin"), None);
}

#[test]
fn a_store_that_breaks_is_told_without_its_causes() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &[]);
    let chunks = Path::new(&store).join("12/h_mean/c");
    for chunk in std::fs::read_dir(chunks).unwrap() {
        std::fs::write(chunk.unwrap().path(), b"broken").unwrap();
    }
    let server = Server::start(job.zagg(), &store, &[]);
    until("the store is seen", || server.json("/status.json")["ready"] == true);
    let answered = server.get("/tiles/polar-south/h_mean/1/0/0");
    let others = server.get("/tiles/polar-south/h_mean/0/0/0");
    assert!(answered.status == 502 || others.status == 502, "{} {}", answered.status, others.status);
    assert!(server.get("/tiles/polar-south/count/0/0/0").status == 200);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let job = Job::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = job.command(&["view", &job.store("store.zarr"), "--port", &port]).expect(2);
    assert!(ended.err.contains(&port) && ended.err.contains("--port"), "{}", ended.err);
}

#[test]
fn a_field_that_there_is_not_is_named() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &["--max-cells", "1"]);
    let ended = job.command(&["view", &store, "--field", "height"]).expect(2);
    assert!(ended.err.contains("height") && ended.err.contains("h_mean"), "{}", ended.err);
}

#[test]
fn a_signal_ends_it_well() {
    for signal in ["INT", "TERM"] {
        let job = Job::new();
        let server = Server::start(job.zagg(), &job.store("not-there.zarr"), &[]);
        let status = server.json("/status.json");
        assert_eq!((&status["phase"], &status["ready"]), (&"waiting".into(), &false.into()), "{status}");
        assert_eq!(server.get("/field.json?field=h_mean").status, 503);
        assert_eq!(server.end(signal), Some(0), "{signal}");
        assert!(!Path::new(&job.store("not-there.zarr")).exists(), "whoever looks makes nothing");
    }
}
