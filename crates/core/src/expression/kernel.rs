//! Arithmetic on vectors and on pairs of numbers, as numpy does it in float64.

use super::{eval::Value, function::Elementwise};
use crate::points::Column;

impl Value {
    /// `f` of every number, in place.
    pub(super) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let each = |mut values: Vec<f64>| {
            values.iter_mut().for_each(|x| *x = f(*x));
            values
        };
        match self {
            Self::Constant(value) => Self::Constant(f(value)),
            Self::Cells(values) => Self::Cells(each(values)),
            Self::Points(values) => Self::Points(each(values)),
        }
    }
}

pub(super) fn widen(column: &Column) -> Vec<f64> {
    match column {
        Column::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
        Column::F64(v) => v.clone(),
        Column::I64(v) => v.iter().map(|&x| x as f64).collect(),
        Column::U64(v) => v.iter().map(|&x| x as f64).collect(),
    }
}

/// `f` of the pairs, in the place of `a`.
pub(super) fn zip(mut a: Vec<f64>, b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter_mut().zip(b).for_each(|(x, y)| *x = f(*x, *y));
    a
}

/// `yes` where the condition is true and `no` elsewhere, in the place of `yes`.
pub(super) fn choose(condition: &[f64], mut yes: Vec<f64>, no: &[f64]) -> Vec<f64> {
    yes.iter_mut().zip(condition).zip(no).filter(|((_, c), _)| **c == 0.0).for_each(|((y, _), n)| *y = *n);
    yes
}

/// A function of one number.
pub(super) fn unary(function: Elementwise, a: Value) -> Value {
    match function {
        Elementwise::Sqrt => a.map(f64::sqrt),
        Elementwise::Log => a.map(f64::ln),
        Elementwise::Log10 => a.map(f64::log10),
        Elementwise::Log2 => a.map(f64::log2),
        Elementwise::Exp => a.map(f64::exp),
        Elementwise::Abs => a.map(f64::abs),
        Elementwise::Floor => a.map(f64::floor),
        Elementwise::Ceil => a.map(f64::ceil),
        Elementwise::IsNan => a.map(|x| f64::from(x.is_nan())),
        Elementwise::IsFinite => a.map(|x| f64::from(x.is_finite())),
        Elementwise::Float32 => a.map(|x| f64::from(x as f32)),
        Elementwise::Int => a.map(f64::trunc),
        Elementwise::Float64 | Elementwise::Minimum | Elementwise::Maximum | Elementwise::Where => a,
    }
}

/// The lesser; NaN when either is.
pub(super) fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || a < b { a } else { b }
}

/// The greater; NaN when either is.
pub(super) fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// Python's `%`: the remainder has the sign of the divisor. By zero it is NaN, as in numpy.
pub(super) fn modulo(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    if remainder == 0.0 {
        0.0_f64.copysign(b)
    } else if (b < 0.0) != (remainder < 0.0) && !remainder.is_nan() {
        remainder + b
    } else {
        remainder
    }
}

/// Python's `//`: the floor of the quotient, from the remainder, so that `a == (a // b) * b + a % b`
/// holds as nearly as it can. By zero it is infinite or NaN, as in numpy.
pub(super) fn floor_divide(a: f64, b: f64) -> f64 {
    if b == 0.0 {
        return a / b;
    }
    let remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 && (b < 0.0) != (remainder < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return 0.0_f64.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}
