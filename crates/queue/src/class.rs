//! Classes of trouble that jobs are buried for.

use std::fmt;
use std::str::FromStr;

use zagg_core::fault::Fault;

/// What kind of trouble a job was buried for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// A fault that may pass, but did not in all the attempts.
    Transient,
    /// The other side asked for patience in all the attempts.
    Throttled,
    /// Credentials are missing, wrong or expired.
    Denied,
    /// A thing named does not exist.
    Missing,
    /// Bytes are not what they should be.
    Malformed,
    /// Too large for memory, disk or time.
    Capacity,
    /// Another result for the same work is recorded.
    Conflict,
    /// A defect of zagg.
    Bug,
    /// Handed out too often without ever being settled: its workers died, or never came to an end.
    Poison,
    /// The message is no job of this release.
    Undecodable,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Transient,
        Self::Throttled,
        Self::Denied,
        Self::Missing,
        Self::Malformed,
        Self::Capacity,
        Self::Conflict,
        Self::Bug,
        Self::Poison,
        Self::Undecodable,
    ];

    /// A stable lower-case name for brokers, reports, labels and arguments.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Capacity => "capacity",
            Self::Conflict => "conflict",
            Self::Bug => "bug",
            Self::Poison => "poison",
            Self::Undecodable => "undecodable",
        }
    }

    /// The class of this name, for what a broker kept; a message that was set aside under no name
    /// that we know was set aside by the broker itself, which does that to poison only.
    #[must_use]
    pub fn kept_as(name: Option<&str>) -> Self {
        name.and_then(|name| name.parse().ok()).unwrap_or(Self::Poison)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no class.
#[derive(Debug, thiserror::Error)]
#[error("there is no class `{name}`; known are {known}", known = Class::ALL.map(Class::name).join(", "))]
pub struct UnknownClass {
    name: String,
}

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(name: &str) -> Result<Self, UnknownClass> {
        let found = Self::ALL.into_iter().find(|class| class.name() == name);
        found.ok_or_else(|| UnknownClass { name: name.to_owned() })
    }
}

impl From<Fault> for Class {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Transient => Self::Transient,
            Fault::Throttled { .. } => Self::Throttled,
            Fault::Denied => Self::Denied,
            Fault::Missing => Self::Missing,
            Fault::Malformed => Self::Malformed,
            Fault::Capacity => Self::Capacity,
            Fault::Conflict => Self::Conflict,
            // A fault without a class of its own is a defect of ours.
            _ => Self::Bug,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name() {
        for class in Class::ALL {
            assert_eq!(class.name().parse::<Class>().unwrap(), class);
            assert_eq!(Class::kept_as(Some(class.name())), class);
        }
        assert_eq!(Class::kept_as(None), Class::Poison);
        let error = "worse".parse::<Class>().unwrap_err().to_string();
        assert!(error.contains("`worse`") && error.contains("malformed"), "{error}");
    }

    #[test]
    fn a_fault_keeps_its_name() {
        for fault in [Fault::Transient, Fault::Denied, Fault::Malformed, Fault::Conflict, Fault::Bug] {
            assert_eq!(Class::from(fault).name(), fault.name());
        }
    }
}
