//! Expressions of pipelines: a small grammar of our own, never `eval`.

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The text as written.
    pub text: String,
}
