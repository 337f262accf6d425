//! The tree of an expression.

use std::fmt;

use super::function::{Elementwise, Statistic};

/// A node. Truth values are the numbers 1 and 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Number(f64),
    /// An index into the expression's columns.
    Column(usize),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Call(Elementwise, Vec<Node>),
    Reduce(Box<Reduce>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Minus,
    Plus,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// A statistic of the points of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reduce {
    pub(super) statistic: Statistic,
    pub(super) argument: Node,
    pub(super) weights: Option<Node>,
    /// Leave out NaN, computed or not (`nanmean`).
    pub(super) skip_nan: bool,
    /// The columns on which the argument and the weights depend, other than by asking whether
    /// they are NaN: points that miss one of these are left out.
    pub(super) columns: Vec<usize>,
}

impl Binary {
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "//" => Self::FloorDivide,
            "%" => Self::Modulo,
            "**" => Self::Power,
            "<" => Self::Less,
            "<=" => Self::LessEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterEqual,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "&" => Self::And,
            "|" => Self::Or,
            _ => return None,
        })
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "**",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "&",
            Self::Or => "|",
        }
    }

    /// How tightly the operator binds, in Python's order (its reference, section 6.17).
    pub(super) fn power(self) -> u8 {
        match self {
            _ if self.compares() => 1,
            Self::Or => 2,
            Self::And => 3,
            Self::Add | Self::Subtract => 4,
            Self::Power => 7,
            _ => 5,
        }
    }

    pub(super) fn compares(self) -> bool {
        matches!(self, Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual | Self::Equal | Self::NotEqual)
    }

    pub(super) fn joins(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }
}

impl Node {
    /// Collects the columns on which the value depends, other than by `isnan` and `isfinite`.
    pub(super) fn needs(&self, columns: &mut Vec<usize>) {
        match self {
            Self::Number(_) => {}
            Self::Column(index) => {
                if !columns.contains(index) {
                    columns.push(*index);
                }
            }
            Self::Unary(_, a) => a.needs(columns),
            Self::Binary(_, a, b) => {
                a.needs(columns);
                b.needs(columns);
            }
            Self::Call(Elementwise::IsNan | Elementwise::IsFinite, _) => {}
            Self::Call(_, arguments) => arguments.iter().for_each(|a| a.needs(columns)),
            // A statistic inside has left out what it misses itself.
            Self::Reduce(_) => {}
        }
    }

    /// Whether a statistic occurs in it.
    pub(super) fn has_statistic(&self) -> bool {
        match self {
            Self::Number(_) | Self::Column(_) => false,
            Self::Unary(_, a) => a.has_statistic(),
            Self::Binary(_, a, b) => a.has_statistic() || b.has_statistic(),
            Self::Call(_, arguments) => arguments.iter().any(Self::has_statistic),
            Self::Reduce(_) => true,
        }
    }

    /// The canonical text: every operation in parentheses, names without `np.`.
    pub(super) fn canonical(&self, columns: &[String]) -> String {
        Canonical { node: self, columns }.to_string()
    }
}

struct Canonical<'a> {
    node: &'a Node,
    columns: &'a [String],
}

impl Canonical<'_> {
    fn of<'b>(&'b self, node: &'b Node) -> Canonical<'b> {
        Canonical { node, columns: self.columns }
    }
}

impl fmt::Display for Canonical<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Node::Number(value) => write!(f, "{value:?}"),
            Node::Column(index) => f.write_str(self.columns.get(*index).map_or("?", String::as_str)),
            Node::Unary(op, a) => {
                let symbol = match op {
                    Unary::Minus => "-",
                    Unary::Plus => "+",
                    Unary::Not => "~",
                };
                write!(f, "({symbol}{})", self.of(a))
            }
            Node::Binary(op, a, b) => write!(f, "({} {} {})", self.of(a), op.symbol(), self.of(b)),
            Node::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (i, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { "" } else { ", " }, self.of(argument))?;
                }
                f.write_str(")")
            }
            Node::Reduce(reduce) => {
                let nan = if reduce.skip_nan { "nan" } else { "" };
                write!(f, "{nan}{:?}({}", reduce.statistic, self.of(&reduce.argument))?;
                if let Some(weights) = &reduce.weights {
                    write!(f, ", weights={}", self.of(weights))?;
                }
                f.write_str(")")
            }
        }
    }
}
