use std::path::Path;

use zagg_core::column::{Dtype, FillValue};
use zagg_core::pipeline::{Field, GridSpec, Reduction, Storage};
use zagg_store::{
    read::Cells,
    sample::Sample,
    verify::{Freshness, verify},
};

use super::*;
use crate::testing::{add, filled};

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn field(name: &str, reduction: Reduction, dtype: Dtype) -> Field {
    let fill_value = if dtype.is_float() { FillValue::NaN } else { FillValue::Integer(0) };
    Field { name: name.to_owned(), reduction, dtype, fill_value, attributes: Vec::new() }
}

/// Cells of order 6 in shards of order 2: a count of heights, and a sum of them.
fn sample() -> Sample {
    let grid = GridSpec::Healpix { shard_order: order(2), cell_order: order(6) };
    let storage = Storage { cell_ids: true, morton: true, ..Sample::healpix().unwrap().pipeline.storage };
    let fields = vec![
        field("count", Reduction::Count { source: Some("h".to_owned()) }, Dtype::Int32),
        field("h_mean", Reduction::Mean { source: "h".to_owned() }, Dtype::Float32),
        field("h_sum", Reduction::Sum { source: "h".to_owned() }, Dtype::Float64),
        field("last", Reduction::Median { source: "h".to_owned() }, Dtype::Int64),
    ];
    Sample::new(grid, storage, fields).unwrap()
}

async fn column(store: &Store, group: &str, field: &str) -> BTreeMap<u64, f64> {
    let cells = Cells::open_group(store, group).await.unwrap();
    let mut all = BTreeMap::new();
    for place in &cells.blocks {
        let block = cells.read(place).await.unwrap();
        assert_eq!(block.misplaced, 0);
        let values = &block.columns.iter().find(|(name, _)| name == field).unwrap().1;
        all.extend(block.ids.iter().enumerate().map(|(row, id)| (*id, values.float_at(row))));
    }
    all
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn down_to(coarsest: u8) -> Wanted {
    Wanted { down_to: Some(order(coarsest)), ..Wanted::default() }
}

#[tokio::test]
async fn every_order_sums_up_the_cells() {
    let (_folder, store) = filled(&sample(), &[0, 1, 17, 191]).await;
    let report = compute(&store, &down_to(0), |_, _| {}).await.unwrap();
    assert_eq!(report.written, (0..6).rev().map(order).collect::<Vec<_>>());
    assert_eq!(report.left_out.keys().collect::<Vec<_>>(), ["last"]);
    let (counts, sums) = (column(&store, "6", "count").await, column(&store, "6", "h_sum").await);
    for coarse in 0..6_u8 {
        let group = coarse.to_string();
        let (found, found_sums) = (column(&store, &group, "count").await, column(&store, &group, "h_sum").await);
        let mut expected: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (id, count) in counts.iter().filter(|(_, count)| **count > 0.0) {
            let entry = expected.entry(id >> (2 * (6 - coarse))).or_default();
            *entry = (entry.0 + count, entry.1 + sums[id]);
        }
        for (id, count) in &found {
            let (of, sum) = expected.get(id).copied().unwrap_or((0.0, f64::NAN));
            assert_eq!(*count, of, "cell {id} of order {coarse}");
            let near = (found_sums[id] - sum).abs() <= 1e-12 * sum.abs();
            assert!(near || (sum.is_nan() && found_sums[id].is_nan()), "cell {id} of order {coarse}");
        }
        assert!(expected.keys().all(|id| found.contains_key(id)));
    }
}

#[tokio::test]
async fn a_second_time_changes_nothing_and_new_cells_renew_all() {
    let (folder, store) = filled(&sample(), &[0, 1]).await;
    let root = folder.path().join("store.zarr");
    compute(&store, &down_to(3), |_, _| {}).await.unwrap();
    let before = files(&root);
    let report = compute(&store, &down_to(3), |_, _| {}).await.unwrap();
    assert_eq!((report.written.len(), report.kept.len(), report.blocks), (0, 3, 0));
    assert!(before == files(&root));
    // Anew, or in one order after the other, gives the same bytes.
    compute(&store, &Wanted { overwrite: true, ..down_to(3) }, |_, _| {}).await.unwrap();
    assert!(before == files(&root));
    let report = verify(&store, |_| {}).await.unwrap();
    assert!(report.sound() && report.unmarked.count == 0, "{report:?}");
    assert!(report.overviews.values().all(|state| *state == Freshness::Fresh) && report.overviews.len() == 3);
    add(&store, &sample(), &[2, 100]).await;
    let report = verify(&store, |_| {}).await.unwrap();
    assert!(report.sound() && report.overviews.values().all(|state| *state == Freshness::Stale), "{report:?}");
    let one = Wanted { orders: Some(vec![order(5)]), ..Wanted::default() };
    assert_eq!(compute(&store, &one, |_, _| {}).await.unwrap().written, [order(5), order(4), order(3)]);
    let (other, whole) = filled(&sample(), &[0, 1, 2, 100]).await;
    compute(&whole, &down_to(3), |_, _| {}).await.unwrap();
    assert_eq!(files(&root), files(&other.path().join("store.zarr")));
}

#[tokio::test]
async fn what_was_begun_is_not_seen_and_is_completed() {
    let (folder, store) = filled(&sample(), &[0, 1]).await;
    let root = folder.path().join("store.zarr");
    compute(&store, &down_to(4), |_, _| {}).await.unwrap();
    let whole = files(&root);
    let base = Base::open(&store).await.unwrap();
    overview::withdraw(&store, &[order(5), order(4)]).await.unwrap();
    overview::begin(&store, &base.layout(order(5), &["count"]).unwrap()).await.unwrap();
    store.put("5/count/c/0", "half a chunk".into()).await.unwrap();
    let report = verify(&store, |_| {}).await.unwrap();
    assert!(report.sound(), "{report:?}");
    assert_eq!(report.overviews["5"], Freshness::Unfinished);
    assert!(overview::found(&store).await.unwrap().is_empty());
    assert_eq!(Cells::open(&store).await.unwrap().group, "6");
    compute(&store, &down_to(4), |_, _| {}).await.unwrap();
    assert_eq!(files(&root), whole);
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused_by_name() {
    let (_folder, store) = filled(&sample(), &[0]).await;
    let wanted = Wanted { orders: Some(vec![order(6)]), ..Wanted::default() };
    let error = compute(&store, &wanted, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, MapError::Overview(OverviewError::NotCoarser { .. })), "{error}");
    let (_other, flat) = crate::testing::store(&Sample::rectilinear(None, false).unwrap(), &[0], 1).await;
    let error = compute(&flat, &Wanted::default(), |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("rectilinear"), "{error}");
}
