//! Filters that compare a dataset with numbers, by numpy's rules: in the dataset's own type, and
//! NaN compares false.

use zagg_core::{
    pipeline::{CompareOp, Comparison},
    points::Column,
};

/// For each value, whether the point passes.
pub(super) fn passes(comparison: &Comparison, column: &Column) -> Vec<bool> {
    let keep = comparison.keep;
    match column {
        Column::F32(v) => {
            // numpy compares float32 data with a Python number in float32.
            let values: Vec<f32> = comparison.values.iter().map(|&x| x as f32).collect();
            v.iter().map(|x| holds(comparison.op, x, &values) == keep).collect()
        }
        Column::F64(v) => v.iter().map(|x| holds(comparison.op, x, &comparison.values) == keep).collect(),
        Column::I64(v) => integers(comparison, v.iter().map(|&x| i128::from(x))),
        Column::U64(v) => integers(comparison, v.iter().map(|&x| i128::from(x))),
    }
}

/// Integers are compared exactly where the filter's numbers are whole, else as `f64`.
fn integers(comparison: &Comparison, column: impl Iterator<Item = i128>) -> Vec<bool> {
    let keep = comparison.keep;
    if comparison.values.iter().all(|x| x.fract() == 0.0 && x.abs() < 1e30) {
        let values: Vec<i128> = comparison.values.iter().map(|&x| x as i128).collect();
        column.map(|x| holds(comparison.op, &x, &values) == keep).collect()
    } else {
        column.map(|x| holds(comparison.op, &(x as f64), &comparison.values) == keep).collect()
    }
}

fn holds<T: PartialOrd>(op: CompareOp, x: &T, values: &[T]) -> bool {
    let one = |test: fn(&T, &T) -> bool| values.first().is_some_and(|value| test(x, value));
    match op {
        CompareOp::Eq => one(|a, b| a == b),
        CompareOp::Ne => one(|a, b| a != b),
        CompareOp::Ge => one(|a, b| a >= b),
        CompareOp::Le => one(|a, b| a <= b),
        CompareOp::Lt => one(|a, b| a < b),
        CompareOp::Gt => one(|a, b| a > b),
        CompareOp::In => values.iter().any(|value| x == value),
        CompareOp::NotIn => !values.iter().any(|value| x == value),
    }
}

#[cfg(test)]
mod tests {
    use zagg_core::pipeline::PathTemplate;

    use super::*;

    fn comparison(op: CompareOp, values: &[f64], keep: bool) -> Comparison {
        Comparison { dataset: PathTemplate("q".into()), op, values: values.to_vec(), column: None, keep, level: None }
    }

    #[test]
    fn nan_passes_only_what_numpy_lets_it_pass() {
        let column = Column::F64(vec![f64::NAN, 1.0]);
        assert_eq!(passes(&comparison(CompareOp::Eq, &[1.0], true), &column), [false, true]);
        assert_eq!(passes(&comparison(CompareOp::Ne, &[1.0], true), &column), [true, false]);
        assert_eq!(passes(&comparison(CompareOp::Lt, &[2.0], true), &column), [false, true]);
        assert_eq!(passes(&comparison(CompareOp::Lt, &[2.0], false), &column), [true, false]);
    }

    #[test]
    fn float32_data_meets_the_number_in_float32() {
        let column = Column::F32(vec![0.1]);
        assert_eq!(passes(&comparison(CompareOp::Eq, &[0.1], true), &column), [true]);
    }

    #[test]
    fn large_integers_compare_exactly() {
        let column = Column::I64(vec![(1 << 53) + 1, 1 << 53]);
        let two_to_the_53 = 9_007_199_254_740_992.0;
        assert_eq!(passes(&comparison(CompareOp::Eq, &[two_to_the_53], true), &column), [false, true]);
        assert_eq!(passes(&comparison(CompareOp::Gt, &[0.5], true), &column), [true, true]);
    }

    #[test]
    fn membership_takes_several_numbers() {
        let column = Column::I64(vec![1, 2, 3]);
        assert_eq!(passes(&comparison(CompareOp::In, &[1.0, 3.0], true), &column), [true, false, true]);
        assert_eq!(passes(&comparison(CompareOp::NotIn, &[1.0, 3.0], true), &column), [false, true, false]);
    }
}
