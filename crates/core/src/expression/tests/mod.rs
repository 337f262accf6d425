//! Expressions against numbers that numpy 2.2 computed.

use super::*;
use crate::points::Column;
use numpy::{PER_CELL, PER_POINT};

mod numpy;

const NAN: f64 = f64::NAN;
const STARTS: [u32; 4] = [0, 4, 5, 8];

fn columns() -> Vec<(String, Column)> {
    vec![
        ("h".to_owned(), Column::F64(vec![2.5, -1.0, 4.0, 0.5, 7.25, 3.0, 3.0, -2.0])),
        ("s".to_owned(), Column::F64(vec![0.1, 0.2, 0.4, 0.25, 0.5, 0.5, 0.125, 1.0])),
        ("n".to_owned(), Column::I64(vec![3, -7, 0, 2, 5, -5, 4, 1])),
    ]
}

fn names() -> Vec<String> {
    columns().into_iter().map(|(name, _)| name).collect()
}

fn parse(text: &str) -> Expression {
    Expression::parse(text, &names()).unwrap_or_else(|error| panic!("{error}"))
}

fn input<'a>(columns: &'a [(String, Column)], starts: &'a [u32], missing: MissingRule) -> Input<'a> {
    Input { columns, points: columns[0].1.len(), starts, missing }
}

/// Equal, or within two units in the last place: sums are sequential here, numpy's are pairwise.
fn near(found: f64, expected: f64) -> bool {
    (found.is_nan() && expected.is_nan()) || found == expected || (found - expected).abs() <= 4e-16 * expected.abs()
}

#[test]
fn expressions_per_point_equal_numpys() {
    let columns = columns();
    for (text, expected) in PER_POINT {
        let found = parse(text).eval_per_point(&input(&columns, &STARTS, MissingRule::LeaveOut)).unwrap();
        let same = found.len() == 8 && found.iter().zip(expected).all(|(f, e)| near(*f, *e));
        assert!(same, "{text}\n found {found:?}\n numpy {expected:?}");
    }
}

#[test]
fn expressions_per_cell_equal_numpys() {
    let columns = columns();
    for (text, expected) in PER_CELL {
        for missing in [MissingRule::LeaveOut, MissingRule::Propagate] {
            let found = parse(text).eval_per_cell(&input(&columns, &STARTS, missing)).unwrap();
            let same = found.len() == 3 && found.iter().zip(expected).all(|(f, e)| near(*f, *e));
            assert!(same, "{text}\n found {found:?}\n numpy {expected:?}");
        }
    }
}

#[test]
fn the_kind_tells_how_many_values_there_are() {
    let cases = [
        ("1 + 2", Kind::Constant),
        ("h + 1", Kind::PerPoint),
        ("np.sum(h)", Kind::PerCell),
        ("h - np.mean(h)", Kind::PerPoint),
        ("np.sum(h - np.mean(h)) / len(h)", Kind::PerCell),
        ("np.where(len(h) > 2, 1, 0)", Kind::PerCell),
    ];
    for (text, kind) in cases {
        assert_eq!(parse(text).kind(), kind, "{text}");
    }
    assert!(parse("(h > 1) & ~(s > 2)").is_boolean() && !parse("h").is_boolean());
    assert!(parse("h - np.mean(h)").has_statistic() && !parse("h - 1").has_statistic());
    assert_eq!(parse("s + h + s").columns(), ["s", "h"]);
}

#[test]
fn a_cells_statistic_stands_for_each_of_its_points() {
    let columns = columns();
    let found = parse("h - np.max(h)").eval_per_point(&input(&columns, &STARTS, MissingRule::LeaveOut)).unwrap();
    assert_eq!(found, [-1.5, -5.0, 0.0, -3.5, 0.0, 0.0, 0.0, -5.0]);
}

fn gappy() -> Vec<(String, Column)> {
    vec![
        ("h".to_owned(), Column::F32(vec![1.0, f32::NAN, 3.0, f32::NAN, 5.0])),
        ("s".to_owned(), Column::F64(vec![2.0, 2.0, NAN, 1.0, 0.0])),
        ("n".to_owned(), Column::U64(vec![1, 2, 3, 4, 5])),
    ]
}

fn per_cell(text: &str, missing: MissingRule) -> Vec<String> {
    // Cells of three points, none, one point that misses h, and one point.
    let (columns, starts) = (gappy(), [0, 3, 3, 4, 5]);
    let found = parse(text).eval_per_cell(&input(&columns, &starts, missing)).unwrap();
    found.iter().map(|x| format!("{x}")).collect()
}

#[test]
fn missing_values_are_left_out_or_spread() {
    let out = MissingRule::LeaveOut;
    assert_eq!(per_cell("np.sum(h)", out), ["4", "NaN", "NaN", "5"]);
    assert_eq!(per_cell("np.sum(h)", MissingRule::Propagate), ["NaN", "NaN", "NaN", "5"]);
    assert_eq!(per_cell("np.nansum(h)", MissingRule::Propagate), ["4", "NaN", "NaN", "5"]);
    assert_eq!(per_cell("np.sum(h * s)", out), ["2", "NaN", "NaN", "0"], "a point that misses either is left out");
    assert_eq!(per_cell("len(h)", out), ["2", "NaN", "0", "1"]);
    assert_eq!(per_cell("len(h)", MissingRule::Propagate), ["3", "NaN", "1", "1"]);
    assert_eq!(per_cell("np.sum(n)", out), ["6", "NaN", "4", "5"]);
    assert_eq!(per_cell("np.sum(np.isnan(h))", out), ["1", "NaN", "1", "0"], "asking does not depend on the value");
    assert_eq!(per_cell("np.median(h)", out), ["2", "NaN", "NaN", "5"]);
    assert_eq!(per_cell("np.average(h, weights=s)", out), ["1", "NaN", "NaN", "NaN"], "weights that sum to zero");
    assert_eq!(per_cell("np.sum((h - np.mean(h))**2)", out), ["2", "NaN", "NaN", "0"]);
    assert_eq!(per_cell("3.0", out), ["3", "NaN", "3", "3"], "a cell without points has no value");
}

#[test]
fn computed_nan_and_infinity_spread_even_when_missing_values_are_left_out() {
    let out = MissingRule::LeaveOut;
    assert_eq!(per_cell("np.sum(1 / s)", out), ["1", "NaN", "1", "inf"]);
    assert_eq!(per_cell("np.sum(s / s)", out), ["2", "NaN", "1", "NaN"]);
    assert_eq!(per_cell("np.nansum(s / s)", out), ["2", "NaN", "1", "NaN"], "no value is left");
}

#[test]
fn a_mask_is_false_where_a_comparison_meets_nan() {
    let columns = gappy();
    let mask = |text: &str| parse(text).eval_mask(&input(&columns, &[], MissingRule::LeaveOut)).unwrap();
    assert_eq!(mask("h > 0"), [true, false, true, false, true]);
    assert_eq!(mask("~(h > 0)"), [false, true, false, true, false]);
    assert_eq!(mask("(n >= 2) & (n != 4)"), [false, true, true, false, true]);
    assert_eq!(mask("1 > 0"), [true; 5]);
}

#[test]
fn spelling_does_not_change_the_canonical_text() {
    assert_eq!(
        parse("1/np.sqrt( numpy.sum(1/s**2) )").canonical(),
        parse("1.0 / sqrt(sum((1.0 / (s ** 2))))").canonical()
    );
    assert_ne!(parse("(h - s) - n").canonical(), parse("h - (s - n)").canonical());
    assert_ne!(parse("np.sum(h)").canonical(), parse("np.nansum(h)").canonical());
    assert_ne!(parse("np.quantile(h, 0.5)").canonical(), parse("np.quantile(h, 0.25)").canonical());
}

#[test]
fn what_is_not_an_expression_is_refused_with_the_place_and_a_remedy() {
    let cases = [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("1 +* 2", 3, "stands where an operand should"),
        ("1 +", 3, "an operand is missing at the end"),
        ("(1 + 2", 6, "a `)` is missing"),
        ("np.sum(h", 8, "a `,` or a `)` is missing"),
        ("np.sum()", 0, "needs an argument"),
        ("h h", 2, "an operator or the end is missing"),
        ("h = 1", 2, "use `==`"),
        ("h > 1 and s < 2", 6, "use & | ~"),
        ("not h", 0, "use & | ~"),
        ("0 < h < 1", 6, "cannot be chained"),
        ("h > abs(s) < 2", 11, "cannot be chained"),
        ("h > 1 & s < 2", 6, "each in parentheses"),
        ("~h", 0, "needs a comparison"),
        ("h | s", 2, "join comparisons"),
        ("__import__('os')", 11, "has no meaning"),
        ("os.system(1)", 0, "unknown function `os.system`"),
        ("np.histogram(h)", 0, "unknown function `np.histogram`"),
        ("h.sum()", 0, "is a method; write sum(x)"),
        ("h[0]", 1, "`[` has no meaning"),
        ("q + 1", 0, "the variables are h, s, n"),
        ("np.sqrt + 1", 0, "needs parentheses"),
        ("np.sqrt(h, s)", 0, "takes 1 argument(s), not 2"),
        ("np.sqrt(x=h)", 8, "no argument named `x`"),
        ("np.where(h, 1, 2)", 0, "is a comparison"),
        ("np.sum(1)", 7, "it needs one per point"),
        ("np.sum(np.mean(h))", 7, "it needs one per point"),
        ("min(h, s)", 7, "minimum(a, b)"),
        ("np.quantile(h)", 0, "needs a second argument, q"),
        ("np.quantile(h, 25)", 15, "from 0 to 1"),
        ("np.quantile(h, s)", 15, "from 0 to 1"),
        ("np.percentile(h, 101)", 17, "from 0 to 100"),
        ("np.std(h, 1)", 10, "ddof=..."),
        ("np.std(h, ddof=0.5)", 15, "a whole number"),
        ("np.std(h, axis=0)", 10, "it takes `ddof`"),
        ("1e999", 0, "not a number"),
        ("0x10", 0, "not a number"),
        ("1.2.3", 0, "not a number"),
        ("5j", 0, "not a number"),
        ("h > é", 4, "unknown name `é`"),
    ];
    for (text, place, part) in cases {
        let error = Expression::parse(text, &names()).expect_err(text);
        let ExpressionError::Text { position, .. } = &error else { panic!("{text}: {error}") };
        assert_eq!(*position, place, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

#[test]
fn an_unknown_name_suggests_the_near_one_under_a_caret() {
    let known = vec!["h_li".to_owned(), "s_li".to_owned()];
    let error = Expression::parse("1 / s_il**2", &known).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown name `s_il`; the variables are h_li, s_li (did you mean `s_li`?)\n  1 / s_il**2\n      ^"
    );
    let error = Expression::parse("np.sqr(h_li)", &known).unwrap_err();
    assert!(error.to_string().contains("(did you mean `sqrt`?)"), "{error}");
    assert_eq!(error.fault(), crate::fault::Fault::Malformed);
}

#[test]
fn deep_and_long_expressions_are_refused_and_do_not_overflow() {
    let deep = format!("{}h{}", "(".repeat(2000), ")".repeat(2000));
    let signs = format!("{}h", "-".repeat(4000));
    let powers = vec!["2"; 1000].join("**");
    let chain = vec!["h"; 1000].join("+");
    let calls = format!("{}h{}", "abs(".repeat(500), ")".repeat(500));
    for text in [deep, signs, powers, chain, calls] {
        let error = Expression::parse(&text, &names()).unwrap_err();
        assert!(error.to_string().contains("deeper than 64"), "{error}");
    }
    let error = Expression::parse(&"h ".repeat(3000), &names()).unwrap_err();
    assert!(error.to_string().contains("more than 4096"), "{error}");
    assert!(Expression::parse(&vec!["h"; 60].join(" + "), &names()).is_ok());
}

#[test]
fn an_input_that_does_not_fit_is_an_error() {
    let columns = columns();
    let sum = parse("np.sum(h)");
    let eval = |columns: &[(String, Column)], points, starts: &[u32]| {
        sum.eval_per_cell(&Input { columns, points, starts, missing: MissingRule::LeaveOut }).map(|_| ())
    };
    assert!(matches!(eval(&[], 8, &STARTS), Err(ExpressionError::ColumnAbsent { .. })));
    assert_eq!(eval(&[], 0, &[0, 0]), Ok(()), "without points no column is needed");
    assert!(matches!(eval(&columns, 7, &[0, 7]), Err(ExpressionError::ColumnLength { found: 8, points: 7, .. })));
    for starts in [vec![0, 9], vec![1, 8], vec![0, 5, 3, 8]] {
        assert!(matches!(eval(&columns, 8, &starts), Err(ExpressionError::Starts { .. })), "{starts:?}");
    }
    let whole = input(&columns, &STARTS, MissingRule::LeaveOut);
    assert!(matches!(parse("h").eval_per_cell(&whole), Err(ExpressionError::Shape { .. })));
    assert!(matches!(parse("h").eval_mask(&whole), Err(ExpressionError::Shape { .. })));
}
