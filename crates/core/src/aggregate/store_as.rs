//! One statistic per cell to the field's stored type, checked: nothing is rounded or wrapped
//! silently.

use crate::column::{Dtype, FillValue, Values};

use super::AggregateError;

/// One statistic per occupied cell.
pub(super) enum Statistic {
    /// NaN where there is no value.
    Float(Vec<f64>),
    /// None where there is no value; exact beyond 2^53.
    Integer(Vec<Option<i128>>),
}

/// Spreads `statistic` (one entry per entry of `cells`) over all cells of the shard in `dtype`.
/// Cells without a value are NaN in floating types and `empty` in integer types.
pub(super) fn dense(
    field: &str,
    statistic: &Statistic,
    cells: &[u32],
    cells_per_shard: usize,
    dtype: Dtype,
    empty: FillValue,
) -> Result<Values, AggregateError> {
    let empty = match empty {
        FillValue::Integer(value) => value,
        FillValue::Float(value) => value as i128,
        FillValue::NaN => 0,
    };
    macro_rules! float {
        ($variant:ident, $t:ty) => {{
            let mut out = vec![<$t>::NAN; cells_per_shard];
            match statistic {
                Statistic::Float(values) => {
                    for (&cell, &value) in cells.iter().zip(values) {
                        out[cell as usize] = value as $t;
                    }
                }
                Statistic::Integer(values) => {
                    for (&cell, value) in cells.iter().zip(values) {
                        out[cell as usize] = value.map_or(<$t>::NAN, |value| value as $t);
                    }
                }
            }
            Values::$variant(out)
        }};
    }
    macro_rules! integer {
        ($variant:ident, $t:ty) => {{
            let narrow = |value: i128| {
                <$t>::try_from(value).map_err(|_| AggregateError::OutOfRange {
                    field: field.to_owned(),
                    value: value.to_string(),
                    dtype,
                })
            };
            let mut out = vec![narrow(empty)?; cells_per_shard];
            match statistic {
                Statistic::Float(values) => {
                    for (&cell, &value) in cells.iter().zip(values) {
                        if !value.is_nan() {
                            out[cell as usize] = narrow(whole(field, value, dtype)?)?;
                        }
                    }
                }
                Statistic::Integer(values) => {
                    for (&cell, value) in cells.iter().zip(values) {
                        if let Some(value) = value {
                            out[cell as usize] = narrow(*value)?;
                        }
                    }
                }
            }
            Values::$variant(out)
        }};
    }
    Ok(match dtype {
        Dtype::Float32 => float!(Float32, f32),
        Dtype::Float64 => float!(Float64, f64),
        Dtype::Int8 => integer!(Int8, i8),
        Dtype::Int16 => integer!(Int16, i16),
        Dtype::Int32 => integer!(Int32, i32),
        Dtype::Int64 => integer!(Int64, i64),
        Dtype::Uint8 => integer!(Uint8, u8),
        Dtype::Uint16 => integer!(Uint16, u16),
        Dtype::Uint32 => integer!(Uint32, u32),
        Dtype::Uint64 => integer!(Uint64, u64),
    })
}

fn whole(field: &str, value: f64, dtype: Dtype) -> Result<i128, AggregateError> {
    if value.fract() == 0.0 && value.abs() < 1.0e30 {
        Ok(value as i128)
    } else if value.is_finite() && value.fract() != 0.0 {
        Err(AggregateError::NotWhole { field: field.to_owned(), value, dtype })
    } else {
        Err(AggregateError::OutOfRange { field: field.to_owned(), value: value.to_string(), dtype })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(values: Vec<f64>, dtype: Dtype) -> Result<Values, AggregateError> {
        dense("f", &Statistic::Float(values), &[1], 3, dtype, FillValue::Integer(-1))
    }

    #[test]
    fn empty_cells_are_nan_or_the_integer_fill() {
        let Values::Float32(floats) = store(vec![2.5], Dtype::Float32).unwrap() else { panic!("not f32") };
        assert!(floats[0].is_nan() && floats[2].is_nan());
        assert_eq!(floats[1], 2.5);
        assert_eq!(store(vec![2.0], Dtype::Int16).unwrap(), Values::Int16(vec![-1, 2, -1]));
    }

    #[test]
    fn a_fraction_never_becomes_an_integer_silently() {
        assert!(matches!(store(vec![2.5], Dtype::Int16), Err(AggregateError::NotWhole { .. })));
    }

    #[test]
    fn a_number_too_large_for_its_type_is_an_error() {
        assert!(matches!(store(vec![40_000.0], Dtype::Int16), Err(AggregateError::OutOfRange { .. })));
        assert!(matches!(store(vec![f64::INFINITY], Dtype::Int64), Err(AggregateError::OutOfRange { .. })));
        let huge = Statistic::Integer(vec![Some(i128::from(u64::MAX))]);
        let stored = dense("f", &huge, &[0], 1, Dtype::Uint64, FillValue::Integer(0)).unwrap();
        assert_eq!(stored, Values::Uint64(vec![u64::MAX]));
    }
}
