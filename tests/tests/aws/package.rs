//! The package, and who makes it.

use std::process::{Command, Output};

use zagg_tests::kit::third_party::third_party_in;
use zagg_tests::kit::{Workdir, package, python, workspace};

fn build(arguments: &[&str]) -> Output {
    let mut command = Command::new(workspace().join("deployment/aws/build.sh"));
    command.args(arguments).env("PYTHON", python::python()).output().unwrap()
}

#[test]
fn the_same_program_gives_the_same_package_and_a_program_that_lambda_can_start() {
    let (one, other) = (Workdir::new(), Workdir::new());
    let (first, second) = (package::build_in(one.root()), package::build_in(other.root()));
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(second).unwrap());
    let code = "import json, sys, zipfile\n\
        entries = zipfile.ZipFile(sys.argv[1]).infolist()\n\
        print(json.dumps([[e.filename, e.external_attr >> 16, e.date_time, e.file_size] for e in entries]))";
    let entries = python::inline(code, &[first.to_str().unwrap()]);
    let size = package::bootstrap().metadata().unwrap().len();
    assert_eq!(entries[0], serde_json::json!(["bootstrap", 0o100_755, [1980, 1, 1, 0, 0, 0], size]));
}

#[test]
fn a_package_takes_along_what_others_licences_want() {
    let work = Workdir::new();
    let (bootstrap, notices) = (package::bootstrap().to_str().unwrap(), third_party_in(work.root(), &["zagg-worker"]));
    let notices = notices.to_str().unwrap();
    let output =
        build(&["--bootstrap", bootstrap, "--third-party", notices, "--output", work.root().to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let zip = work.path(format!("zagg-lambda-{}.zip", package::ARCHITECTURE));
    let code = "import json, sys, zipfile\n\
        archive = zipfile.ZipFile(sys.argv[1])\n\
        same = archive.read('licences/THIRD-PARTY') == open(sys.argv[2], 'rb').read()\n\
        small = archive.getinfo('licences/THIRD-PARTY').compress_size < 200_000\n\
        print(json.dumps([archive.namelist(), same, small]))";
    let files = ["bootstrap", "licences/LICENSE-APACHE", "licences/LICENSE-MIT", "licences/THIRD-PARTY"];
    assert_eq!(python::inline(code, &[zip.to_str().unwrap(), notices]), serde_json::json!([files, true, true]));
}

#[test]
fn what_is_no_program_for_lambda_is_refused_by_name() {
    let work = Workdir::new();
    let script = work.write("worker.sh", "#!/bin/sh\n");
    let name = script.to_str().unwrap();
    for (arguments, said) in [
        (vec!["--bootstrap", name], "worker.sh is no program for Linux"),
        (vec!["--bootstrap", "nowhere"], "nowhere: there is no such file"),
        (vec!["--bootstrap", name, "--arch", "arm64"], "leave out --arch"),
        (vec!["--arch", "riscv"], "riscv: Lambda has arm64 and x86_64"),
        (vec!["--target"], "--target is not an option"),
        (vec!["--output"], "--output needs a value"),
        (vec!["--bootstrap", name, "--third-party", "nowhere"], "nowhere: there is no such file"),
        (vec!["--third-party", name], "--third-party goes with --bootstrap"),
    ] {
        let output = build(&arguments);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && err.contains(said), "{arguments:?}: {err}");
    }
}
