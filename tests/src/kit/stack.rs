//! Stacks, functions and logs of a `MiniStack`, by plain requests.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::fleet::until;
use super::http::{Head, request_with};
use super::sqs::escaped;
use super::workspace;

/// The version in the paths of Lambda's API.
const LAMBDA: &str = "/2015-03-31";

/// A deployed stack of the function `name`: its functions and logs are found by that name.
#[derive(Debug, Clone)]
pub struct Stack {
    server: SocketAddr,
    name: String,
}

impl Stack {
    /// The stack's function, deployed by somebody else.
    #[must_use]
    pub fn of(server: SocketAddr, name: &str) -> Self {
        Self { server, name: name.to_owned() }
    }

    /// Makes a stack of a template and waits until it is complete.
    #[must_use]
    pub fn create(server: SocketAddr, name: &str, template: &str, parameters: &[(&str, String)]) -> Self {
        let stack = Self::of(server, name);
        let mut form =
            vec![("StackName".to_owned(), name.to_owned()), ("TemplateBody".to_owned(), template.to_owned())];
        form.push(("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()));
        for (number, (key, value)) in (1..).zip(parameters) {
            form.push((format!("Parameters.member.{number}.ParameterKey"), (*key).to_owned()));
            form.push((format!("Parameters.member.{number}.ParameterValue"), value.clone()));
        }
        let answer = stack.form("CreateStack", &form);
        assert!(answer.contains("<StackId>"), "{answer}");
        until("the stack is complete", || {
            let answer = stack.form("DescribeStacks", &[("StackName".to_owned(), name.to_owned())]);
            assert!(!answer.contains("ROLLBACK") && !answer.contains("FAILED"), "{answer}");
            answer.contains("<StackStatus>CREATE_COMPLETE")
        });
        stack
    }

    /// Lets the queue trigger the function, or not.
    pub fn trigger(&self, enabled: bool) {
        let list = self.lambda("GET", "event-source-mappings/", &Value::Null).1;
        let id = list["EventSourceMappings"][0]["UUID"].as_str().unwrap_or_else(|| panic!("no mapping: {list}"));
        let path = format!("event-source-mappings/{id}");
        let (_, mapping) = self.lambda("PUT", &path, &json!({ "Enabled": enabled }));
        assert_eq!(mapping["State"], if enabled { "Enabled" } else { "Disabled" }, "{mapping}");
    }

    /// Invokes the function; its answer, or as an error what it failed of.
    ///
    /// # Errors
    /// When the function failed.
    pub fn invoke(&self, event: &Value) -> Result<Value, Value> {
        let (head, answer) = self.try_invoke(event);
        assert_eq!(head.status(), 200, "{answer}");
        if head.header("x-amz-function-error").is_some() { Err(answer) } else { Ok(answer) }
    }

    /// Invokes the function, which may be busy; what the platform says.
    pub fn try_invoke(&self, event: &Value) -> (Head, Value) {
        self.lambda("POST", &format!("functions/{}/invocations", self.name), event)
    }

    /// What the function has printed so far, in no certain order of invocations.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        let group = format!("/aws/lambda/{}", self.name);
        let (mut lines, mut next) = (Vec::new(), Value::Null);
        loop {
            let mut ask = json!({ "logGroupName": group });
            if !next.is_null() {
                ask["nextToken"] = next;
            }
            let headers =
                [("X-Amz-Target", "Logs_20140328.FilterLogEvents"), ("Content-Type", "application/x-amz-json-1.1")];
            let (_, page) = self.json("POST", "/", &headers, &ask);
            let events = page["events"].as_array().unwrap_or_else(|| panic!("no events: {page}"));
            lines.extend(events.iter().filter_map(|event| event["message"].as_str()).map(str::to_owned));
            next = page["nextToken"].clone();
            if next.is_null() {
                return lines;
            }
        }
    }

    fn lambda(&self, method: &str, path: &str, body: &Value) -> (Head, Value) {
        let scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request";
        let headers = [("Content-Type", "application/json"), ("Authorization", scope)];
        self.json(method, &format!("{LAMBDA}/{path}"), &headers, body)
    }

    fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (Head, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let patience = Duration::from_secs(120);
        let (head, answer) =
            request_with(self.server, method, path, headers, body.as_bytes(), patience).expect("MiniStack answers");
        let text = String::from_utf8_lossy(&answer).into_owned();
        (head, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// What ECS answers.
    #[must_use]
    pub fn ecs(&self, action: &str, ask: &Value) -> Value {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        let headers = [("X-Amz-Target", target.as_str()), ("Content-Type", "application/x-amz-json-1.1")];
        let (head, answer) = self.json("POST", "/", &headers, ask);
        assert_eq!(head.status(), 200, "{action}: {answer}");
        answer
    }

    fn form(&self, action: &str, parameters: &[(String, String)]) -> String {
        let mut form = format!("Action={action}&Version=2010-05-15");
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", escaped(value.as_bytes())));
        }
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let patience = Duration::from_secs(120);
        let (_, answer) =
            request_with(self.server, "POST", "/", &headers, form.as_bytes(), patience).expect("MiniStack answers");
        String::from_utf8(answer).expect("an answer is text")
    }
}

/// The template of a part: base, lambda, ecs.
fn text_of(part: &str) -> String {
    let path = workspace().join(format!("deployment/aws/zagg-{part}.yaml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The template of the queue, but for what `MiniStack` 1.5 can't do: alarms on more than one metric.
#[must_use]
pub fn base_template() -> String {
    without(text_of("base"), &["Stalled"])
}

/// The function's template, but for such alarms, and for a concurrency that is a parameter: parameters
/// are texts in `MiniStack`, and its trigger wants a number. `variables` are added to the function's
/// environment, so that it finds `MiniStack`.
#[must_use]
pub fn function_template(concurrency: u32, variables: &[(String, String)]) -> String {
    let text = without(text_of("lambda"), &["Errors", "Cost"]);
    let text = replaced(&text, "!Ref MaximumConcurrency", &concurrency.to_string());
    let further: String = variables.iter().map(|(name, value)| format!("          {name}: {value:?}\n")).collect();
    replaced(&text, "        Variables:\n", &format!("        Variables:\n{further}"))
}

/// The service's template, but for such alarms, for numbers that are parameters, and for all scaling,
/// of which `MiniStack` knows nothing.
#[must_use]
pub fn service_template() -> String {
    let text = without(text_of("ecs"), &["Scaling", "Backlog", "Wake", "Asleep", "Idle", "Cost"]);
    let numbers =
        [("Base: !Ref OnDemandTasks", "0"), ("Weight: !Ref OnDemandWeight", "1"), ("Weight: !Ref SpotWeight", "4")];
    numbers.into_iter().fold(text, |text, (from, number)| {
        let (name, _) = from.split_once(' ').expect("a name and a value");
        replaced(&text, from, &format!("{name} {number}"))
    })
}

/// A template without these resources.
fn without(text: String, resources: &[&str]) -> String {
    resources.iter().fold(text, |text, resource| {
        let begin = text.find(&format!("\n  {resource}:\n    Type:")).unwrap_or_else(|| panic!("no {resource}")) + 1;
        let mut end = begin + text[begin..].find('\n').expect("a line") + 1;
        for line in text[end..].split_inclusive('\n') {
            if !line.starts_with("    ") && !line.trim().is_empty() {
                break;
            }
            end += line.len();
        }
        format!("{}{}", &text[..begin], &text[end..])
    })
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "the template has one {from:?}");
    text.replace(from, to)
}
