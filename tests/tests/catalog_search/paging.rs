//! Pages, boxes, and what is told of them.

use serde_json::json;
use zagg_catalog::stac::{Query, SearchSettings, TimeRange};
use zagg_catalog::{Area, Entry, Part};
use zagg_tests::kit::{Cmr, cmr};

use super::{catalog, find, find_with, query, says, server, settings, watch};

#[tokio::test]
async fn all_pages_come_in_the_servers_order_with_everything_that_they_say() {
    let (cmr, granules) = catalog(250);
    let found = find(&cmr, &query()).await.unwrap();
    assert_eq!(found.entries, granules);
    assert_eq!((found.matched, found.pages, found.retries, found.duplicates), (Some(250), 3, 0, 0));
    assert!(found.notes.is_empty() && found.without_footprint.is_empty() && found.without_data.is_empty());
    assert_eq!(cmr.pages(), [1, 2, 3]);
}

#[tokio::test]
async fn after_a_full_last_page_there_is_an_empty_one() {
    let (cmr, granules) = catalog(200);
    let found = find(&cmr, &query()).await.unwrap();
    assert_eq!((found.entries, found.pages), (granules, 3));
    assert_eq!(cmr.pages(), [1, 2, 3]);
}

#[tokio::test]
async fn the_archive_is_asked_in_its_own_words_and_never_told_who_asks() {
    let (cmr, _) = catalog(150);
    let time = TimeRange::of_days(Some("2024-01-06"), Some("2024-04-06")).unwrap();
    find(&cmr, &Query { boxes: vec![[-180.0, -90.0, 180.0, 90.0]], time, ..query() }).await.unwrap();
    for asked in cmr.log() {
        assert_eq!((asked.method.as_str(), asked.credentials.as_slice()), ("GET", &[][..]));
        assert!(asked.target.starts_with("/stac/NSIDC_CPRD/search?"), "{}", asked.target);
        let parameters = ["collections", "bbox", "datetime", "limit"].map(|name| asked.parameters[name].clone());
        let dates = "2024-01-06T00:00:00Z/2024-04-06T23:59:59.999Z";
        assert_eq!(parameters, [json!("ATL06_007"), json!("-180,-90,180,90"), json!(dates), json!("100")]);
    }
}

#[tokio::test]
async fn dates_and_boxes_choose_among_the_granules() {
    let (cmr, granules) = catalog(300);
    let time = TimeRange::of_days(Some("2024-01-07"), Some("2024-01-07")).unwrap();
    let found = find(&cmr, &Query { time, ..query() }).await.unwrap();
    assert_eq!(found.entries, granules[144..288]);
    let found = find(&cmr, &Query { boxes: vec![[-180.0, 60.0, 180.0, 90.0]], ..query() }).await.unwrap();
    assert_eq!(found.entries.len(), 75);
}

#[tokio::test]
async fn a_granule_that_both_halves_of_a_box_give_is_kept_once() {
    let (cmr, granules) = catalog(40);
    let halves = vec![[170.0, -90.0, 180.0, 90.0], [-180.0, -90.0, -178.0, 90.0]];
    let found = find(&cmr, &Query { boxes: halves.clone(), ..query() }).await.unwrap();
    // The first strips begin west of 180 and end east of it.
    let in_the_first = found.matched.unwrap() - found.shared - 3;
    assert!(found.shared > 0 && in_the_first > 0, "{found:?}");
    assert_eq!(found.entries.len() as u64, found.matched.unwrap() - found.shared);
    let mut ids: Vec<_> = found.entries.iter().map(|entry| &entry.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), found.entries.len());
    // Those of the first box as the server gives them, then the new ones of the second.
    let first = find(&cmr, &Query { boxes: vec![halves[0]], ..query() }).await.unwrap().entries;
    assert_eq!(found.entries[..first.len()], first);
    assert!(granules.len() > first.len());
    let again = find(&cmr, &Query { boxes: halves, ..query() }).await.unwrap();
    assert_eq!(again.entries, found.entries, "and so each time");
}

#[tokio::test]
async fn progress_is_told_of_each_page() {
    let (cmr, _) = catalog(250);
    let (_, told) = watch(&cmr, &query()).await;
    let told: Vec<_> = told.iter().map(|now| (now.received, now.matched, now.pages, now.waiting)).collect();
    assert_eq!(told, [(100, Some(250), 1, None), (200, Some(250), 2, None), (250, Some(250), 3, None)]);
}

#[tokio::test]
async fn a_server_that_does_not_say_how_many_match_is_believed() {
    let (cmr, granules) = catalog(120);
    cmr.hide_counts();
    let found = find(&cmr, &query()).await.unwrap();
    assert_eq!((found.entries, found.matched), (granules, None));
}

#[tokio::test]
async fn granules_without_a_place_or_data_are_kept_and_named() {
    let mut granules = cmr::sample::granules(3);
    granules[0].footprint = None;
    granules[1].https = None;
    granules[1].s3 = None;
    let parts = |west: f64| Part::Polygon(vec![vec![[west, 0.0], [west + 1.0, 1.0], [west, 2.0], [west, 0.0]]]);
    granules[2].footprint = Some(Area { parts: vec![parts(179.0), parts(-180.0)] });
    let found = find(&Cmr::of(granules.clone()), &query()).await.unwrap();
    assert_eq!(found.entries, granules);
    assert_eq!(found.without_footprint, [granules[0].id.clone()]);
    assert_eq!(found.without_data, [granules[1].id.clone()]);
}

#[tokio::test]
async fn pictures_come_along_when_they_are_wanted() {
    let mut granules: Vec<Entry> = cmr::sample::granules(1);
    granules[0].thumbnails = vec![("thumbnail_0".to_owned(), "https://example.org/a.jpg".to_owned())];
    let cmr = Cmr::of(granules.clone());
    let wanted = SearchSettings { thumbnails: true, ..settings() };
    assert_eq!(find_with(&cmr, &query(), wanted).await.unwrap().entries, granules);
    assert_eq!(find(&cmr, &query()).await.unwrap().entries[0].thumbnails, []);
}

#[tokio::test]
async fn what_is_known_of_the_search_goes_with_its_granules() {
    let (cmr, granules) = catalog(2);
    let time = TimeRange::of_days(Some("2024-01-06"), Some("2024-01-08")).unwrap();
    let query = Query { boxes: vec![[170.0, -90.0, 180.0, 90.0], [-180.0, -90.0, -170.0, 90.0]], time, ..query() };
    let catalog = find(&cmr, &query).await.unwrap().into_catalog(&server(&cmr, settings()), &query);
    assert_eq!(catalog.entries, granules);
    let expected = json!({
        "source": "CMR-STAC", "provider": "NSIDC_CPRD", "collection": "ATL06_007", "short_name": "ATL06",
        "version": "007", "start_date": "2024-01-06", "end_date": "2024-01-08",
        "bbox": [170.0, -90.0, -170.0, 90.0], "preserve_thumbnails": false, "total_granules": 2
    });
    assert_eq!(json!(catalog.metadata), expected);
}

#[tokio::test]
async fn a_search_has_a_largest_size() {
    let (cmr, _) = catalog(250);
    let small = SearchSettings { max_granules: 200, ..settings() };
    says(find_with(&cmr, &query(), small).await, &["more than 200 granules", "narrow"]);
    assert_eq!(cmr.pages(), [1, 2, 3]);
}
