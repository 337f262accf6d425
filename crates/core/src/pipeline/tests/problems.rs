//! What is refused, with which words.

use super::{BASE, changed, only, refusal, with_field, with_grid, with_source};
use crate::fault::Fault;

#[test]
fn everything_wrong_is_told_at_once_in_the_order_of_the_file() {
    let text = BASE
        .replace("\"/{group}/lon\"}", "\"/{group}/lon\", colour: red}")
        .replace("function: mean", "function: meen")
        .replace("child_order: 12", "child_order: \"12\"");
    let error = refusal(&text);
    let places: Vec<&str> = error.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        places,
        ["data_source.coordinates.colour", "aggregation.variables.h_mean.function", "output.grid.child_order"]
    );
    let lines: Vec<Option<u64>> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(4), Some(9), Some(11)]);
    let shown = error.to_string();
    assert!(shown.starts_with("the pipeline has 3 problems\n  - line 4: data_source.coordinates.colour: "), "{shown}");
    assert!(shown.contains("(did you mean `mean`?)"), "{shown}");
    assert_eq!(error.fault(), Fault::Malformed);
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_name() {
    only(&[
        (
            changed("data_source:", "unknown_top: 1\ndata_source:"),
            "unknown_top",
            "known here are data_source, aggregation",
        ),
        (changed("output:", "output:\n  bogus: 1"), "output.bogus", "unknown key; known here are"),
        (
            with_field("{function: mean, source: h_li, sorce: h_li}"),
            "aggregation.variables.z.sorce",
            "(did you mean `source`?)",
        ),
        (
            changed("{type: healpix,", "{type: healpix, chunkinner: 8,"),
            "output.grid.chunkinner",
            "(did you mean `chunk_inner`?)",
        ),
        (with_source("quality_filter: {dataset: a, value: 0, op: eq}"), "data_source.quality_filter.op", "unknown key"),
        (
            with_source("filters: [{dataset: a, op: eq, value: 0, colum: 1}]"),
            "data_source.filters[0].colum",
            "`column`",
        ),
    ]);
}

/// What the Python zagg's own check lets through, and its workers then stumble on.
#[test]
fn what_the_peer_finds_out_too_late_is_found_here() {
    only(&[
        (changed("  groups: [gt1l, gt2l]\n", ""), "data_source.groups", "name the groups"),
        (
            changed("  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n", ""),
            "data_source.coordinates",
            "required",
        ),
        (
            changed(
                "aggregation:\n  variables:\n    count: {function: len, dtype: int32, fill_value: 0}\n    h_mean: {function: mean, source: h_li}\n",
                "aggregation: {}\n",
            ),
            "aggregation.variables",
            "name at least one",
        ),
        (
            with_grid("{type: h3, parent_order: 6, child_order: 12}"),
            "output.grid.type",
            "`h3` is not one of healpix, rectilinear",
        ),
        (with_source("reader: h5netcdf"), "data_source.reader", "`h5netcdf` is not one of h5coro, raster"),
        (with_source("driver: ftp"), "data_source.driver", "`ftp` is not one of s3, https, file"),
        (
            with_field("{function: os.system}"),
            "aggregation.variables.z.function",
            "`os.system` is not supported; the functions are len",
        ),
        (
            with_field("{function: zagg.stats.tdigest.build_tdigest}"),
            "aggregation.variables.z.function",
            "is not supported",
        ),
        (
            with_field("{expression: \"np.round(np.mean(h_li))\"}"),
            "aggregation.variables.z.expression",
            "unknown function `np.round`",
        ),
        (
            with_grid("{type: healpix, parent_order: 6, child_order: \"12\"}"),
            "output.grid.child_order",
            "expected a whole number, found text; write 12 without quotes",
        ),
        (
            with_source("quality_filter: {dataset: \"/{group}/q\"}"),
            "data_source.quality_filter.value",
            "a value is required",
        ),
        (with_field("{function: quantile, params: {q: high}}"), "aggregation.variables.z.params.q", "is a number"),
    ]);
    let no_height = BASE.replace("{h_li: \"/{group}/h\", ", "{").replace("source: h_li", "");
    only(&[(no_height, "aggregation.variables.h_mean.source", "the variables are s_li")]);
}

/// A HEALPix file without `aggregation.coordinates.morton` makes every shard of the peer fail; here
/// cell numbers are written whatever is declared. Nor do bare `sqrt` and `min` fail later.
#[test]
fn what_the_peer_accepts_and_cannot_run_runs_here() {
    assert!(!BASE.contains("morton"));
    assert!(super::load(BASE).storage.morton);
    super::load(&with_field("{expression: \"sqrt(min(h_li) ** 2)\"}"));
    super::load(&with_field("{function: quantile, params: {q: \"0.5\"}}"));
}

#[test]
fn sections_and_types_are_checked() {
    only(&[
        ("data_source".to_owned(), "", "expected a map, found text"),
        (
            format!("data_source: 5\n{}", &BASE[BASE.find("aggregation").unwrap()..]),
            "data_source",
            "expected a map, found a whole number",
        ),
        (BASE[..BASE.find("output").unwrap()].to_owned(), "output", "this section is required"),
        (changed("[gt1l, gt2l]", "gt1l"), "data_source.groups", "expected a list, found text"),
        (changed("[gt1l, gt2l]", "[gt1l, 2]"), "data_source.groups[1]", "expected text, found a whole number"),
        (
            changed("[gt1l, gt2l]", "[gt1l, ]").replace("[gt1l, ]", "[gt1l, ~]"),
            "data_source.groups[1]",
            "nothing stands here",
        ),
        (changed("parent_order: 6", "parent_order: 6.0"), "output.grid.parent_order", "write 6"),
        (changed("parent_order: 6", "parent_order: -1"), "output.grid.parent_order", "not between 0 and 255"),
        (with_field("{function: min, dtype: float}"), "aggregation.variables.z.dtype", "`float` is not one of int8"),
        (with_field("{function: min, dtype: flot32}"), "aggregation.variables.z.dtype", "(did you mean `float32`?)"),
        (
            with_source("quality_filter: {dataset: a, value: true}"),
            "data_source.quality_filter.value",
            "expected a number, found true or false",
        ),
        (
            with_source("quality_filter: {dataset: a, value: .inf}"),
            "data_source.quality_filter.value",
            "inf is not a finite number",
        ),
        (
            with_field("{function: min, attrs: {valid_max: .inf}}"),
            "aggregation.variables.z.attrs.valid_max",
            "inf is not a finite number",
        ),
        (
            changed("output:", "output:\n  compression: {codec: zstd, level: 30}"),
            "output.compression.level",
            "not between 1 and 22",
        ),
        (changed("output:", "output:\n  compression: {level: 3}"), "output.compression.codec", "the codec is required"),
        (changed("output:", "output:\n  compression: gzip"), "output.compression", "`gzip` is not one of zstd, none"),
    ]);
}

#[test]
fn what_is_known_but_not_supported_says_so_by_name() {
    let not_yet = "known but not supported yet";
    only(&[
        (
            with_field("{kind: ragged, function: zagg.stats.tdigest.build_tdigest}"),
            "aggregation.variables.z.kind",
            "`kind: ragged` is known but not supported yet",
        ),
        (with_field("{kind: vector, expression: h_li}"), "aggregation.variables.z.kind", not_yet),
        (with_field("{function: min, resolution: chunk}"), "aggregation.variables.z.resolution", not_yet),
        (
            changed("aggregation:", "aggregation:\n  chunk_precompute: {a: {function: min}}"),
            "aggregation.chunk_precompute",
            not_yet,
        ),
        (
            changed("output:", "output:\n  store_layout: hive"),
            "output.store_layout",
            "`hive` is known but not supported yet",
        ),
        (changed("output:", "output:\n  windowing: {schedule: yearly}"), "output.windowing", not_yet),
        (changed("output:", "output:\n  aoi_mask: true"), "output.aoi_mask", not_yet),
        (
            changed("output:", "output:\n  product_name: a"),
            "output.product_name",
            "put the name at the end of output.store",
        ),
        (
            changed("output:", "pipeline: {type: event}\noutput:"),
            "pipeline.type",
            "`event` is known but not supported yet",
        ),
        (with_source("reader: raster"), "data_source.reader", not_yet),
        (with_source("assets: {l2a: {}}"), "data_source.assets", not_yet),
        (
            changed("\"/{group}/h\"", "{path: a, synthesize: linspace}"),
            "data_source.variables.h_li.synthesize",
            not_yet,
        ),
        (changed("\"/{group}/lon\"}", "\"/{group}/lon\", level: shots}"), "data_source.coordinates.level", not_yet),
    ]);
}

#[test]
fn fields_are_checked() {
    let at = "aggregation.variables.z";
    let cases = [
        ("{function: min, expression: \"np.min(h_li)\"}", "", "mutually exclusive"),
        ("{dtype: float32}", "", "`function` or `expression` is required"),
        ("{function: min, source: q}", ".source", "`q` is not in data_source.variables (h_li, s_li)"),
        ("{function: min, source: hli}", ".source", "(did you mean `h_li`?)"),
        ("{function: min, params: {q: 0.5}}", ".params.q", "takes no parameters"),
        ("{function: var, params: {dof: 1}}", ".params.dof", "(did you mean `ddof`?)"),
        ("{function: var, params: {ddof: 0.5}}", ".params.ddof", "a whole number, 0 or more"),
        ("{function: quantile}", ".params.q", "from 0 to 1"),
        ("{function: quantile, params: {q: 25}}", ".params.q", "25 is not between 0 and 1"),
        ("{function: percentile, params: {q: 101}}", ".params.q", "not between 0 and 100"),
        ("{function: average, params: {weights: \"1 / sli\"}}", ".params.weights", "(did you mean `s_li`?)"),
        ("{function: average, params: {weights: \"np.sum(s_li)\"}}", ".params.weights", "one per cell"),
        ("{expression: \"h_li - 1\"}", ".expression", "wrap what varies by point in a statistic"),
        ("{expression: \"np.mean(h_li) +\"}", ".expression", "an operand is missing"),
        ("{expression: \"np.mean(h_li)\", source: h}", ".source", "is not a variable"),
        ("{expression: \"np.mean(h_li)\", params: {q: 1}}", ".params", "belong to a `function`"),
        ("{function: min, dtype: int32}", ".fill_value", "write `fill_value: 0`"),
        ("{function: min, dtype: int32, fill_value: \"NaN\"}", ".fill_value", "cannot hold NaN"),
        ("{function: min, dtype: int32, fill_value: .nan}", ".fill_value", "cannot hold NaN"),
        ("{function: min, dtype: int32, fill_value: 0.5}", ".fill_value", "not a whole number"),
        ("{function: min, dtype: int8, fill_value: 200}", ".fill_value", "200 does not fit int8"),
        ("{function: min, dtype: uint8, fill_value: -1}", ".fill_value", "-1 does not fit uint8"),
        ("{function: min, fill_value: 1.0e300}", ".fill_value", "does not fit float32"),
        ("{function: min, fill_value: \"0\"}", ".fill_value", "without quotes"),
        ("{function: min, fill_value: none_}", ".fill_value", "is not a number or \"NaN\""),
    ];
    for (field, below, part) in cases {
        only(&[(with_field(field), &format!("{at}{below}"), part)]);
    }
    for name in ["cell_ids", "morton", "a/b", ".a", "__a", "a b", "\"\""] {
        let text = changed("h_mean:", &format!("{name}:"));
        assert_eq!(refusal(&text).problems.len(), 1, "{name}");
    }
    let keep = with_source("fill: keep").replace("function: mean", "function: nanmean");
    only(&[(keep, "aggregation.variables.h_mean.function", "use `mean`, or remove `fill: keep`")]);
    let coordinates = |text: &str| changed("aggregation:", &format!("aggregation:\n  coordinates: {{{text}}}"));
    only(&[
        (coordinates("leaf: {dtype: uint64}"), "aggregation.coordinates.leaf", "only `morton` and `cell_ids`"),
        (coordinates("morton: {dtype: int64}"), "aggregation.coordinates.morton.dtype", "uint64"),
        (coordinates("morton: {fill_value: 1}"), "aggregation.coordinates.morton.fill_value", "is 0"),
    ]);
}
