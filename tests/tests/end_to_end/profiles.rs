//! Credentials of a profile, as the AWS tools keep it.

use std::os::unix::fs::PermissionsExt as _;

use zagg_tests::kit::{Job, Web};

const CREDENTIALS: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = hidden-secret\n\
                           [other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = hidden-secret\n";

/// A job whose home has profiles, and the S3 (which knows no object) that its store is said to be in.
fn at_home() -> (Job, Web) {
    let (mut job, web) = (Job::new(), Web::new());
    let home = job.work.path("home");
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    std::fs::write(home.join(".aws/credentials"), CREDENTIALS).unwrap();
    job.set("HOME", home.to_str().unwrap());
    job.set("AWS_ENDPOINT_URL_S3", &format!("http://{}", web.address()));
    (job, web)
}

/// The key with which everything is signed that is asked when a store is looked at.
fn signed_with(job: &Job, web: &Web) -> String {
    let ended = job.command(&["verify", "s3://bucket/run"]);
    let said = format!("{}{}", ended.out, ended.err);
    assert!(!said.contains("hidden-secret"), "{said}");
    let keys: Vec<String> = web.log().iter().filter_map(|asked| asked.authorization.clone()).collect();
    assert!(!keys.is_empty() && keys.len() == web.log().len(), "not signed: {said}");
    let key = |text: &String| text.split_once("Credential=").unwrap().1.split('/').next().unwrap().to_owned();
    assert!(keys.iter().all(|text| key(text) == key(&keys[0])), "{keys:?}");
    key(&keys[0])
}

#[test]
fn the_store_is_asked_with_the_default_profile() {
    let (job, web) = at_home();
    assert_eq!(signed_with(&job, &web), "AKIDDEFAULT");
}

#[test]
fn the_store_is_asked_with_the_profile_that_is_named() {
    let (mut job, web) = at_home();
    job.set("AWS_PROFILE", "other");
    assert_eq!(signed_with(&job, &web), "AKIDOTHER");
}

#[test]
fn keys_in_the_environment_win_over_profiles() {
    let (mut job, web) = at_home();
    job.set("AWS_ACCESS_KEY_ID", "AKIDVARIABLE");
    job.set("AWS_SECRET_ACCESS_KEY", "hidden-secret");
    assert_eq!(signed_with(&job, &web), "AKIDVARIABLE");
}

#[test]
fn a_profile_may_name_a_program_that_prints_credentials() {
    let (mut job, web) = at_home();
    let program = job.work.write(
        "print-credentials",
        "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"AKIDPRINTED\", \"SecretAccessKey\": \"hidden-secret\"}'\n",
    );
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!("[profile printed]\ncredential_process = {}\n", program.display());
    std::fs::write(job.work.path("home/.aws/config"), config).unwrap();
    job.set("AWS_PROFILE", "printed");
    assert_eq!(signed_with(&job, &web), "AKIDPRINTED");
}

#[test]
fn a_profile_that_there_is_not_is_refused_with_the_remedy() {
    let (mut job, web) = at_home();
    job.set("AWS_PROFILE", "absent");
    let ended = job.command(&["verify", "s3://bucket/run"]).expect(3);
    assert!(ended.err.contains("AWS_PROFILE") && ended.err.contains("absent"), "{}", ended.err);
    assert_eq!(web.log(), []);
}
