//! Values to little-endian bytes and back.

use std::ops::Range;

use zagg_core::{
    column::{Dtype, Values},
    with_values,
};

/// The bytes of a number; NaN is always the one canonical quiet NaN, because the sign and payload
/// of a NaN that arithmetic makes differ from processor to processor.
trait Canonical: Copy {
    fn push(self, bytes: &mut Vec<u8>);
}

macro_rules! canonical {
    ($($integer:ty)*; $($float:ty)*) => {
        $(impl Canonical for $integer {
            fn push(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        })*
        $(impl Canonical for $float {
            fn push(self, bytes: &mut Vec<u8>) {
                let value = if self.is_nan() { <$float>::NAN } else { self };
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        })*
    };
}
canonical!(i8 i16 i32 i64 u8 u16 u32 u64; f32 f64);

/// The canonical little-endian bytes of the values in `runs`, one run after the other. None when
/// a run goes past the end.
#[must_use]
pub fn le_bytes(values: &Values, runs: &[Range<usize>]) -> Option<Vec<u8>> {
    fn go<T: Canonical>(values: &[T], runs: &[Range<usize>]) -> Option<Vec<u8>> {
        let count: usize = runs.iter().map(ExactSizeIterator::len).sum();
        let mut bytes = Vec::with_capacity(count * size_of::<T>());
        for run in runs {
            values.get(run.clone())?.iter().for_each(|value| value.push(&mut bytes));
        }
        Some(bytes)
    }
    with_values!(values, v => go(v, runs))
}

/// The values in little-endian `bytes`; a remainder shorter than one value is left out.
#[must_use]
pub fn from_le_bytes(dtype: Dtype, bytes: &[u8]) -> Values {
    macro_rules! read {
        ($variant:ident, $type:ty) => {
            Values::$variant(bytes.as_chunks().0.iter().map(|chunk| <$type>::from_le_bytes(*chunk)).collect())
        };
    }
    match dtype {
        Dtype::Int8 => read!(Int8, i8),
        Dtype::Int16 => read!(Int16, i16),
        Dtype::Int32 => read!(Int32, i32),
        Dtype::Int64 => read!(Int64, i64),
        Dtype::Uint8 => read!(Uint8, u8),
        Dtype::Uint16 => read!(Uint16, u16),
        Dtype::Uint32 => read!(Uint32, u32),
        Dtype::Uint64 => read!(Uint64, u64),
        Dtype::Float32 => read!(Float32, f32),
        Dtype::Float64 => read!(Float64, f64),
    }
}

/// `count` times the value that the first bytes of `value` hold.
#[must_use]
pub fn repeated(dtype: Dtype, value: &[u8], count: usize) -> Values {
    from_le_bytes(dtype, &value.repeat(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back_from_its_bytes() {
        for dtype in Dtype::ALL {
            let values = from_le_bytes(dtype, &(0..48).collect::<Vec<u8>>());
            assert_eq!((values.dtype(), values.len()), (dtype, 48 / dtype.size()));
            let bytes = le_bytes(&values, std::slice::from_ref(&(0..values.len()))).unwrap();
            assert_eq!(bytes, (0..48).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn every_nan_has_the_same_bytes() {
        let odd = Values::Float32(vec![f32::from_bits(0xffc0_0001), f32::NAN, -f32::NAN]);
        assert_eq!(le_bytes(&odd, std::slice::from_ref(&(0..3))).unwrap(), f32::NAN.to_le_bytes().repeat(3));
        let odd = Values::Float64(vec![f64::from_bits(0xfff8_0000_0000_0001)]);
        assert_eq!(le_bytes(&odd, std::slice::from_ref(&(0..1))).unwrap(), 0x7ff8_0000_0000_0000_u64.to_le_bytes());
    }

    #[test]
    fn a_run_past_the_end_gives_nothing() {
        assert_eq!(le_bytes(&Values::Int8(vec![1, 2]), &[0..1, 1..3]), None);
    }
}
