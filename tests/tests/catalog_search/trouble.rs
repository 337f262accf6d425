//! What passes when a page is asked for again, and what does not.

use std::time::{Duration, Instant};

use zagg_catalog::stac::{Found, Patience, SearchSettings, StacError};
use zagg_core::fault::Fault;
use zagg_tests::kit::Cmr;
use zagg_tests::kit::cmr::Trouble;

use super::{PATIENCE, catalog, find, find_with, query, says, settings, watch};

/// 250 granules in three pages, of which the second has this trouble once: they all come, and
/// that page was asked for so often.
async fn survives(trouble: Trouble, asked: &[u64]) -> Found {
    let (cmr, granules) = catalog(250);
    cmr.trouble(2, trouble.clone());
    let found =
        find_with(&cmr, &query(), settings_for(&trouble)).await.unwrap_or_else(|error| panic!("{trouble:?}: {error}"));
    assert_eq!(found.entries, granules, "{trouble:?}");
    assert_eq!(cmr.pages(), asked, "{trouble:?}");
    found
}

/// Answers are waited for: not long where they are slow on purpose.
fn settings_for(trouble: &Trouble) -> SearchSettings {
    let timeout = if matches!(trouble, Trouble::Slow(_)) { Duration::from_secs(3) } else { PATIENCE.timeout };
    SearchSettings { patience: Patience { timeout, ..PATIENCE }, ..settings() }
}

/// The error when the second page always has this trouble, and how often it was asked for.
async fn fails(trouble: Trouble, words: &[&str]) -> (StacError, usize) {
    let (cmr, _) = catalog(250);
    let settings = settings_for(&trouble);
    cmr.troubles(2, u32::MAX, trouble);
    let error = says(find_with(&cmr, &query(), settings).await, words);
    let asked = cmr.pages().iter().filter(|page| **page == 2).count();
    (error, asked)
}

fn busy(status: u16) -> Trouble {
    Trouble::Refused { status, word: "Oops! Something has gone wrong. We have been alerted." }
}

#[tokio::test]
async fn a_page_that_the_server_could_not_give_is_asked_for_again() {
    for status in [429, 500, 502, 503, 504] {
        let found = survives(busy(status), &[1, 2, 2, 3]).await;
        assert_eq!((found.retries, found.pages), (1, 3));
    }
}

#[tokio::test]
async fn a_page_that_never_comes_ends_the_search_with_the_servers_words() {
    let (error, asked) = fails(busy(502), &["answered 502 to page 2 after 4 attempts: Oops!", "try again later"]).await;
    assert_eq!((error.fault(), asked), (Fault::Transient, 4));
}

#[tokio::test]
async fn a_slow_page_a_lost_connection_and_a_cut_page_are_asked_for_again() {
    for trouble in [Trouble::Slow(Duration::from_secs(30)), Trouble::Dropped, Trouble::Cut, Trouble::Short] {
        let (cmr, granules) = catalog(250);
        cmr.trouble(2, trouble.clone());
        let found = find_with(&cmr, &query(), settings_for(&trouble))
            .await
            .unwrap_or_else(|error| panic!("{trouble:?}: {error}"));
        assert_eq!((found.entries, found.pages), (granules, 3), "{trouble:?}");
        assert_eq!(cmr.pages(), [1, 2, 2, 3], "{trouble:?}");
    }
}

#[tokio::test]
async fn a_server_that_stays_slow_or_silent_is_named() {
    let (error, asked) = fails(Trouble::Slow(Duration::from_secs(30)), &["page 2", "4 attempts"]).await;
    assert!(matches!(error, StacError::Connection { .. }), "{error}");
    assert_eq!((error.fault(), asked), (Fault::Transient, 4));
    let (error, _) = fails(Trouble::Dropped, &["page 2", "4 attempts"]).await;
    assert_eq!(error.fault(), Fault::Transient);
    let (error, asked) = fails(Trouble::Short, &["page 2", "no list of STAC items"]).await;
    assert!(matches!(error, StacError::NotStac { .. }), "{error}");
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn nobody_listening_is_a_passing_fault() {
    let (cmr, _) = catalog(1);
    let server = super::server(&cmr, settings());
    drop(cmr);
    let result = zagg_catalog::stac::search(&server, &query(), |_| ()).await;
    assert_eq!(says(result, &["no whole answer to page 1 in 4 attempts"]).fault(), Fault::Transient);
}

/// When the second page was asked for, and asked for again.
fn pause(cmr: &Cmr) -> Duration {
    let times: Vec<Instant> = cmr.log().iter().filter(|asked| asked.page == 2).map(|asked| asked.at).collect();
    times[1] - times[0]
}

#[tokio::test]
async fn the_pause_that_the_server_asks_for_is_kept() {
    for status in [429, 503] {
        let (cmr, granules) = catalog(150);
        cmr.trouble(2, Trouble::Later { status, after: "1".to_owned() });
        let (found, told) = watch(&cmr, &query()).await;
        assert_eq!((found.entries, found.retries), (granules, 1));
        assert!(pause(&cmr) >= Duration::from_secs(1), "{:?}", pause(&cmr));
        assert_eq!(told.iter().filter_map(|now| now.waiting).collect::<Vec<_>>(), [Duration::from_secs(1)]);
    }
}

#[tokio::test]
async fn a_date_may_stand_for_the_pause() {
    let (cmr, _) = catalog(150);
    let after = "Wed, 21 Oct 2026 07:28:01 GMT\r\nDate: Wed, 21 Oct 2026 07:28:00 GMT".to_owned();
    cmr.trouble(2, Trouble::Later { status: 429, after });
    find(&cmr, &query()).await.unwrap();
    assert!(pause(&cmr) >= Duration::from_secs(1), "{:?}", pause(&cmr));
}

#[tokio::test]
async fn a_server_that_asks_for_too_much_patience_is_left_in_peace() {
    let later = Trouble::Later { status: 429, after: "3600".to_owned() };
    let (error, asked) = fails(later, &["answered 429", "patience of 3600 s"]).await;
    assert_eq!((error.fault(), asked), (Fault::Throttled { after: Some(Duration::from_secs(3600)) }, 1));
}

#[tokio::test]
async fn a_page_that_comes_again_instead_of_the_next_is_not_taken_for_it() {
    let found = survives(Trouble::Instead(1), &[1, 2, 2, 3]).await;
    assert_eq!((found.retries, found.duplicates), (1, 0));
    let (cmr, granules) = catalog(350);
    cmr.trouble(4, Trouble::Instead(2));
    assert_eq!(find(&cmr, &query()).await.unwrap().entries, granules);
    let (error, asked) = fails(Trouble::Instead(1), &["page 1 again in place of page 2", "4 times"]).await;
    assert_eq!((error.fault(), asked), (Fault::Transient, 4));
}

#[tokio::test]
async fn items_that_come_twice_are_kept_once_and_counted() {
    let found = survives(Trouble::Duplicates(7), &[1, 2, 3]).await;
    assert_eq!((found.duplicates, found.matched), (7, Some(250)));
}

#[tokio::test]
async fn a_last_page_of_one_old_item_is_a_duplicate() {
    // The 101st granule has the name of the first.
    let mut granules = zagg_tests::kit::cmr::sample::granules(100);
    granules.push(granules[0].clone());
    let cmr = Cmr::of(granules);
    let allowed = SearchSettings { allow_mismatch: true, ..settings() };
    let found = find_with(&cmr, &query(), allowed).await.unwrap();
    assert_eq!((found.entries.len(), found.duplicates, found.matched), (100, 1, Some(101)));
    says(find(&cmr, &query()).await, &["101", "gave 100"]);
}

#[tokio::test]
async fn a_total_that_is_not_what_was_said_is_an_error_unless_allowed() {
    let (cmr, granules) = catalog(250);
    cmr.troubles(3, 2, Trouble::Matched(257));
    let error = says(find(&cmr, &query()).await, &["257 granules match", "gave 250"]);
    assert_eq!(error.fault(), Fault::Malformed);
    let allowed = SearchSettings { allow_mismatch: true, ..settings() };
    let found = find_with(&cmr, &query(), allowed).await.unwrap();
    assert_eq!((found.entries, found.matched), (granules, Some(257)));
    assert!(found.notes.iter().any(|note| note.contains("257") && note.contains("allowed")), "{:?}", found.notes);
}

#[tokio::test]
async fn an_archive_that_grows_meanwhile_has_the_last_word() {
    let (cmr, granules) = catalog(250);
    cmr.trouble(1, Trouble::Matched(249));
    let found = find(&cmr, &query()).await.unwrap();
    assert_eq!((found.entries, found.matched), (granules, Some(250)));
    assert_eq!(found.notes.len(), 1);
    assert!(found.notes[0].contains("from 249 to 250"), "{:?}", found.notes);
}

#[tokio::test]
async fn pages_that_end_too_early_are_noticed() {
    let (error, _) = fails(Trouble::Empty, &["250 granules match", "gave 100"]).await;
    assert!(matches!(error, StacError::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn paging_that_leads_in_a_circle_ends() {
    let (_, asked) = fails(Trouble::LeadsBack(2), &["from page 2", "leads back to page 2"]).await;
    assert_eq!(asked, 1);
    // The first page was asked for without a cursor; it is known by what it holds.
    fails(Trouble::LeadsBack(1), &["page 1 again in place of page 3"]).await;
}

#[tokio::test]
async fn paging_without_an_end_ends() {
    let (cmr, _) = catalog(250);
    cmr.trouble_everywhere(Trouble::Endless);
    says(find(&cmr, &query()).await, &["came already, where 250 were announced"]);
    assert!(cmr.pages().len() <= 5, "{:?}", cmr.pages());
    let (cmr, _) = catalog(250);
    cmr.hide_counts();
    cmr.trouble_everywhere(Trouble::Endless);
    let small = SearchSettings { max_granules: 1000, ..settings() };
    says(find_with(&cmr, &query(), small).await, &["more than 1000"]);
}
