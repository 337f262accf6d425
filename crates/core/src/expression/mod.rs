//! Expressions of pipelines: a small grammar of our own, never `eval`.
//!
//! Numbers, column names, `+ - * / // % **`, comparisons, `& | ~`, parentheses and calls of a few
//! numpy functions, with or without `np.`, with Python's precedence. Comparisons cannot be
//! chained. `& | ~` take comparisons, not numbers. All arithmetic is in float64.

mod ast;
mod call;
mod error;
mod eval;
mod function;
mod kernel;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub use error::ExpressionError;
pub use eval::{Input, MissingRule};

use eval::{Evaluation, Value};

/// How many values an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One for all cells: it names no column.
    Constant,
    /// One per cell: a statistic, or arithmetic of statistics.
    PerCell,
    /// One per point. A statistic inside stands for each point of its cell.
    PerPoint,
}

impl Kind {
    /// In words, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "a constant",
            Self::PerCell => "one value per cell",
            Self::PerPoint => "one value per point",
        }
    }
}

/// A parsed expression, all of whose names are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The text as written.
    pub text: String,
    root: ast::Node,
    columns: Vec<String>,
    kind: Kind,
    boolean: bool,
    statistics: bool,
}

impl Expression {
    /// Parses `text`, in which the names of `columns` may be used.
    ///
    /// # Errors
    /// When the text is not an expression, or uses a name that is neither a column nor a known
    /// function; with the place.
    pub fn parse(text: &str, columns: &[String]) -> Result<Self, ExpressionError> {
        let mut parser = parser::Parser::new(text, columns)?;
        let parser::Typed { node, kind, boolean, .. } = parser.whole()?;
        let statistics = node.has_statistic();
        Ok(Self { text: text.to_owned(), root: node, columns: parser.used, kind, boolean, statistics })
    }

    /// How many values it has.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether its values are true or false.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        self.boolean
    }

    /// Whether a statistic occurs in it, so that the points must be grouped by cell first.
    #[must_use]
    pub fn has_statistic(&self) -> bool {
        self.statistics
    }

    /// The columns that it uses, each once, by first use.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The same for every spelling of the same operations: `1/np.sqrt(s)` and `1.0 / sqrt( s )`.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.root.canonical(&self.columns)
    }

    /// One value for each of `input.points` points. A value per cell stands for each of its points.
    ///
    /// # Errors
    /// When the input lacks a column of the expression, or is not consistent.
    pub fn eval_per_point(&self, input: &Input<'_>) -> Result<Vec<f64>, ExpressionError> {
        let evaluation = self.evaluation(input);
        Ok(evaluation.per_point(evaluation.root(&self.root)?))
    }

    /// For each point, whether the expression is true. A comparison with NaN is false, except `!=`.
    ///
    /// # Errors
    /// As [`Self::eval_per_point`], and when the expression is not boolean.
    pub fn eval_mask(&self, input: &Input<'_>) -> Result<Vec<bool>, ExpressionError> {
        if !self.boolean {
            return Err(self.shape("a mask"));
        }
        Ok(self.eval_per_point(input)?.into_iter().map(|x| x != 0.0).collect())
    }

    /// One value for each cell of `input.starts`. A cell without points has NaN, whatever the
    /// expression; one whose points are all left out has NaN for every statistic but `len`, 0.
    ///
    /// # Errors
    /// As [`Self::eval_per_point`], and when the expression has one value per point.
    pub fn eval_per_cell(&self, input: &Input<'_>) -> Result<Vec<f64>, ExpressionError> {
        let evaluation = self.evaluation(input);
        let value = evaluation.root(&self.root)?;
        if matches!(value, Value::Points(_)) {
            return Err(self.shape("a value per cell"));
        }
        let mut values = evaluation.per_cell(value);
        for (value, range) in values.iter_mut().zip(input.ranges()) {
            if range.is_empty() {
                *value = f64::NAN;
            }
        }
        Ok(values)
    }

    fn evaluation<'a>(&'a self, input: &'a Input<'a>) -> Evaluation<'a> {
        Evaluation { text: &self.text, names: &self.columns, input }
    }

    fn shape(&self, wanted: &'static str) -> ExpressionError {
        ExpressionError::Shape { text: self.text.clone(), kind: self.kind.name(), wanted }
    }
}
