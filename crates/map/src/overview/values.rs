//! Stored values to numbers and back.

use zagg_core::{
    column::{Dtype, Values},
    order::Order,
};

use super::{
    error::OverviewError,
    part::Part,
    plan::{Merge, Rule},
};

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
    let nothing = if merge.rule == Rule::Count { 0 } else { empty.whole_at(0).unwrap_or(0) };
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
