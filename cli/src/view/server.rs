//! The web server of the page: which address answers what, and to whom.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use zagg_map::pyramid::TileAt;

use super::{
    answer::{Answer, Failure},
    assets, cell,
    desk::Desk,
    facts,
};

/// Headers of every answer: nothing is fetched from elsewhere, nothing is shown within other pages, nothing is told
/// to other pages.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Everything that is answered.
pub(super) fn router(desk: Arc<Desk>, address: IpAddr) -> Router {
    Router::new()
        .route("/store.json", get(facts::store))
        .route("/field.json", get(facts::field))
        .route("/projection.json", get(facts::projection))
        .route("/coast.json", get(facts::coasts))
        .route("/shards.json", get(facts::shards))
        .route("/shard.json", get(facts::shard))
        .route("/status.json", get(facts::status))
        .route("/cell", get(cell::cell))
        .route("/tiles/{projection}/{field}/{z}/{x}/{y}", get(tile))
        .fallback(asset)
        .method_not_allowed_fallback(no_such_method)
        .with_state(desk)
        .layer(middleware::from_fn_with_state(address, guarded))
}

/// Lets only requests to the server's own names through, so that a page from elsewhere whose name was made to lead here
/// (DNS rebinding) gets nothing; and adds the headers.
async fn guarded(State(address): State<IpAddr>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let mut response = if is_own(host, address) {
        next.run(request).await
    } else {
        Failure::Host { expected: format!("localhost and {address}") }.into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}

/// Whether a `Host` header names this server: localhost, a loopback address, or the address that is listened at. Where
/// that is every address of the machine, any address will do: only names can be made to lead elsewhere.
fn is_own(host: Option<&str>, address: IpAddr) -> bool {
    let Some(host) = host else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(_, port)| is_port(port)).map(|(name, _)| name),
        None => match host.split_once(':') {
            Some((name, port)) => is_port(&format!(":{port}")).then_some(name),
            None => Some(host),
        },
    };
    let Some(name) = name else { return false };
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let named = name.parse::<IpAddr>();
    named.is_ok_and(|named| named.is_loopback() || named == address || address.is_unspecified())
}

/// Whether what follows a name is nothing, or a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

async fn no_such_method() -> Response {
    let mut response = Failure::Bad("only GET and HEAD are answered".to_owned()).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// The page and its parts.
async fn asset(method: Method, uri: Uri) -> Answer {
    if method != Method::GET && method != Method::HEAD {
        return Ok(no_such_method().await);
    }
    let (kind, bytes) =
        assets::find(uri.path()).ok_or_else(|| Failure::Absent(format!("there is nothing at {}", uri.path())))?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(kind))], Body::from(bytes)).into_response())
}

/// A tile: 256 by 256 values, float32, little-endian, row by row from the top; NaN where there is none. 204 where there
/// is none at all.
async fn tile(
    State(desk): State<Arc<Desk>>,
    Path((projection, field, z, x, y)): Path<(String, String, String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let seen = desk.seen();
    let (pyramid, atlas) = (seen.pyramid(&projection)?, seen.atlas()?);
    let wrong = || Failure::Bad(format!("{z}/{x}/{y} is no tile of {projection}"));
    let at = TileAt {
        zoom: z.parse().map_err(|_| wrong())?,
        x: x.parse().map_err(|_| wrong())?,
        y: y.parse().map_err(|_| wrong())?,
    };
    if pyramid.frame(at).is_none() {
        return Err(wrong());
    }
    atlas.source().array(&field)?;
    let (atlas, square, name) = (Arc::clone(atlas), pyramid.clone(), field.clone());
    let version = tokio::task::spawn_blocking(move || atlas.version(&square, &name, at)).await?;
    let tag = format!("\"{:x}-{version:x}\"", desk.start);
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let tag = [(ETAG, tag)];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    let _turn = desk.painting.acquire().await;
    let Some(values) = seen.atlas()?.tile(&pyramid, &field, at).await? else {
        return Ok((StatusCode::NO_CONTENT, tag).into_response());
    };
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok((tag, [(CONTENT_TYPE, "application/octet-stream")], Body::from(bytes)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_names_are_answered() {
        let own: IpAddr = "127.0.0.1".parse().unwrap();
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:9", "[::1]:8080", "[::1]", "127.0.0.1"] {
            assert!(is_own(Some(host), own), "{host}");
        }
        let strange = [
            "evil.example",
            "localhost.evil.example:8080",
            "127.0.0.1.evil.example",
            "10.0.0.1:8080",
            "",
            "[::1",
            "[::1]x",
            "localhost:x",
            "localhost:80:80",
            "127.0.0.1:99999",
        ];
        for host in strange {
            assert!(!is_own(Some(host), own), "{host}");
        }
        assert!(!is_own(None, own));
        assert!(is_own(Some("10.0.0.1:8080"), "10.0.0.1".parse().unwrap()));
        assert!(is_own(Some("10.0.0.1:8080"), "0.0.0.0".parse().unwrap()));
        assert!(!is_own(Some("evil.example"), "0.0.0.0".parse().unwrap()));
    }
}
