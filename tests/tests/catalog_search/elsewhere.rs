//! STAC APIs that are not NASA's.

use serde_json::json;
use zagg_catalog::stac::{Found, Query, Server, StacError, search};
use zagg_tests::kit::cmr::{Posts, Trouble};
use zagg_tests::kit::{Cmr, cmr::Asked};

use super::{catalog, query, says, settings};

async fn find(cmr: &Cmr, query: &Query) -> Result<Found, StacError> {
    let server = Server::at(&cmr.api(), settings()).unwrap();
    search(&server, query, |_| ()).await
}

fn methods(log: &[Asked]) -> Vec<&str> {
    log.iter().map(|asked| asked.method.as_str()).collect()
}

#[tokio::test]
async fn an_api_is_searched_by_posting_and_its_links_are_merged() {
    for posts in [Posts::Merged, Posts::Whole] {
        let (cmr, granules) = catalog(250);
        cmr.set_posts(posts);
        let query = Query { boxes: vec![[-180.0, -90.0, 180.0, 90.0]], ..query() };
        let found = find(&cmr, &query).await.unwrap();
        assert_eq!((found.entries, found.matched, found.pages), (granules, Some(250), 3), "{posts:?}");
        let log = cmr.log();
        assert_eq!(methods(&log), ["POST"; 3]);
        for asked in &log {
            assert_eq!(asked.target, "/v1/search");
            assert_eq!(asked.parameters["collections"], json!(["ATL06_007"]));
            assert_eq!(asked.parameters["bbox"], json!([-180.0, -90.0, 180.0, 90.0]));
            assert!(asked.credentials.is_empty());
        }
    }
}

#[tokio::test]
async fn an_api_that_takes_no_posts_is_got() {
    let (cmr, granules) = catalog(250);
    cmr.set_posts(Posts::Refused);
    let halves = Query { boxes: vec![[0.0, -90.0, 180.0, 90.0], [-180.0, -90.0, 0.0, 90.0]], ..query() };
    let found = find(&cmr, &halves).await.unwrap();
    assert_eq!(found.entries.len(), granules.len());
    let log = cmr.log();
    assert_eq!(methods(&log)[..2], ["POST", "GET"]);
    assert_eq!(methods(&log).iter().filter(|method| **method == "POST").count(), 1, "it is tried once");
}

#[tokio::test]
async fn further_parameters_are_sent_as_they_are() {
    let (cmr, _) = catalog(3);
    let mut query = query();
    query.further.insert("sortby".to_owned(), json!([{"field": "datetime", "direction": "asc"}]));
    find(&cmr, &query).await.unwrap();
    assert_eq!(cmr.log()[0].parameters["sortby"], query.further["sortby"]);
}

#[tokio::test]
async fn trouble_passes_there_as_well() {
    let (cmr, granules) = catalog(250);
    cmr.trouble(1, Trouble::Refused { status: 500, word: "Oops!" });
    cmr.trouble(2, Trouble::Instead(1));
    cmr.trouble(3, Trouble::Cut);
    let found = find(&cmr, &query()).await.unwrap();
    assert_eq!((found.entries, found.retries), (granules, 3));
    assert_eq!(cmr.pages(), [1, 1, 2, 2, 3, 3]);
}

#[tokio::test]
async fn posting_to_nasa_would_work_too_since_its_links_are_got() {
    let (cmr, granules) = catalog(250);
    let server = Server::at(&format!("{}/NSIDC_CPRD", cmr.root()), settings()).unwrap();
    let found = search(&server, &query(), |_| ()).await.unwrap();
    assert_eq!(found.entries, granules);
    assert_eq!(methods(&cmr.log()), ["POST", "GET", "GET"]);
}

#[tokio::test]
async fn the_address_of_a_page_is_no_api() {
    let (cmr, _) = catalog(3);
    let server = Server::at(&format!("{}/elsewhere", cmr.api()), settings()).unwrap();
    says(search(&server, &query(), |_| ()).await, &["404", "Unable to find", "server's address"]);
}
