//! From nothing to a run and back, by the scripts that operators use.

use std::io::Write as _;
use std::process::Command;

use zagg_tests::kit::{
    Function, MiniStack,
    fleet::until,
    function::{NAME, STORE},
    package::{self, ARCHITECTURE},
    python::python,
    sqs, workspace,
};

use crate::far::in_s3;
use crate::scripts::{Scripts, Told};

/// What stands, for whoever asks again: the events that the stacks had.
fn events(scripts: &Scripts) -> Vec<String> {
    ["zagg-base", "zagg-lambda"]
        .map(|stack| {
            let query = "StackEvents[].EventId";
            scripts.aws(&["cloudformation", "describe-stack-events", "--stack-name", stack, "--query", query])
        })
        .into()
}

/// A function's attribute.
fn configured(scripts: &Scripts, query: &str) -> String {
    scripts.aws(&["lambda", "get-function-configuration", "--function-name", NAME, "--query", query])
}

/// Another package: the same program with a byte more.
fn another_package(scripts: &Scripts) -> String {
    let (program, folder) = (scripts.path("another"), scripts.path("packages"));
    std::fs::copy(package::bootstrap(), &program).unwrap();
    std::fs::OpenOptions::new().append(true).open(&program).unwrap().write_all(b"\n").unwrap();
    let mut command = Command::new(workspace().join("deployment/aws/build.sh"));
    command.arg("--bootstrap").arg(program).arg("--output").arg(&folder).env("PYTHON", python());
    assert!(command.status().unwrap().success());
    folder.join(format!("zagg-lambda-{ARCHITECTURE}.zip")).display().to_string()
}

fn does_a_run(function: &Function) {
    let shards = function.shards();
    let produced = function.produce(&["--driver", "s3"]).expect(0);
    assert_eq!(produced.report["sent"]["accepted"], shards.len());
    function.until_empty();
    function.assert_whole();
    assert_eq!((function.marked(), function.dead()), (shards, Vec::new()));
    let verified = function.zagg(&["verify", &function.store()]);
    assert_eq!(verified.code, Some(0), "{}", verified.said());
}

#[test]
fn what_is_stood_up_does_a_whole_run_and_is_changed_and_taken_down_again() {
    let server = MiniStack::start();
    let scripts = Scripts::new(&server);
    let job = in_s3(&server);
    let function = Function::standing(server, job);
    let package = scripts.package().display().to_string();
    let architecture = format!("Architecture={ARCHITECTURE}");
    let stand_up = |more: &[&str]| -> Told {
        let all = ["lambda", "--yes", "--store-bucket", STORE.0, "--make-store-bucket", "--package", &package];
        scripts.run("stand_up.sh", &[&all[..], more].concat())
    };

    let first =
        [architecture.as_str(), "GranulesBucket=granules", "Timeout=60", "VisibilityTimeout=360", "BatchSize=4"];
    let told = stand_up(&first).expect(0);
    assert!(told.out.contains("making the stack zagg-base") && told.out.contains("sqs://zagg"), "{told:?}");
    does_a_run(&function);

    let before = events(&scripts);
    let told = stand_up(&first).expect(0);
    assert!(told.out.ends_with("Nothing changes.\n"), "{told:?}");
    // What was given once holds.
    let told = scripts.run("stand_up.sh", &["lambda", "--yes", "--package", &package]).expect(0);
    assert!(told.out.ends_with("Nothing changes.\n"), "{told:?}");
    assert_eq!(events(&scripts), before);

    changes(&scripts, &function, stand_up);
    is_taken_down(&scripts, &function);
}

/// A parameter and a package change; nothing else does.
fn changes(scripts: &Scripts, function: &Function, stand_up: impl Fn(&[&str]) -> Told) {
    let program = configured(scripts, "CodeSha256");
    let told = stand_up(&["Timeout=100", "VisibilityTimeout=600"]).expect(0);
    assert!(told.out.contains("Modify Function") && told.out.contains("Modify Queue"), "{told:?}");
    let attributes = sqs::attributes(function.server.address(), NAME);
    assert_eq!(sqs::number_in(&attributes, "VisibilityTimeout"), 600);
    assert_eq!((configured(scripts, "Timeout").as_str(), &configured(scripts, "CodeSha256")), ("100", &program));

    let told = scripts.run("stand_up.sh", &["lambda", "--yes", "--package", &another_package(scripts)]).expect(0);
    assert!(told.out.contains("leave the stack zagg-base") && told.out.contains("Modify Function"), "{told:?}");
    assert_eq!(configured(scripts, "Timeout"), "100");
    assert_ne!(configured(scripts, "CodeSha256"), program);
}

/// Not while there are jobs; then all but the stores.
fn is_taken_down(scripts: &Scripts, function: &Function) {
    let results = function.marked();
    sqs::send(function.server.address(), &format!("{NAME}-dlq"), "set aside");
    let told = scripts.run("tear_down.sh", &["all", "--yes"]).expect(1);
    assert!(told.err.contains("1 on zagg-dlq") && told.err.contains("--force"), "{told:?}");
    let query = "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName";
    let stacks = || scripts.aws(&["cloudformation", "list-stacks", "--query", query]);
    assert!(stacks().contains("zagg-base"));

    let told = scripts.run("tear_down.sh", &["all", "--yes", "--force"]).expect(0);
    assert!(told.out.contains("The bucket stores is kept"), "{told:?}");
    assert_eq!(stacks(), "");
    let buckets = scripts.aws(&["s3api", "list-buckets", "--query", "Buckets[].Name"]);
    assert_eq!(buckets.split_whitespace().collect::<Vec<_>>(), ["granules", STORE.0]);
    assert_eq!(function.marked(), results);
    until("the function's processes are gone", || function.processes().is_empty());
    for left in [
        scripts.aws(&["sqs", "list-queues", "--query", "QueueUrls"]),
        scripts.aws(&["lambda", "list-functions", "--query", "Functions[].FunctionName"]),
        scripts.aws(&["iam", "list-roles", "--query", "Roles[].RoleName"]),
        scripts.aws(&["cloudwatch", "describe-alarms", "--query", "MetricAlarms[].AlarmName"]),
        scripts.aws(&["logs", "describe-log-groups", "--query", "logGroups[].logGroupName"]),
    ] {
        assert!(left.is_empty() || left == "None", "{left}");
    }
}
