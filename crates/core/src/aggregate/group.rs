//! Points brought together by cell: a stable counting sort.

use crate::points::{Column, Points};

use super::AggregateError;

/// Points sorted by cell. Inside a cell they keep the order in which they came, so that sums are
/// repeatable to the bit.
#[derive(Debug)]
pub struct Groups {
    /// The cells that hold points, ascending.
    pub cells: Vec<u32>,
    /// Group `g` is points `starts[g]..starts[g + 1]`; one entry more than `cells`.
    pub starts: Vec<u32>,
    /// The columns, in the sorted order.
    pub columns: Vec<(String, Column)>,
    /// The number of points.
    pub points: usize,
}

impl Groups {
    /// Sorts `points` of a shard with `cells_per_shard` cells. One column is copied at a time.
    ///
    /// # Errors
    /// When a cell's rank is not below `cells_per_shard`, a column's length differs from the
    /// number of points, or there are more than 2^32 - 1 points.
    pub fn new(points: Points, cells_per_shard: usize) -> Result<Self, AggregateError> {
        let n = points.len();
        let total = u32::try_from(n).map_err(|_| AggregateError::TooManyPoints { points: n })?;
        if let Some((name, column)) = points.columns.iter().find(|(_, column)| column.len() != n) {
            return Err(AggregateError::UnevenColumns { name: name.clone(), found: column.len(), expected: n });
        }
        let mut next = vec![0_u32; cells_per_shard + 1];
        for &cell in &points.cells {
            *next.get_mut(cell as usize + 1).ok_or(AggregateError::CellOutOfShard { cell, cells_per_shard })? += 1;
        }
        let mut cells = Vec::new();
        let mut starts = Vec::new();
        for cell in 0..cells_per_shard {
            if next[cell + 1] > 0 {
                cells.push(cell as u32);
                starts.push(next[cell]);
            }
            next[cell + 1] += next[cell];
        }
        starts.push(total);
        let mut order = vec![0_u32; n];
        for (point, &cell) in points.cells.iter().enumerate() {
            let slot = &mut next[cell as usize];
            order[*slot as usize] = point as u32;
            *slot += 1;
        }
        drop(points.cells);
        let columns = points.columns.into_iter().map(|(name, column)| (name, permuted(column, &order))).collect();
        Ok(Self { cells, starts, columns, points: n })
    }

    /// The points of each group.
    pub fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.starts.windows(2).map(|pair| pair[0] as usize..pair[1] as usize)
    }

    /// The column named `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, column)| column)
    }
}

fn permuted(column: Column, order: &[u32]) -> Column {
    fn go<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
        order.iter().map(|&i| values[i as usize]).collect()
    }
    match column {
        Column::F32(v) => Column::F32(go(&v, order)),
        Column::F64(v) => Column::F64(go(&v, order)),
        Column::I64(v) => Column::I64(go(&v, order)),
        Column::U64(v) => Column::U64(go(&v, order)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(cells: &[u32]) -> Points {
        let values = (0..cells.len()).map(|i| i as f64).collect();
        Points { cells: cells.to_vec(), columns: vec![("h".into(), Column::F64(values))] }
    }

    #[test]
    fn points_of_a_cell_keep_their_order() {
        let groups = Groups::new(points(&[3, 1, 3, 1, 3]), 4).unwrap();
        assert_eq!(groups.cells, [1, 3]);
        assert_eq!(groups.starts, [0, 2, 5]);
        assert_eq!(groups.column("h"), Some(&Column::F64(vec![1.0, 3.0, 0.0, 2.0, 4.0])));
    }

    #[test]
    fn no_points_make_no_groups() {
        let groups = Groups::new(points(&[]), 4).unwrap();
        assert!(groups.cells.is_empty());
        assert_eq!(groups.ranges().count(), 0);
    }

    #[test]
    fn a_cell_outside_the_shard_is_an_error() {
        assert!(matches!(
            Groups::new(points(&[4]), 4),
            Err(AggregateError::CellOutOfShard { cell: 4, cells_per_shard: 4 })
        ));
    }

    #[test]
    fn a_short_column_is_an_error() {
        let mut uneven = points(&[0, 1]);
        uneven.columns.push(("s".into(), Column::F32(vec![1.0])));
        assert!(matches!(Groups::new(uneven, 4), Err(AggregateError::UnevenColumns { .. })));
    }
}
