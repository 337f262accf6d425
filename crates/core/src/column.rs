//! Typed columns of numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a stored field, by its numpy and Zarr name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Dtype {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
}

impl Dtype {
    /// Every type, in the order of their declaration.
    pub const ALL: [Self; 10] = [
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Float32,
        Self::Float64,
    ];

    /// The numpy and Zarr name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        }
    }

    /// Bytes of one value.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 => 8,
        }
    }

    /// Whether the type is a floating one, and so can hold NaN.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Dtype {
    type Err = UnknownDtype;

    fn from_str(name: &str) -> Result<Self, UnknownDtype> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name).ok_or_else(|| UnknownDtype(name.to_owned()))
    }
}

/// A type name that is not one of [`Dtype::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a supported type (int8..int64, uint8..uint64, float32, float64)")]
pub struct UnknownDtype(pub String);

/// The values of one field for every cell of a shard, in the field's own type.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Values {
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Uint8(Vec<u8>),
    Uint16(Vec<u16>),
    Uint32(Vec<u32>),
    Uint64(Vec<u64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
}

/// Runs `$body` with `$v` bound to the vector inside `$values`, whatever its type.
#[macro_export]
macro_rules! with_values {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            $crate::column::Values::Int8($v) => $body,
            $crate::column::Values::Int16($v) => $body,
            $crate::column::Values::Int32($v) => $body,
            $crate::column::Values::Int64($v) => $body,
            $crate::column::Values::Uint8($v) => $body,
            $crate::column::Values::Uint16($v) => $body,
            $crate::column::Values::Uint32($v) => $body,
            $crate::column::Values::Uint64($v) => $body,
            $crate::column::Values::Float32($v) => $body,
            $crate::column::Values::Float64($v) => $body,
        }
    };
}

impl Values {
    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        with_values!(self, v => v.len())
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the values.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        match self {
            Self::Int8(_) => Dtype::Int8,
            Self::Int16(_) => Dtype::Int16,
            Self::Int32(_) => Dtype::Int32,
            Self::Int64(_) => Dtype::Int64,
            Self::Uint8(_) => Dtype::Uint8,
            Self::Uint16(_) => Dtype::Uint16,
            Self::Uint32(_) => Dtype::Uint32,
            Self::Uint64(_) => Dtype::Uint64,
            Self::Float32(_) => Dtype::Float32,
            Self::Float64(_) => Dtype::Float64,
        }
    }

    /// The value at `index` as a fraction; an integer of more than 53 bits is rounded. NaN past the end.
    // Of f64 itself, too.
    #[allow(clippy::unnecessary_cast)]
    #[inline]
    #[must_use]
    pub fn float_at(&self, index: usize) -> f64 {
        with_values!(self, v => v.get(index).map_or(f64::NAN, |x| *x as f64))
    }

    /// The value at `index` as a whole number, without its fraction; none past the end, and of what is not finite.
    #[must_use]
    pub fn whole_at(&self, index: usize) -> Option<i128> {
        macro_rules! go {
            ($($variant:ident)*) => {
                match self {
                    $(Self::$variant(v) => v.get(index).map(|x| i128::from(*x)),)*
                    Self::Float32(v) => v.get(index).filter(|x| x.is_finite()).map(|x| *x as i128),
                    Self::Float64(v) => v.get(index).filter(|x| x.is_finite()).map(|x| *x as i128),
                }
            };
        }
        go!(Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64)
    }

    /// The values of `range` as little-endian bytes.
    ///
    /// # Panics
    /// When `range` goes past the end.
    #[must_use]
    pub fn le_bytes(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        with_values!(self, v => v[range].iter().flat_map(|x| x.to_le_bytes()).collect())
    }
}

/// A number that a field or a template is filled with where there is no data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FillValue {
    /// Not a number; floating types only.
    NaN,
    /// A whole number.
    Integer(i128),
    /// A finite fraction.
    Float(f64),
}

/// The result of aggregating one shard: for each field, in the pipeline's order, one value per
/// cell of the shard (HEALPix: in rank order, which is NESTED order; rectilinear: row by row).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShardColumns {
    /// Name and values of each field.
    pub fields: Vec<(String, Values)>,
    /// Cells that hold at least one point.
    pub cells_with_points: u64,
}
