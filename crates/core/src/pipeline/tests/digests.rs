//! What changes the digest, and what does not.

use super::{BASE, changed, load, with_field, with_grid, with_source};

fn digest(text: &str) -> String {
    load(text).digest.to_string()
}

#[test]
fn the_digest_of_the_shipped_atl06_is_stable() {
    // A change here means: stores made so far are refused by this version. Raise PIPELINE_SCHEMA
    // or undo the change, and say so in the changelog.
    let text = include_str!("../../../../../configs/pipelines/atl06.yaml");
    assert_eq!(digest(text), "68c4a0b6f34fc2ed2f8e381fae47405e767e573381f68f78ea60ccce93024f33");
}

#[test]
fn spelling_defaults_and_settings_do_not_change_the_digest() {
    let base = digest(BASE);
    let same = [
        with_source("fill: missing"),
        with_source("driver: https"),
        with_source("reader: h5coro\n  read_workers: 4\n  index: {backend: inline}"),
        changed(
            "aggregation:",
            "aggregation:\n  handoff: pandas\n  coordinates: {morton: {dtype: uint64, fill_value: 0}}",
        ),
        changed(
            "output:",
            "catalog: shards.json\nworker: {memory: 2048}\noutput:\n  store: s3://b/k\n  compression: {codec: zstd, level: 3}",
        ),
        changed("{type: healpix,", "{type: healpix, indexing_scheme: nested, sharded: true, emit_cell_ids: true,"),
        changed("source: h_li}", "dtype: float32, fill_value: .nan, kind: scalar}"),
        changed("function: mean", "function: np.nanmean"),
        changed("function: mean", "function: average"),
        changed("{h_li: \"/{group}/h\", s_li: \"/{group}/s\"}", "{s_li: \"{group}/s\", h_li: \"/{group}/h\"}"),
    ];
    for text in same {
        assert_eq!(digest(&text), base, "{text}");
    }
    let weights =
        |w: &str| digest(&with_field(&format!("{{function: average, source: h_li, params: {{weights: \"{w}\"}}}}")));
    assert_eq!(weights("1.0 / s_li**2"), weights("1/(s_li ** 2)"));
    let quantile =
        |f: &str, q: &str| digest(&with_field(&format!("{{function: {f}, source: h_li, params: {{q: {q}}}}}")));
    assert_eq!(quantile("quantile", "0.25"), quantile("percentile", "'25'"));
}

#[test]
fn what_changes_a_byte_changes_the_digest() {
    let mut texts = vec![
        BASE.to_owned(),
        with_source("fill: keep"),
        with_source("quality_filter: {dataset: \"{group}/q\", value: 0}"),
        with_source("quality_filter: {dataset: \"{group}/q\", value: 1}"),
        with_source("filters: [{expression: \"h_li > 0\"}]"),
        changed("[gt1l, gt2l]", "[gt2l, gt1l]"),
        changed("[gt1l, gt2l]", "[gt1l]"),
        changed("\"/{group}/h\"", "\"/{group}/h2\""),
        changed("\"/{group}/h\"", "{path: \"/{group}/h\", column: 0}"),
        changed("\"/{group}/lat\"", "\"/{group}/lat2\""),
        changed("h_mean:", "h_avg:"),
        changed("function: mean", "function: median"),
        changed("source: h_li}", "source: s_li}"),
        changed("source: h_li}", "source: h_li, dtype: float64}"),
        changed("source: h_li}", "source: h_li, fill_value: -9999}"),
        changed("source: h_li}", "source: h_li, attrs: {units: m}}"),
        changed("{function: len,", "{function: len, source: h_li,"),
        changed("child_order: 12", "child_order: 11"),
        changed("parent_order: 6", "parent_order: 5"),
        changed("child_order: 12", "child_order: 12, chunk_inner: 8"),
        changed("child_order: 12", "child_order: 12, chunk_inner: 8, sharded: false"),
        changed("output:", "output:\n  compression: none"),
        changed("output:", "output:\n  compression: {codec: zstd, level: 4}"),
        with_grid("{type: rectilinear, crs: EPSG:3031, resolution: 5000, bounds: [0, 0, 1000000, 1000000]}"),
        with_grid("{type: rectilinear, crs: EPSG:3031, resolution: [5000, 2500], bounds: [0, 0, 1000000, 1000000]}"),
        with_grid("{type: rectilinear, crs: EPSG:3413, resolution: 5000, bounds: [0, 0, 1000000, 1000000]}"),
        with_grid("{type: rectilinear, crs: EPSG:3031, resolution: 5000, bounds: [0, 0, 1000000, 1000001]}"),
        with_grid(
            "{type: rectilinear, crs: EPSG:3031, resolution: 5000, bounds: [0, 0, 1000000, 1000000], chunk_shape: [128, 256]}",
        ),
    ];
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count, "every text differs");
    let mut digests: Vec<String> = texts.iter().map(|text| digest(text)).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count, "two pipelines share a digest");
}
