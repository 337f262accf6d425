//! The Lambda function of a job: the shipped package and template in a `MiniStack` of its own.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::fleet::until;
use super::http::request;
use super::objects::{Objects, assert_same, marks, of_bucket, results_of_bucket};
use super::package::{ARCHITECTURE, package};
use super::stack::{base_template, function_template};
use super::{Ended, Job, MiniStack, Stack, sqs, zagg_bin};

/// The name of the queue and of the function.
pub const NAME: &str = "zagg";
/// The bucket and the key of the store.
pub const STORE: (&str, &str) = ("stores", "run");

/// How a function is deployed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seconds of an invocation.
    pub timeout: u32,
    /// Seconds after which a record comes back that was never settled.
    pub visibility: u32,
    /// Records of an invocation, at most.
    pub batch: u32,
    /// Records of an invocation in work at once.
    pub slots: u32,
    /// Deliveries after which the broker sets a record aside.
    pub receives: u32,
    /// Where the function finds S3, if not at the server itself.
    pub s3: Option<String>,
    /// Further variables of its environment.
    pub variables: Vec<(&'static str, &'static str)>,
}

impl Default for Settings {
    fn default() -> Self {
        let (timeout, visibility) = (60, 360);
        Self { timeout, visibility, batch: 10, slots: 2, receives: 5, s3: None, variables: Vec::new() }
    }
}

/// A job, its store in S3, and the function that does it.
#[derive(Debug)]
pub struct Function {
    /// The job.
    pub job: Job,
    /// The queue, the trigger, the function and the store.
    pub server: MiniStack,
    /// The stack.
    pub stack: Stack,
}

impl Function {
    /// Deploys the function for this job.
    #[must_use]
    pub fn deploy(server: MiniStack, job: Job, settings: &Settings) -> Self {
        let function = Self::standing(server, job);
        let server = &function.server;
        server.create_bucket(STORE.0);
        server.create_bucket("code");
        put(server, "/code/zagg-lambda.zip", package());
        let queue = [
            ("Name", NAME.to_owned()),
            ("StoreBucket", STORE.0.to_owned()),
            ("VisibilityTimeout", settings.visibility.to_string()),
            ("MaxReceiveCount", settings.receives.to_string()),
        ];
        let _ = Stack::create(server.address(), &format!("{NAME}-base"), &base_template(), &queue);
        let parameters = [
            ("Name", NAME.to_owned()),
            ("Queue", NAME.to_owned()),
            ("CodeBucket", "code".to_owned()),
            ("Architecture", ARCHITECTURE.to_owned()),
            ("StoreBucket", STORE.0.to_owned()),
            ("Timeout", settings.timeout.to_string()),
            ("BatchSize", settings.batch.to_string()),
            ("Slots", settings.slots.to_string()),
            ("MaxReceiveCount", settings.receives.to_string()),
        ];
        let mut variables = reaching(server, settings.s3.clone());
        variables.extend(settings.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let _ = Stack::create(server.address(), NAME, &function_template(2, &variables), &parameters);
        function
    }

    /// The function of this job that somebody else has deployed, or will, under the usual names.
    #[must_use]
    pub fn standing(server: MiniStack, mut job: Job) -> Self {
        for (name, value) in MiniStack::environment(&server.endpoint()) {
            job.set(name, &value);
        }
        let stack = Stack::of(server.address(), NAME);
        Self { job, server, stack }
    }

    /// The store's address.
    #[must_use]
    pub fn store(&self) -> String {
        format!("s3://{}/{}", STORE.0, STORE.1)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(zagg_bin::program(name));
        command.env_clear().current_dir(self.job.work.root()).stdin(Stdio::null());
        // The environment is `zagg`'s; the program is another.
        command.envs(self.job.zagg().get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Runs `zagg-produce` for the job and the queue of the stack; its report is what it printed.
    #[must_use]
    pub fn produce(&self, more: &[&str]) -> Ended {
        let mut command = self.program("zagg-produce");
        command.args(["--config", "atl06.yaml", "--catalog", "shardmap.json", "--store", &self.store(), "--json"]);
        command.args(["--queue", &format!("sqs://{NAME}")]).args(more);
        Ended::of_json(&command.output().expect("zagg-produce starts"))
    }

    /// Any `zagg` command.
    #[must_use]
    pub fn zagg(&self, arguments: &[&str]) -> Ended {
        Ended::of_json(&self.program("zagg").args(arguments).output().expect("zagg starts"))
    }

    /// `zagg status --json`.
    #[must_use]
    pub fn status(&self) -> Value {
        let ended = self.zagg(&["status", &self.store(), "--json"]);
        assert!(ended.report.is_object(), "{}", ended.said());
        ended.report
    }

    /// Shard and class of all that was set aside, by `zagg dead`; what is no job has no shard.
    #[must_use]
    pub fn dead(&self) -> Vec<(String, String)> {
        let ended = self.zagg(&["dead", "--queue", &format!("sqs://{NAME}"), "--json"]);
        let graves = ended.report.as_array().cloned().unwrap_or_else(|| panic!("{}", ended.said()));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        graves.iter().map(|grave| (text(&grave["shard"]), text(&grave["class"]))).collect()
    }

    /// Waits until the queue holds nothing, neither ready nor in flight.
    pub fn until_empty(&self) {
        self.until_empty_and(|| ());
        // The server takes what a function has printed a moment after it has answered; what comes later, after its next
        // answer. Both environments are asked for one, with nothing to do.
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| self.stack.try_invoke(&json!({ "Records": [] })));
            }
        });
    }

    /// The same, with something to do again and again meanwhile.
    pub fn until_empty_and(&self, mut meanwhile: impl FnMut()) {
        until("the queue is empty", || {
            meanwhile();
            // Of one moment: a message must not change sides between two questions.
            let attributes = sqs::attributes(self.server.address(), NAME);
            let number = |name: &str| sqs::number_in(&attributes, name);
            number("ApproximateNumberOfMessages") + number("ApproximateNumberOfMessagesNotVisible") == 0
        });
    }

    /// The metric lines that the function has printed.
    #[must_use]
    pub fn metrics(&self) -> Vec<Value> {
        let lines = self.stack.log();
        let objects = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|line| line.get("_aws").is_some()).collect()
    }

    /// The labels of the marked shards.
    #[must_use]
    pub fn marked(&self) -> BTreeSet<String> {
        marks(&of_bucket(self.server.address(), STORE.0, STORE.1)).into_iter().collect()
    }

    /// The labels of all shards of the job.
    #[must_use]
    pub fn shards(&self) -> BTreeSet<String> {
        marks(&self.expected()).into_iter().collect()
    }

    /// A mark.
    #[must_use]
    pub fn mark(&self, shard: &str) -> Value {
        let path = format!("/{}/{}/.zagg/marks/{shard}.json", STORE.0, STORE.1);
        let (status, body) = request(self.server.address(), "GET", &path, b"").expect("MiniStack answers");
        assert_eq!(status, 200, "{path}");
        serde_json::from_slice(&body).expect("a mark is JSON")
    }

    /// What the job gives undisturbed: the digests of a `zagg run` by itself.
    #[must_use]
    pub fn expected(&self) -> Objects {
        self.job.expected()
    }

    /// Asserts that the store holds what an undisturbed run gives.
    pub fn assert_whole(&self) {
        assert_same(&self.expected(), &results_of_bucket(self.server.address(), STORE.0, STORE.1));
    }

    /// The processes that run the function now.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        // There lies the package that the server has unpacked.
        let data = self.server.data().parent().expect("a folder of the server's own").to_owned();
        let all = std::fs::read_dir("/proc").expect("a list of processes").flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        ids.filter(|id| std::fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe.starts_with(&data))).collect()
    }

    /// Sends a signal to the processes that run the function now; how many they were.
    pub fn signal(&self, name: &str) -> usize {
        let signalled = self.processes().into_iter().filter(|id| {
            let status =
                Command::new("kill").args([&format!("-{name}"), &id.to_string()]).stderr(Stdio::null()).status();
            // It may have ended meanwhile.
            status.expect("kill starts").success()
        });
        signalled.count()
    }
}

/// What a function needs in its environment to find the server, and S3 elsewhere if it is there.
#[must_use]
pub fn reaching(server: &MiniStack, s3: Option<String>) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ENDPOINT_URL", server.endpoint()),
        ("AWS_ENDPOINT_URL_S3", s3.unwrap_or_else(|| server.endpoint())),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Puts an object.
pub fn put(server: &MiniStack, path: &str, bytes: &[u8]) {
    let (status, body) = request(server.address(), "PUT", path, bytes).expect("MiniStack answers");
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
}
