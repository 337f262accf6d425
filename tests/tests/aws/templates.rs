//! What the templates say, judged where no emulator does.

use std::process::Command;

use serde_json::{Value, json};
use zagg_tests::kit::{Workdir, python, workspace};

use crate::scripts::path;

const PARTS: [&str; 3] = ["base", "lambda", "ecs"];

/// A copy of the templates, one of them changed.
fn changed(part: &str, from: &str, to: &str) -> Workdir {
    let work = Workdir::new();
    for name in PARTS {
        let file = format!("zagg-{name}.yaml");
        let text = std::fs::read_to_string(workspace().join("deployment/aws").join(&file)).unwrap();
        assert!(name != part || text.contains(from), "{file} has {from:?}");
        work.write(&file, if name == part { text.replacen(from, to, 1) } else { text });
    }
    work
}

fn judged(folder: &std::path::Path) -> Value {
    python::script("aws_templates.py", &[folder.to_str().unwrap()])
}

#[test]
fn roles_may_do_what_they_need_and_no_more() {
    let judged = judged(&workspace().join("deployment/aws"));
    assert_eq!(judged["faults"], json!([]));
    assert!(judged["allows"].as_u64().unwrap() > 20, "{judged}");
    for alarm in ["base/SetAside", "base/Late", "base/Stalled", "lambda/Errors", "lambda/Cost", "ecs/Idle", "ecs/Cost"]
    {
        assert!(judged["alarms"].as_array().unwrap().contains(&alarm.into()), "{alarm}: {judged}");
    }
}

#[test]
fn what_is_wrong_in_a_template_is_found() {
    for (part, from, to, said) in [
        ("lambda", "Resource: !GetAtt Logs.Arn", "Resource: \"*\"", "lambda/Role allows"),
        ("ecs", "- ecs:UpdateTaskProtection", "- ecs:DescribeTasks", "WorkerRole lacks ecs:UpdateTaskProtection"),
        ("base", "- s3:PutObject", "- s3:*", "base/Producer allows s3:*"),
        ("lambda", "- s3:PutObject", "- s3:DeleteObject", "may delete objects"),
        ("base", "    Default: 1800", "    Default: 300", "below six times"),
        ("lambda", "    MaxValue: 10\n", "    MaxValue: 100\n", "wants a window"),
        ("base", "    Default: 5", "    Default: 3", "MaxReceiveCount is below 5"),
        ("base", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600", "forgets before"),
        ("base", "DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete", "Store is deleted with its stack"),
        (
            "base",
            "    Condition: MakesBucket\n    DeletionPolicy: RetainExceptOnCreate\n",
            "    Condition: MakesBucket\n",
            "StorePolicy is deleted with its stack",
        ),
        ("lambda", ":key/[A-Za-z0-9-]+)?", ":[^ ]+)?", "lambda/StoreKey takes other than the ARN of a key"),
        (
            "ecs",
            "                    Resource: !Ref SecretKey\n",
            "                    Resource: \"*\"\n",
            "ecs/ExecutionRole allows",
        ),
        ("ecs", "                    - kms:GenerateDataKey\n", "", "WorkerRole lacks kms:GenerateDataKey"),
        ("ecs", "console.amazonaws.cn", "console.aws.amazon.com", "ecs does not know the console"),
        ("lambda", "0.0000133334", "0.000133334", "on arm64, and by price.rs"),
        ("lambda", "- duration / 1000", "- 0 * duration", "lambda/Cost is"),
        ("lambda", "expression\": \"duration /", "expression\": \"cost /", "lambda/Dashboard does not show"),
        ("ecs", "\"widgets\": [", "\"widgets\": [,", "ecs/Dashboard is no JSON"),
        ("ecs", "CoreHour: !If [OnArm, \"0.03238\"", "CoreHour: !If [OnArm, \"0.3238\"", "ecs/Cost is"),
        ("ecs", "${Name}-tasks-cost", "${Name}-cost", "ecs/Cost is not the only alarm called ${Name}-cost"),
        ("ecs", ">= ${OverdueJob} AND ready > 0", ">= ${OverdueJob}", "ecs/Backlog tracks 30.0"),
        ("base", "Action: s3:DeleteObject", "Action: s3:GetObject", "Repairer lacks s3:DeleteObject"),
        ("ecs", "Condition: SUCCESS", "Condition: START", "does not wait for its inputs"),
        ("ecs", "StopTimeout: 120", "StopTimeout: 30", "StopTimeout 30"),
        ("ecs", "ReadonlyRootFilesystem: true", "ReadonlyRootFilesystem: false", "may write to its root"),
        ("lambda", "      RetentionInDays: !Ref LogRetention\n", "", "keeps logs for ever"),
    ] {
        let work = changed(part, from, to);
        let faults = judged(work.root())["faults"].to_string();
        assert!(faults.contains(said), "{part}, {to:?}: {faults}");
    }
}

#[test]
fn every_template_is_clean_to_the_linter() {
    let linted = |folder: &std::path::Path| {
        let mut command = Command::new("cfn-lint");
        command.env("PATH", path()).args(PARTS.map(|part| folder.join(format!("zagg-{part}.yaml"))));
        let output = command.output().expect("cfn-lint is there; run scripts/setup-tests");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(linted(&workspace().join("deployment/aws")), (Some(0), String::new()));
    let (code, said) = linted(changed("base", "maxReceiveCount:", "maxRecieveCount:").root());
    assert!(code == Some(2) && said.contains("maxRecieveCount"), "{said}");
}
