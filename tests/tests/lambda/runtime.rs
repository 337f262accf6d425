//! The function under another runtime interface: cargo-lambda's emulator.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use zagg_tests::kit::{
    Function, MiniStack,
    fleet::until,
    function::{NAME, Settings},
    guard::{Guard, free_address, guarded},
    http::request_with,
    package,
    python::python,
    sqs,
};

use crate::far::in_s3;

/// The emulator, and the function that it serves. Both are gone when this is dropped.
struct Emulator {
    function: Child,
    address: SocketAddr,
    log: PathBuf,
    _guard: Guard,
}

impl Emulator {
    fn start(function: &Function) -> Self {
        let folder = function.job.work.path("emulator");
        // It wants to be in a package of that name.
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/main.rs"), "fn main() {}").unwrap();
        std::fs::write(folder.join("Cargo.toml"), format!("[package]\nname = \"{NAME}\"\nedition = \"2024\"\n"))
            .unwrap();
        let address = free_address();
        let program = python().with_file_name("cargo-lambda");
        let mut command = guarded(&folder, if program.exists() { program } else { "cargo-lambda".into() });
        command.args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"]);
        command.arg("--invoke-port").arg(address.port().to_string());
        command.current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = Guard::start(&mut command).unwrap();
        until("cargo-lambda listens (scripts/setup-tests installs it)", || TcpStream::connect(address).is_ok());
        let mut worker = Command::new(package::bootstrap());
        worker.env_clear().envs(MiniStack::environment(&function.server.endpoint())).stdin(Stdio::null());
        worker.env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{}/.rt/zagg", address.port()));
        worker.env("AWS_LAMBDA_FUNCTION_NAME", NAME).env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769");
        worker
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("log")).unwrap());
        Self { function: worker.spawn().unwrap(), address, log: folder.join("log"), _guard: guard }
    }

    /// What the function has logged.
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn invoke(&self, event: &Value) -> (u16, Value) {
        let path = "/2015-03-31/functions/zagg/invocations";
        let body = event.to_string();
        let (head, answer) =
            request_with(self.address, "POST", path, &[], body.as_bytes(), Duration::from_secs(120)).unwrap();
        (head.status(), serde_json::from_slice(&answer).unwrap_or_default())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.function.kill());
        drop(self.function.wait());
    }
}

/// The event that a trigger makes of a message on the queue.
fn event(function: &Function) -> Value {
    let (handle, body) = sqs::take(function.server.address(), NAME);
    json!({ "Records": [{
        "messageId": "1", "receiptHandle": handle, "body": body, "awsRegion": "us-east-1",
        "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": "1790000000000" },
        "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{NAME}"),
    }] })
}

#[test]
fn another_runtime_interface_gets_the_same_answers() {
    let server = MiniStack::start();
    let job = in_s3(&server);
    let function = Function::deploy(server, job, &Settings::default());
    function.stack.trigger(false);
    function.produce(&["--driver", "s3", "--max-cells", "1"]).expect(0);
    let mut emulator = Emulator::start(&function);

    let (status, refused) = emulator.invoke(&json!({ "no": "event of a queue" }));
    assert!(refused["errorMessage"].as_str().is_some_and(|text| text.contains("Records")), "{status}: {refused}");
    assert!(emulator.function.try_wait().unwrap().is_none(), "it goes on");

    assert_eq!(emulator.invoke(&event(&function)), (200, json!({ "batchItemFailures": [] })));
    assert_eq!((function.dead(), function.marked().len()), (Vec::new(), 1), "{}", emulator.said());
    assert!(emulator.function.try_wait().unwrap().is_none());
}

#[test]
fn an_event_that_is_no_queues_is_an_error_and_no_crash() {
    let server = MiniStack::start();
    let job = in_s3(&server);
    let function = Function::deploy(server, job, &Settings::default());
    for event in [json!({}), json!([]), json!({ "Records": [{ "messageId": "1" }] }), json!("text")] {
        let error = function.stack.invoke(&event).unwrap_err();
        assert!(error["errorMessage"].is_string() && error["errorType"] != "Runtime.ExitError", "{event}: {error}");
    }
    let first = function.processes();
    assert_eq!(first.len(), 1);
    assert_eq!(function.stack.invoke(&json!({ "Records": [] })), Ok(json!({ "batchItemFailures": [] })));

    // A queue that is not there can't be told anything: the whole batch must come back.
    let mut event = json!({ "Records": [{ "messageId": "1", "receiptHandle": "h", "body": "b",
        "attributes": { "ApproximateReceiveCount": "1" }, "eventSourceARN": "arn:aws:s3:::bucket" }] });
    let error = function.stack.invoke(&event).unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("arn:aws:sqs"), "{error}");
    event["Records"][0]["eventSourceARN"] = "arn:aws:sqs:us-east-1:000000000000:another".into();
    let error = function.stack.invoke(&event).unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("another"), "{error}");
    assert_eq!(function.processes(), first, "one process answered all");
}
