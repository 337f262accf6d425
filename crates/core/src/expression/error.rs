//! What is wrong with an expression.

use crate::fault::Fault;

/// An expression that does not parse, or an evaluation that was handed other columns than those
/// it was checked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// The text is not an expression, or asks for what is not there. Displays the reason, and
    /// below it the text with a caret under the place.
    #[error("{message}{}", pointer(text, *position, suggestion.as_deref()))]
    Text {
        /// What is wrong, and the remedy.
        message: String,
        /// Where, as a number of characters from the start of `text`.
        position: usize,
        /// The expression.
        text: String,
        /// A known name that is near the unknown one.
        suggestion: Option<String>,
    },
    /// A column is absent.
    #[error("expression `{text}` needs the column `{column}`, which was not read; read every variable of the pipeline")]
    ColumnAbsent {
        /// The expression.
        text: String,
        /// The column's name.
        column: String,
    },
    /// A column's length is not the number of points.
    #[error("column `{column}` has {found} values for {points} points; give one value per point")]
    ColumnLength {
        /// The column's name.
        column: String,
        /// Its length.
        found: usize,
        /// The number of points.
        points: usize,
    },
    /// The starts of the cells do not divide the points.
    #[error("the starts of the cells do not divide {points} points; they ascend from 0 to the number of points")]
    Starts {
        /// The number of points.
        points: usize,
    },
    /// The result has another shape than asked for.
    #[error("expression `{text}` gives {kind} and cannot serve as {wanted}; the pipeline's check refuses it")]
    Shape {
        /// The expression.
        text: String,
        /// What it gives.
        kind: &'static str,
        /// What it was asked for.
        wanted: &'static str,
    },
}

impl ExpressionError {
    /// The kind of trouble: a pipeline that is not as it should be, or a defect of the caller,
    /// since a checked pipeline names only variables that are read.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Text { .. } => Fault::Malformed,
            Self::ColumnAbsent { .. } | Self::ColumnLength { .. } | Self::Starts { .. } | Self::Shape { .. } => {
                Fault::Bug
            }
        }
    }
}

fn pointer(text: &str, position: usize, suggestion: Option<&str>) -> String {
    let hint = suggestion.map_or(String::new(), |name| format!(" (did you mean `{name}`?)"));
    // The caret needs one line: line breaks of a folded YAML scalar count as blanks.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{hint}\n  {line}\n  {:position$}^", "")
}
