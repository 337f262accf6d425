//! One field of two stores.

use serde::Serialize;
use zagg_core::{
    column::{Dtype, Values},
    with_values,
};

/// A number of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    pub(super) fn is_positive(self) -> bool {
        match self {
            Self::Whole(n) => n > 0,
            Self::Float(x) => x > 0.0,
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Whole(n) => n as f64,
            Self::Float(x) => x,
        }
    }
}

/// Lets one match arm read any type.
trait ToNumber: Copy {
    fn number(self) -> Number;
}

macro_rules! to_number {
    ($($t:ty)*) => { $(impl ToNumber for $t { fn number(self) -> Number { Number::Whole(i128::from(self)) } })* };
}
to_number!(i8 i16 i32 i64 u8 u16 u32 u64);

impl ToNumber for f32 {
    fn number(self) -> Number {
        Number::Float(f64::from(self))
    }
}

impl ToNumber for f64 {
    fn number(self) -> Number {
        Number::Float(self)
    }
}

/// The number at `index`; NaN past the end.
pub(super) fn number(values: &Values, index: usize) -> Number {
    with_values!(values, v => v.get(index).map_or(Number::Float(f64::NAN), |x| x.number()))
}

/// A cell in which a field differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// The cell's id.
    pub cell: u64,
    /// The first store's value, as text (JSON has no NaN).
    pub a: String,
    /// The second store's value.
    pub b: String,
    #[serde(skip)]
    severity: f64,
}

/// How a field of two stores compares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldComparison {
    /// The field.
    pub name: String,
    /// Its types.
    pub dtypes: [Dtype; 2],
    /// Cells compared.
    pub cells: u64,
    /// Cells with a value in either (not NaN; a whole number other than 0).
    pub with_data: u64,
    /// Cells with equal values, NaN and NaN included.
    pub equal: u64,
    /// Cells with NaN in one store only.
    pub nan_differences: u64,
    /// The largest absolute difference.
    pub max_abs: f64,
    /// The largest difference relative to the larger of the two.
    pub max_rel: f64,
    /// The relative tolerance.
    pub rtol: f64,
    /// The absolute tolerance.
    pub atol: f64,
    /// Cells that do not match.
    pub mismatches: u64,
    /// The worst of them.
    pub worst: Vec<Example>,
}

/// Cells named per field.
const WORST: usize = 3;

impl FieldComparison {
    pub(super) fn new(name: &str, dtypes: [Dtype; 2], rtol: f64, atol: f64) -> Self {
        Self {
            name: name.to_owned(),
            dtypes,
            cells: 0,
            with_data: 0,
            equal: 0,
            nan_differences: 0,
            max_abs: 0.0,
            max_rel: 0.0,
            rtol,
            atol,
            mismatches: 0,
            worst: Vec::new(),
        }
    }

    /// Compares the values of one cell.
    pub(super) fn see(&mut self, cell: u64, a: Number, b: Number) {
        self.cells += 1;
        if let (Number::Whole(x), Number::Whole(y)) = (a, b) {
            self.with_data += u64::from(x != 0 || y != 0);
            let (abs, size) = (x.abs_diff(y) as f64, x.unsigned_abs().max(y.unsigned_abs()).max(1) as f64);
            return self.count(cell, (x.to_string(), y.to_string()), x == y, x == y, abs, abs / size);
        }
        let (x, y) = (a.float(), b.float());
        self.with_data += u64::from(!(x.is_nan() && y.is_nan()));
        if x.is_nan() || y.is_nan() {
            let equal = x.is_nan() && y.is_nan();
            self.nan_differences += u64::from(!equal);
            let severity = if equal { 0.0 } else { f64::INFINITY };
            return self.hold(cell, (format!("{x:?}"), format!("{y:?}")), equal, equal, severity);
        }
        let equal = x == y;
        let abs = if equal { 0.0 } else { (x - y).abs() };
        let size = x.abs().max(y.abs());
        let rel = if equal { 0.0 } else { abs / size };
        // Two infinities of unlike sign, or one and a number, are never near.
        let near = equal || (size.is_finite() && abs <= self.atol + self.rtol * size);
        let rel = if rel.is_nan() { f64::INFINITY } else { rel };
        self.count(cell, (format!("{x:?}"), format!("{y:?}")), equal, near, abs, rel);
    }

    fn count(&mut self, cell: u64, texts: (String, String), equal: bool, near: bool, abs: f64, rel: f64) {
        self.max_abs = self.max_abs.max(abs);
        self.max_rel = self.max_rel.max(rel);
        self.hold(cell, texts, equal, near, rel);
    }

    fn hold(&mut self, cell: u64, (a, b): (String, String), equal: bool, near: bool, severity: f64) {
        self.equal += u64::from(equal);
        if !near {
            self.mismatches += 1;
            self.keep(Example { cell, a, b, severity });
        }
    }

    fn keep(&mut self, example: Example) {
        let at = self.worst.partition_point(|other| other.severity >= example.severity);
        if at < WORST {
            self.worst.insert(at, example);
            self.worst.truncate(WORST);
        }
    }

    pub(super) fn add(&mut self, part: Self) {
        self.cells += part.cells;
        self.with_data += part.with_data;
        self.equal += part.equal;
        self.nan_differences += part.nan_differences;
        self.max_abs = self.max_abs.max(part.max_abs);
        self.max_rel = self.max_rel.max(part.max_rel);
        self.mismatches += part.mismatches;
        for example in part.worst {
            self.keep(example);
        }
    }
}
