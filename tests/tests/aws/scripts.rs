//! A copy of `deployment/aws` whose templates `MiniStack` can deploy, and its scripts.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zagg_tests::kit::{
    MiniStack, Workdir,
    function::reaching,
    package,
    python::python,
    stack::{base_template, function_template, service_template},
    workspace,
};

/// Where programs are that stand in for others.
const STAND_INS: &str = "stand-ins";

/// What a script said, and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// Itself, if it ended so.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }
}

/// The scripts, their templates and a package, for one server.
pub(crate) struct Scripts {
    work: Workdir,
    endpoint: String,
}

impl Scripts {
    /// A copy that is for this server.
    pub(crate) fn new(server: &MiniStack) -> Self {
        let work = Workdir::new();
        for name in ["checks.sh", "common.sh", "stand_up.sh", "tear_down.sh"] {
            let copy = work.write(format!("aws/{name}"), "");
            std::fs::copy(workspace().join("deployment/aws").join(name), copy).unwrap();
        }
        work.write("aws/zagg-base.yaml", base_template());
        work.write("aws/zagg-lambda.yaml", function_template(2, &reaching(server, None)));
        work.write("aws/zagg-ecs.yaml", service_template());
        Self { work, endpoint: server.endpoint() }
    }

    /// The package of the function.
    pub(crate) fn package(&self) -> PathBuf {
        package::build_in(self.work.root())
    }

    /// A path beside the scripts.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work.path(name)
    }

    /// Puts a program of this name before the real one, which is what the rest of its `PATH` has.
    pub(crate) fn stand_in(&self, name: &str, text: &str) {
        let program = self.work.write(format!("{STAND_INS}/{name}"), text);
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a script, with nobody at a terminal.
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Told {
        self.ended(&self.work.path(format!("aws/{name}")), arguments)
    }

    /// Runs the aws command; what it printed.
    #[track_caller]
    pub(crate) fn aws(&self, arguments: &[&str]) -> String {
        let mut all = vec!["--endpoint-url", &self.endpoint, "--output", "text"];
        all.extend(arguments);
        self.ended(Path::new("aws"), &all).expect(0).out.trim().to_owned()
    }

    fn ended(&self, program: &Path, arguments: &[&str]) -> Told {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(MiniStack::environment(&self.endpoint)).stdin(Stdio::null());
        let real = path();
        let folders = std::iter::once(self.work.path(STAND_INS)).chain(std::env::split_paths(&real));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command.env("HOME", self.work.root()).current_dir(self.work.root());
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Told { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// Where the aws command is: beside the tests' Python, whose package it is, or wherever the system has it.
pub(crate) fn path() -> std::ffi::OsString {
    let ours = python().parent().map(Path::to_path_buf).into_iter();
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(ours.chain(std::env::split_paths(&others))).unwrap()
}
