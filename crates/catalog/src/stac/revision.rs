//! Granules that the archive holds in several revisions.

use std::collections::HashMap;

use super::name::GranuleName;
use crate::catalog::Entry;

/// Keeps the newest revision of each granule, at its own place in the order, and gives the ids of
/// the older ones, in their order. Two revisions are of one granule when their names differ in
/// the revision alone. Granules whose names say nothing stay.
pub fn keep_newest(entries: &mut Vec<Entry>) -> Vec<String> {
    let key = |entry: &Entry| {
        let name = GranuleName::of(entry)?;
        Some((GranuleName { revision: 0, ..name.clone() }, name.revision))
    };
    let mut newest = HashMap::<GranuleName, u8>::new();
    for (name, revision) in entries.iter().filter_map(key) {
        let seen = newest.entry(name).or_insert(revision);
        *seen = revision.max(*seen);
    }
    let mut superseded = Vec::new();
    entries.retain(|entry| {
        let is_old = key(entry).is_some_and(|(name, revision)| newest.get(&name).is_some_and(|seen| revision < *seen));
        if is_old {
            superseded.push(entry.id.clone());
        }
        !is_old
    });
    superseded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn the_newest_revision_stays_and_the_others_are_named() {
        let mut entries: Vec<_> = [
            "ATL06_20240318112233_00012201_007_02.h5",
            "ATL06_20240318112233_00012201_007_01.h5",
            "ATL06_20240318112233_00012202_007_01.h5",
            "a granule",
            "ATL06_20240318112233_00012201_007_10.h5",
            "ATL06_20240318112233_00012201_006_11.h5",
            "a granule",
        ]
        .map(|id| Entry { id: id.to_owned(), ..Entry::default() })
        .into();
        let superseded = keep_newest(&mut entries);
        let expected =
            ["ATL06_20240318112233_00012201_007_02.h5", "ATL06_20240318112233_00012201_007_01.h5"].map(str::to_owned);
        assert_eq!(superseded, expected);
        assert_eq!(
            ids(&entries),
            [
                "ATL06_20240318112233_00012202_007_01.h5",
                "a granule",
                "ATL06_20240318112233_00012201_007_10.h5",
                "ATL06_20240318112233_00012201_006_11.h5",
                "a granule",
            ]
        );
        assert_eq!(keep_newest(&mut entries), [""; 0]);
    }
}
