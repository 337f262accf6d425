//! An answer on its way.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};

/// An answer on its way.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn page(page: &Value) -> Self {
        let body = page.to_string().into_bytes();
        Self { status: 200, kind: "application/geo+json; charset=utf-8", headers: String::new(), body }
    }

    pub(super) fn refusal(status: u16, why: &str) -> Self {
        let body = json!({"errors": [why]}).to_string().into_bytes();
        Self { status, kind: "application/json; charset=utf-8", headers: String::new(), body }
    }

    fn head(&self, framing: &str) -> String {
        let Self { status, kind, headers, .. } = self;
        format!("HTTP/1.1 {status} Thus\r\nContent-Type: {kind}\r\n{headers}{framing}\r\n")
    }

    pub(super) fn send(&self, to: &mut TcpStream) -> io::Result<()> {
        let head = self.head(&format!("Content-Length: {}\r\n", self.body.len()));
        to.write_all(head.as_bytes())?;
        to.write_all(&self.body)
    }

    /// Half of the body; the length is said, or else the body ends with the connection.
    pub(super) fn send_half(&self, with_length: bool, to: &mut TcpStream) -> io::Result<()> {
        let framing = match with_length {
            true => format!("Content-Length: {}\r\n", self.body.len()),
            false => "Connection: close\r\n".to_owned(),
        };
        to.write_all(self.head(&framing).as_bytes())?;
        to.write_all(self.body.get(..self.body.len() / 2).unwrap_or_default())?;
        to.shutdown(Shutdown::Both)
    }
}
