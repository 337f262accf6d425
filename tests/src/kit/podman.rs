//! Containers and pods: Debian's `podman` with `runc`, installed by `scripts/setup-tests`. Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use super::fleet::until;
use super::guard::{Guard, guarded};
use super::{package, third_party, workspace, zagg_bin};

/// What a machine allows that has no systemd and not every capability.
const SETTINGS: &str = r#"[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"#;

/// Stands where a server would: waits to be told to end, and then removes whatever was made.
const CLEANER: &str = r#"sleep infinity & waiting=$!
trap 'kill $waiting' TERM
wait $waiting
"$@" pod rm --all --force --time 0
"$@" rm --all --force --time 0
grep -oE " $ZAGG_TEST_DATA[^ ]+" /proc/mounts | sort -r | xargs -r umount"#;

/// An engine with storage of its own and the images of the repository. Everything is removed when the last
/// user is gone, and when this process ends.
#[derive(Debug)]
pub struct Podman {
    folder: PathBuf,
    containers: AtomicUsize,
    // Removes what the others made.
    _guard: Guard,
}

impl Podman {
    /// The engine of this process; made when nobody has it.
    ///
    /// # Panics
    /// When `podman` is not installed, or an image cannot be built.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        static ENGINE: Mutex<Weak<Podman>> = Mutex::new(Weak::new());
        let mut engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engine.upgrade() {
            return engine;
        }
        let new = Arc::new(Self::start());
        *engine = Arc::downgrade(&new);
        new
    }

    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("zagg-podman-").tempdir().expect("a temporary folder").keep();
        fs::write(folder.join("containers.conf"), SETTINGS).expect("podman's settings");
        let mut cleaner = guarded(&folder, "bash");
        cleaner.args(["-c", CLEANER, "bash", "podman"]).args(options(&folder));
        cleaner.env("CONTAINERS_CONF", folder.join("containers.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = Guard::start(&mut cleaner).expect("a shell");
        let engine = Self { folder, containers: AtomicUsize::new(0), _guard: guard };
        engine.build();
        engine
    }

    /// Builds `localhost/zagg-worker:test` and `localhost/zagg:test` of programs that are there already: the
    /// release build of the worker, as it is shipped, and the others as the other tests run them.
    fn build(&self) {
        let programs = self.folder.join("programs");
        fs::create_dir(&programs).expect("a new folder");
        fs::copy(package::bootstrap(), programs.join("zagg-worker")).expect("a copied program");
        for name in ["zagg", "zagg-produce"] {
            // Without symbols: every container is a copy of its image here.
            let mut strip = Command::new("strip");
            strip.arg("-o").arg(programs.join(name)).arg(zagg_bin::program(name));
            said(&strip.output().expect("strip starts"));
        }
        _ = third_party::third_party_in(&programs, &[]);
        let mut script = Command::new(workspace().join("scripts/image"));
        script.arg("--programs").arg(&programs).args(["--tag", "test", "--", "podman"]).args(options(&self.folder));
        script.args(["build", "--format", "docker", "--quiet"]).env("REVISION", "0123abcd");
        said(
            &script.env("CONTAINERS_CONF", self.folder.join("containers.conf")).output().expect("scripts/image starts"),
        );
        fs::remove_dir_all(programs).expect("a removed folder");
    }

    /// `podman`, ready for arguments.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new("podman");
        command.args(options(&self.folder)).env("CONTAINERS_CONF", self.folder.join("containers.conf"));
        command.stdin(Stdio::null());
        command
    }

    /// What a command prints that must succeed.
    #[must_use]
    #[track_caller]
    pub fn said(&self, arguments: &[&str]) -> String {
        said(&self.command().args(arguments).output().expect("podman starts; if it is absent, run scripts/setup-tests"))
    }

    /// The details of an image, container or pod.
    #[must_use]
    pub fn inspect(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["inspect"];
        all.extend(arguments);
        let details: Value = serde_json::from_str(&self.said(&all)).expect("podman prints JSON");
        details[0].clone()
    }

    /// Starts a container of this image as it is to be run: nothing but its own memory can be written to, no
    /// capabilities, the network of this machine.
    #[must_use]
    pub fn run(
        self: &Arc<Self>,
        image: &str,
        environment: &[(String, String)],
        more: &[&str],
        arguments: &[&str],
    ) -> Container {
        let name = format!("container-{}", self.containers.fetch_add(1, Ordering::Relaxed));
        let mut command = self.command();
        command.args(["run", "--detach", "--name", &name, "--network", "host", "--read-only", "--cap-drop", "ALL"]);
        command.args(["--security-opt", "no-new-privileges"]);
        for (name, value) in environment {
            command.args(["--env", &format!("{name}={value}")]);
        }
        command.args(more).arg(format!("localhost/{image}:test")).args(arguments);
        said(&command.output().expect("podman starts"));
        Container { engine: Arc::clone(self), name }
    }
}

/// Where an engine keeps what it has.
fn options(folder: &Path) -> Vec<String> {
    let place = |name: &str| folder.join(name).display().to_string();
    let mut options = vec!["--root".to_owned(), place("root"), "--runroot".to_owned(), place("run")];
    // Layers as plain folders, no systemd, and a runtime that takes both kinds of control groups.
    options.extend(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc"].map(str::to_owned));
    options
}

#[track_caller]
fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.trim().to_owned()
}

/// A container. It is removed when it is dropped.
#[derive(Debug)]
pub struct Container {
    engine: Arc<Podman>,
    name: String,
}

impl Container {
    /// The engine's details of it.
    #[must_use]
    pub fn inspect(&self) -> Value {
        self.engine.inspect(&["--type", "container", &self.name])
    }

    /// The number of its process on this machine.
    #[must_use]
    pub fn pid(&self) -> u64 {
        self.inspect()["State"]["Pid"].as_u64().expect("a process")
    }

    /// Whether the check that its image names finds it well.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let mut command = self.engine.command();
        command.args(["healthcheck", "run", &self.name]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("podman starts").success()
    }

    /// Stops it as engines do, with so many seconds between SIGTERM and SIGKILL; its exit code.
    #[must_use]
    pub fn stop(&self, seconds: u32) -> i64 {
        _ = self.engine.said(&["stop", "--time", &seconds.to_string(), &self.name]);
        self.exit_code()
    }

    /// Kills it as a machine does that loses its power.
    pub fn kill(&self) {
        _ = self.engine.said(&["kill", "--signal", "KILL", &self.name]);
        until("the container is gone", || !self.is_running());
    }

    /// Waits until it ends by itself; its exit code.
    #[must_use]
    pub fn wait(&self) -> i64 {
        until("the container has ended", || !self.is_running());
        self.exit_code()
    }

    fn is_running(&self) -> bool {
        self.inspect()["State"]["Running"] == true
    }

    fn exit_code(&self) -> i64 {
        self.inspect()["State"]["ExitCode"].as_i64().expect("an exit code")
    }

    /// Everything that it said.
    #[must_use]
    pub fn logs(&self) -> String {
        let output = self.engine.command().args(["logs", &self.name]).output().expect("podman starts");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut command = self.engine.command();
        command.args(["rm", "--force", "--time", "0", &self.name]).stdout(Stdio::null()).stderr(Stdio::null());
        // The engine's guard removes what stays.
        drop(command.status());
    }
}
