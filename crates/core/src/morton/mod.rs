//! Morton words: a HEALPix NESTED cell of any order, or an order-29 point, in one `u64`.
//!
//! The layout is that of the mortie specification §1:
//!
//! ```text
//! bits 63..60  base cell + 1 (1..=12)
//! bits 59..6   27 two-bit NESTED digits, order 1 first
//! bits  5..0   0..=27   a cell of that order (the digits below are zero)
//!              28..=47  a cell of order 28 (28 + 5 t28) or 29 (28 + 5 t28 + t29 + 1)
//!              48..=63  an order-29 point (48 + 4 t28 + t29)
//! ```
//!
//! Words sort as unsigned numbers in Z-order, a parent before its children. Half of them exceed
//! `i64::MAX` and all exceed 2^53: they are never stored as `i64` or read as `f64`.

mod decimal;

pub use decimal::ParseWordError;

use crate::order::Order;

/// A cell or a point. Always valid: every digit below its order is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(u64);

/// A number that is not a morton word, or cells that have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordError {
    /// The base cell is not one of the twelve.
    #[error("{word} is not a morton word: its base cell field is {field}, not 1..12")]
    BaseCell {
        /// The number.
        word: u64,
        /// Its top four bits.
        field: u8,
    },
    /// Digits below the word's own order are not zero.
    #[error("{word} is not a morton word: it has digits below its order {order}")]
    DigitsBelowOrder {
        /// The number.
        word: u64,
        /// The order that it states.
        order: Order,
    },
    /// A NESTED id past the last cell of its order.
    #[error("NESTED id {nested} does not exist at order {order}, which has {} cells", order.cells())]
    NestedTooLarge {
        /// The id.
        nested: u64,
        /// Its order.
        order: Order,
    },
    /// There is no word to take an ancestor of.
    #[error("no cell has no common ancestor")]
    NoWords,
    /// Words of different base cells.
    #[error("the cells lie in different base cells, and so have no common ancestor")]
    NoCommonAncestor,
}

const SUFFIX: u64 = 63;
const FIRST_POINT: u64 = 48;

/// `4^27`: what the NESTED digits of order 27 are added to, so that the prefix is base cell + 1.
const BASE_27: u64 = 1 << 54;

impl Word {
    /// The cell with a NESTED id at an order.
    ///
    /// # Errors
    /// When the order has no such cell.
    pub fn from_nested(nested: u64, order: Order) -> Result<Self, WordError> {
        if nested >= order.cells() {
            return Err(WordError::NestedTooLarge { nested, order });
        }
        let k = u64::from(order.get());
        Ok(Self(match k {
            0..=27 => ((nested + (1 << (2 * k))) << (60 - 2 * k)) | k,
            28 => (((nested >> 2) + BASE_27) << 6) | (28 + 5 * (nested & 3)),
            _ => (((nested >> 4) + BASE_27) << 6) | (28 + 5 * ((nested >> 2) & 3) + (nested & 3) + 1),
        }))
    }

    /// The point in the order-29 cell with a NESTED id.
    ///
    /// # Errors
    /// When there is no such cell.
    pub fn point(nested: u64) -> Result<Self, WordError> {
        if nested >= Order::MAX.cells() {
            return Err(WordError::NestedTooLarge { nested, order: Order::MAX });
        }
        Ok(Self((((nested >> 4) + BASE_27) << 6) | (FIRST_POINT + (nested & 15))))
    }

    /// The word that a packed number is.
    ///
    /// # Errors
    /// When the base cell is not 1..=12, or digits below the stated order are not zero.
    pub fn from_bits(word: u64) -> Result<Self, WordError> {
        let field = (word >> 60) as u8;
        if !(1..=12).contains(&field) {
            return Err(WordError::BaseCell { word, field });
        }
        let order = order_of(word);
        let k = u32::from(order.get());
        if k < 27 && (word & !SUFFIX) & ((1 << (60 - 2 * k)) - 1) != 0 {
            return Err(WordError::DigitsBelowOrder { word, order });
        }
        Ok(Self(word))
    }

    /// The packed number.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The order; 29 for a point.
    #[must_use]
    pub fn order(self) -> Order {
        order_of(self.0)
    }

    /// Whether this is a point and not a cell.
    #[must_use]
    pub fn is_point(self) -> bool {
        self.0 & SUFFIX >= FIRST_POINT
    }

    /// The NESTED id at the word's own order (a point's at order 29).
    #[must_use]
    pub fn nested(self) -> u64 {
        let k = u64::from(self.order().get());
        let body = (self.0 >> 6) - BASE_27;
        let suffix = self.0 & SUFFIX;
        match k {
            0..=27 => (self.0 >> (60 - 2 * k)) - (1 << (2 * k)),
            28 => (body << 2) | ((suffix - 28) / 5),
            _ if suffix >= FIRST_POINT => (body << 4) | (suffix - FIRST_POINT),
            _ => (body << 4) | ((suffix - 28) / 5) << 2 | ((suffix - 28) % 5 - 1),
        }
    }

    /// The base cell, 0..=11.
    #[must_use]
    pub fn base_cell(self) -> u8 {
        (self.0 >> 60) as u8 - 1
    }

    /// The cell of a coarser order that holds this one; the word itself at its own order or finer.
    #[must_use]
    pub fn clip(self, order: Order) -> Self {
        if order >= self.order() {
            return self;
        }
        let k = u64::from(order.get());
        if k <= 27 {
            let shift = 60 - 2 * k;
            return Self(((self.0 >> shift) << shift) | k);
        }
        let suffix = self.0 & SUFFIX;
        let t28 = if suffix >= FIRST_POINT { (suffix - FIRST_POINT) >> 2 } else { (suffix - 28) / 5 };
        Self((self.0 & !SUFFIX) | (28 + 5 * t28))
    }

    /// The cell one order coarser; none at order 0.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let coarser = self.order().get().checked_sub(1)?;
        Order::new(coarser).ok().map(|order| self.clip(order))
    }

    /// The cells of a finer order inside this one, ascending; the word itself at its own order,
    /// none at a coarser one.
    pub fn children(self, order: Order) -> impl Iterator<Item = Self> {
        let own = self.order();
        let range = order.finer_by(own).map_or(0..0, |d| {
            let first = self.nested() << (2 * d);
            first..first + (1 << (2 * d))
        });
        range.filter_map(move |nested| if order == own { Some(self) } else { Self::from_nested(nested, order).ok() })
    }

    /// The finest cell that holds every word. One word is its own ancestor, also when it is a
    /// point; two or more have a cell, also when they are equal.
    ///
    /// # Errors
    /// When there is no word, or two lie in different base cells.
    pub fn common_ancestor(words: impl IntoIterator<Item = Self>) -> Result<Self, WordError> {
        let mut words = words.into_iter();
        let mut ancestor = words.next().ok_or(WordError::NoWords)?;
        for word in words {
            ancestor = ancestor.ancestor_with(word)?;
        }
        Ok(ancestor)
    }

    fn ancestor_with(self, other: Self) -> Result<Self, WordError> {
        let mut order = self.order().min(other.order());
        let (mut a, mut b) = (self.nested_at(order), other.nested_at(order));
        while a != b {
            let coarser = order.get().checked_sub(1).ok_or(WordError::NoCommonAncestor)?;
            order = Order::new(coarser).map_err(|_| WordError::NoCommonAncestor)?;
            (a, b) = (a >> 2, b >> 2);
        }
        Self::from_nested(a, order)
    }

    /// The NESTED id of the ancestor at `order`, which is not finer than the word's own.
    fn nested_at(self, order: Order) -> u64 {
        self.nested() >> (2 * self.order().finer_by(order).unwrap_or(0))
    }
}

/// The order that a word's suffix states.
fn order_of(word: u64) -> Order {
    let suffix = (word & SUFFIX) as u8;
    let order = match suffix {
        0..=27 => suffix,
        28..=47 if (suffix - 28).is_multiple_of(5) => 28,
        _ => 29,
    };
    Order::new(order).unwrap_or(Order::MAX)
}

/// Image position of a cell among the `4^d` cells of its shard, from its rank: column from the
/// even bits, row from the odd ones; (0, 0) is the south corner, columns run to the north-east,
/// rows to the north-west.
#[must_use]
pub fn rank_to_xy(rank: u64) -> (u32, u32) {
    (even_bits(rank), even_bits(rank >> 1))
}

fn even_bits(mut x: u64) -> u32 {
    x &= 0x5555_5555_5555_5555;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        x = (x | (x >> shift)) & mask;
    }
    x as u32
}

#[cfg(test)]
mod tests;
