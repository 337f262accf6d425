//! What a server's answer to a ranged request means.

use std::ops::Range;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Response, StatusCode, header};

use crate::error::SourceError;
use crate::source::Head;

/// The bytes of `range` (`to_the_end`: fewer when the object ends before), or what is wrong.
pub(super) async fn read(
    href: &str,
    response: Response,
    range: &Range<u64>,
    to_the_end: bool,
    with_token: bool,
) -> Result<Head, SourceError> {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return Err(refusal(href, &response, range, with_token));
    }
    let Some(given) = content_range(&response) else {
        let answer = "206 without Content-Range".to_owned();
        return Err(SourceError::NoRanges { href: href.to_owned(), answer });
    };
    if given.start != range.start || given.start >= given.end || given.end > given.length {
        let answer = format!("206 of {}..{} out of {}", given.start, given.end, given.length);
        return Err(SourceError::NoRanges { href: href.to_owned(), answer });
    }
    let end = if to_the_end { range.end.min(given.length) } else { range.end };
    if end > given.length {
        return Err(SourceError::PastTheEnd { href: href.to_owned(), start: range.start, end: range.end });
    }
    let bytes = body(href, response, range.start, end - range.start).await?;
    Ok(Head { bytes, length: given.length })
}

/// Reads the body, which is to have `wanted` bytes; no more than those are held.
async fn body(href: &str, mut response: Response, start: u64, wanted: u64) -> Result<Bytes, SourceError> {
    let short = |got| SourceError::Short { href: href.to_owned(), start, wanted, got };
    let mut bytes = BytesMut::with_capacity(wanted as usize);
    while let Some(more) = response.chunk().await.map_err(|error| lost(href, error))? {
        if (bytes.len() + more.len()) as u64 > wanted {
            return Err(short((bytes.len() + more.len()) as u64));
        }
        bytes.extend_from_slice(&more);
    }
    match bytes.len() as u64 {
        got if got == wanted => Ok(bytes.freeze()),
        got => Err(short(got)),
    }
}

/// A request that got no answer, or whose answer broke off.
pub(super) fn lost(href: &str, error: reqwest::Error) -> SourceError {
    // The URL inside the error may be a signed one.
    SourceError::Connection { href: href.to_owned(), source: Box::new(error.without_url()) }
}

fn refusal(href: &str, response: &Response, range: &Range<u64>, with_token: bool) -> SourceError {
    let status = response.status();
    let (href, answer) = (href.to_owned(), status.as_u16().to_string());
    match status.as_u16() {
        401 | 403 if !with_token => SourceError::Denied {
            href,
            answer: format!("{answer}; no bearer token is known for this host (log in at Earthdata)"),
        },
        401 | 403 | 407 => SourceError::Denied { href, answer },
        404 | 410 => SourceError::Missing { href },
        416 => SourceError::PastTheEnd { href, start: range.start, end: range.end },
        429 | 503 => {
            let header = response.headers().get(header::RETRY_AFTER);
            let after = header.and_then(|value| value.to_str().ok()).and_then(retry_after);
            SourceError::Throttled { href, answer, after }
        }
        408 | 500..=599 => SourceError::Server { href, answer },
        // A page instead of a granule: archives send those who are not logged in to a form.
        200..=299 if is_page(response) => SourceError::Denied { href, answer: "a page to log in".to_owned() },
        200..=299 => SourceError::NoRanges { href, answer },
        _ => SourceError::Refused { href, answer, source: None },
    }
}

pub(in crate::source) fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

struct ContentRange {
    start: u64,
    end: u64,
    length: u64,
}

/// `bytes FIRST-LAST/LENGTH` (RFC 9110, section 14.4).
fn content_range(response: &Response) -> Option<ContentRange> {
    parse_content_range(response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?)
}

fn parse_content_range(text: &str) -> Option<ContentRange> {
    let (range, length) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    Some(ContentRange { start: first.trim().parse().ok()?, end, length: length.trim().parse().ok()? })
}

/// The wait that a `Retry-After` header asks for, in its form of seconds.
pub(in crate::source) fn retry_after(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_and_nonsense_is_not() {
        let range = parse_content_range("bytes 5-9/100").unwrap();
        assert_eq!((range.start, range.end, range.length), (5, 10, 100));
        for text in ["bytes */100", "bytes 5-9/*", "5-9/100", "bytes 0-18446744073709551615/1", ""] {
            assert!(parse_content_range(text).is_none(), "{text}");
        }
    }
}
