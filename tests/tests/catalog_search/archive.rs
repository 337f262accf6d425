//! Real granules: the same come out of a search as are in the archive's own table.

use std::collections::BTreeMap;

use zagg_catalog::geoparquet;
use zagg_catalog::stac::{GranuleName, Query, TimeRange, cycle, revision};
use zagg_tests::kit::{Cmr, shared};

use super::find;

#[tokio::test]
#[ignore = "needs ../shared"]
async fn a_search_gives_the_granules_of_the_archives_table() {
    let table = geoparquet::read(&shared::path("data/catalog/cat_neon.parquet")).unwrap();
    assert_eq!(table.entries.len(), 2089);
    let cmr = Cmr::of(table.entries.clone());
    let query = Query { boxes: vec![[-180.0, -90.0, 180.0, 90.0]], ..Query::of_product("ATL03", "007") };
    let found = find(&cmr, &query).await.unwrap();
    assert_eq!(found.entries, table.entries);
    assert_eq!((found.matched, found.pages), (Some(2089), 21));
    let none: [String; 0] = [];
    assert_eq!(
        (found.without_footprint, found.without_data, found.odd_times),
        (none.to_vec(), none.to_vec(), none.to_vec())
    );
}

#[tokio::test]
#[ignore = "needs ../shared"]
async fn a_cycle_gives_the_granules_whose_names_have_it() {
    let table = geoparquet::read(&shared::path("data/catalog/cat_neon.parquet")).unwrap();
    let mut counts = BTreeMap::<u32, usize>::new();
    for entry in &table.entries {
        *counts.entry(GranuleName::of(entry).unwrap().cycle.into()).or_default() += 1;
    }
    assert!(counts.len() >= 28, "{counts:?}");
    let cmr = Cmr::of(table.entries);
    for (number, count) in counts {
        let window = |mode| cycle::window(number, mode).unwrap();
        let query = |time: TimeRange| Query { time, ..Query::of_product("ATL03", "007") };
        let mut found = find(&cmr, &query(window(cycle::Mode::Exact))).await.unwrap().entries;
        let before = found.len();
        let left = cycle::keep(&mut found, number).unwrap();
        assert_eq!((found.len(), before - left.other_cycles as usize), (count, count), "cycle {number}");
        assert!(revision::keep_newest(&mut found).is_empty());
        if number >= 2 {
            let by_dates = find(&cmr, &query(window(cycle::Mode::Formula))).await.unwrap().entries;
            let of_it = by_dates.iter().filter(|entry| u32::from(GranuleName::of(entry).unwrap().cycle) == number);
            assert!(of_it.count() < count, "the formula misses some of cycle {number}");
        }
    }
}
