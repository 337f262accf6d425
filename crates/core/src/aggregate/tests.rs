use super::*;
use crate::{
    column::{Dtype, Values},
    expression::Expression,
};

fn field(name: &str, reduction: Reduction, dtype: Dtype) -> Field {
    let fill_value = if dtype.is_float() { FillValue::NaN } else { FillValue::Integer(0) };
    Field { name: name.into(), reduction, dtype, fill_value, attributes: Vec::new() }
}

fn expression(text: &str) -> Expression {
    Expression::parse(text, &["h".to_owned(), "s".to_owned()]).unwrap()
}

fn aggregate(fields: Vec<Field>, missing: MissingRule, cells: &[u32], h: &[f32], s: &[f32]) -> Vec<Values> {
    let points = Points {
        cells: cells.to_vec(),
        columns: vec![("h".into(), Column::F32(h.to_vec())), ("s".into(), Column::F32(s.to_vec()))],
    };
    let aggregation = Aggregation { fields, cells_per_shard: 3, missing };
    let (columns, _) = aggregation.apply(points).unwrap();
    columns.fields.into_iter().map(|(_, values)| values).collect()
}

fn h() -> String {
    "h".to_owned()
}

#[test]
fn every_statistic_of_a_cell_is_right() {
    let fields = vec![
        field("count", Reduction::Count { source: Some(h()) }, Dtype::Int32),
        field("min", Reduction::Min { source: h() }, Dtype::Float32),
        field("max", Reduction::Max { source: h() }, Dtype::Float32),
        field("sum", Reduction::Sum { source: h() }, Dtype::Float64),
        field("mean", Reduction::Mean { source: h() }, Dtype::Float64),
        field("var", Reduction::Variance { source: h(), ddof: 0 }, Dtype::Float64),
        field("std", Reduction::StandardDeviation { source: h(), ddof: 1 }, Dtype::Float64),
        field("median", Reduction::Median { source: h() }, Dtype::Float64),
        field("q25", Reduction::Quantile { source: h(), q: 0.25 }, Dtype::Float64),
        field("weighted", Reduction::WeightedMean { source: h(), weights: expression("1.0 / s**2") }, Dtype::Float64),
        field("sigma", Reduction::Expression(expression("1.0 / np.sqrt(np.sum(1.0 / s**2))")), Dtype::Float64),
    ];
    let out = aggregate(fields, MissingRule::LeaveOut, &[1, 1, 1, 1], &[4.0, 1.0, 2.0, 3.0], &[1.0, 0.5, 1.0, 1.0]);
    assert_eq!(out[0], Values::Int32(vec![0, 4, 0]));
    let at = |i: usize| match &out[i] {
        Values::Float32(v) => f64::from(v[1]),
        Values::Float64(v) => v[1],
        _ => panic!("not a floating field"),
    };
    assert_eq!((at(1), at(2), at(3), at(4), at(5)), (1.0, 4.0, 10.0, 2.5, 1.25));
    assert!((at(6) - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    assert_eq!((at(7), at(8)), (2.5, 1.75));
    assert_eq!(at(9), (4.0 + 4.0 + 2.0 + 3.0) / 7.0);
    assert!((at(10) - 1.0 / 7.0_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn missing_values_are_left_out_and_counted() {
    let fields = vec![
        field("count", Reduction::Count { source: Some(h()) }, Dtype::Int32),
        field("points", Reduction::Count { source: None }, Dtype::Int32),
        field("mean", Reduction::Mean { source: h() }, Dtype::Float32),
        field("weighted", Reduction::WeightedMean { source: h(), weights: expression("1.0 / s**2") }, Dtype::Float32),
    ];
    let nan = f32::NAN;
    let out = aggregate(fields, MissingRule::LeaveOut, &[0, 0, 0, 2], &[1.0, nan, 5.0, nan], &[1.0, 1.0, nan, 1.0]);
    assert_eq!(out[0], Values::Int32(vec![2, 0, 0]));
    assert_eq!(out[1], Values::Int32(vec![3, 0, 1]));
    let Values::Float32(mean) = &out[2] else { panic!("not f32") };
    assert_eq!(mean[0], 3.0);
    assert!(mean[2].is_nan(), "a cell whose every value is missing has no mean");
    let Values::Float32(weighted) = &out[3] else { panic!("not f32") };
    assert_eq!(weighted[0], 1.0);
}

#[test]
fn kept_fill_values_propagate_as_in_numpy() {
    let fields = vec![
        field("count", Reduction::Count { source: Some(h()) }, Dtype::Int32),
        field("min", Reduction::Min { source: h() }, Dtype::Float32),
        field("q", Reduction::Quantile { source: h(), q: 0.5 }, Dtype::Float32),
    ];
    let out = aggregate(fields, MissingRule::Propagate, &[0, 0], &[1.0, f32::NAN], &[1.0, 1.0]);
    assert_eq!(out[0], Values::Int32(vec![2, 0, 0]));
    for values in &out[1..] {
        let Values::Float32(v) = values else { panic!("not f32") };
        assert!(v[0].is_nan());
    }
}

#[test]
fn weights_that_sum_to_zero_give_nan_and_not_a_failed_shard() {
    let weights = expression("s");
    let fields = vec![field("mean", Reduction::WeightedMean { source: h(), weights }, Dtype::Float32)];
    let out = aggregate(fields, MissingRule::LeaveOut, &[0, 1], &[1.0, 2.0], &[0.0, 2.0]);
    let Values::Float32(v) = &out[0] else { panic!("not f32") };
    assert!(v[0].is_nan());
    assert_eq!(v[1], 2.0);
}

#[test]
fn a_shard_without_points_is_all_empty_cells() {
    let fields = vec![
        field("count", Reduction::Count { source: Some(h()) }, Dtype::Int32),
        field("mean", Reduction::Mean { source: h() }, Dtype::Float32),
    ];
    let aggregation = Aggregation { fields, cells_per_shard: 2, missing: MissingRule::LeaveOut };
    let (columns, report) = aggregation.apply(Points::default()).unwrap();
    assert_eq!(columns.cells_with_points, 0);
    assert_eq!(report.points, 0);
    assert_eq!(columns.fields[0].1, Values::Int32(vec![0, 0]));
}

#[test]
fn integer_sources_stay_exact_beyond_two_to_the_53() {
    let big = (1_i64 << 60) + 1;
    let points = Points { cells: vec![0, 0], columns: vec![("id".into(), Column::I64(vec![big, 1]))] };
    let fields = vec![
        field("max", Reduction::Max { source: "id".into() }, Dtype::Int64),
        field("sum", Reduction::Sum { source: "id".into() }, Dtype::Int64),
    ];
    let aggregation = Aggregation { fields, cells_per_shard: 1, missing: MissingRule::LeaveOut };
    let (columns, _) = aggregation.apply(points).unwrap();
    assert_eq!(columns.fields[0].1, Values::Int64(vec![big]));
    assert_eq!(columns.fields[1].1, Values::Int64(vec![big + 1]));
}
