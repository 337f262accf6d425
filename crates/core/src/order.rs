//! HEALPix orders.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A HEALPix refinement level, 0..=29. The sphere has `12 * 4^order` cells at an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Order(u8);

impl Order {
    /// The finest order, at which a NESTED id still fits 62 bits.
    pub const MAX: Self = Self(29);

    /// # Errors
    /// When `order` is above 29.
    pub const fn new(order: u8) -> Result<Self, OrderTooFine> {
        if order <= 29 { Ok(Self(order)) } else { Err(OrderTooFine(order)) }
    }

    /// The order as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The number of cells of this order on the sphere, `12 * 4^order`.
    #[must_use]
    pub const fn cells(self) -> u64 {
        12 << (2 * self.0)
    }

    /// How many orders finer `self` is than `coarser`; none when it is not finer or equal.
    #[must_use]
    pub fn finer_by(self, coarser: Self) -> Option<u8> {
        self.0.checked_sub(coarser.0)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Order> for u8 {
    fn from(order: Order) -> Self {
        order.0
    }
}

impl TryFrom<u8> for Order {
    type Error = OrderTooFine;

    fn try_from(order: u8) -> Result<Self, OrderTooFine> {
        Self::new(order)
    }
}

/// An order above 29.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("order {0} is finer than 29, the finest HEALPix order")]
pub struct OrderTooFine(u8);
