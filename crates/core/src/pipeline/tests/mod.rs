//! Tests of pipelines.

mod accepted;
mod digests;
mod places;
mod problems;
mod published;
mod yaml;

use super::{Pipeline, PipelineError};

/// A small pipeline on which tests build.
const BASE: &str = r#"
data_source:
  groups: [gt1l, gt2l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h_li: "/{group}/h", s_li: "/{group}/s"}
aggregation:
  variables:
    count: {function: len, dtype: int32, fill_value: 0}
    h_mean: {function: mean, source: h_li}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;

/// [`BASE`] with one piece of its text replaced.
fn changed(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "the base lacks {from:?}");
    BASE.replacen(from, to, 1)
}

/// [`BASE`] with another field.
fn with_field(field: &str) -> String {
    changed("    h_mean: {function: mean, source: h_li}\n", &format!("    z: {field}\n"))
}

/// [`BASE`] with another grid.
fn with_grid(grid: &str) -> String {
    changed("{type: healpix, parent_order: 6, child_order: 12}", grid)
}

/// [`BASE`] with more keys in `data_source`.
fn with_source(lines: &str) -> String {
    changed("  groups:", &format!("  {lines}\n  groups:"))
}

#[track_caller]
fn load(text: &str) -> Pipeline {
    Pipeline::from_yaml(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
fn refusal(text: &str) -> PipelineError {
    match Pipeline::from_yaml(text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error,
    }
}

/// Each text has exactly one problem, at `path`, whose sentence contains `part`.
#[track_caller]
fn only(cases: &[(String, &str, &str)]) {
    for (text, path, part) in cases {
        let error = refusal(text);
        let [problem] = error.problems.as_slice() else { panic!("not one problem: {error}\n{text}") };
        assert_eq!(problem.path, *path, "{error}\n{text}");
        assert!(problem.to_string().contains(part), "{error} lacks {part:?}\n{text}");
        assert!(!path.contains('.') || problem.line.is_some(), "{error} has no line");
    }
}
