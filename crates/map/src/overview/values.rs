//! Stored values to numbers and back.

use zagg_core::{
    column::{Dtype, Values},
    order::Order,
    with_values,
};

use super::{
    error::OverviewError,
    part::Part,
    plan::{Merge, Rule},
};

/// A value as a fraction.
pub(super) fn float_at(values: &Values, index: usize) -> f64 {
    with_values!(values, v => v.get(index).map_or(f64::NAN, |x| *x as f64))
}

/// A value as a whole number; none when it is none.
pub(super) fn whole_at(values: &Values, index: usize) -> Option<i128> {
    macro_rules! go {
        ($($variant:ident)*) => {
            match values {
                $(Values::$variant(v) => v.get(index).map(|x| i128::from(*x)),)*
                Values::Float32(v) => v.get(index).filter(|x| x.is_finite()).map(|x| *x as i128),
                Values::Float64(v) => v.get(index).filter(|x| x.is_finite()).map(|x| *x as i128),
            }
        };
    }
    go!(Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64)
}

/// The column of an overview's field in its own type, rounded once. `empty` is what integers have where there is
/// no value; `first` is the NESTED id of the first cell.
pub(super) fn stored(
    merge: &Merge,
    parts: &[Part],
    empty: &Values,
    first: u64,
    order: Order,
) -> Result<Values, OverviewError> {
    let dtype = empty.dtype();
    let float = |part: &Part| match part {
        Part::None if merge.rule == Rule::Count => 0.0,
        part => part.value(merge.rule),
    };
    let nothing = if merge.rule == Rule::Count { 0 } else { whole_at(empty, 0).unwrap_or(0) };
    macro_rules! whole {
        ($variant:ident, $type:ty) => {{
            let narrow = |(cell, part): (u64, &Part)| {
                let value = part.whole().unwrap_or(nothing);
                let out_of_range =
                    || OverviewError::OutOfRange { field: merge.field.clone(), dtype, value, cell, order };
                <$type>::try_from(value).map_err(|_| out_of_range())
            };
            (first..).zip(parts).map(narrow).collect::<Result<Vec<_>, _>>().map(Values::$variant)
        }};
    }
    match dtype {
        Dtype::Float32 => Ok(Values::Float32(parts.iter().map(|part| float(part) as f32).collect())),
        Dtype::Float64 => Ok(Values::Float64(parts.iter().map(float).collect())),
        Dtype::Int8 => whole!(Int8, i8),
        Dtype::Int16 => whole!(Int16, i16),
        Dtype::Int32 => whole!(Int32, i32),
        Dtype::Int64 => whole!(Int64, i64),
        Dtype::Uint8 => whole!(Uint8, u8),
        Dtype::Uint16 => whole!(Uint16, u16),
        Dtype::Uint32 => whole!(Uint32, u32),
        Dtype::Uint64 => whole!(Uint64, u64),
    }
}
