//! The type of a dataset's values.

use serde::{Deserialize, Serialize};
use zagg_core::column::Dtype;

/// The order of the bytes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ByteOrder {
    Little,
    Big,
}

/// The type of a dataset's values, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// Kind and width.
    pub dtype: Dtype,
    /// Byte order.
    pub order: ByteOrder,
}

/// The bits of one value in the low bytes of an integer, whatever the stored byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bits(pub u64);

/// A type of values that is not read, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotRead(pub(super) String);

impl Element {
    /// Bytes of one value.
    #[must_use]
    pub fn size(self) -> usize {
        self.dtype.size()
    }

    /// The bits of a stored value; `None` when `bytes` is not exactly one value.
    #[must_use]
    pub fn bits(self, bytes: &[u8]) -> Option<Bits> {
        if bytes.len() != self.size() {
            return None;
        }
        let join = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        Some(Bits(match self.order {
            ByteOrder::Big => bytes.iter().fold(0, join),
            ByteOrder::Little => bytes.iter().rev().fold(0, join),
        }))
    }

    /// Reads the body of a datatype message (HDF5 file format specification, section IV.A.2.d):
    /// integers and enumerations of full precision, IEEE floats of 32 and 64 bits.
    pub(super) fn parse(message: &[u8]) -> Result<Self, NotRead> {
        let (Some(&[class, flags0, _, _, s0, s1, s2, s3]), properties) = (message.first_chunk(), message.get(8..))
        else {
            return Err(NotRead("a datatype message that is cut short".to_owned()));
        };
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        let properties = properties.unwrap_or_default();
        match class & 0x0f {
            0 => integer(flags0, size, properties),
            1 => float(flags0, message.get(2).copied().unwrap_or_default(), size, properties),
            8 => Self::parse(properties).map_err(|NotRead(what)| NotRead(format!("an enumeration of {what}"))),
            class => Err(NotRead(format!("values of the class {}", class_name(class)))),
        }
    }
}

fn class_name(class: u8) -> &'static str {
    match class {
        2 => "time",
        3 => "string",
        4 => "bit field",
        5 => "opaque",
        6 => "compound",
        7 => "reference",
        9 => "variable length",
        10 => "array",
        11 => "complex",
        _ => "unknown",
    }
}

fn integer(flags: u8, size: u32, properties: &[u8]) -> Result<Element, NotRead> {
    let order = if flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big };
    let signed = flags & 8 != 0;
    let Some(&[o0, o1, p0, p1]) = properties.first_chunk() else {
        return Err(NotRead("an integer type that is cut short".to_owned()));
    };
    let (offset, precision) = (u16::from_le_bytes([o0, o1]), u32::from(u16::from_le_bytes([p0, p1])));
    let dtype = match (size, signed) {
        (1, true) => Dtype::Int8,
        (2, true) => Dtype::Int16,
        (4, true) => Dtype::Int32,
        (8, true) => Dtype::Int64,
        (1, false) => Dtype::Uint8,
        (2, false) => Dtype::Uint16,
        (4, false) => Dtype::Uint32,
        (8, false) => Dtype::Uint64,
        _ => return Err(NotRead(format!("integers of {size} bytes"))),
    };
    if offset != 0 || precision != size * 8 {
        return Err(NotRead(format!("N-bit integers ({precision} bits of {} from bit {offset})", size * 8)));
    }
    Ok(Element { dtype, order })
}

/// Where the parts of an IEEE number are: precision, exponent place and width, mantissa width, bias.
type Ieee = (u16, u8, u8, u8, u32);
const SINGLE: Ieee = (32, 23, 8, 23, 127);
const DOUBLE: Ieee = (64, 52, 11, 52, 1023);

fn float(flags: u8, sign: u8, size: u32, properties: &[u8]) -> Result<Element, NotRead> {
    let Some(&[o0, o1, p0, p1, exponent, exponent_size, mantissa, mantissa_size, b0, b1, b2, b3]) =
        properties.first_chunk()
    else {
        return Err(NotRead("a floating type that is cut short".to_owned()));
    };
    let (offset, precision) = (u16::from_le_bytes([o0, o1]), u16::from_le_bytes([p0, p1]));
    let bias = u32::from_le_bytes([b0, b1, b2, b3]);
    let form = (precision, exponent, exponent_size, mantissa_size, bias);
    let dtype = match size {
        4 if form == SINGLE && sign == 31 => Dtype::Float32,
        8 if form == DOUBLE && sign == 63 => Dtype::Float64,
        _ => return Err(NotRead(format!("N-bit or non-IEEE floats ({precision} bits of {})", u64::from(size) * 8))),
    };
    // The leading bit of the mantissa is implied in IEEE numbers (normalisation 2).
    if offset != 0 || mantissa != 0 || (flags >> 4) & 3 != 2 {
        return Err(NotRead("N-bit or non-IEEE floats".to_owned()));
    }
    let order = match (flags & 1, (flags >> 6) & 1) {
        (0, 0) => ByteOrder::Little,
        (1, 0) => ByteOrder::Big,
        _ => return Err(NotRead("floats in VAX byte order".to_owned())),
    };
    Ok(Element { dtype, order })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(class: u8, flags: [u8; 3], size: u32, properties: &[u8]) -> Vec<u8> {
        let mut message = vec![0x10 | class];
        message.extend(flags);
        message.extend(size.to_le_bytes());
        message.extend(properties);
        message
    }

    #[test]
    fn ieee_floats_and_full_integers_are_read() {
        let single = message(1, [0x20, 31, 0], 4, &[0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0]);
        let little = Element { dtype: Dtype::Float32, order: ByteOrder::Little };
        assert_eq!(Element::parse(&single), Ok(little));
        let short = message(0, [0x09, 0, 0], 2, &[0, 0, 16, 0]);
        let big = Element { dtype: Dtype::Int16, order: ByteOrder::Big };
        assert_eq!(Element::parse(&short), Ok(big));
        assert_eq!(Element::parse(&message(8, [2, 0, 0], 2, &short)), Ok(big));
    }

    #[test]
    fn n_bit_types_and_other_classes_are_refused_by_name() {
        let n_bit = message(1, [0x20, 19, 0], 4, &[7, 0, 20, 0, 13, 6, 0, 13, 31, 0, 0, 0]);
        assert!(Element::parse(&n_bit).unwrap_err().0.contains("N-bit"));
        let twelve = message(0, [0, 0, 0], 2, &[0, 0, 12, 0]);
        assert!(Element::parse(&twelve).unwrap_err().0.contains("12 bits of 16"));
        assert!(Element::parse(&message(3, [0; 3], 8, &[])).unwrap_err().0.contains("string"));
        assert!(Element::parse(&[0x10]).is_err());
    }

    #[test]
    fn bits_do_not_depend_on_the_byte_order() {
        let little = Element { dtype: Dtype::Uint16, order: ByteOrder::Little };
        let big = Element { dtype: Dtype::Uint16, order: ByteOrder::Big };
        assert_eq!(little.bits(&[2, 1]), Some(Bits(0x102)));
        assert_eq!(big.bits(&[1, 2]), Some(Bits(0x102)));
        assert_eq!(big.bits(&[1]), None);
    }
}
