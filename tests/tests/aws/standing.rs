//! The service as the scripts stand it up, change it and take it down, and what is in their way.

use zagg_tests::kit::{MiniStack, function::STORE};

use crate::scripts::{Scripts, Told};

/// Stands up workers on ECS, with images of this version.
fn stand_up(scripts: &Scripts, version: u32, more: &[&str]) -> Told {
    let images = [format!("Image=zagg-worker:{version}"), format!("ProducerImage=zagg:{version}")];
    let all = ["ecs", "--store-bucket", STORE.0, &images[0], &images[1]];
    scripts.run("stand_up.sh", &[&all[..], more].concat()).expect(0)
}

/// A server with the bucket of the stores, and the scripts for it.
fn prepared() -> (MiniStack, Scripts) {
    let server = MiniStack::start();
    server.create_bucket(STORE.0);
    let scripts = Scripts::new(&server);
    (server, scripts)
}

fn stacks(scripts: &Scripts) -> String {
    let query = "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName";
    scripts.aws(&["cloudformation", "list-stacks", "--query", query])
}

#[test]
fn a_first_service_gets_the_role_that_ecs_works_by() {
    let (_server, scripts) = prepared();
    // MiniStack writes the name in its own way.
    let has_role = || {
        let roles = scripts.aws(&["iam", "list-roles", "--query", "Roles[].RoleName"]);
        roles.to_lowercase().contains("awsserviceroleforecs")
    };
    let told = stand_up(&scripts, 1, &["--dry-run"]);
    assert!(told.out.contains("make the role AWSServiceRoleForECS") && !has_role(), "{told:?}");
    let told = stand_up(&scripts, 1, &["--yes", "CostPerHour=2"]);
    assert!(told.out.contains("making the role AWSServiceRoleForECS") && has_role(), "{told:?}");
    let told = stand_up(&scripts, 1, &["--yes"]);
    assert!(told.out.ends_with("Nothing changes.\n") && !told.out.contains("AWSServiceRoleForECS"), "{told:?}");
}

#[test]
fn what_holds_a_change_of_the_service_is_said_with_its_remedy() {
    let (_server, scripts) = prepared();
    stand_up(&scripts, 1, &["--yes"]);
    let tasks = ["ecs", "list-tasks", "--cluster", "zagg", "--service-name", "zagg", "--query", "taskArns[0]"];
    let task = scripts.aws(&tasks);
    let (_, id) = task.rsplit_once('/').unwrap();
    let told = stand_up(&scripts, 2, &["--dry-run"]);
    assert!(told.out.contains("Modify Service") && told.out.contains("Tasks that run: 1."), "{told:?}");
    assert!(told.out.contains(&format!("for task in {id}; do")) && told.out.contains("aws ecs stop-task"), "{told:?}");
    let told = stand_up(&scripts, 1, &["--dry-run", "OldestJob=3600"]);
    assert!(told.out.contains("Modify Late") && !told.out.contains("stop-task"), "{told:?}");
}

#[test]
fn policies_are_taken_from_who_has_them_before_they_are_deleted() {
    let (_server, scripts) = prepared();
    stand_up(&scripts, 1, &["--yes"]);
    let policy = |output: &str| {
        let query = format!("Stacks[0].Outputs[?OutputKey=='{output}'].OutputValue");
        scripts.aws(&["cloudformation", "describe-stacks", "--stack-name", "zagg-base", "--query", &query])
    };
    let (producer, operator) = (policy("ProducerPolicyArn"), policy("OperatorPolicyArn"));
    scripts.aws(&["iam", "create-user", "--user-name", "alice"]);
    scripts.aws(&["iam", "create-role", "--role-name", "desk", "--assume-role-policy-document", "{}"]);
    scripts.aws(&["iam", "create-group", "--group-name", "night"]);
    scripts.aws(&["iam", "attach-user-policy", "--user-name", "alice", "--policy-arn", &producer]);
    scripts.aws(&["iam", "attach-role-policy", "--role-name", "desk", "--policy-arn", &producer]);
    scripts.aws(&["iam", "attach-group-policy", "--group-name", "night", "--policy-arn", &operator]);

    let told = scripts.run("tear_down.sh", &["ecs", "--yes"]).expect(0);
    assert!(!told.out.contains("detach"), "the queue stays, and so do its policies: {told:?}");
    let told = scripts.run("tear_down.sh", &["all", "--yes"]).expect(0);
    for who in ["user alice", "role desk", "group night"] {
        let (plan, done) = (format!("from the {who}\n"), "detaching the policy zagg-base-");
        assert!(told.out.matches(&plan).count() == 2 && told.out.contains(done), "{who}: {told:?}");
    }
    assert_eq!(stacks(&scripts), "");
    let left = ["iam", "list-attached-user-policies", "--user-name", "alice", "--query", "AttachedPolicies[]"];
    assert_eq!(scripts.aws(&left), "");
    assert_eq!(scripts.aws(&["iam", "list-policies", "--scope", "Local", "--query", "Policies[].Arn"]), "");
}

#[test]
fn a_producer_that_runs_is_named_and_stopped_by_force_alone() {
    let (_server, scripts) = prepared();
    stand_up(&scripts, 1, &["--yes"]);
    let run =
        ["ecs", "run-task", "--cluster", "zagg", "--task-definition", "zagg-producer", "--launch-type", "FARGATE"];
    let task = scripts.aws(&[&run[..], &["--query", "tasks[0].taskArn"]].concat());
    let told = scripts.run("tear_down.sh", &["all", "--yes"]).expect(1);
    assert!(told.err.contains(&task) && told.err.contains("--force"), "{told:?}");
    assert!(stacks(&scripts).contains("zagg-ecs"));
    let told = scripts.run("tear_down.sh", &["all", "--yes", "--force"]).expect(0);
    assert!(told.out.contains(&format!("stopping the task {task}")), "{told:?}");
    assert_eq!(stacks(&scripts), "");
}

/// An aws command whose credentials expire with the first deletion.
const EXPIRES: &str = r#"#!/bin/sh
case "$*" in *delete-stack*) : >"$HOME/expired" ;; esac
case "$*" in *describe-stacks*)
    if [ -e "$HOME/expired" ]; then
        echo 'An error occurred (ExpiredToken) when calling the DescribeStacks operation: it is expired' >&2
        exit 254
    fi
    ;;
esac
PATH=${PATH#*:}
exec aws "$@"
"#;

#[test]
fn a_stack_that_can_no_longer_be_seen_is_not_taken_for_a_deleted_one() {
    let (_server, scripts) = prepared();
    stand_up(&scripts, 1, &["--yes"]);
    scripts.stand_in("aws", EXPIRES);
    let told = scripts.run("tear_down.sh", &["all", "--yes"]).expect(1);
    assert!(told.err.contains("zagg-ecs can't be seen any more") && told.err.contains("ExpiredToken"), "{told:?}");
    assert!(!told.out.contains("deleting the stack zagg-base"), "{told:?}");
}
