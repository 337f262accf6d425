//! The stored types of values, and what they become.

use zagg_core::points::Column;

use super::element::Bits;

/// A stored type of `N` bytes.
pub(super) trait Number<const N: usize>: Copy {
    /// What it becomes: integers are widened to 64 bits.
    type Wide: Wide;

    fn little(bytes: [u8; N]) -> Self::Wide;
    fn big(bytes: [u8; N]) -> Self::Wide;
    fn bits(bits: Bits) -> Self::Wide;
}

/// A type of [`Column`].
pub(super) trait Wide: Copy + PartialEq {
    fn column(values: Vec<Self>) -> Column;
    fn f64(self) -> f64;
    /// NaN, where the type has one.
    fn nan() -> Option<Self>;
}

macro_rules! number {
    ($($stored:ty, $bytes:literal, $wide:ty;)*) => {$(
        impl Number<$bytes> for $stored {
            type Wide = $wide;

            fn little(bytes: [u8; $bytes]) -> $wide {
                <$wide>::from(<$stored>::from_le_bytes(bytes))
            }

            fn big(bytes: [u8; $bytes]) -> $wide {
                <$wide>::from(<$stored>::from_be_bytes(bytes))
            }

            fn bits(Bits(bits): Bits) -> $wide {
                let [b0, b1, b2, b3, b4, b5, b6, b7] = bits.to_le_bytes();
                let all = [b0, b1, b2, b3, b4, b5, b6, b7];
                Self::little(std::array::from_fn(|i| all[i]))
            }
        }
    )*};
}

number! {
    i8, 1, i64; i16, 2, i64; i32, 4, i64; i64, 8, i64;
    u8, 1, u64; u16, 2, u64; u32, 4, u64; u64, 8, u64;
    f32, 4, f32; f64, 8, f64;
}

macro_rules! wide {
    ($($type:ty, $variant:ident, $value:ident => $f64:expr, $nan:expr;)*) => {$(
        impl Wide for $type {
            fn column(values: Vec<Self>) -> Column {
                Column::$variant(values)
            }

            fn f64(self) -> f64 {
                let $value = self;
                $f64
            }

            fn nan() -> Option<Self> {
                $nan
            }
        }
    )*};
}

wide! {
    i64, I64, value => value as f64, None;
    u64, U64, value => value as f64, None;
    f32, F32, value => f64::from(value), Some(Self::NAN);
    f64, F64, value => value, Some(Self::NAN);
}

/// Calls a function that is generic over the stored type and its bytes.
macro_rules! with_number {
    ($dtype:expr, $function:ident ( $($argument:expr),* )) => {
        match $dtype {
            zagg_core::column::Dtype::Int8 => $function::<i8, 1>($($argument),*),
            zagg_core::column::Dtype::Int16 => $function::<i16, 2>($($argument),*),
            zagg_core::column::Dtype::Int32 => $function::<i32, 4>($($argument),*),
            zagg_core::column::Dtype::Int64 => $function::<i64, 8>($($argument),*),
            zagg_core::column::Dtype::Uint8 => $function::<u8, 1>($($argument),*),
            zagg_core::column::Dtype::Uint16 => $function::<u16, 2>($($argument),*),
            zagg_core::column::Dtype::Uint32 => $function::<u32, 4>($($argument),*),
            zagg_core::column::Dtype::Uint64 => $function::<u64, 8>($($argument),*),
            zagg_core::column::Dtype::Float32 => $function::<f32, 4>($($argument),*),
            zagg_core::column::Dtype::Float64 => $function::<f64, 8>($($argument),*),
        }
    };
}
pub(super) use with_number;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_the_value_they_are_of() {
        assert_eq!(<i16 as Number<2>>::bits(Bits(0xffff)), -1);
        assert_eq!(<f32 as Number<4>>::bits(Bits(u64::from(1.5f32.to_bits()))), 1.5);
        assert_eq!(<u8 as Number<1>>::bits(Bits(255)), 255);
    }

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!(<i32 as Number<4>>::big((-5i32).to_be_bytes()), -5);
        assert_eq!(<f64 as Number<8>>::little(2.5f64.to_le_bytes()), 2.5);
    }
}
