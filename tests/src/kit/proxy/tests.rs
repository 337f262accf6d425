use std::io::Read;
use std::time::Instant;

use super::*;
use crate::kit::http::request;

/// A server that answers every request with its own start line, keeping the connection.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || -> io::Result<()> {
                let mut to = client.try_clone()?;
                let mut from = BufReader::new(client);
                while let Some(head) = Head::read(&mut from)? {
                    copy_body(&mut from, &mut Vec::new(), head.framing(false, false))?;
                    let line = head.start_line();
                    write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len())?;
                }
                Ok(())
            });
        }
    });
    address
}

fn get(proxy: &Proxy, path: &str) -> io::Result<(u16, String)> {
    request(proxy.address(), "GET", path, b"").map(|(status, body)| (status, String::from_utf8(body).unwrap()))
}

#[test]
fn requests_pass_and_are_counted() {
    let proxy = Proxy::before(echo());
    assert_eq!(get(&proxy, "/a?b").unwrap(), (200, "GET /a?b HTTP/1.1".to_owned()));
    assert_eq!(request(proxy.address(), "PUT", "/c", b"1234").unwrap().0, 200);
    assert_eq!((proxy.requests(), proxy.bytes_up(), proxy.bytes_down()), (2, 4, 17 + 15));
    let log = proxy.log();
    assert_eq!((log[0].method.as_str(), log[0].target.as_str(), log[1].status), ("GET", "/a?b", 200));
    proxy.forget();
    assert_eq!((proxy.requests(), proxy.bytes_up(), proxy.log().len()), (0, 0, 0));
}

#[test]
fn a_connection_serves_many_requests() {
    let proxy = Proxy::before(echo());
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /x HTTP/1.1\r\n\r\n").unwrap();
        let mut from = BufReader::new(stream.try_clone().unwrap());
        let head = Head::read(&mut from).unwrap().unwrap();
        let mut body = Vec::new();
        copy_body(&mut from, &mut body, head.framing(false, true)).unwrap();
        assert_eq!(body, b"GET /x HTTP/1.1");
    }
    assert_eq!(proxy.requests(), 3);
}

#[test]
fn latency_is_added_to_every_request() {
    let proxy = Proxy::before(echo());
    proxy.set_latency(Duration::from_millis(60));
    let start = Instant::now();
    get(&proxy, "/").unwrap();
    get(&proxy, "/").unwrap();
    assert!(start.elapsed() >= Duration::from_millis(120), "{:?}", start.elapsed());
}

#[test]
fn every_nth_request_is_refused_or_cut_as_told() {
    let proxy = Proxy::before(echo());
    proxy.set_busy_every(2);
    let statuses: Vec<u16> = (0..4).map(|_| get(&proxy, "/").unwrap().0).collect();
    assert_eq!(statuses, [200, 503, 200, 503]);
    proxy.set_busy_every(0);
    proxy.set_cut_every(3);
    let ends: Vec<bool> = (0..3).map(|_| get(&proxy, "/").is_ok()).collect();
    assert_eq!(ends, [true, false, true], "the sixth request of all is cut");
    assert_eq!(proxy.log().iter().filter(|request| request.status == 0).count(), 1);
}

#[test]
fn a_refusal_is_as_long_as_it_says() {
    let head = Head::read(&mut &*BUSY).unwrap().unwrap();
    assert_eq!(head.header("content-length").unwrap(), (BUSY.len() - head.bytes.len()).to_string());
}

#[test]
fn a_dropped_proxy_listens_no_more() {
    let proxy = Proxy::before(echo());
    let address = proxy.address();
    drop(proxy);
    let closed = (0..50).any(|_| {
        thread::sleep(Duration::from_millis(20));
        match TcpStream::connect(address) {
            Err(_) => true,
            Ok(mut stream) => {
                _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
                matches!(stream.read(&mut [0]), Ok(0))
            }
        }
    });
    assert!(closed);
}
