//! The exact result of a set, by `tests/python/oracle.py`, and the distance from it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use zagg_core::morton::Word;

use crate::kit::{Table, python};

/// The floating statistics of the pipeline.
pub const FLOATS: [&str; 8] = ["h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"];

/// The exact result: what is in a cell, by its NESTED id.
#[derive(Debug, Clone, Default)]
pub struct Exact {
    /// Whole numbers by name: `points`, `missing_h`, `missing_s`, `nan_h`, `nan_s`,
    /// `zero_s`, `count`.
    pub counts: BTreeMap<String, BTreeMap<u64, u64>>,
    /// The floating statistics, rounded once to `f64`.
    pub floats: BTreeMap<String, BTreeMap<u64, f64>>,
    /// The largest relative difference from the reference, by field.
    pub reference: Value,
}

impl Exact {
    /// Computes the result for a shard map with `file` locations.
    #[must_use]
    pub fn of(shard_map: &Path, reference: Option<&Path>) -> Self {
        let mut arguments = vec![shard_map.display().to_string()];
        if let Some(path) = reference {
            arguments.extend(["--reference".to_owned(), path.display().to_string()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = python::script("oracle.py", &arguments);
        let numbers = |name: &str| -> Vec<u64> {
            let list = answer[name].as_array().unwrap_or_else(|| panic!("oracle.py gave no {name}"));
            list.iter().map(|number| number.as_u64().expect("a whole number")).collect()
        };
        let cells: Vec<u64> =
            numbers("morton").into_iter().map(|word| Word::from_bits(word).expect("a morton word").nested()).collect();
        let by_cell = |name: &str| cells.iter().copied().zip(numbers(name)).collect::<BTreeMap<u64, u64>>();
        let counts = ["points", "missing_h", "missing_s", "nan_h", "nan_s", "zero_s", "count"];
        let float = |name: &str| by_cell(name).into_iter().map(|(cell, bits)| (cell, f64::from_bits(bits))).collect();
        Self {
            counts: counts.map(|name| (name.to_owned(), by_cell(name))).into(),
            floats: FLOATS.map(|name| (name.to_owned(), float(name))).into(),
            reference: answer["reference"].clone(),
        }
    }

    /// Cells of which `name` counts at least one point.
    #[must_use]
    pub fn cells_with(&self, name: &str) -> Vec<u64> {
        self.counts[name].iter().filter(|(_, count)| **count > 0).map(|(cell, _)| *cell).collect()
    }

    /// Asserts that `table` has these cells and counts, and gives for each floating field the
    /// largest distance from the exact value in units of the last place of `f32`, and how many
    /// cells are off at all.
    ///
    /// # Panics
    /// When cells or counts differ.
    #[must_use]
    pub fn distances(&self, table: &Table) -> BTreeMap<String, (u32, usize)> {
        assert_eq!(table.occupied(), self.cells_with("count"), "cells with data");
        for (cell, count) in &self.counts["count"] {
            assert_eq!(table.get("count", *cell), *count as f64, "count of cell {cell}");
        }
        let distance = |field: &str, exact: &BTreeMap<u64, f64>| {
            let ulps: Vec<u32> =
                exact.iter().map(|(cell, exact)| ulps(table.get(field, *cell) as f32, *exact as f32)).collect();
            (ulps.iter().copied().max().unwrap_or(0), ulps.iter().filter(|ulps| **ulps > 0).count())
        };
        self.floats.iter().map(|(field, exact)| (field.clone(), distance(field, exact))).collect()
    }
}

/// How many `f32` lie between two, the further counted. NaN is 0 from NaN and far from all else.
#[must_use]
pub fn ulps(a: f32, b: f32) -> u32 {
    if a.is_nan() || b.is_nan() {
        return if a.is_nan() && b.is_nan() { 0 } else { u32::MAX };
    }
    // Floats in order have bits in order, those of negative ones reversed.
    let place = |x: f32| if x.is_sign_negative() { -i64::from((-x).to_bits()) } else { i64::from(x.to_bits()) };
    u32::try_from(place(a).abs_diff(place(b))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_apart_across_zero_and_powers_of_two() {
        assert_eq!(ulps(1.0, 1.0), 0);
        assert_eq!(ulps(1.0, 1.0_f32.next_down()), 1);
        assert_eq!(ulps(0.0, -0.0), 0);
        assert_eq!(ulps(f32::from_bits(1), -f32::from_bits(1)), 2);
        assert_eq!(ulps(f32::MAX, f32::INFINITY), 1);
        assert_eq!(ulps(f32::NAN, f32::NAN), 0);
        assert_eq!(ulps(f32::NAN, 1.0), u32::MAX);
    }
}
