//! As much HTTP/1.1 as tests need: one request over a fresh connection, and message framing for
//! the proxy.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// A server with threads of its own.
pub trait Serve: Send + Sync + 'static {
    /// Whether it is to take no more clients.
    fn stopped(&self) -> &AtomicBool;

    /// Serves one client to its end.
    ///
    /// # Errors
    /// When the connection fails, which is what the client then sees; nobody else needs to know.
    fn serve(&self, client: TcpStream) -> io::Result<()>;
}

/// Takes clients, each on a thread of its own, until the server is stopped and somebody connects.
pub fn listen(listener: TcpListener, server: &Arc<impl Serve>) {
    let server = Arc::clone(server);
    thread::spawn(move || {
        for client in listener.incoming() {
            if server.stopped().load(SeqCst) {
                return;
            }
            let server = Arc::clone(&server);
            thread::spawn(move || client.and_then(|client| server.serve(client)));
        }
    });
}

/// A message's head: the start line and the header lines, verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The bytes, with the blank line.
    pub bytes: Vec<u8>,
}

impl Head {
    /// Reads a head; none when the connection ends before its first byte.
    ///
    /// # Errors
    /// When the connection fails or ends within the head, or the head is over 1 MiB.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            from.take(1 << 20).read_until(b'\n', &mut bytes)?;
            let line = bytes.get(before..).unwrap_or_default();
            if line.is_empty() {
                return if before == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            if line == b"\r\n" || line == b"\n" {
                return Ok(Some(Self { bytes }));
            }
            if bytes.len() > 1 << 20 {
                return Err(io::Error::other("a head of more than 1 MiB"));
            }
        }
    }

    /// The start line, without its end.
    #[must_use]
    pub fn start_line(&self) -> String {
        let line = self.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(line).trim_end().to_owned()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        text.lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned()))
    }

    /// The status code of a response's head.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start_line().split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// How the body after this head ends. `bodiless`: the head itself says that there is none (a
    /// response to HEAD). `to_end`: without other word, the body lasts until the connection ends.
    #[must_use]
    pub fn framing(&self, bodiless: bool, to_end: bool) -> Framing {
        if bodiless {
            return Framing::Length(0);
        }
        if self.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
            return Framing::Chunked;
        }
        match self.header("content-length").and_then(|value| value.parse().ok()) {
            Some(length) => Framing::Length(length),
            None if to_end => Framing::ToEnd,
            None => Framing::Length(0),
        }
    }
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the chunk of length 0 and its trailers.
    Chunked,
    /// With the connection.
    ToEnd,
}

/// Copies a body, verbatim; gives its bytes on the wire.
///
/// # Errors
/// When either side fails, or a chunk's length is no number.
pub fn copy_body(from: &mut impl BufRead, to: &mut impl Write, framing: Framing) -> io::Result<u64> {
    match framing {
        Framing::Length(length) => exactly(from, to, length),
        Framing::ToEnd => io::copy(from, to),
        Framing::Chunked => {
            let mut total = 0;
            loop {
                let mut line = Vec::new();
                from.take(1 << 16).read_until(b'\n', &mut line)?;
                to.write_all(&line)?;
                total += line.len() as u64;
                let text = String::from_utf8_lossy(&line);
                let size = u64::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16)
                    .map_err(io::Error::other)?;
                if size == 0 {
                    let trailers = Head::read(from)?.map_or_else(Vec::new, |head| head.bytes);
                    to.write_all(&trailers)?;
                    return Ok(total + trailers.len() as u64);
                }
                total += exactly(from, to, size + 2)?;
            }
        }
    }
}

fn exactly(from: &mut impl BufRead, to: &mut impl Write, length: u64) -> io::Result<u64> {
    let copied = io::copy(&mut from.take(length), to)?;
    if copied == length { Ok(copied) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Sends one request and gives the status and the body.
///
/// # Errors
/// When nobody listens, or no answer comes within 30 seconds.
pub fn request(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let (head, bytes) = request_with(address, method, path, &[], body, Duration::from_secs(30))?;
    Ok((head.status(), bytes))
}

/// Sends one request with further headers, and gives the answer's head and body.
///
/// # Errors
/// When nobody listens, or no answer comes within `patience`.
pub fn request_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> io::Result<(Head, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(patience))?;
    let length = body.len();
    let further: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{further}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = BufReader::new(stream);
    let head = Head::read(&mut answer)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let bodiless = method == "HEAD" || matches!(head.status(), 204 | 304);
    let mut bytes = Vec::new();
    match head.framing(bodiless, true) {
        Framing::Length(length) => _ = exactly(&mut answer, &mut bytes, length)?,
        Framing::Chunked => bytes = unchunked(&mut answer)?,
        Framing::ToEnd => _ = answer.read_to_end(&mut bytes)?,
    }
    Ok((head, bytes))
}

fn unchunked(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    copy_body(from, &mut raw, Framing::Chunked)?;
    let (mut rest, mut body) = (raw.as_slice(), Vec::new());
    loop {
        let mut line = String::new();
        rest.read_line(&mut line)?;
        let size =
            u64::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).map_err(io::Error::other)?;
        if size == 0 {
            return Ok(body);
        }
        exactly(&mut rest, &mut body, size)?;
        rest.read_line(&mut line)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_the_blank_line() {
        let mut bytes: &[u8] = b"GET /a HTTP/1.1\r\nRange: bytes=0-9\r\n\r\nbody";
        let head = Head::read(&mut bytes).unwrap().unwrap();
        assert_eq!(head.start_line(), "GET /a HTTP/1.1");
        assert_eq!(head.header("range").as_deref(), Some("bytes=0-9"));
        assert_eq!(head.framing(false, false), Framing::Length(0));
        assert_eq!(bytes, b"body");
        assert!(Head::read(&mut [].as_slice()).unwrap().is_none());
        assert!(Head::read(&mut b"GET /a".as_slice()).is_err());
    }

    #[test]
    fn a_chunked_body_is_copied_verbatim_and_no_further() {
        let raw = b"5;x=1\r\nhello\r\n2\r\n!!\r\n0\r\n\r\n";
        let mut bytes = [raw.as_slice(), b"next"].concat();
        let mut copy = Vec::new();
        let mut from = bytes.as_mut_slice() as &[u8];
        assert_eq!(copy_body(&mut from, &mut copy, Framing::Chunked).unwrap(), raw.len() as u64);
        assert_eq!((copy.as_slice(), from), (raw.as_slice(), b"next".as_slice()));
        assert_eq!(unchunked(&mut raw.as_slice()).unwrap(), b"hello!!");
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        assert!(copy_body(&mut b"abc".as_slice(), &mut Vec::new(), Framing::Length(4)).is_err());
    }
}
