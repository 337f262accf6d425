//! Requests to an SQS server as other programs make them, without the client under test.

use std::net::SocketAddr;

use super::http::request;

/// Asks for an action of the query API; gives the answer, whatever it says.
pub fn ask(server: SocketAddr, action: &str, parameters: &[(&str, &str)]) -> String {
    let mut path = format!("/?Action={action}");
    for (name, value) in parameters {
        path.push_str(&format!("&{name}={}", escaped(value.as_bytes())));
    }
    let (_, body) = request(server, "GET", &path, b"").expect("MiniStack answers");
    String::from_utf8(body).expect("an answer is text")
}

/// Makes a queue with these attributes.
pub fn create_queue(server: SocketAddr, name: &str, attributes: &[(&str, &str)]) {
    let names: Vec<(String, String)> =
        (1..=attributes.len()).map(|n| (format!("Attribute.{n}.Name"), format!("Attribute.{n}.Value"))).collect();
    let mut parameters = vec![("QueueName", name)];
    for ((key, value), (name, content)) in names.iter().zip(attributes) {
        parameters.extend([(key.as_str(), *name), (value.as_str(), *content)]);
    }
    let answer = ask(server, "CreateQueue", &parameters);
    assert!(answer.contains("<QueueUrl>"), "{answer}");
}

/// Sends a message.
pub fn send(server: SocketAddr, queue: &str, body: &str) {
    let answer = ask(server, "SendMessage", &[("QueueUrl", &url(server, queue)), ("MessageBody", body)]);
    assert!(answer.contains("<MessageId>"), "{answer}");
}

/// Receives a message and leaves it in flight; gives its receipt handle.
#[must_use]
pub fn receive(server: SocketAddr, queue: &str) -> String {
    take(server, queue).0
}

/// Receives a message and leaves it in flight; gives its receipt handle and its body.
#[must_use]
pub fn take(server: SocketAddr, queue: &str) -> (String, String) {
    let answer = ask(server, "ReceiveMessage", &[("QueueUrl", &url(server, queue)), ("VisibilityTimeout", "60")]);
    let of = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    let (handle, body) = of("ReceiptHandle").zip(of("Body")).unwrap_or_else(|| panic!("no message came: {answer}"));
    (handle, body.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// The attributes of a queue.
#[must_use]
pub fn attributes(server: SocketAddr, queue: &str) -> String {
    let answer = ask(server, "GetQueueAttributes", &[("QueueUrl", &url(server, queue)), ("AttributeName.1", "All")]);
    // What follows names the request.
    answer.split("</GetQueueAttributesResult>").next().unwrap_or_default().to_owned()
}

/// A number among the attributes of a queue.
#[must_use]
pub fn number_in(attributes: &str, name: &str) -> u64 {
    let value =
        attributes.split_once(&format!("<Name>{name}</Name><Value>")).and_then(|(_, rest)| rest.split_once('<'));
    value.and_then(|(value, _)| value.parse().ok()).unwrap_or_else(|| panic!("no number {name}: {attributes}"))
}

/// A queue's URL.
#[must_use]
pub fn url(server: SocketAddr, queue: &str) -> String {
    format!("http://{server}/000000000000/{queue}")
}

/// Every byte as `%XX`.
pub(super) fn escaped(text: &[u8]) -> String {
    text.iter().map(|byte| format!("%{byte:02X}")).collect()
}
