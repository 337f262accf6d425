//! What is said twice about the images is said alike, and what others read is what they read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use zagg_tests::kit::{Workdir, python, workspace};

fn text(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap()
}

/// The last stages of a Dockerfile.
fn images(dockerfile: &str) -> String {
    let text = text(dockerfile);
    let start = text.find("# The worker alone.\n").unwrap_or_else(|| panic!("{dockerfile} has no stage of the worker"));
    text[start..].to_owned()
}

#[test]
fn both_dockerfiles_make_the_same_images() {
    assert_eq!(images("docker/Dockerfile"), images("docker/Dockerfile.binaries"));
}

#[test]
fn the_script_tells_the_engine_for_which_architecture_an_image_is() {
    let work = Workdir::new();
    let program = work.write("programs/zagg-worker", "");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for arch in ["amd64", "arm64"] {
        let mut script = Command::new(workspace().join("scripts/image"));
        script.arg("--programs").arg(work.path("programs")).args(["--arch", arch, "--", "echo", "build"]);
        let output = script.env("CA_CERTIFICATES", &program).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with(&format!("build --platform linux/{arch} ")), "{said}");
    }
}

#[test]
fn the_compilers_image_has_the_toolchain_of_the_repository() {
    let toolchain: String = text("rust-toolchain.toml")
        .lines()
        .find_map(|line| line.strip_prefix("channel = ").map(|version| version.trim_matches('"').to_owned()))
        .unwrap();
    let dockerfile = text("docker/Dockerfile");
    assert!(dockerfile.contains(&format!("library/rust:{toolchain}-slim-bookworm\n")), "{toolchain}");
    assert!(dockerfile.contains(&format!("RUSTUP_TOOLCHAIN={toolchain}\n")), "{toolchain}");
}

#[test]
fn images_and_development_compile_with_the_same_zig() {
    let [images, development] = ["docker/requirements.txt", "tests/python/requirements.txt"].map(text);
    for package in ["cargo-zigbuild==", "ziglang=="] {
        let version = |text: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(package)).unwrap_or_else(|| panic!("{package}"));
            line.trim_end_matches(" \\").to_owned()
        };
        assert_eq!(version(&images), version(&development), "{package}");
    }
}

/// Runs a program of the tests' Python environment on files of the repository; asserts that it finds nothing wrong.
fn judged(program: &str, arguments: &[&str]) {
    let place = python::python().with_file_name(program);
    let output = Command::new(&place).current_dir(workspace()).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; run scripts/setup-tests", place.display()));
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}\n{said}");
}

#[test]
fn hadolint_minds_nothing_in_the_dockerfiles() {
    judged("hadolint", &["docker/Dockerfile", "docker/Dockerfile.binaries", "docker/compose/aws/Dockerfile"]);
}

#[test]
fn the_compose_file_is_of_the_compose_specification() {
    judged("check-jsonschema", &["--builtin-schema", "vendor.compose-spec", "compose.yaml"]);
}

#[test]
fn compose_publishes_nothing_but_on_the_loopback_interface() {
    let ports = python::inline(
        "import json, sys, yaml; services = yaml.safe_load(open(sys.argv[1]))['services']; \
         print(json.dumps([port for service in services.values() for port in service.get('ports', [])]))",
        &[&workspace().join("compose.yaml").display().to_string()],
    );
    let ports = ports.as_array().unwrap();
    assert!(ports.len() >= 4 && ports.iter().all(|port| port.as_str().unwrap().starts_with("127.0.0.1:")), "{ports:?}");
}

#[test]
fn the_workflows_are_what_github_reads_and_give_away_nothing() {
    let workflows = [".github/workflows/ci.yml", ".github/workflows/release.yml"];
    judged("check-jsonschema", &[&["--builtin-schema", "vendor.github-workflows"], &workflows[..]].concat());
    judged("zizmor", &[&["--offline", "--no-progress", "--quiet"], &workflows[..]].concat());
}

#[test]
fn every_action_is_pinned_by_its_commit() {
    for workflow in ["ci.yml", "release.yml"] {
        let text = text(&format!(".github/workflows/{workflow}"));
        let uses = text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: "));
        for used in uses {
            let (action, version) = used.split_once(" # ").unwrap_or_else(|| panic!("{used} names no version"));
            let commit = action.split_once('@').unwrap().1;
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{workflow}: {used}");
            assert!(version.starts_with('v'), "{workflow}: {used}");
        }
    }
}
