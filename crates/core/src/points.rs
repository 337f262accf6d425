//! Points of a shard: what a granule reader gives and what the aggregation takes.

/// One value per point. Sources of 8 to 64 bit integers are widened to 64 bits; a floating
/// source keeps its width. Missing values (HDF5 fill values) are NaN; an integer source in which
/// a fill value occurs becomes [`Column::F64`].
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Column {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    U64(Vec<u64>),
}

impl Column {
    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::U64(v) => v.len(),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::F32(v) => v.capacity() * 4,
            Self::F64(v) => v.capacity() * 8,
            Self::I64(v) => v.capacity() * 8,
            Self::U64(v) => v.capacity() * 8,
        }
    }

    /// The value at `index` as `f64` (64-bit integers are rounded to the nearest).
    ///
    /// # Panics
    /// When `index` is past the end.
    #[must_use]
    pub fn f64_at(&self, index: usize) -> f64 {
        match self {
            Self::F32(v) => f64::from(v[index]),
            Self::F64(v) => v[index],
            Self::I64(v) => v[index] as f64,
            Self::U64(v) => v[index] as f64,
        }
    }

    /// Keeps only the values whose entry in `keep` is true; `keep` is as long as the column.
    pub fn retain(&mut self, keep: &[bool]) {
        fn go<T>(values: &mut Vec<T>, keep: &[bool]) {
            let mut kept = keep.iter();
            values.retain(|_| kept.next().copied().unwrap_or(false));
        }
        match self {
            Self::F32(v) => go(v, keep),
            Self::F64(v) => go(v, keep),
            Self::I64(v) => go(v, keep),
            Self::U64(v) => go(v, keep),
        }
    }

    /// Appends `other`. Columns of one type stay in it; otherwise both become `f64`.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        match (&mut *self, other) {
            (_, other) if other.is_empty() => {}
            (Self::F32(a), Self::F32(b)) => a.extend(b),
            (Self::F64(a), Self::F64(b)) => a.extend(b),
            (Self::I64(a), Self::I64(b)) => a.extend(b),
            (Self::U64(a), Self::U64(b)) => a.extend(b),
            (_, other) => {
                let mut wide: Vec<f64> = (0..self.len()).map(|i| self.f64_at(i)).collect();
                wide.extend((0..other.len()).map(|i| other.f64_at(i)));
                *self = Self::F64(wide);
            }
        }
    }
}

/// Points of one shard. Every column is as long as `cells`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// For each point, the rank of its cell in its shard, `0..cells_per_shard`.
    pub cells: Vec<u32>,
    /// The pipeline's variables, by name, in the pipeline's order.
    pub columns: Vec<(String, Column)>,
}

impl Points {
    /// The number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The column named `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, column)| column)
    }

    /// Bytes held by the columns and the cells.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.cells.capacity() * 4 + self.columns.iter().map(|(_, column)| column.bytes()).sum::<usize>()
    }

    /// Appends `other`, whose columns are the same by name and order (an empty `self` takes any).
    pub fn append(&mut self, other: Self) {
        if self.columns.is_empty() {
            *self = other;
            return;
        }
        self.cells.extend(other.cells);
        for ((_, mine), (_, theirs)) in self.columns.iter_mut().zip(other.columns) {
            mine.append(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_two_types_meet_in_f64() {
        let mut column = Column::I64(vec![1, 2]);
        column.append(Column::F64(vec![f64::NAN]));
        assert_eq!(column.len(), 3);
        assert_eq!(column.f64_at(1), 2.0);
        assert!(column.f64_at(2).is_nan());
    }

    #[test]
    fn retain_keeps_the_chosen_values_in_order() {
        let mut column = Column::F32(vec![1.0, 2.0, 3.0]);
        column.retain(&[true, false, true]);
        assert_eq!(column, Column::F32(vec![1.0, 3.0]));
    }
}
