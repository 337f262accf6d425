//! What is refused: by the server, and by us.

use serde_json::json;
use zagg_catalog::stac::{Query, SearchSettings, Server, StacError, search};
use zagg_core::fault::Fault;
use zagg_tests::kit::cmr::Trouble;
use zagg_tests::kit::http::request;
use zagg_tests::kit::{Cmr, Web};

use super::{catalog, find, find_with, query, says, settings};

#[tokio::test]
async fn nothing_found_names_what_was_searched_and_what_to_check() {
    let (cmr, _) = catalog(3);
    let time = zagg_catalog::stac::TimeRange::of_days(Some("2024-01-06"), Some("2024-01-07")).unwrap();
    let unknown = Query { boxes: vec![[1.0, 2.0, 3.0, 4.0]], time, ..Query::of_product("ATL99", "007") };
    let words = [
        "no granules of ATL99_007",
        "[1.0, 2.0, 3.0, 4.0]",
        "from 2024-01-06T00:00:00Z to 2024-01-07T23:59:59.999Z",
        "does not tell an unknown collection from one without matches",
    ];
    let error = says(find(&cmr, &unknown).await, &words);
    assert_eq!(error.fault(), Fault::Missing);
}

#[tokio::test]
async fn an_unknown_provider_is_named_by_the_server() {
    let (cmr, _) = catalog(3);
    let server = Server::cmr_at(&cmr.root(), "NSIDC", settings()).unwrap();
    let error =
        says(search(&server, &query(), |_| ()).await, &["404: Provider [NSIDC] not found.", "check the provider"]);
    assert_eq!(error.fault(), Fault::Missing);
    assert_eq!(cmr.pages(), [1], "and asked once");
}

#[tokio::test]
async fn a_refusal_is_given_in_the_servers_words_at_once() {
    let (cmr, _) = catalog(3);
    let large = SearchSettings { page: 5001, ..settings() };
    let error = says(find_with(&cmr, &query(), large).await, &["400: Limit must be between 0 and 5000"]);
    assert_eq!(error.fault(), Fault::Malformed);
    for (status, fault) in [(401, Fault::Denied), (403, Fault::Denied), (410, Fault::Missing), (418, Fault::Malformed)]
    {
        cmr.trouble(1, Trouble::Refused { status, word: "No." });
        assert_eq!(says(find(&cmr, &query()).await, &[&status.to_string()[..1]]).fault(), fault, "{status}");
    }
    assert_eq!(cmr.log().len(), 5);
}

#[tokio::test]
async fn a_link_to_another_server_is_not_followed() {
    let (cmr, _) = catalog(250);
    let other = Web::new();
    cmr.trouble(1, Trouble::Leads(format!("http://{}/stac/NSIDC_CPRD/search?cursor=x", other.address())));
    let error = says(find(&cmr, &query()).await, &["from page 1", "another server", &other.address().to_string()]);
    assert!(matches!(error, StacError::Next { .. }), "{error}");
    assert_eq!(other.log(), []);
}

#[tokio::test]
async fn a_redirect_is_followed_within_the_server_only() {
    let (cmr, granules) = catalog(3);
    cmr.trouble(1, Trouble::Redirect("/stac/NSIDC_CPRD/search?collections=ATL06_007&limit=100".to_owned()));
    assert_eq!(find(&cmr, &query()).await.unwrap().entries, granules);
    let other = Web::new();
    cmr.trouble(1, Trouble::Redirect(format!("http://{}/login", other.address())));
    says(find(&cmr, &query()).await, &["302", "a redirect to", "not followed"]);
    assert_eq!(other.log(), []);
    // In a circle, within the server.
    cmr.trouble_everywhere(Trouble::Redirect("/stac/NSIDC_CPRD/search".to_owned()));
    says(find(&cmr, &query()).await, &["302"]);
}

#[tokio::test]
async fn an_answer_that_is_no_list_of_items_is_shown_in_part() {
    let (cmr, _) = catalog(3);
    cmr.trouble(1, Trouble::Html);
    says(find(&cmr, &query()).await, &["page 1", "no list of STAC items", "<!DOCTYPE html>"]);
    for odd in
        ["[]", "null", r#"{"type":"FeatureCollection"}"#, r#"{"features":[{"type":"Feature"}]}"#, r#"{"features":{}}"#]
    {
        cmr.trouble(1, Trouble::Odd(odd));
        let error = says(find(&cmr, &query()).await, &["no list of STAC items"]);
        assert_eq!(error.fault(), Fault::Malformed, "{odd}");
    }
}

#[tokio::test]
async fn an_answer_that_is_far_too_large_is_not_read() {
    let (cmr, _) = catalog(3);
    cmr.trouble(1, Trouble::Huge(4 << 20));
    let small = SearchSettings { max_body: 1 << 20, ..settings() };
    let error = says(find_with(&cmr, &query(), small).await, &["larger than 1048576 bytes"]);
    assert_eq!(error.fault(), Fault::Capacity);
}

#[tokio::test]
async fn a_box_across_180_is_not_sent() {
    let (cmr, _) = catalog(3);
    let crossing = Query { boxes: vec![[170.0, 0.0, -170.0, 1.0]], ..query() };
    says(find(&cmr, &crossing).await, &["to be split"]);
    assert_eq!(cmr.log(), []);
}

/// What the stand-in answers to a query of ours that we never send.
fn status(cmr: &Cmr, query: &str) -> (u16, String) {
    let address = cmr.root().trim_start_matches("http://").trim_end_matches("/stac").parse().unwrap();
    let (status, body) = request(address, "GET", &format!("/stac/NSIDC_CPRD/search?{query}"), b"").unwrap();
    (status, String::from_utf8(body).unwrap())
}

#[test]
fn the_stand_in_is_as_strict_as_the_archive() {
    let (cmr, _) = catalog(30);
    for (query, word) in [
        ("limit=5001", "Limit must be"),
        ("limit=-1", "Limit must be"),
        ("bbox=170,0,-170,1", "BBOX must be"),
        ("bbox=0,0,1", "BBOX must be"),
        ("bbox=0,0,1,91", "BBOX must be"),
        ("bbox=0,0,1,1&intersects=%7B%7D", "mutually exclusive"),
        ("datetime=2024-01-06", "RFC3339"),
        ("datetime=2024-01-06T00:00:00", "RFC3339"),
        ("datetime=../..", "RFC3339"),
        ("datetime=2024-01-06T00:00:00Z/2024-01-05T00:00:00Z", "RFC3339"),
    ] {
        let (status, body) = status(&cmr, query);
        assert!(status == 400 && body.contains(word), "{query}: {status} {body}");
    }
    for (query, returned) in [
        ("", 10),
        ("limit=100", 30),
        ("collections=ATL06.v007&limit=100", 30),
        ("collections=ATL06_006&limit=100", 0),
        ("datetime=2024-01-06T00:00:00Z/..&limit=100", 30),
    ] {
        let (status, body) = status(&cmr, query);
        let page: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &page["context"]["returned"]), (200, &json!(returned)), "{query}");
    }
}
