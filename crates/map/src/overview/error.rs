//! What can go wrong with overviews.

use std::collections::BTreeMap;

use zagg_core::{column::Dtype, order::Order};

/// Overviews that cannot be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OverviewError {
    /// The order is not coarser than the cells.
    #[error("order {order} is not coarser than the cells, which have order {cells}; overviews have lower orders")]
    NotCoarser {
        /// The order that was asked for.
        order: Order,
        /// The order of the cells.
        cells: Order,
    },
    /// The chunks of the cells are single cells, so that there is no order between.
    #[error("there is no order between the cells and their chunks (both {cells}); name orders with --orders")]
    NothingCoarser {
        /// The order of the cells.
        cells: Order,
    },
    /// There is nothing to write.
    #[error("no field of {location} can be merged: {}", reasons(left_out))]
    NothingMerges {
        /// The store.
        location: String,
        /// The reason for each field.
        left_out: BTreeMap<String, String>,
    },
    /// A merged value that the field's type cannot hold.
    #[error(
        "field `{field}` is {dtype}, which cannot hold {value}, its value in cell {cell} of order {order}; \
         leave out this order and coarser ones (--orders or --down-to), or declare a wider type and run again"
    )]
    OutOfRange {
        /// The field.
        field: String,
        /// Its type.
        dtype: Dtype,
        /// The value.
        value: i128,
        /// The cell's NESTED id.
        cell: u64,
        /// The overview's order.
        order: Order,
    },
}

fn reasons(left_out: &BTreeMap<String, String>) -> String {
    left_out.iter().map(|(field, reason)| format!("`{field}` {reason}")).collect::<Vec<_>>().join("; ")
}
