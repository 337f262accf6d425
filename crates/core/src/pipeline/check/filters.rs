//! `data_source.quality_filter` and `data_source.filters`.

use super::{Names, source::template};
use crate::{
    expression::{Expression, Kind},
    nearest::nearest,
    pipeline::{
        CompareOp, Comparison, Filter,
        problem::{Findings, Path},
        raw::{RawFilter, RawOp, RawQualityFilter},
    },
};

pub(super) fn filters(
    quality: Option<RawQualityFilter>,
    listed: Option<Vec<RawFilter>>,
    names: &Names,
    findings: &mut Findings,
) -> Vec<Filter> {
    let at = Path::of("data_source.quality_filter");
    if quality.is_some() && listed.is_some() {
        findings.problem(
            &at,
            "the peer ignores this beside `filters`; move it there as {dataset: ..., op: eq, value: ...}",
        );
    }
    let quality = quality.and_then(|raw| equality(raw, &at, findings));
    let at = Path::of("data_source.filters");
    let listed = listed.unwrap_or_default().into_iter().enumerate();
    let listed = listed.filter_map(|(i, raw)| filter(raw, names, &at.index(i), findings));
    quality.into_iter().chain(listed).collect()
}

fn equality(raw: RawQualityFilter, at: &Path, findings: &mut Findings) -> Option<Filter> {
    if raw.value.is_none() {
        findings.absent(&at.key("value"), "a value is required; points whose value equals it are kept");
    }
    let dataset = template(raw.dataset, &at.key("dataset"), findings);
    let (dataset, values) = (dataset?, vec![raw.value?]);
    Some(Filter::Compare(Comparison { dataset, op: CompareOp::Eq, values, column: None, keep: true, level: None }))
}

fn filter(raw: RawFilter, names: &Names, at: &Path, findings: &mut Findings) -> Option<Filter> {
    match &raw.expression {
        Some(text) => {
            let beside = [
                ("dataset", raw.dataset.is_some()),
                ("op", raw.op.is_some()),
                ("value", raw.value.is_some()),
                ("values", raw.values.is_some()),
                ("column", raw.column.is_some()),
                ("keep", raw.keep.is_some()),
                ("level", raw.level.is_some()),
            ];
            for (key, _) in beside.into_iter().filter(|(_, given)| *given) {
                findings.problem(&at.key(key), "no other key stands beside `expression`; make it a filter of its own");
            }
            condition(text, names, &at.key("expression"), findings)
        }
        None => comparison(raw, names, at, findings),
    }
}

fn condition(text: &str, names: &Names, at: &Path, findings: &mut Findings) -> Option<Filter> {
    let expression = parsed(text, names, at, findings)?;
    if expression.has_statistic() {
        findings.problem(at, "a filter looks at one point at a time and cannot hold a statistic such as mean(x)");
        return None;
    }
    if !expression.is_boolean() || expression.kind() != Kind::PerPoint {
        findings.problem(at, "a filter is a condition on variables, e.g. (h > 0) & (s < 1)");
        return None;
    }
    Some(Filter::Expression(expression))
}

/// An expression over the variables. Unknown names are not told when the variables themselves
/// have problems.
pub(super) fn parsed(text: &str, names: &Names, at: &Path, findings: &mut Findings) -> Option<Expression> {
    match Expression::parse(text, &names.columns) {
        Ok(expression) => Some(expression),
        Err(error) => {
            findings.problem(at, error.to_string());
            None
        }
    }
}

fn comparison(raw: RawFilter, names: &Names, at: &Path, findings: &mut Findings) -> Option<Filter> {
    if raw.dataset.is_none() && raw.op.is_none() && !findings.touches(at) {
        findings.problem(at, "a filter has `dataset`, `op` and `value` (or `values`), or `expression`");
        return None;
    }
    let dataset = template(raw.dataset, &at.key("dataset"), findings);
    let Some(op) = raw.op.map(CompareOp::from) else {
        findings.absent(&at.key("op"), "the comparison is required: eq, ne, ge, le, lt, gt, in or not_in");
        return None;
    };
    let values = match (op, raw.value, raw.values) {
        (CompareOp::In | CompareOp::NotIn, None, Some(values)) if !values.is_empty() => Some(values),
        (CompareOp::In | CompareOp::NotIn, ..) => {
            findings.absent(&at.key("values"), "`in` and `not_in` need `values`, a list of numbers, and no `value`");
            None
        }
        (_, Some(value), None) => Some(vec![value]),
        _ => {
            findings.absent(&at.key("value"), "this comparison needs `value`, a number, and no `values`");
            None
        }
    };
    let level = raw.level.filter(|level| names.base.as_ref() != Some(level));
    if let Some(level) = &level
        && !names.levels.contains(level)
    {
        let suggestion = nearest(level, names.levels.iter().map(String::as_str));
        findings.misnomer(&at.key("level"), format!("`{level}` is not one of data_source.levels"), suggestion);
    }
    let column = raw.column.map(|column| column as usize);
    let keep = raw.keep.unwrap_or(true);
    Some(Filter::Compare(Comparison { dataset: dataset?, op, values: values?, column, keep, level }))
}

impl From<RawOp> for CompareOp {
    fn from(op: RawOp) -> Self {
        match op {
            RawOp::Eq => Self::Eq,
            RawOp::Ne => Self::Ne,
            RawOp::Ge => Self::Ge,
            RawOp::Le => Self::Le,
            RawOp::Lt => Self::Lt,
            RawOp::Gt => Self::Gt,
            RawOp::In => Self::In,
            RawOp::NotIn => Self::NotIn,
        }
    }
}
