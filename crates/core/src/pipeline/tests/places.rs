//! What is refused in `data_source` and `output.grid`, with which words.

use super::{changed, only, with_grid, with_source};

#[test]
fn sources_are_checked() {
    let variable = "data_source.variables.h_li";
    let height = |with: &str| changed("\"/{group}/h\"", with);
    only(&[
        (changed("[gt1l, gt2l]", "[]"), "data_source.groups", "no group is read"),
        (changed("[gt1l, gt2l]", "[gt1l, gt1l]"), "data_source.groups[1]", "listed twice"),
        (changed("[gt1l, gt2l]", "[gt1l, \"{x}\"]"), "data_source.groups[1]", "not a group's name"),
        (changed("\"/{group}/lat\"", "\"/lat\""), "data_source.coordinates.latitude", "put {group}"),
        (changed("latitude: \"/{group}/lat\", ", ""), "data_source.coordinates.latitude", "is required"),
        (height("\"/{beam}/h\""), variable, "only {group} may stand in braces"),
        (height("\"/\""), variable, "the path is empty"),
        (height("{column: 1}"), &format!("{variable}.path"), "is required"),
        (height("{path: a, column: -1}"), &format!("{variable}.column"), "not between 0"),
        (height("5"), variable, "expected text or a map, found a whole number"),
        (changed("s_li: ", "s-li: "), "data_source.variables.s-li", "letters, digits and _"),
    ]);
}

#[test]
fn filters_are_checked() {
    let filter = |text: &str| with_source(&format!("filters: [{text}]"));
    let at = |below: &str| format!("data_source.filters[0]{below}");
    let cases = [
        ("{}", "", "`dataset`, `op` and `value`"),
        ("{dataset: a, op: range, value: 1}", ".op", "`range` is not one of eq, ne"),
        ("{dataset: a, value: 1}", ".op", "the comparison is required"),
        ("{dataset: a, op: eq}", ".value", "needs `value`"),
        ("{dataset: a, op: eq, values: [1]}", ".value", "needs `value`"),
        ("{dataset: a, op: in, value: 1}", ".values", "need `values`"),
        ("{dataset: a, op: in, values: []}", ".values", "need `values`"),
        ("{dataset: a, op: in, values: [1, x]}", ".values[1]", "expected a number"),
        ("{op: eq, value: 1}", ".dataset", "is required"),
        ("{dataset: a, op: eq, value: 1, level: s}", ".level", "not one of data_source.levels"),
        ("{dataset: a, op: eq, value: 1, asset: l2a}", ".asset", "known but not supported yet"),
        ("{expression: \"h_li > 0\", keep: false}", ".keep", "no other key stands beside"),
        ("{expression: \"h_li\"}", ".expression", "a condition on variables"),
        ("{expression: \"1 > 0\"}", ".expression", "a condition on variables"),
        ("{expression: \"h_li > np.mean(h_li)\"}", ".expression", "cannot hold a statistic"),
        ("{expression: \"h_l > 0\"}", ".expression", "(did you mean `h_li`?)"),
        ("{expression: \"(h_li > 0) and (s_li < 1)\"}", ".expression", "use & | ~"),
    ];
    for (text, below, part) in cases {
        only(&[(filter(text), &at(below), part)]);
    }
    let both = with_source("quality_filter: {dataset: a, value: 0}\n  filters: [{dataset: a, op: eq, value: 1}]");
    only(&[(both, "data_source.quality_filter", "move it there")]);
}

const LINK: &str = "link: {to: p, index_beg: b, count: c}";

/// A pipeline with a base level `p` and a coarse level `s`.
fn levels(base: &str, s: &str, more: &str) -> String {
    with_source(&format!("{base}\n  levels: {{p: {{path: a}}, s: {{{s}}}}}{more}"))
}

#[test]
fn levels_and_their_links_are_checked() {
    let link = LINK;
    let good = format!("path: a, coordinates: {{latitude: la, longitude: lo}}, {link}");
    let base = "base_level: p";
    let at = "data_source.levels.s";
    only(&[
        (with_source("base_level: p"), "data_source.levels", "which are absent"),
        (levels("", &good, ""), "data_source.base_level", "need a `base_level`"),
        (
            levels("base_level: photon", &format!("path: a, {}", link.replace("to: p", "to: photon")), "")
                .replace("p: {path: a}", "photons: {path: a, link: {to: photon, index_beg: b, count: c}}"),
            "data_source.base_level",
            "(did you mean `photons`?)",
        ),
        (levels(base, "path: a", ""), &format!("{at}.link"), "a link to `p` is required"),
        (levels(base, link, ""), &format!("{at}.path"), "is required"),
        (
            levels(base, "path: a, link: {to: q, index_beg: b, count: c}", ""),
            &format!("{at}.link.to"),
            "link to the base level, `p`",
        ),
        (levels(base, "path: a, link: {index_beg: b, count: c}", ""), &format!("{at}.link.to"), "is required"),
        (levels(base, "path: a, link: {to: p, count: c}", ""), &format!("{at}.link.index_beg"), "is required"),
        (
            levels(base, "path: a, link: {to: p, index_beg: b, count: c, index: 1}", ""),
            &format!("{at}.link.index"),
            "unknown key",
        ),
        (
            levels(base, &format!("{good}, variables: {{h_li: x}}"), ""),
            &format!("{at}.variables.h_li"),
            "is a variable already",
        ),
    ]);
}

#[test]
fn the_base_level_and_read_plans_are_checked() {
    let link = LINK;
    let good = format!("path: a, coordinates: {{latitude: la, longitude: lo}}, {link}");
    let base = "base_level: p";
    only(&[
        (
            levels(base, &good, "").replace("{path: a}", "{path: a, variables: {v: x}}"),
            "data_source.levels.p.variables",
            "belong in data_source.variables",
        ),
        (
            levels(base, &good, "").replace("{path: a}", &format!("{{path: a, {link}}}")),
            "data_source.levels.p.link",
            "remove its link",
        ),
        (with_source("read_plan: {spatial_index: s}"), "data_source.levels", "needs `levels`"),
        (levels(base, &good, "\n  read_plan: {spatial_index: t}"), "data_source.read_plan.spatial_index", "not one of"),
        (
            levels(base, &good, "\n  read_plan: {spatial_index: p}"),
            "data_source.read_plan.spatial_index",
            "needs `coordinates`",
        ),
        (levels(base, &good, "\n  read_plan: {}"), "data_source.read_plan.spatial_index", "is required"),
        (
            levels(base, &good, "\n  read_plan: {spatial_index: s, full_read_threshold: 2}"),
            "data_source.read_plan.full_read_threshold",
            "between 0 and 1",
        ),
        (
            levels(base, &good, "\n  read_plan: {spatial_index: s, chunk_boundaries: {prefix: a}}"),
            "data_source.read_plan.chunk_boundaries",
            "known but not supported yet",
        ),
    ]);
}

#[test]
fn grids_are_checked() {
    let healpix = |keys: &str| with_grid(&format!("{{type: healpix, {keys}}}"));
    let plane = |keys: &str| with_grid(&format!("{{type: rectilinear, {keys}}}"));
    let full = "crs: EPSG:3031, resolution: 500, bounds: [0, 0, 1e6, 1e6]";
    only(&[
        (
            changed("  grid: {type: healpix, parent_order: 6, child_order: 12}", "  compression: none"),
            "output.grid",
            "this section is required",
        ),
        (with_grid("{parent_order: 6, child_order: 12}"), "output.grid.type", "healpix or rectilinear"),
        (healpix("child_order: 12"), "output.grid.parent_order", "the order of shards is required"),
        (healpix("parent_order: 6, child_order: 30"), "output.grid.child_order", "finer than 29"),
        (healpix("parent_order: 6, child_order: 5"), "output.grid.child_order", "swap the two"),
        (healpix("parent_order: 0, child_order: 29"), "output.grid", "finer parent_order"),
        (healpix("parent_order: 6, child_order: 12, chunk_inner: 5"), "output.grid.chunk_inner", "not between"),
        (
            healpix("parent_order: 6, child_order: 12, chunk_inner: [2, 2]"),
            "output.grid.chunk_inner",
            "this is an order",
        ),
        (healpix("parent_order: 6, child_order: 12, indexing_scheme: ring"), "output.grid.indexing_scheme", "`ring`"),
        (healpix("parent_order: 6, child_order: 12, layout: dense"), "output.grid.layout", "`dense`"),
        (
            healpix("parent_order: 6, child_order: 12, cell_ids_encoding: a"),
            "output.grid.cell_ids_encoding",
            "plain uint64",
        ),
        (
            healpix("parent_order: 6, child_order: 12, crs: EPSG:3031"),
            "output.grid.crs",
            "belongs to a rectilinear grid",
        ),
        (plane(&format!("{full}, parent_order: 6")), "output.grid.parent_order", "belongs to a healpix grid"),
        (plane("resolution: 500, bounds: [0, 0, 1e6, 1e6]"), "output.grid.crs", "is required"),
        (plane("crs: EPSG:3031, bounds: [0, 0, 1e6, 1e6]"), "output.grid.resolution", "is required"),
        (plane("crs: EPSG:3031, resolution: 500"), "output.grid.bounds", "are required"),
        (plane("crs: polar, resolution: 500, bounds: [0, 0, 1, 1]"), "output.grid.crs", "e.g. EPSG:3031"),
        (plane("crs: EPSG:999999, resolution: 500, bounds: [0, 0, 1, 1]"), "output.grid", "999999"),
        (plane("crs: EPSG:3031, resolution: 0, bounds: [0, 0, 1, 1]"), "output.grid.resolution", "above 0"),
        (
            plane("crs: EPSG:3031, resolution: 1, bounds: [0, 0, 1]"),
            "output.grid.bounds",
            "expected a list of 4 values, found 3",
        ),
        (
            plane("crs: EPSG:3031, resolution: 1, bounds: [1, 0, 0, 1]"),
            "output.grid.bounds",
            "[xmin, ymin, xmax, ymax]",
        ),
        (plane(&format!("{full}, chunk_shape: [0, 256]")), "output.grid.chunk_shape", "1 or more"),
        (plane(&format!("{full}, chunk_inner: [100, 256]")), "output.grid.chunk_inner", "does not divide"),
        (plane(&format!("{full}, chunk_inner: 8")), "output.grid.chunk_inner", "[rows, columns]"),
        (plane(&format!("{full}, sharded: true")), "output.grid.sharded", "nothing to pack"),
    ]);
}
