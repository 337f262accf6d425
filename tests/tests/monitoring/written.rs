//! What can be judged without a fleet.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use zagg_tests::kit::{Workdir, python, workspace, zagg_bin};

/// `deployment/dashboards/NAME`.
pub(crate) fn dashboards(name: &str) -> PathBuf {
    workspace().join("deployment/dashboards").join(name)
}

fn yaml_in(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dashboards(folder)).unwrap().flatten().map(|entry| entry.path());
    let found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).collect();
    assert!(!found.is_empty(), "{folder}");
    found
}

fn promtool(arguments: &[&str], files: &[PathBuf]) -> Result<(), String> {
    let output = Command::new("promtool").args(arguments).args(files).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn prometheus_accepts_the_rules() {
    promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &yaml_in("rules")).unwrap();
}

#[test]
fn every_alert_fires_when_it_should_and_is_silent_when_it_should_be() {
    promtool(&["test", "rules"], &yaml_in("rules/tests")).unwrap();
}

/// Judges the tests themselves: each alert made to wait 30 s longer, or shorter, fails one.
#[test]
fn how_long_each_alert_waits_is_tested() {
    let text = std::fs::read_to_string(dashboards("rules/alerts.yaml")).unwrap();
    let work = Workdir::new();
    for name in ["recording.yaml", "tests/waits.yaml"] {
        work.write(name, std::fs::read_to_string(dashboards("rules").join(name)).unwrap());
    }
    let judge = |text: &str| {
        work.write("alerts.yaml", text);
        promtool(&["test", "rules"], &[work.path("tests/waits.yaml")])
    };
    judge(&text).unwrap();
    let waits: Vec<_> = text.match_indices("        for: ").collect();
    assert!(waits.len() > 10, "{}", waits.len());
    for (at, key) in waits {
        let (before, after) = (&text[..at + key.len()], &text[at + key.len()..]);
        let (minutes, after) = after.split_once("m\n").unwrap();
        let seconds = 60 * minutes.parse::<u32>().unwrap();
        for other in [seconds - 30, seconds + 30] {
            let said = judge(&format!("{before}{other}s\n{after}"));
            assert!(said.is_err(), "{other} s instead of {seconds} s pass: {before}");
        }
    }
}

#[test]
fn every_alert_has_tests_and_an_entry_in_the_runbook_and_every_metric_exists() {
    let judged = python::script("monitoring.py", &[&workspace().display().to_string()]);
    assert_eq!(judged["problems"], Value::Array(Vec::new()));
    let panels: Vec<u64> = judged["panels"].as_object().unwrap().values().filter_map(Value::as_u64).collect();
    assert!(panels.len() == 4 && panels.iter().all(|panels| *panels > 9), "{judged}");
}

#[test]
fn dashboards_are_as_their_generator_writes_them() {
    let output = Command::new(python::python()).arg(dashboards("generate.py")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Pages whose commands are looked up.
const PAGES: [&str; 3] = ["runbook", "costs", "brokers"];

#[test]
fn every_command_that_the_pages_name_exists() {
    let mut helps = std::collections::BTreeMap::new();
    let mut looked_at = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(workspace().join(format!("docs/operations/{page}.md"))).unwrap();
        for line in commands(&text) {
            let mut words = line.split_whitespace().peekable();
            let program = words.next().unwrap();
            let verb =
                (program == "zagg").then(|| words.next().unwrap_or("--help")).filter(|verb| !verb.starts_with('-'));
            let known =
                helps.entry((program.to_owned(), verb.map(str::to_owned))).or_insert_with(|| help(program, verb));
            for flag in words.filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                let there = known.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == flag);
                assert!(there, "{page}.md: `{line}`: {program} {} has no {flag}", verb.unwrap_or_default());
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 20, "only {looked_at} flags were found");
}

/// The commands of ours in a page: code spans, and lines of shell blocks.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let spans: Vec<&str> = if in_block { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
        for span in spans {
            let command = span.split(['#', '|', ';']).next().unwrap_or_default().trim();
            let program = command.split_whitespace().next().unwrap_or_default();
            if ["zagg", "zagg-produce", "zagg-worker"].contains(&program) {
                found.push(command.to_owned());
            }
        }
    }
    found
}

fn help(program: &str, verb: Option<&str>) -> String {
    let output = Command::new(zagg_bin::program(program)).args(verb).arg("--help").output().unwrap();
    assert!(output.status.success(), "there is no `{program} {}`", verb.unwrap_or_default());
    String::from_utf8(output.stdout).unwrap()
}
