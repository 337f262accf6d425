//! The decimal form of a morton word: `["-"] base *digit ["p"]`.
//!
//! Base cells 0..=5 are written 1..6, base cells 6..=11 are -1..-6; the sign is a label, not the
//! hemisphere. Each order adds its NESTED two-bit digit plus one. `p` marks an order-29 point.
//! A prefix of the text is an ancestor of the cell (mortie specification §2).

use std::{fmt, str::FromStr};

use super::Word;
use crate::order::Order;

/// A text that is not the decimal form of a morton word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseWordError {
    /// Empty, a lone sign, or something other than digits.
    #[error("`{text}` is not a morton decimal (an optional minus, a base digit 1..6, then digits 1..4)")]
    Malformed {
        /// The text.
        text: String,
    },
    /// The first digit is not a base cell.
    #[error("morton decimal `{text}`: the base digit {digit} is not 1..6")]
    BaseDigit {
        /// The text.
        text: String,
        /// The digit.
        digit: u8,
    },
    /// A later digit is not a child.
    #[error("morton decimal `{text}`: the digit {digit} at order {order} is not 1..4")]
    Digit {
        /// The text.
        text: String,
        /// The digit.
        digit: u8,
        /// Its place.
        order: usize,
    },
    /// More digits than there are orders.
    #[error("morton decimal `{text}`: order {order} is finer than 29, the finest HEALPix order")]
    TooFine {
        /// The text.
        text: String,
        /// The order that it would have.
        order: usize,
    },
    /// `p` on a word that is no order-29 point.
    #[error("morton decimal `{text}`: only an order-29 point ends in `p`, and this has order {order}")]
    PointSuffix {
        /// The text.
        text: String,
        /// The order that it has.
        order: usize,
    },
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = self.order().get();
        let nested = self.nested();
        let base = self.base_cell();
        let mut text = String::with_capacity(usize::from(order) + 3);
        if base >= 6 {
            text.push('-');
        }
        text.push(char::from(b'1' + base % 6));
        for place in (0..order).rev() {
            text.push(char::from(b'1' + ((nested >> (2 * place)) & 3) as u8));
        }
        if self.is_point() {
            text.push('p');
        }
        f.pad(&text)
    }
}

impl FromStr for Word {
    type Err = ParseWordError;

    fn from_str(text: &str) -> Result<Self, ParseWordError> {
        let malformed = || ParseWordError::Malformed { text: text.to_owned() };
        let (south, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (is_point, digits) = rest.strip_suffix('p').map_or((false, rest), |rest| (true, rest));
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let (&base, places) = digits.as_bytes().split_first().ok_or_else(malformed)?;
        let base = base - b'0';
        if !(1..=6).contains(&base) {
            return Err(ParseWordError::BaseDigit { text: text.to_owned(), digit: base });
        }
        let order = places.len();
        if order > 29 {
            return Err(ParseWordError::TooFine { text: text.to_owned(), order });
        }
        let mut nested = u64::from(base - 1) + if south { 6 } else { 0 };
        for (place, byte) in places.iter().enumerate() {
            let digit = byte - b'0';
            if !(1..=4).contains(&digit) {
                return Err(ParseWordError::Digit { text: text.to_owned(), digit, order: place + 1 });
            }
            nested = (nested << 2) | u64::from(digit - 1);
        }
        if is_point && order != 29 {
            return Err(ParseWordError::PointSuffix { text: text.to_owned(), order });
        }
        let word = if is_point {
            Self::point(nested)
        } else {
            Order::new(order as u8).map_err(|_| malformed()).map(|order| Self::from_nested(nested, order))?
        };
        word.map_err(|_| malformed())
    }
}
