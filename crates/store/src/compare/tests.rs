use std::{path::Path, process::Command};

use zagg_core::{
    column::{Dtype, FillValue, ShardColumns},
    pipeline::{Compression, Field, GridSpec, Reduction, Storage},
};

use super::{field::Number, *};
use crate::{
    encode::encode_shard,
    sample::Sample,
    template::{OverwriteChoice, cast},
    testing::{at, store},
    write::write_shard,
};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");

/// Unpacks a golden store of the Python zagg and opens it.
fn golden(folder: &Path, name: &str) -> Store {
    let archive = format!("{SHARED}/data/golden/zagg/{name}.tar.gz");
    let done = Command::new("tar").args(["xzf", &archive, "-C"]).arg(folder).status().unwrap();
    assert!(done.success(), "tar xzf {archive}");
    at(&folder.join(name))
}

async fn filled(sample: &Sample, seed: u64, shards: &[u64]) -> (tempfile::TempDir, Store) {
    let (folder, store) = store();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    for index in shards {
        let encoded = encode_shard(&sample.layout, &sample.shard(*index).unwrap(), &sample.columns(seed, 2)).unwrap();
        write_shard(&store, &encoded).await.unwrap();
    }
    (folder, store)
}

#[tokio::test]
async fn stores_of_unlike_chunks_and_like_cells_are_the_same() {
    let (_a, plain) = filled(&Sample::healpix().unwrap(), 1, &[3, 9]).await;
    for packed in [true, false] {
        let (_b, inner) = filled(&Sample::healpix_inner(packed).unwrap(), 1, &[3, 9]).await;
        let (mut done, mut of) = (0, 0);
        let found = compare(&plain, &inner, &Tolerances::default(), |d, o| (done, of) = (d, o)).await.unwrap();
        assert!(found.same(), "{found:?}");
        assert_eq!((found.common, found.a.with_data, found.fields.len()), (512, 256, 5));
        assert!(found.fields.iter().all(|field| field.equal == 512));
        assert_eq!((done, of), (if packed { 4 } else { 34 }, done));
    }
    let (_a, whole) = filled(&Sample::rectilinear(None, false).unwrap(), 1, &[3, 9]).await;
    let (_b, tiles) = filled(&Sample::rectilinear(Some([4, 5]), false).unwrap(), 1, &[3, 9]).await;
    let found = compare(&whole, &tiles, &Tolerances::default(), |_, _| {}).await.unwrap();
    assert!(found.same() && found.common == 160, "{found:?}");
}

#[tokio::test]
async fn differences_are_counted_and_named() {
    let (_a, a) = filled(&Sample::healpix().unwrap(), 1, &[3, 9]).await;
    let (_b, b) = filled(&Sample::healpix().unwrap(), 2, &[3]).await;
    let found = compare(&a, &b, &Tolerances::default(), |_, _| {}).await.unwrap();
    assert!(!found.same());
    assert_eq!((found.common, found.a.only_here, found.b.only_here), (256, 128, 0));
    assert_eq!(found.a.examples, [2304, 2306, 2308, 2310, 2312]);
    let mean = found.fields.iter().find(|field| field.name == "h_mean").unwrap();
    assert_eq!((mean.cells, mean.with_data, mean.equal, mean.mismatches), (256, 128, 128, 128));
    assert_eq!(mean.worst.len(), 3);
    let count = found.fields.iter().find(|field| field.name == "count").unwrap();
    assert_eq!((count.mismatches, count.rtol), (0, 0.0));
    let loose = Tolerances { fields: [("h_mean".to_owned(), (0.0, 1e9))].into(), ..Tolerances::default() };
    let found = compare(&a, &b, &loose, |_, _| {}).await.unwrap();
    assert_eq!(found.fields.iter().find(|field| field.name == "h_mean").unwrap().mismatches, 0);
}

#[tokio::test]
async fn stores_of_unlike_grids_are_incomparable() {
    let (_a, a) = filled(&Sample::healpix().unwrap(), 1, &[3]).await;
    let (_b, b) = filled(&Sample::rectilinear(None, false).unwrap(), 1, &[3]).await;
    let refused = compare(&a, &b, &Tolerances::default(), |_, _| {}).await;
    assert!(matches!(refused, Err(StoreError::Incomparable { .. })), "{refused:?}");
}

#[test]
fn nan_matches_nan_and_infinities_match_themselves_only() {
    let see = |a: f64, b: f64| {
        let mut field = FieldComparison::new("h", [Dtype::Float64, Dtype::Float64], 1e-6, 0.0);
        field.see(1, Number::Float(a), Number::Float(b));
        (field.mismatches, field.nan_differences)
    };
    let inf = f64::INFINITY;
    assert_eq!(see(f64::NAN, -f64::NAN), (0, 0));
    assert_eq!(see(f64::NAN, 1.0), (1, 1));
    assert_eq!((see(inf, inf), see(inf, -inf), see(inf, 1.0)), ((0, 0), (1, 0), (1, 0)));
    assert_eq!(
        (see(1.0, 1.0 + 9e-7), see(1.0, 1.0 + 2e-6), see(0.0, 1e-300), see(0.0, -0.0)),
        ((0, 0), (1, 0), (1, 0), (0, 0))
    );
    let mut field = FieldComparison::new("n", [Dtype::Uint64, Dtype::Uint64], 0.0, 0.0);
    field.see(1, Number::Whole(i128::from(u64::MAX)), Number::Whole(i128::from(u64::MAX) - 1));
    assert_eq!((field.mismatches, field.max_abs), (1, 1.0));
}

#[tokio::test]
#[ignore = "needs ../shared"]
async fn the_two_layouts_of_the_python_zagg_hold_the_same_cells() {
    let folder = tempfile::tempdir().unwrap();
    for (set, cells, with_data) in [("S", 4096, 1055), ("E", 3 * 4096, 1613)] {
        let hive = golden(folder.path(), &format!("{set}.hive"));
        let flat = golden(folder.path(), &format!("{set}.flat"));
        let found = compare(&hive, &flat, &Tolerances::default(), |_, _| {}).await.unwrap();
        assert!(found.same(), "{set}: {found:?}");
        assert_eq!((found.common, found.a.with_data), (cells, with_data), "{set}");
        assert_eq!(found.fields.len(), 9);
    }
}

#[tokio::test]
#[ignore = "needs ../shared"]
async fn a_hive_of_many_shards_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let hive = golden(folder.path(), "R.hive");
    let cells = Cells::open(&hive).await.unwrap();
    assert_eq!(cells.blocks.len(), 17);
    let found = compare(&hive, &hive, &Tolerances::default(), |_, _| {}).await.unwrap();
    assert!(found.same() && found.a.with_data == 1663, "{found:?}");
    let other = golden(folder.path(), "S.hive");
    let found = compare(&hive, &other, &Tolerances::default(), |_, _| {}).await.unwrap();
    assert_eq!((found.common, found.a.only_here, found.b.only_here), (0, 1663, 1055));
    assert!(!found.same());
}

/// A store in our layout with the cells of another, every shard of it.
async fn ours(theirs: &Cells, store: &Store) -> Sample {
    let order = |n| zagg_core::order::Order::new(n).unwrap();
    let spec = GridSpec::Healpix { shard_order: order(6), cell_order: order(12) };
    let compression = Compression::Zstd { level: 3 };
    let storage = Storage { inner: None, sharded: false, compression, cell_ids: true, morton: true };
    let field = |(name, dtype): &(String, Dtype)| Field {
        name: name.clone(),
        reduction: Reduction::Count { source: None },
        dtype: *dtype,
        fill_value: if dtype.is_float() { FillValue::NaN } else { FillValue::Integer(0) },
        attributes: Vec::new(),
    };
    let sample = Sample::new(spec, storage, theirs.fields.iter().map(field).collect()).unwrap();
    cast(store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    for place in &theirs.blocks {
        let block = theirs.read(place).await.unwrap();
        let columns = ShardColumns { fields: block.columns, cells_with_points: 0 };
        let shard = sample.shard(block.ids[0] >> 12).unwrap();
        write_shard(store, &encode_shard(&sample.layout, &shard, &columns).unwrap()).await.unwrap();
    }
    sample
}

#[tokio::test]
#[ignore = "needs ../shared"]
async fn the_python_zaggs_cells_in_our_layout_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let hive = golden(folder.path(), "N.hive");
    let (_store_folder, store) = store();
    let theirs = Cells::open(&hive).await.unwrap();
    ours(&theirs, &store).await;
    let found = compare(&hive, &store, &Tolerances::default(), |_, _| {}).await.unwrap();
    assert!(found.same(), "{found:?}");
    assert_eq!((found.common, found.b.with_data, found.b.misplaced), (5 * 4096, 2670, 0));
    assert!(found.fields.iter().all(|field| field.equal == field.cells));
}
