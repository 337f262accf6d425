//! The page while a run writes the store: from before there is one until the run has ended.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::{Fleet, Job, Kind, Proxy, Web, job, web::Answer};

use crate::{page::drive, server::Server};

#[test]
fn a_run_is_seen_from_its_beginning_to_its_end_and_what_failed_is_red() {
    let web = Web::new();
    let proxy = Proxy::before(web.address());
    let job = Job::reading(|granule| vec![("https".to_owned(), format!("{}/{}.h5", proxy.url(), granule.id))]);
    // The granule that touches the fewest shards is not there.
    let victim = (0..job::granules().len()).min_by_key(|number| job.shards_of(*number).len()).unwrap();
    for (number, granule) in job::granules().iter().enumerate().filter(|(number, _)| *number != victim) {
        assert_ne!(number, victim);
        web.set(&format!("/{}.h5", granule.id), Answer::File(granule.file.clone()));
    }
    let failing: BTreeSet<String> = job.shards_of(victim).into_iter().collect();
    let fleet = Fleet::new(Kind::Embedded, job);
    let shards = fleet.job.map.shards().len();
    let server = Server::start(fleet.zagg_command(&[]), &fleet.store, &[]);
    let signs = fleet.job.work.path("signs");
    std::fs::create_dir(&signs).unwrap();
    let seen = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            until("the page waits", || signs.join("waiting").exists());
            fleet.produce(&["--driver", "https"]).expect(0);
            until("the page sees what is left", || signs.join("produced").exists());
            // So far away that there is something to see.
            proxy.set_latency(Duration::from_millis(500));
            let mut worker = fleet.worker(&["--until-empty", "--slots", "1"]);
            until("the page tells of some", || signs.join("first").exists());
            proxy.set_latency(Duration::from_millis(120));
            worker.wait();
        });
        let seen = drive(&["live", &server.url(), signs.to_str().unwrap()]);
        run.join().unwrap();
        seen
    });
    assert!(seen["waiting"].as_str().unwrap().contains("no store"), "{seen}");
    let first = seen["first"].as_u64().unwrap() as usize;
    assert!(
        first > 0 && first < shards - failing.len(),
        "{first} of {shards} were done when the page first told of some"
    );
    assert_eq!(seen["name"], format!("Finished, but {} shards failed", failing.len()));
    assert!(seen["text"].as_str().unwrap().contains(&format!("{} of {shards}", shards - failing.len())), "{seen}");
    assert!(seen["says"].as_str().unwrap().contains("failed"), "{seen}");
    assert!(seen["red"].as_u64().unwrap() > 30, "no red on the map: {seen}");
    let states = seen["states"].as_object().unwrap();
    let failed: BTreeSet<String> =
        states.iter().filter(|(_, state)| **state == json!("failed")).map(|(label, _)| label.clone()).collect();
    assert_eq!((failed, states.len()), (failing.clone(), shards));
    let one = server.json(&format!("/shard.json?label={}", failing.first().unwrap()));
    assert_eq!((&one["standing"]["state"], &one["standing"]["class"]), (&json!("failed"), &json!("missing")), "{one}");
    assert_eq!(one["mark"], Value::Null);
    let done = states.iter().find(|(_, state)| **state == json!("done")).unwrap().0;
    let done = server.json(&format!("/shard.json?label={done}"));
    assert!(done["mark"]["execution"]["worker"].as_str().unwrap().starts_with("worker-"), "{done}");
}
