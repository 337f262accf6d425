//! What making a queue on its broker found and did.

use std::fmt;

use serde::Serialize;

/// What making a queue on its broker found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Setup {
    /// Things that were made: queues, exchanges, groups.
    pub created: Vec<String>,
    /// Things that were there already.
    pub found: Vec<String>,
    /// Where what was there differs from what this program would make. It is left as it is.
    pub differences: Vec<Difference>,
}

/// A line for each thing: what was made, what was found, and what differs.
impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.created.iter().try_for_each(|thing| writeln!(f, "made {thing}"))?;
        self.found.iter().try_for_each(|thing| writeln!(f, "found {thing}"))?;
        self.differences.iter().try_for_each(|difference| writeln!(f, "NOTE {difference}"))
    }
}

/// A parameter of an existing thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The queue, exchange or policy.
    pub thing: String,
    /// The parameter, by the broker's own name for it.
    pub parameter: String,
    /// Its value.
    pub found: String,
    /// The value that this program would give it.
    pub wanted: String,
    /// What the difference does, and how it is mended.
    pub remedy: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { thing, parameter, found, wanted, remedy } = self;
        write!(f, "`{thing}` has {parameter} = {found} where {wanted} is wanted: {remedy}")
    }
}
