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

/// Where a statistic goes.
pub(super) struct Target<'a> {
    /// The field's name, for messages.
    pub(super) field: &'a str,
    /// The stored type.
    pub(super) dtype: Dtype,
    /// The value of an integer cell without a value.
    pub(super) empty: FillValue,
    /// The cells that hold points, one for each entry of a statistic.
    pub(super) cells: &'a [u32],
    /// Cells of the shard.
    pub(super) cells_per_shard: usize,
}

impl Target<'_> {
    /// Spreads `statistic` over all cells of the shard in the target's type. Cells without a value
    /// are NaN in floating types and `empty` in integer types.
    pub(super) fn dense(&self, statistic: &Statistic) -> Result<Values, AggregateError> {
        Ok(match self.dtype {
            Dtype::Float32 => Values::Float32(self.floats(statistic, f32::NAN, |x| x as f32, |n| n as f32)),
            Dtype::Float64 => Values::Float64(self.floats(statistic, f64::NAN, |x| x, |n| n as f64)),
            Dtype::Int8 => Values::Int8(self.integers(statistic)?),
            Dtype::Int16 => Values::Int16(self.integers(statistic)?),
            Dtype::Int32 => Values::Int32(self.integers(statistic)?),
            Dtype::Int64 => Values::Int64(self.integers(statistic)?),
            Dtype::Uint8 => Values::Uint8(self.integers(statistic)?),
            Dtype::Uint16 => Values::Uint16(self.integers(statistic)?),
            Dtype::Uint32 => Values::Uint32(self.integers(statistic)?),
            Dtype::Uint64 => Values::Uint64(self.integers(statistic)?),
        })
    }

    fn floats<T: Copy>(
        &self,
        statistic: &Statistic,
        nan: T,
        of_float: impl Fn(f64) -> T,
        of_integer: impl Fn(i128) -> T,
    ) -> Vec<T> {
        let mut out = vec![nan; self.cells_per_shard];
        match statistic {
            Statistic::Float(values) => {
                self.cells.iter().zip(values).for_each(|(&cell, &value)| out[cell as usize] = of_float(value));
            }
            Statistic::Integer(values) => {
                for (&cell, value) in self.cells.iter().zip(values) {
                    out[cell as usize] = value.map_or(nan, &of_integer);
                }
            }
        }
        out
    }

    fn integers<T: TryFrom<i128> + Copy>(&self, statistic: &Statistic) -> Result<Vec<T>, AggregateError> {
        let empty = match self.empty {
            FillValue::Integer(value) => value,
            FillValue::Float(value) => value as i128,
            FillValue::NaN => 0,
        };
        let mut out = vec![self.narrow(empty)?; self.cells_per_shard];
        match statistic {
            Statistic::Float(values) => {
                for (&cell, &value) in self.cells.iter().zip(values).filter(|(_, value)| !value.is_nan()) {
                    out[cell as usize] = self.narrow(self.whole(value)?)?;
                }
            }
            Statistic::Integer(values) => {
                for (&cell, value) in self.cells.iter().zip(values) {
                    if let Some(value) = value {
                        out[cell as usize] = self.narrow(*value)?;
                    }
                }
            }
        }
        Ok(out)
    }

    fn narrow<T: TryFrom<i128>>(&self, value: i128) -> Result<T, AggregateError> {
        T::try_from(value).map_err(|_| self.out_of_range(value.to_string()))
    }

    fn whole(&self, value: f64) -> Result<i128, AggregateError> {
        if value.is_finite() && value.fract() != 0.0 {
            return Err(AggregateError::NotWhole { field: self.field.to_owned(), value, dtype: self.dtype });
        }
        // Far beyond any stored type, and safely inside i128.
        if value.abs() < 1.0e30 { Ok(value as i128) } else { Err(self.out_of_range(value.to_string())) }
    }

    fn out_of_range(&self, value: String) -> AggregateError {
        AggregateError::OutOfRange { field: self.field.to_owned(), value, dtype: self.dtype }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(values: Vec<f64>, dtype: Dtype) -> Result<Values, AggregateError> {
        let empty = FillValue::Integer(-1);
        Target { field: "f", dtype, empty, cells: &[1], cells_per_shard: 3 }.dense(&Statistic::Float(values))
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
        let empty = FillValue::Integer(0);
        let target = Target { field: "f", dtype: Dtype::Uint64, empty, cells: &[0], cells_per_shard: 1 };
        let stored = target.dense(&huge).unwrap();
        assert_eq!(stored, Values::Uint64(vec![u64::MAX]));
    }
}
