//! The path of a dataset in a granule.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Hdf5Error;

/// The path of a dataset: names separated by `/`, without one at the start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatasetPath(String);

impl DatasetPath {
    /// Reads a path; slashes around it, and double ones, do not matter.
    ///
    /// # Errors
    /// [`Hdf5Error::BadPath`] when there is no name in it, or a name that HDF5 takes for a step
    /// (`.` or `..`).
    pub fn new(path: &str) -> Result<Self, Hdf5Error> {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        if names.is_empty() || names.iter().any(|name| matches!(*name, "." | "..") || name.contains('\0')) {
            return Err(Hdf5Error::BadPath { path: path.to_owned() });
        }
        Ok(Self(names.join("/")))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The groups that lead to the dataset, outermost first; none when it is in the root.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.rsplit_once('/').map(|(groups, _)| groups).into_iter().flat_map(|groups| groups.split('/'))
    }

    /// The dataset's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }
}

impl fmt::Display for DatasetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_its_groups_and_its_name() {
        let path = DatasetPath::new("/gt1l//land_ice_segments/h_li/").unwrap();
        assert_eq!(path.as_str(), "gt1l/land_ice_segments/h_li");
        assert_eq!(path.groups().collect::<Vec<_>>(), ["gt1l", "land_ice_segments"]);
        assert_eq!(path.name(), "h_li");
        assert_eq!(DatasetPath::new("x").unwrap().groups().count(), 0);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        for path in ["", "/", "a/../b", "a\0b"] {
            assert!(DatasetPath::new(path).is_err(), "{path:?}");
        }
    }
}
