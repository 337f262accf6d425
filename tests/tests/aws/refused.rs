//! What is refused before anything is made.

use serde_json::json;
use zagg_tests::kit::{MiniStack, Workdir, function::STORE, package::ARCHITECTURE};

use crate::scripts::{Scripts, path};

#[test]
fn what_cannot_work_is_refused_before_anything_is_made() {
    let server = MiniStack::start();
    let scripts = Scripts::new(&server);
    server.create_bucket(STORE.0);
    let package = scripts.package().display().to_string();
    let lambda = ["lambda", "--yes", "--store-bucket", STORE.0, "--package", &package];
    let ecs = ["ecs", "--yes", "--store-bucket", STORE.0];
    let ours = format!("Architecture={ARCHITECTURE}");
    let others = if ARCHITECTURE == "arm64" { "x86_64" } else { "arm64" };
    let wrong = format!("Architecture={others}");
    let too_long = ["Timeout=301", &ours];
    let no_secret = "EarthdataSecret=arn:aws:secretsmanager:us-east-1:000000000000:secret:no";
    for (what, more, code, said) in [
        (&lambda[..], &too_long[..], 1, "VisibilityTimeout=1806 or more"),
        (&lambda, &["MaxReceiveCount=4"], 1, "MaxReceiveCount=4: throttled"),
        (&lambda, &["BatchSize=11"], 1, "BatchSize=11: 1 to 10"),
        (&lambda, &["Timeout=soon"], 1, "Timeout=soon: a whole number"),
        (&lambda, &["Timout=60"], 1, "Timout is no parameter"),
        (&lambda, &["MaximumTasks=3"], 1, "MaximumTasks is no parameter of what is stood up (base lambda)"),
        (&lambda, &["AlarmEmail=a@b.org", "AlarmTopic=arn:aws:sns:us-east-1:000000000000:t"], 1, "drop one"),
        (&lambda, &[wrong.as_str()], 1, "another --package"),
        (&lambda, &["MaximumConcurrency=1001", &ours], 1, "the account allows"),
        (&lambda, &[no_secret, &ours], 1, "EarthdataSecret"),
        (&lambda, &["--store-bucket", "s3://stores/run"], 1, "s3://stores/run is no bucket's name"),
        (&lambda, &["--store-bucket", "nobodys"], 1, "--make-store-bucket makes it"),
        (&lambda, &["--name", "zagg_1"], 1, "--name zagg_1"),
        (&lambda, &["--region", "moon"], 1, "--region moon"),
        (&lambda, &["--package", "/nowhere.zip", &ours], 1, "there is no package /nowhere.zip"),
        (&lambda, &["Queue=other"], 2, "Queue is not given so"),
        (&lambda, &["--frob"], 2, "--frob is neither"),
        (&ecs, &[], 1, "Image is missing"),
        (&ecs, &["Image=zagg-worker:latest", "ProducerImage=zagg:1"], 1, "name a version"),
        (&ecs, &["Image=zagg-worker:1", "ProducerImage=zagg:1", "MinimumTasks=30"], 1, "MinimumTasks=30 is above"),
        (&ecs, &["Image=zagg-worker:1", "ProducerImage=zagg:1", "Subnets=subnet-0"], 1, "Subnets=subnet-0"),
        (
            &ecs,
            &["Image=000000000000.dkr.ecr.us-east-1.amazonaws.com/zagg-worker:1", "ProducerImage=zagg:1"],
            1,
            "EcrRepository=arn:aws:ecr:us-east-1:000000000000:repository/zagg-worker",
        ),
        (
            &ecs,
            &["Image=000000000000.dkr.ecr.cn-north-1.amazonaws.com.cn/zagg-worker:1", "ProducerImage=zagg:1"],
            1,
            "EcrRepository=arn:aws:ecr:cn-north-1:000000000000:repository/zagg-worker",
        ),
        (&ecs, &["StoreKey=arn:aws:kms:us-east-1:000000000000:alias/stores"], 1, "the ARN of a key is wanted"),
        (&["everything"], &[], 2, "lambda, ecs or both"),
    ] {
        let arguments = [what, more].concat();
        let told = scripts.run("stand_up.sh", &arguments);
        assert!(told.code == Some(code) && told.err.contains(said), "{arguments:?}: {said:?}? {told:?}");
        // One sentence, not a trace.
        assert!(told.err.lines().count() <= 2, "{told:?}");
    }
    assert_eq!(scripts.aws(&["cloudformation", "list-stacks", "--query", "StackSummaries[].StackName"]), "");
    assert_eq!(scripts.aws(&["s3api", "list-buckets", "--query", "Buckets[].Name"]), STORE.0);
}

#[test]
fn what_is_encrypted_with_a_key_of_ones_own_wants_that_key_and_a_secret_is_known_by_its_whole_name() {
    let server = MiniStack::start();
    let scripts = Scripts::new(&server);
    server.create_bucket(STORE.0);
    let key = scripts.aws(&["kms", "create-key", "--query", "KeyMetadata.Arn"]);
    let rule = json!({ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key } });
    let rules = json!({ "Rules": [rule] }).to_string();
    let encrypt = ["s3api", "put-bucket-encryption", "--server-side-encryption-configuration", &rules, "--bucket"];
    scripts.aws(&[&encrypt[..], &[STORE.0]].concat());
    let (_, id) = key.rsplit_once('/').unwrap();
    let secret = ["secretsmanager", "create-secret", "--name", "zagg-earthdata", "--secret-string", "{}"];
    let secret = scripts.aws(&[&secret[..], &["--kms-key-id", id, "--query", "ARN"]].concat());
    let (partial, _) = secret.rsplit_once('-').unwrap();

    let (partial, whole) = (format!("EarthdataSecret={partial}"), format!("EarthdataSecret={secret}\n"));
    let (store, secret) = (format!("StoreKey={key}"), format!("SecretKey={key}"));
    let another = format!("{store}0");
    let stand_up = |more: &[&str]| {
        let all = ["ecs", "--dry-run", "--store-bucket", STORE.0, "Image=zagg-worker:1", "ProducerImage=zagg:1"];
        scripts.run("stand_up.sh", &[&all[..], more].concat())
    };
    let [partial, store, another, secret] = [&partial, &store, &another, &secret].map(String::as_str);
    let no_store = format!("{key}, a key of your own: give StoreKey");
    for (more, said) in [
        (&[partial][..], no_store.as_str()),
        (&[partial, another], store),
        (&[partial, store], "a key of your own: give SecretKey"),
    ] {
        let told = stand_up(more).expect(1);
        assert!(told.err.contains(said) && told.err.lines().count() == 1, "{more:?}: {told:?}");
    }
    let told = stand_up(&[partial, store, secret]).expect(0);
    assert!(told.out.contains(&whole) && told.out.contains(secret), "{told:?}");
    assert_eq!(told.out.matches(store).count(), 2, "of the queue's stack and the workers': {told:?}");
}

#[test]
fn nothing_is_done_without_a_yes() {
    let server = MiniStack::start();
    let scripts = Scripts::new(&server);
    let package = scripts.package().display().to_string();
    let architecture = format!("Architecture={ARCHITECTURE}");
    let all = ["lambda", "--store-bucket", STORE.0, "--make-store-bucket", "--package", &package, &architecture];
    let told = scripts.run("stand_up.sh", &all).expect(1);
    assert!(told.out.contains("make the stack zagg-base") && told.err.contains("--yes goes ahead"), "{told:?}");
    let told = scripts.run("stand_up.sh", &[&all[..], &["--dry-run"]].concat()).expect(0);
    assert!(told.out.contains("Nothing was done") && told.out.contains("MakeStoreBucket=yes"), "{told:?}");
    assert_eq!(scripts.aws(&["s3api", "list-buckets", "--query", "Buckets[].Name"]), "");
    let told = scripts.run("tear_down.sh", &["all", "--yes"]).expect(0);
    assert!(told.out.contains("nothing to take down"), "{told:?}");
}

#[test]
fn the_scripts_are_clean_to_shellcheck() {
    let folder = zagg_tests::kit::workspace();
    let mut command = std::process::Command::new("shellcheck");
    command.args(["-x", "-P", "."]).env("PATH", path()).current_dir(&folder);
    for name in ["build.sh", "checks.sh", "common.sh", "stand_up.sh", "tear_down.sh"] {
        command.arg(format!("deployment/aws/{name}"));
    }
    let output = command.output().expect("shellcheck is there; run scripts/setup-tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // It does judge.
    let work = Workdir::new();
    let bad = work.write("bad.sh", "#!/bin/sh\ncd $1\n");
    let output = std::process::Command::new("shellcheck").arg(bad).env("PATH", path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
