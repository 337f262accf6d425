//! What is accepted, and what it becomes.

use super::{BASE, changed, load, with_field, with_grid, with_source};
use crate::{
    column::{Dtype, FillValue},
    order::Order,
    pipeline::{CompareOp, Compression, FillPolicy, Filter, GridSpec, InnerChunk, Pipeline, Reduction, Storage},
};

const ATL06: &str = include_str!("../../../../../configs/pipelines/atl06.yaml");
const NULLABLE: &str = include_str!("../../../../../configs/pipelines/atl06_nullable.yaml");
const POLAR: &str = include_str!("../../../../../configs/pipelines/atl06_polar.yaml");
const ATL03: &str = include_str!("../../../../../configs/pipelines/atl03.yaml");

fn names(pipeline: &Pipeline) -> Vec<&str> {
    pipeline.fields.iter().map(|field| field.name.as_str()).collect()
}

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

#[test]
fn the_shipped_atl06_has_nine_fields_on_healpix() {
    let pipeline = load(ATL06);
    assert_eq!(pipeline.source.groups, ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"]);
    assert_eq!(pipeline.source.latitude.path("gt1l"), "gt1l/land_ice_segments/latitude");
    assert_eq!(pipeline.source.variables[1].name, "s_li");
    let [Filter::Compare(quality)] = pipeline.source.filters.as_slice() else { panic!("one filter") };
    assert_eq!((quality.op, quality.values.as_slice(), quality.keep), (CompareOp::Eq, [0.0].as_slice(), true));
    assert_eq!(
        names(&pipeline),
        ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"]
    );
    let field = |i: usize| &pipeline.fields[i];
    assert!(matches!(&field(0).reduction, Reduction::Count { source: Some(source) } if source == "h_li"));
    assert_eq!((field(0).dtype, field(0).fill_value), (Dtype::Int32, FillValue::Integer(0)));
    assert!(matches!(&field(3).reduction, Reduction::WeightedMean { weights, .. } if weights.columns() == ["s_li"]));
    assert!(matches!(&field(4).reduction, Reduction::Expression(_)));
    assert!(matches!(field(5).reduction, Reduction::Variance { ddof: 0, .. }));
    assert!(matches!(field(6).reduction, Reduction::Quantile { q: 0.25, .. }));
    assert_eq!((field(6).dtype, field(6).fill_value), (Dtype::Float32, FillValue::NaN));
    assert_eq!(field(1).attributes[1], ("units".to_owned(), "m".into()));
    assert_eq!(pipeline.grid, GridSpec::Healpix { shard_order: order(6), cell_order: order(12) });
    assert_eq!(
        pipeline.storage,
        Storage {
            inner: None,
            sharded: false,
            compression: Compression::Zstd { level: 3 },
            cell_ids: true,
            morton: true
        }
    );
    assert_eq!((pipeline.source.driver.as_str(), pipeline.source.fill), ("s3", FillPolicy::Missing));
    assert_eq!(pipeline.notes, ["`data_source.reader` has no effect: granules are read by zagg's own reader"]);
}

#[test]
fn the_shipped_nullable_atl06_has_no_filter() {
    let pipeline = load(NULLABLE);
    assert!(pipeline.source.filters.is_empty());
    assert_eq!(names(&pipeline), ["count", "h_min", "h_max"]);
    assert_eq!(pipeline.notes.len(), 2, "reader and handoff: {:?}", pipeline.notes);
}

#[test]
fn the_shipped_polar_atl06_is_rectilinear() {
    let pipeline = load(POLAR);
    let bounds = [-3.2e6, -3.2e6, 3.2e6, 3.2e6];
    let spec = GridSpec::Rectilinear { crs: "EPSG:3031".to_owned(), resolution: [5000.0; 2], bounds, tile: [256, 256] };
    assert_eq!(pipeline.grid, spec);
    assert!(!pipeline.storage.cell_ids && !pipeline.storage.morton && !pipeline.storage.sharded);
    assert_eq!(names(&pipeline), ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance"]);
}

#[test]
fn the_shipped_atl03_has_levels_and_a_read_plan() {
    let pipeline = load(ATL03);
    let [Filter::Compare(echo)] = pipeline.source.filters.as_slice() else { panic!("one filter") };
    assert_eq!((echo.op, echo.values.as_slice(), echo.column), (CompareOp::Ne, [-2.0].as_slice(), Some(0)));
    let levels = pipeline.source.levels.as_ref().unwrap();
    assert_eq!(levels.base, "photons");
    let segments = levels.levels.iter().find(|level| level.name == "segments").unwrap();
    assert_eq!(segments.latitude.as_ref().unwrap().path("gt1l"), "gt1l/geolocation/reference_photon_lat");
    let link = segments.link.as_ref().unwrap();
    assert_eq!((link.to.as_str(), link.index_base), ("photons", 1));
    assert_eq!(link.count.path("gt1l"), "gt1l/geolocation/segment_ph_cnt");
    let plan = pipeline.source.read_plan.as_ref().unwrap();
    assert_eq!((plan.spatial_index.as_str(), plan.pad, plan.full_read_threshold), ("segments", 1, 0.9));
}

/// Keys of every file that the Python zagg ships for these products, at several of its versions.
#[test]
fn every_spelling_of_the_peers_own_files_loads() {
    let spellings = [
        changed(
            "aggregation:",
            "aggregation:\n  handoff: arrow\n  coordinates:\n    morton:\n      dtype: uint64\n      fill_value: 0",
        ),
        changed(
            "count: {function: len, dtype: int32, fill_value: 0}",
            "count: {function: len, source: h_li, dtype: int64, fill_value: 0}",
        ),
        changed("fill_value: 0}", "fill_value: 0, overview_delta: 512}"),
        changed("aggregation:", "aggregation:\n  streaming: {mode: spill, buffer_granules: 8}"),
        with_source(
            "granule_workers: 4\n  shard_workers: 4\n  index: {backend: sidecar, store: s3://b/k, on_miss: build}",
        ),
        with_source("credentials_provider: lpdaac"),
        with_field("{expression: \"np.mean(h_li)\", source: h_li}"),
        changed(
            "output:",
            "worker: {memory: 4096, extra_disk: true}\nbounds: {temporal: {start_date: a, end_date: b}}\noutput:\n  pyramid: false\n  consolidate_metadata: true\n  sweep: stages\n  touch: auto\n  coverage_moc: true",
        ),
        changed(
            "output:",
            "pipeline: {type: spatial}\noutput:\n  store_layout: flat\n  aoi_mask: false\n  endpoint_url: http://x\n  region: us-west-2",
        ),
        with_grid("{type: healpix, indexing_scheme: nested, layout: fullsphere, parent_order: 6, child_order: 12}"),
        with_grid("{type: rectilinear, crs: 3031, resolution: [500.0, 250], bounds: [0, 0, 1e6, 1e6]}"),
    ];
    for text in spellings {
        load(&text);
    }
}

#[test]
fn functions_go_by_several_names() {
    let cases = [
        ("{function: np.min, source: h_li}", "Min"),
        ("{function: numpy.max}", "Max"),
        ("{function: nansum, source: s_li}", "Sum"),
        ("{function: mean}", "Mean"),
        ("{function: average}", "Mean"),
        ("{function: average, params: {weights: s_li}}", "WeightedMean"),
        ("{function: average, params: {weights: 2}}", "WeightedMean"),
        ("{function: average, params: {weights: \"abs(h_li - np.median(h_li))\"}}", "WeightedMean"),
        ("{function: np.nanvar}", "Variance"),
        ("{function: std, params: {ddof: 1}}", "StandardDeviation { source: \"h_li\", ddof: 1 }"),
        ("{function: std, params: {ddof: '1'}}", "StandardDeviation { source: \"h_li\", ddof: 1 }"),
        ("{function: median}", "Median"),
        ("{function: quantile, params: {q: '0.9'}}", "Quantile { source: \"h_li\", q: 0.9 }"),
        ("{function: nanpercentile, params: {q: 90}}", "Quantile { source: \"h_li\", q: 0.9 }"),
        ("{function: count}", "Count { source: None }"),
        ("{function: len, source: s_li}", "Count { source: Some(\"s_li\") }"),
        ("{expression: \"np.max(h_li) - np.min(h_li)\"}", "Expression"),
        ("{expression: \"7.5\"}", "Expression"),
    ];
    for (field, expected) in cases {
        let field = if field.contains("count") || field.contains("len") {
            field.replace('}', ", dtype: int64, fill_value: 0}")
        } else {
            field.to_owned()
        };
        let found = format!("{:?}", load(&with_field(&field)).fields[1].reduction);
        assert!(found.starts_with(expected), "{field}: {found}");
    }
}

#[test]
fn fill_values_have_the_fields_type() {
    let fill = |field: &str| load(&with_field(&format!("{{function: min, {field}}}"))).fields[1].fill_value;
    assert_eq!(fill("dtype: float64"), FillValue::NaN);
    assert_eq!(fill("fill_value: .nan"), FillValue::NaN);
    assert_eq!(fill("fill_value: \"NaN\""), FillValue::NaN);
    assert_eq!(fill("fill_value: NaN"), FillValue::NaN);
    assert_eq!(fill("fill_value: -9999"), FillValue::Float(-9999.0));
    assert_eq!(fill("dtype: int16, fill_value: -9999"), FillValue::Integer(-9999));
    assert_eq!(fill("dtype: int16, fill_value: 1.0e3"), FillValue::Integer(1000));
    assert_eq!(fill("dtype: uint64, fill_value: 18446744073709551615"), FillValue::Integer(u64::MAX.into()));
}

#[test]
fn inner_chunks_are_derived_as_the_peer_derives_them() {
    let healpix = |keys: &str| {
        let storage = load(&with_grid(&format!("{{type: healpix, {keys}}}"))).storage;
        (storage.inner, storage.sharded)
    };
    let inner = |n: u8| Some(InnerChunk::Order(order(n)));
    assert_eq!(healpix("parent_order: 6, child_order: 12"), (None, false));
    assert_eq!(healpix("parent_order: 6, child_order: 13"), (inner(7), true));
    assert_eq!(healpix("parent_order: 6, child_order: 13, sharded: false"), (None, false));
    assert_eq!(healpix("parent_order: 6, child_order: 12, chunk_inner: 8"), (inner(8), true));
    assert_eq!(healpix("parent_order: 6, child_order: 12, chunk_inner: 8, sharded: false"), (inner(8), false));
    assert_eq!(healpix("parent_order: 6, child_order: 12, chunk_inner: 6, sharded: true"), (None, false));
    assert_eq!(healpix("parent_order: 0, child_order: 3"), (None, false));
    let rectilinear = |keys: &str| {
        let grid = format!("{{type: rectilinear, crs: EPSG:3031, resolution: 500, bounds: [0, 0, 1e6, 1e6], {keys}}}");
        let storage = load(&with_grid(&grid)).storage;
        (storage.inner, storage.sharded)
    };
    assert_eq!(rectilinear("chunk_shape: [64, 32]"), (None, false));
    assert_eq!(rectilinear("chunk_inner: [128, 64]"), (Some(InnerChunk::Tile([128, 64])), false));
    assert_eq!(rectilinear("chunk_inner: [128, 64], sharded: true"), (Some(InnerChunk::Tile([128, 64])), true));
    assert_eq!(rectilinear("chunk_inner: [256, 256]"), (None, false));
}

#[test]
fn compression_is_zstd_unless_told_otherwise() {
    let compression = |text: &str| load(&changed("output:", &format!("output:\n  {text}"))).storage.compression;
    assert_eq!(load(BASE).storage.compression, Compression::Zstd { level: 3 });
    assert_eq!(compression("compression: zstd"), Compression::Zstd { level: 3 });
    assert_eq!(compression("compression: {codec: zstd, level: 9}"), Compression::Zstd { level: 9 });
    assert_eq!(compression("compression: none"), Compression::None);
    assert_eq!(compression("compression: {codec: none}"), Compression::None);
}

#[test]
fn variables_of_a_level_may_be_used_like_others() {
    let text = with_source(
        "base_level: p
  levels:
    p: {path: \"/{group}/p\"}
    s:
      path: \"/{group}/s\"
      link: {to: p, index_beg: beg, count: \"/{group}/x/cnt\"}
      variables: {dem: \"/{group}/s/dem\", conf: {path: \"/{group}/s/conf\", column: 2}}
  filters:
    - {dataset: \"/{group}/s/flag\", op: in, values: [0, 1], level: s}
    - {dataset: \"/{group}/p/flag\", op: ge, value: 1, level: p, keep: false}
    - expression: \"(h_li - dem < 100) & (conf > 1)\"",
    );
    let source = load(&text).source;
    let levels = source.levels.unwrap();
    let broadcast = &levels.levels[1].broadcast;
    assert_eq!((broadcast[0].name.as_str(), broadcast[1].column), ("dem", Some(2)));
    let link = levels.levels[1].link.as_ref().unwrap();
    assert_eq!((link.index_beg.path("g").as_str(), link.count.path("g").as_str()), ("g/s/beg", "g/x/cnt"));
    let [Filter::Compare(first), Filter::Compare(second), Filter::Expression(third)] = source.filters.as_slice() else {
        panic!("three filters")
    };
    assert_eq!((first.level.as_deref(), first.values.len()), (Some("s"), 2));
    assert_eq!((second.level.as_deref(), second.keep), (None, false), "the base level is no level of its own");
    assert_eq!(third.columns(), ["h_li", "dem", "conf"]);
}

#[test]
fn keys_without_effect_are_noted() {
    let text = changed("type: healpix,", "type: healpix, emit_cell_ids: false,");
    assert!(load(&text).notes[0].contains("cell_ids are always written"));
    let notes = load(&changed("output:", "output:\n  pyramid: {orders: [4]}\n  region: us-west-2")).notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(load(BASE).notes.is_empty());
}
