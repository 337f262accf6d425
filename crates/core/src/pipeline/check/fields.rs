//! `aggregation.variables` and `aggregation.coordinates`.

use super::{Names, fill::fill_value, filters::parsed, functions};
use crate::{
    column::Dtype,
    expression::Kind,
    pipeline::{
        Field, FillPolicy, Reduction,
        problem::{Findings, Path},
        raw::{Ordered, RawCoordinate, RawField, RawFieldKind, RawNumber, RawResolution},
        shape::not_yet,
    },
};

/// What a field is checked against.
pub(super) struct Context<'a> {
    pub(super) names: &'a Names,
    /// None when the source has problems.
    pub(super) fill: Option<FillPolicy>,
    pub(super) healpix: bool,
}

pub(super) fn field(
    name: String,
    raw: RawField,
    context: &Context<'_>,
    at: &Path,
    findings: &mut Findings,
) -> Option<Field> {
    let kind = match raw.kind {
        Some(RawFieldKind::Vector) => Some("`kind: vector`"),
        Some(RawFieldKind::Ragged) => Some("`kind: ragged`"),
        Some(RawFieldKind::Scalar) | None => None,
    };
    if let Some(kind) = kind {
        // Its functions and shapes are not known either: one problem says it all.
        findings.problem(&at.key("kind"), not_yet(kind, Some("zagg computes one number per cell")));
        return None;
    }
    if raw.resolution == Some(RawResolution::Chunk) {
        findings.problem(&at.key("resolution"), not_yet("`resolution: chunk`", Some("fields have one value per cell")));
    }
    check_name(&name, context.healpix, at, findings);
    let dtype = raw.dtype.unwrap_or(Dtype::Float32);
    let fill_value = fill_value(raw.fill_value.as_ref(), dtype, &at.key("fill_value"), findings);
    let reduction = match (&raw.function, &raw.expression) {
        (Some(_), Some(_)) => {
            findings.problem(at, "`function` and `expression` are mutually exclusive; keep one");
            None
        }
        (None, None) => {
            findings.absent(at, "`function` or `expression` is required");
            None
        }
        (Some(function), None) => functions::reduction(function, &raw, context, at, findings),
        (None, Some(text)) => expression(text, &raw, context.names, at, findings),
    };
    let attributes = raw.attrs.unwrap_or_default().into_iter().collect();
    Some(Field { name, reduction: reduction?, dtype, fill_value: fill_value?, attributes })
}

fn expression(text: &str, raw: &RawField, names: &Names, at: &Path, findings: &mut Findings) -> Option<Reduction> {
    // The peer's files name a source here too, though nothing reads it.
    match raw.source.as_deref() {
        Some(source) if names.columns.iter().any(|column| column == source) => {
            findings.note(format!("`{at}.source` has no effect: an expression names its variables"));
        }
        Some(source) => findings.problem(&at.key("source"), format!("`{source}` is not a variable; remove it")),
        None => {}
    }
    if raw.params.is_some() {
        findings.problem(&at.key("params"), "`params` belong to a `function`; an expression names its variables");
    }
    let at = at.key("expression");
    let expression = parsed(text, names, &at, findings)?;
    if expression.kind() == Kind::PerPoint {
        findings.problem(
            &at,
            "a field has one number per cell: wrap what varies by point in a statistic, e.g. np.mean(...)",
        );
        return None;
    }
    Some(Reduction::Expression(expression))
}

/// A field's name is the name of an array, beside the coordinates of the grid.
fn check_name(name: &str, healpix: bool, at: &Path, findings: &mut Findings) {
    let taken: &[&str] = if healpix { &["cell_ids", "morton", "cells"] } else { &["x", "y", "spatial_ref", "crs"] };
    if taken.contains(&name) {
        findings.problem(at, format!("`{name}` is a coordinate of the grid; give the field another name"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts_well = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    if !starts_well || name.starts_with("__") || !name.chars().all(plain) || name == "zarr.json" {
        findings
            .problem(at, "a field's name consists of letters, digits, _, - and ., and begins with a letter or a digit");
    }
}

/// The coordinates hold cell numbers and nothing else, whatever is declared here.
pub(super) fn coordinates(raw: Ordered<RawCoordinate>, healpix: bool, findings: &mut Findings) {
    for (name, coordinate) in raw.0 {
        let at = Path::of("aggregation.coordinates").key(&name);
        if !matches!(name.as_str(), "morton" | "cell_ids") {
            findings.problem(
                &at,
                "only `morton` and `cell_ids` are coordinates of cells; fields belong in aggregation.variables",
            );
            continue;
        }
        if !healpix {
            findings.note(format!("`{at}` has no effect: a rectilinear grid has no cell numbers"));
            continue;
        }
        if coordinate.dtype.is_some_and(|dtype| dtype != Dtype::Uint64) {
            findings.problem(&at.key("dtype"), "cell numbers are uint64");
        }
        let zero = |number: &RawNumber| matches!(number, RawNumber::Number(n) if n.as_f64() == Some(0.0));
        if coordinate.fill_value.as_ref().is_some_and(|value| !zero(value)) {
            findings.problem(&at.key("fill_value"), "the fill value of cell numbers is 0");
        }
    }
}
