//! Evaluation over all points of a shard at once.

use super::{
    ast::{Binary, Node, Reduce, Unary},
    error::ExpressionError,
    function::Elementwise,
    kernel,
};
use crate::points::Column;

/// What a missing value, a NaN in a column, does to a statistic inside an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRule {
    /// Points that miss a column on which the statistic's argument depends are left out. NaN that
    /// come from arithmetic (`0/0`) still spread.
    LeaveOut,
    /// NaN spreads, as in numpy.
    Propagate,
}

/// The points to evaluate over, sorted by cell.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Columns by name, each with `points` values.
    pub columns: &'a [(String, Column)],
    /// The number of points.
    pub points: usize,
    /// Where each cell's points start, then the number of points: cell `i` owns the points
    /// `starts[i]..starts[i + 1]`. Empty for an expression without statistics, such as a filter.
    pub starts: &'a [u32],
    /// What missing values do.
    pub missing: MissingRule,
}

impl Input<'_> {
    fn check(&self) -> Result<(), ExpressionError> {
        let ascending = self.starts.windows(2).all(|pair| pair[0] <= pair[1]);
        let whole = match (self.starts.first(), self.starts.last()) {
            (Some(&first), Some(&last)) => first == 0 && last as usize == self.points,
            _ => true,
        };
        if ascending && whole { Ok(()) } else { Err(ExpressionError::Starts { points: self.points }) }
    }

    /// The number of cells.
    pub(super) fn cells(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The points of each cell.
    pub(super) fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.starts.windows(2).map(|pair| pair[0] as usize..pair[1] as usize)
    }
}

/// An intermediate value.
#[derive(Debug)]
pub(super) enum Value {
    Constant(f64),
    Cells(Vec<f64>),
    Points(Vec<f64>),
}

/// An evaluation under way.
pub(super) struct Evaluation<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a [String],
    pub(super) input: &'a Input<'a>,
}

/// The value of a node that depends on no column.
pub(super) fn constant(node: &Node) -> Option<f64> {
    let input = Input { columns: &[], points: 0, starts: &[], missing: MissingRule::Propagate };
    match (Evaluation { text: "", names: &[], input: &input }).value(node) {
        Ok(Value::Constant(value)) => Some(value),
        _ => None,
    }
}

impl Evaluation<'_> {
    pub(super) fn root(&self, node: &Node) -> Result<Value, ExpressionError> {
        self.input.check()?;
        self.value(node)
    }

    fn value(&self, node: &Node) -> Result<Value, ExpressionError> {
        match node {
            Node::Number(value) => Ok(Value::Constant(*value)),
            Node::Column(index) => Ok(Value::Points(kernel::widen(self.column(*index)?))),
            Node::Unary(op, a) => {
                let a = self.value(a)?;
                Ok(match op {
                    Unary::Minus => a.map(|x| -x),
                    Unary::Plus => a,
                    Unary::Not => a.map(|x| f64::from(x == 0.0)),
                })
            }
            Node::Binary(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Ok(self.binary(*op, a, b))
            }
            Node::Call(Elementwise::Where, arguments) => {
                let [condition, yes, no] = arguments.as_slice() else { return Err(self.shape("a broken call")) };
                let (yes, no) = (self.value(yes)?, self.value(no)?);
                Ok(self.choose(self.value(condition)?, yes, no))
            }
            Node::Call(function, arguments) => match arguments.as_slice() {
                [a] => Ok(kernel::unary(*function, self.value(a)?)),
                [a, b] => {
                    let (a, b) = (self.value(a)?, self.value(b)?);
                    Ok(match function {
                        Elementwise::Minimum => self.zip(a, b, kernel::minimum),
                        _ => self.zip(a, b, kernel::maximum),
                    })
                }
                _ => Err(self.shape("a broken call")),
            },
            Node::Reduce(reduce) => self.reduce(reduce),
        }
    }

    fn column(&self, index: usize) -> Result<&Column, ExpressionError> {
        // Points that no granule had come without columns.
        const NOTHING: &Column = &Column::F64(Vec::new());
        if self.input.points == 0 {
            return Ok(NOTHING);
        }
        let name = self.names.get(index).map_or("", String::as_str);
        let Some((_, column)) = self.input.columns.iter().find(|(known, _)| known == name) else {
            return Err(ExpressionError::ColumnAbsent { text: self.text.to_owned(), column: name.to_owned() });
        };
        if column.len() != self.input.points {
            let (found, points) = (column.len(), self.input.points);
            return Err(ExpressionError::ColumnLength { column: name.to_owned(), found, points });
        }
        Ok(column)
    }

    pub(super) fn shape(&self, wanted: &'static str) -> ExpressionError {
        ExpressionError::Shape { text: self.text.to_owned(), kind: "another shape", wanted }
    }

    fn binary(&self, op: Binary, a: Value, b: Value) -> Value {
        let truth = f64::from;
        match op {
            Binary::Add => self.zip(a, b, |x, y| x + y),
            Binary::Subtract => self.zip(a, b, |x, y| x - y),
            Binary::Multiply => self.zip(a, b, |x, y| x * y),
            Binary::Divide => self.zip(a, b, |x, y| x / y),
            Binary::FloorDivide => self.zip(a, b, kernel::floor_divide),
            Binary::Modulo => self.zip(a, b, kernel::modulo),
            // Squares are by far the most frequent power, and exact as a product.
            Binary::Power if matches!(b, Value::Constant(2.0)) => a.map(|x| x * x),
            Binary::Power => self.zip(a, b, f64::powf),
            Binary::Less => self.zip(a, b, |x, y| truth(x < y)),
            Binary::LessEqual => self.zip(a, b, |x, y| truth(x <= y)),
            Binary::Greater => self.zip(a, b, |x, y| truth(x > y)),
            Binary::GreaterEqual => self.zip(a, b, |x, y| truth(x >= y)),
            Binary::Equal => self.zip(a, b, |x, y| truth(x == y)),
            Binary::NotEqual => self.zip(a, b, |x, y| truth(x != y)),
            Binary::And => self.zip(a, b, |x, y| truth(x != 0.0 && y != 0.0)),
            Binary::Or => self.zip(a, b, |x, y| truth(x != 0.0 || y != 0.0)),
        }
    }

    /// `f` of two values, a cell's number standing for each of its points where they meet.
    fn zip(&self, a: Value, b: Value, f: impl Fn(f64, f64) -> f64) -> Value {
        match (a, b) {
            (Value::Constant(a), Value::Constant(b)) => Value::Constant(f(a, b)),
            (a, Value::Constant(b)) => a.map(|x| f(x, b)),
            (Value::Constant(a), b) => b.map(|y| f(a, y)),
            (Value::Cells(a), Value::Cells(b)) => Value::Cells(kernel::zip(a, &b, f)),
            (a, b) => Value::Points(kernel::zip(self.per_point(a), &self.per_point(b), f)),
        }
    }

    fn choose(&self, condition: Value, yes: Value, no: Value) -> Value {
        match (condition, yes, no) {
            (Value::Constant(condition), yes, no) => {
                // Keeps the wider of the two shapes.
                if condition != 0.0 { self.zip(yes, no, |y, _| y) } else { self.zip(yes, no, |_, n| n) }
            }
            (condition, Value::Constant(yes), Value::Constant(no)) => {
                condition.map(|c| if c != 0.0 { yes } else { no })
            }
            (
                Value::Cells(condition),
                yes @ (Value::Cells(_) | Value::Constant(_)),
                no @ (Value::Cells(_) | Value::Constant(_)),
            ) => Value::Cells(kernel::choose(&condition, self.per_cell(yes), &self.per_cell(no))),
            (condition, yes, no) => {
                let condition = self.per_point(condition);
                Value::Points(kernel::choose(&condition, self.per_point(yes), &self.per_point(no)))
            }
        }
    }

    /// One value per point.
    pub(super) fn per_point(&self, value: Value) -> Vec<f64> {
        match value {
            Value::Constant(value) => vec![value; self.input.points],
            Value::Points(values) => values,
            Value::Cells(cells) => {
                let mut values = Vec::with_capacity(self.input.points);
                for (range, value) in self.input.ranges().zip(cells) {
                    values.resize(range.end, value);
                }
                values
            }
        }
    }

    /// One value per cell, of a value that is not one per point.
    pub(super) fn per_cell(&self, value: Value) -> Vec<f64> {
        match value {
            Value::Constant(value) => vec![value; self.input.cells()],
            Value::Cells(values) | Value::Points(values) => values,
        }
    }

    fn reduce(&self, reduce: &Reduce) -> Result<Value, ExpressionError> {
        let mut values = self.per_point(self.value(&reduce.argument)?);
        let mut weights = match &reduce.weights {
            Some(weights) => self.per_point(self.value(weights)?),
            None => Vec::new(),
        };
        let keep = self.keep(reduce, &values)?;
        let mut results = Vec::with_capacity(self.input.cells());
        for range in self.input.ranges() {
            // Values are moved to the front of their cell's range: no memory beside the column's.
            let (start, mut end) = (range.start, range.end);
            if let Some(keep) = &keep {
                end = start;
                for i in range {
                    if keep[i] {
                        values[end] = values[i];
                        if let Some(weight) = weights.get(i).copied() {
                            weights[end] = weight;
                        }
                        end += 1;
                    }
                }
            }
            let weights = weights.get(start..end).unwrap_or(&[]);
            results.push(reduce.statistic.of(&mut values[start..end], weights));
        }
        Ok(Value::Cells(results))
    }

    /// Which points take part in a statistic; none when all do.
    fn keep(&self, reduce: &Reduce, values: &[f64]) -> Result<Option<Vec<bool>>, ExpressionError> {
        let mut keep: Option<Vec<bool>> = None;
        let mut leave_out = |missing: &dyn Fn(usize) -> bool| {
            if (0..self.input.points).any(missing) {
                let keep = keep.get_or_insert_with(|| vec![true; self.input.points]);
                keep.iter_mut().enumerate().for_each(|(i, keep)| *keep &= !missing(i));
            }
        };
        if self.input.missing == MissingRule::LeaveOut {
            for &index in &reduce.columns {
                match self.column(index)? {
                    Column::F32(v) => leave_out(&|i| v[i].is_nan()),
                    Column::F64(v) => leave_out(&|i| v[i].is_nan()),
                    Column::I64(_) | Column::U64(_) => {}
                }
            }
        }
        if reduce.skip_nan {
            leave_out(&|i| values[i].is_nan());
        }
        Ok(keep)
    }
}
