//! Notices of the place of work: a machine that will be taken away, and one that shall not be.

use std::time::Duration;

use serde_json::Value;
use zagg_tests::kit::{Fleet, Kind, Web, fleet::until, guard::free_address, http::request, web::Answer};

use crate::far::Far;

const TOKEN: &str = "/latest/api/token";
const INTERRUPTION: &str = "/latest/meta-data/spot/instance-action";
const REBALANCE: &str = "/latest/meta-data/events/recommendations/rebalance";
const PROTECTION: &str = "/agent/task-protection/v1/state";

/// The metadata service of an instance, whose token is the text of some file.
fn metadata(fleet: &Fleet) -> (Web, String) {
    let web = Web::new();
    let token = fleet.job.work.path("token");
    std::fs::write(&token, "a token").unwrap();
    web.set(TOKEN, Answer::File(token));
    let url = format!("http://{}", web.address());
    (web, url)
}

/// What was asked of an agent of ECS.
fn asked_for(agent: &Web) -> Vec<Value> {
    let log = agent.log().into_iter().filter(|asked| asked.path == PROTECTION && asked.method == "PUT");
    log.map(|asked| serde_json::from_slice(&asked.sent).unwrap()).collect()
}

fn a_notice_drains(notice: &str) {
    // The service is asked every five seconds.
    let far = Far::new(Duration::from_millis(400));
    let fleet = far.produced(Kind::Embedded);
    let (web, url) = metadata(&fleet);
    let mut worker = fleet.worker(&["--slots", "2", "--grace", "60", "--spot", "--metadata-url", &url]);
    far.wait_for_reading();
    until("the service was asked", || web.log().iter().any(|asked| asked.path == REBALANCE));
    assert_eq!(web.log()[0].method, "PUT", "the service of version 2 wants a token first");
    web.set(notice, Answer::Status(200));
    assert!(worker.wait().success(), "{}", worker.said());
    assert!(worker.said().contains("no more jobs are taken"), "{}", worker.said());
    assert_eq!(worker.jobs().len(), fleet.marked(), "{}", worker.said());
    assert!(fleet.marked() < fleet.job.map.shards().len(), "everything was done before the notice was heard");
    far.proxy.set_latency(Duration::ZERO);
    fleet.drain();
    fleet.assert_whole();
}

#[test]
fn a_worker_whose_spot_instance_is_to_be_interrupted_drains() {
    a_notice_drains(INTERRUPTION);
}

#[test]
fn a_worker_whose_spot_instance_is_likely_to_be_interrupted_drains() {
    a_notice_drains(REBALANCE);
}

#[test]
fn a_worker_that_stays_heeds_the_interruption_alone_and_ends_when_it_is_told_to() {
    let far = Far::slow();
    let fleet = far.produced(Kind::Embedded);
    let (web, url) = metadata(&fleet);
    let listen = free_address();
    let arguments = ["--slots", "2", "--grace", "60", "--spot", "--stay", "--metadata-url", &url];
    let mut worker = fleet.worker(&[&arguments[..], &["--listen", &listen.to_string()]].concat());
    web.set(REBALANCE, Answer::Status(200));
    far.wait_for_reading();
    until("the service was asked twice", || web.log().iter().filter(|asked| asked.path == INTERRUPTION).count() > 1);
    assert!(!worker.said().contains("no more jobs are taken"), "{}", worker.said());
    web.set(INTERRUPTION, Answer::Status(200));
    until("it is drained", || worker.said().contains("staying until told to go"));
    let status = |path: &str| request(listen, "GET", path, b"").unwrap().0;
    assert_eq!((status("/livez"), status("/readyz")), (200, 503));
    assert_eq!(worker.jobs().len(), fleet.marked(), "{}", worker.said());
    worker.signal("TERM");
    assert!(worker.wait().success(), "{}", worker.said());
    fleet.drain();
    fleet.assert_whole();
}

#[test]
fn a_worker_off_ec2_asks_for_notices_in_vain_and_works_on() {
    let fleet = Fleet::new(Kind::Embedded, zagg_tests::kit::Job::new());
    fleet.produce(&[]).expect(0);
    let mut worker = fleet.worker(&["--until-empty", "--spot", "--metadata-url", "http://127.0.0.1:9"]);
    assert!(worker.wait().success(), "{}", worker.said());
    assert_eq!(worker.said().matches("notices of interruption are not heard").count(), 1, "{}", worker.said());
    fleet.assert_whole();
}

#[test]
fn a_protection_that_ecs_declines_is_told_and_asked_for_again() {
    // So slow that the worker is still busy when it asks again.
    let far = Far::new(Duration::from_secs(1));
    let fleet = far.produced(Kind::Embedded);
    let agent = Web::new();
    let declined = r#"{"failure": {"Reason": "DEPLOYMENT_BLOCKED", "Arn": "arn:aws:ecs:..."}}"#;
    agent.set(PROTECTION, Answer::File(fleet.job.work.write("declined.json", declined)));
    let url = format!("http://{}/agent", agent.address());
    let mut worker = fleet.worker_with(&[("ECS_AGENT_URI", &url)], &["--slots", "2", "--until-empty"]);
    until("it is told", || worker.said().contains("DEPLOYMENT_BLOCKED"));
    until("it is asked for again", || asked_for(&agent).len() > 1);
    assert!(asked_for(&agent).iter().all(|asked| asked["ProtectionEnabled"] == true));
    far.proxy.set_latency(Duration::ZERO);
    assert!(worker.wait().success(), "{}", worker.said());
    fleet.assert_whole();
}

#[test]
fn an_ecs_task_is_protected_from_being_scaled_in_while_it_works_and_no_longer() {
    let far = Far::new(Duration::from_millis(50));
    let fleet = far.produced(Kind::Embedded);
    let agent = Web::new();
    let answer = |protected: bool| {
        let text = format!(r#"{{"protection": {{"ProtectionEnabled": {protected}, "TaskArn": "arn:aws:ecs:..."}}}}"#);
        Answer::File(fleet.job.work.write(format!("{protected}.json"), text))
    };
    agent.set(PROTECTION, answer(true));
    let url = format!("http://{}/agent", agent.address());
    let worker = fleet.worker_with(&[("ECS_AGENT_URI", &url)], &["--slots", "2"]);
    until("the task is protected", || asked_for(&agent).last().is_some_and(|asked| asked["ProtectionEnabled"] == true));
    assert!(asked_for(&agent)[0]["ExpiresInMinutes"].as_u64().unwrap() > 0);
    let shards = fleet.job.map.shards().len();
    until("everything is done", || fleet.marked() == shards);
    agent.set(PROTECTION, answer(false));
    until("the task is no longer protected", || {
        asked_for(&agent).last().is_some_and(|asked| asked["ProtectionEnabled"] == false)
    });
    drop(worker);
    fleet.assert_whole();
}
