//! What goes out with programs: bills of materials, the texts that others' licences want, checksums.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use zagg_tests::kit::third_party::{TARGET, script, third_party_in};
use zagg_tests::kit::{Workdir, python, workspace};

/// The programs, and the packages that they are of.
const PROGRAMS: [(&str, &str); 3] =
    [("zagg", "zagg"), ("zagg-produce", "zagg-producer"), ("zagg-worker", "zagg-worker")];

/// Puts a program in the place of another; gives the PATH on which it is found first.
fn stand_in(work: &Workdir, name: &str, text: &str) -> String {
    let program = work.write(format!("bin/{name}"), text);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", work.path("bin").display(), std::env::var("PATH").unwrap())
}

/// Writes bills as cargo-cyclonedx does when it is told the time.
const CYCLONEDX: &str = r#"#!/bin/sh
for program in cli/zagg producer/zagg-produce worker/zagg-worker; do
    printf '{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"timestamp": "%s"}, "components": [
{"bom-ref": "path+file://%s/crates/core#zagg-core@0.1.0", "name": "zagg-core", "version": "%s"}
]}' "$SOURCE_DATE_EPOCH" "$PWD" "$VERSION" >"${program}_bin.cdx.json"
done
"#;

/// The bill of the worker, of a core of this version.
fn bill(version: &str) -> String {
    let work = Workdir::new();
    let mut sbom = Command::new(workspace().join("scripts/sbom"));
    sbom.args(["--output", work.root().to_str().unwrap(), "zagg-worker"]).env("PYTHON", python::python());
    sbom.env("PATH", stand_in(&work, "cargo-cyclonedx", CYCLONEDX)).env("VERSION", version);
    let output = sbom.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(work.path("zagg-worker.cdx.json")).unwrap()
}

#[test]
fn a_bill_has_a_serial_number_of_its_content() {
    let bills = ["0.1.0", "0.1.0", "0.1.1"].map(bill);
    assert_eq!(bills[0], bills[1]);
    let numbers = bills.map(|bill| {
        let bill: Value = serde_json::from_str(&bill).unwrap();
        assert_eq!(bill["bomFormat"], "CycloneDX");
        assert_eq!(bill["specVersion"], "1.5");
        assert_eq!(bill["components"][0]["bom-ref"], "path+file:///crates/core#zagg-core@0.1.0");
        bill["serialNumber"].as_str().unwrap().to_owned()
    });
    assert_ne!(numbers[0], numbers[2]);
    for number in numbers {
        let parts: Vec<&str> = number.strip_prefix("urn:uuid:").unwrap().split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{number}");
        assert!(parts.concat().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{number}");
        assert!(parts[2].starts_with('5') && parts[3].starts_with(['8', '9', 'a', 'b']), "{number}");
    }
}

/// What `scripts/third-party` writes about these programs.
fn third_party(programs: &[&str]) -> String {
    let work = Workdir::new();
    fs::read_to_string(third_party_in(work.root(), programs)).unwrap()
}

/// The lines about crates: name and version, and what is said about them.
fn crates(text: &str) -> BTreeMap<&str, &str> {
    let (_, from) = text.split_once("\nCrates\n\n").unwrap();
    let (lines, _) = from.split_once("\n\n").unwrap();
    lines.lines().map(|line| line.split_once(": ").unwrap()).collect()
}

fn metadata() -> Value {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(workspace())
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", TARGET])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Others' crates that a package comes to by what is compiled into it. `cargo metadata` takes optional ones to be
/// switched on that only tests or another platform do, so that with them there are too many and without too few.
fn reached(metadata: &Value, package: &str, optional: bool) -> BTreeSet<String> {
    let by_id = |list: &'static str, from: &Value| -> BTreeMap<String, Value> {
        let entries = from[list].as_array().unwrap().iter();
        entries.map(|entry| (entry["id"].as_str().unwrap().to_owned(), entry.clone())).collect()
    };
    let (packages, nodes) = (by_id("packages", metadata), by_id("nodes", &metadata["resolve"]));
    let is_first = |entry: &&Value| entry["name"] == package && entry["source"].is_null();
    let first = packages.values().find(is_first).unwrap()["id"].as_str().unwrap();
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![first.to_owned()]);
    while let Some(id) = ahead.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let declared = packages[&id]["dependencies"].as_array().unwrap();
        for dependency in nodes[&id]["deps"].as_array().unwrap() {
            let next = dependency["pkg"].as_str().unwrap();
            let compiled_in = dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
            let always = declared
                .iter()
                .any(|one| one["name"] == packages[next]["name"] && one["kind"].is_null() && one["optional"] == false);
            if compiled_in && (always || optional) {
                ahead.push(next.to_owned());
            }
        }
    }
    let others = seen.iter().map(|id| &packages[id]).filter(|package| !package["source"].is_null());
    others.map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["version"].as_str().unwrap())).collect()
}

#[test]
fn every_crate_of_a_program_is_named_and_zaggs_are_those_of_all() {
    let metadata = metadata();
    let mut zaggs = BTreeSet::new();
    for (program, package) in PROGRAMS {
        let text = third_party(&[program]);
        let named: BTreeSet<String> = crates(&text).into_keys().map(str::to_owned).collect();
        let (fewest, most) = (reached(&metadata, package, false), reached(&metadata, package, true));
        let missing: Vec<_> = fewest.difference(&named).collect();
        let strange: Vec<_> = named.difference(&most).collect();
        assert!(missing.is_empty() && strange.is_empty(), "{program} lacks {missing:?}, and has not {strange:?}");
        let (of, most) = (named.len(), most.len());
        assert!(fewest.len() > 100 && of * 10 > most * 9, "{program}: {of} of {most}");
        assert_eq!(text.contains("the work of the Independent JPEG Group"), program == "zagg");
        if program == "zagg" {
            zaggs = named;
        } else {
            // The image of all programs is attested with zagg's bill.
            assert!(named.is_subset(&zaggs), "{program}");
        }
    }
    let lambdas = third_party(&["--by-package", "zagg-worker"]);
    let lambdas: BTreeSet<String> = crates(&lambdas).into_keys().map(str::to_owned).collect();
    assert!(reached(&metadata, "zagg-worker", false).is_subset(&lambdas) && lambdas.is_subset(&zaggs));
}

#[test]
fn every_text_that_is_referred_to_is_there_and_the_same_sources_give_the_same() {
    let all = third_party(&[]);
    assert_eq!(all, third_party(&[]));
    let texts = all.lines().filter(|line| line.starts_with("Text ")).count();
    let mut referred = BTreeSet::new();
    for (name, said) in crates(&all) {
        let (_, rest) = said.split_once("; ").unwrap();
        let numbers = rest.split(';').next().unwrap().trim_start_matches("texts ").trim_start_matches("text ");
        if numbers == "no text wanted" {
            continue;
        }
        for number in numbers.split(", ") {
            _ = referred.insert(number.parse::<usize>().unwrap_or_else(|_| panic!("{name}: {said}")));
        }
    }
    let last = *referred.last().unwrap();
    assert!(referred.len() == last && (200..texts).contains(&last), "{last} of {texts}");
    for wanted in ["Bitstream Vera", "SQLite (public domain)", "The Rust Standard Library is"] {
        assert!(all.contains(wanted), "{wanted}");
    }
}

#[test]
fn a_crate_without_the_text_that_its_licence_wants_is_refused_by_name() {
    let work = Workdir::new();
    let worker = workspace().join("worker").display().to_string();
    let tree = format!("#!/bin/sh\nprintf '0|zagg-worker v0.1.0 ({worker})\\n1|silent v1.2.3\\n'\n");
    let path = stand_in(&work, "cargo", &tree);
    let source: PathBuf = "registry/src/index/silent-1.2.3".into();
    let ended = |licence: &str| {
        let manifest = format!("[package]\nname = \"silent\"\nversion = \"1.2.3\"\nlicense = \"{licence}\"\n");
        _ = work.write(source.join("Cargo.toml"), manifest);
        let mut command = script(&work.path("THIRD-PARTY"), &["zagg-worker"]);
        let output = command.env("PATH", &path).env("CARGO_HOME", work.root()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for licence in ["MIT", "MIT OR Apache-2.0", "MIT/ISC", "CC0-1.0 AND MIT", "(0BSD OR MIT) AND (BSD-3-Clause OR ISC)"]
    {
        let (passed, said) = ended(licence);
        let expected = format!("third-party: silent 1.2.3 ({licence}) holds no text of its licence");
        assert!(!passed && said.starts_with(&expected), "{licence}: {said}");
    }
    for licence in ["Unlicense", "MIT OR CC0-1.0", "Unlicense/MIT", "(0BSD OR MIT) AND (Zlib OR ISC)"] {
        assert_eq!(ended(licence), (true, String::new()), "{licence}");
    }
    // Who wrote it is no licence.
    _ = work.write(source.join("AUTHORS"), "A. Nonymous");
    assert!(!ended("MIT").0);
    _ = work.write(source.join("LICENSE-MIT"), "Do as you like.");
    assert_eq!(ended("MIT"), (true, String::new()));
    assert!(fs::read_to_string(work.path("THIRD-PARTY")).unwrap().contains("\nDo as you like.\n"));
}

#[test]
fn the_notice_of_musl_is_that_of_the_zig_that_links_it() {
    let zigs = python::inline(
        "import json, pathlib, ziglang; \
         print(json.dumps(pathlib.Path(ziglang.__file__).with_name('lib').joinpath('libc/musl/COPYRIGHT').read_text('utf-8')))",
        &[],
    );
    assert_eq!(zigs, fs::read_to_string(workspace().join("scripts/notices/musl")).unwrap());
}

/// A workflow as JSON.
fn workflow(name: &str) -> Value {
    let path = workspace().join(".github/workflows").join(name).display().to_string();
    python::inline("import json, sys, yaml; print(json.dumps(yaml.load(open(sys.argv[1]), yaml.BaseLoader)))", &[&path])
}

#[test]
fn a_step_fails_with_any_command_of_its_pipes() {
    for name in ["ci.yml", "release.yml"] {
        // GitHub's own default lacks `pipefail`; the shell that is named has it.
        assert_eq!(workflow(name)["defaults"]["run"]["shell"], "bash", "{name}");
    }
}

#[test]
fn checksums_are_of_every_asset_and_not_of_themselves() {
    let release = workflow("release.yml");
    let steps = release["jobs"]["release"]["steps"].as_array().unwrap();
    let collect = steps.iter().find(|step| step["name"] == "Collect").unwrap()["run"].as_str().unwrap();
    let work = Workdir::new();
    let assets =
        ["zagg-0.1.0.tgz", "zagg-0.1.0-linux-amd64.tar.gz", "zagg-lambda-arm64.zip", "zagg-linux-amd64.cdx.json"];
    for (number, asset) in assets.iter().enumerate() {
        _ = work.write(format!("dist/{number}/{asset}"), asset);
    }
    _ = work.write("dist/amd64/zagg", "a program");
    let ran = |folder: PathBuf, text: &str| {
        let output = Command::new("bash").args(["-eo", "pipefail", "-c", text]).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    _ = ran(work.path(""), collect);
    let checked = ran(work.path("assets"), "sha256sum --check SHA256SUMS");
    let checked: BTreeSet<String> = checked.lines().map(|line| line.trim_end_matches(": OK").to_owned()).collect();
    assert_eq!(checked, assets.map(str::to_owned).into());
}
