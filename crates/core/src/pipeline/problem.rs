//! What is wrong with a pipeline, all of it at once.

use std::fmt;

use crate::fault::Fault;

/// One thing that is wrong with a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, e.g. `aggregation.variables.h_mean.sorce`; empty for the file as a whole.
    pub path: String,
    /// The line of the file, from 1.
    pub line: Option<u64>,
    /// What is wrong, and the remedy.
    pub message: String,
    /// A known name that is near the unknown one.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, " (did you mean `{name}`?)"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a pipeline, in the order of the file. Displays one problem per
/// paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineError {
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl PipelineError {
    /// The kind of trouble: a configuration that is not as it should be.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Malformed
    }
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "the pipeline has {count} problem{}", if count == 1 { "" } else { "s" })?;
        for problem in &self.problems {
            // Later lines of a message (a caret below an expression) are indented with it.
            write!(f, "\n  - {}", problem.to_string().replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl std::error::Error for PipelineError {}

/// A key's place: the keys from the root to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Path(Vec<Step>);

/// One step from a node to a node in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// The path whose keys are joined with dots in `keys`.
    pub(super) fn of(keys: &str) -> Self {
        Self(keys.split('.').map(|key| Step::Key(key.to_owned())).collect())
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether one of the two leads to the other.
    fn touches(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Problems and notes as they are found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: Vec<(Path, String, Option<String>)>,
    pub(super) notes: Vec<String>,
}

impl Findings {
    pub(super) fn problem(&mut self, path: &Path, message: impl Into<String>) {
        self.problems.push((path.clone(), message.into(), None));
    }

    /// A problem with the known name that was perhaps meant.
    pub(super) fn misnomer(&mut self, path: &Path, message: impl Into<String>, suggestion: Option<&str>) {
        self.problems.push((path.clone(), message.into(), suggestion.map(str::to_owned)));
    }

    /// A problem that something is absent: not told when what was there is a problem already.
    pub(super) fn absent(&mut self, path: &Path, message: impl Into<String>) {
        if !self.touches(path) {
            self.problem(path, message);
        }
    }

    /// Whether a problem was found at `path`, below it or on the way to it.
    pub(super) fn touches(&self, path: &Path) -> bool {
        self.problems.iter().any(|(at, ..)| at.touches(path))
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The problems in the order of the file; none when all is well.
    pub(super) fn error(&self, line: impl Fn(&Path) -> Option<u64>) -> Option<PipelineError> {
        let mut problems: Vec<Problem> = self
            .problems
            .iter()
            .map(|(path, message, suggestion)| Problem {
                path: path.to_string(),
                line: line(path),
                message: message.clone(),
                suggestion: suggestion.clone(),
            })
            .collect();
        problems.sort_by_key(|problem| problem.line);
        (!problems.is_empty()).then_some(PipelineError { problems })
    }
}
