//! The cells of a store as a table, by the store crate's own reader.

use std::collections::BTreeMap;
use std::path::Path;

use zagg_core::column::Values;
use zagg_store::read::{Cells, Domain};
use zagg_store::{Location, Store, StoreSettings};

/// Numbers by field and cell. A cell is a NESTED id, or `row * columns + column`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The fields.
    pub fields: BTreeMap<String, BTreeMap<u64, f64>>,
    /// The order of the cells; none on a rectilinear grid.
    pub order: Option<zagg_core::order::Order>,
    /// Columns of a rectilinear grid.
    pub columns: Option<u64>,
}

impl Table {
    /// Reads every cell that was written.
    #[must_use]
    pub fn read(store: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(read(store))
    }

    /// A field's number in a cell; NaN where the cell was not written.
    #[must_use]
    pub fn get(&self, field: &str, cell: u64) -> f64 {
        self.field(field).get(&cell).copied().unwrap_or(f64::NAN)
    }

    /// A field's numbers by cell.
    #[must_use]
    pub fn field(&self, name: &str) -> &BTreeMap<u64, f64> {
        self.fields.get(name).unwrap_or_else(|| panic!("the store has no field {name}"))
    }

    /// The cells whose `count` is above zero.
    #[must_use]
    pub fn occupied(&self) -> Vec<u64> {
        self.field("count").iter().filter(|(_, count)| **count > 0.0).map(|(cell, _)| *cell).collect()
    }
}

async fn read(store: &Path) -> Table {
    let location = Location::parse(&store.display().to_string()).expect("a location");
    let store = Store::open(&location, &StoreSettings::default()).expect("a store");
    let cells = Cells::open(&store).await.expect("the store's arrays");
    let mut table = Table::default();
    match cells.domain {
        Domain::Healpix(order) => table.order = Some(order),
        Domain::Rectilinear([_, columns]) => table.columns = Some(columns),
    }
    for place in &cells.blocks {
        let block = cells.read(place).await.expect("a block");
        assert_eq!(block.misplaced, 0, "cells of {place:?} are not where they belong");
        for (name, values) in &block.columns {
            let numbers = block.ids.iter().copied().zip(numbers(values));
            table.fields.entry(name.clone()).or_default().extend(numbers);
        }
    }
    table
}

fn numbers(values: &Values) -> Vec<f64> {
    match values {
        Values::Float32(values) => values.iter().map(|x| f64::from(*x)).collect(),
        Values::Float64(values) => values.clone(),
        Values::Int32(values) => values.iter().map(|x| f64::from(*x)).collect(),
        other => panic!("no test has fields of {}", other.dtype().name()),
    }
}
