//! Which row of a coarse level owns which rows of a finer one (ATL03: segments own photons).

use std::ops::Range;

use super::error::LinkError;

/// Non-overlapping ranges of finer rows, each with its owner, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ownership {
    owned: Vec<(Range<u64>, u64)>,
}

impl Ownership {
    /// From the link of a level: row `p` owns `first[p] - index_base .. + counts[p]`. Rows that own
    /// nothing may have any first index.
    ///
    /// # Errors
    /// When a range is impossible, overlaps another or goes past `finer_rows`.
    pub(super) fn new(first: &[i64], counts: &[i64], index_base: i64, finer_rows: u64) -> Result<Self, LinkError> {
        if first.len() != counts.len() {
            return Err(LinkError::Uneven { first: first.len(), counts: counts.len() });
        }
        let mut owned = Vec::with_capacity(first.len());
        for (row, (&first, &count)) in first.iter().zip(counts).enumerate() {
            if count == 0 {
                continue;
            }
            let refuse = || LinkError::NotARange { row, first, count };
            let begin = first.checked_sub(index_base).and_then(|b| u64::try_from(b).ok()).ok_or_else(refuse)?;
            let count = u64::try_from(count).map_err(|_| refuse())?;
            let end = begin.checked_add(count).ok_or_else(refuse)?;
            if end > finer_rows {
                return Err(LinkError::PastTheEnd { row: row as u64, end, rows: finer_rows });
            }
            owned.push((begin..end, row as u64));
        }
        if !owned.is_sorted_by_key(|(range, _)| range.start) {
            owned.sort_by_key(|(range, _)| range.start);
        }
        for pair in owned.windows(2) {
            if pair[0].0.end > pair[1].0.start {
                return Err(LinkError::Overlap { one: pair[0].1, other: pair[1].1, shared: pair[1].0.start });
            }
        }
        Ok(Self { owned })
    }

    /// The owner of each of `rows`. Quick when they ascend.
    pub(super) fn owners<'a>(&'a self, rows: impl Iterator<Item = u64> + 'a) -> impl Iterator<Item = Option<u64>> + 'a {
        let mut at = 0;
        rows.map(move |row| {
            if at > 0 && self.owned.get(at - 1).is_some_and(|(range, _)| row < range.end) {
                at = self.owned.partition_point(|(range, _)| range.end <= row);
            }
            while self.owned.get(at).is_some_and(|(range, _)| range.end <= row) {
                at += 1;
            }
            self.owned.get(at).filter(|(range, _)| range.contains(&row)).map(|(_, owner)| *owner)
        })
    }

    /// The finer rows between the first and the last row owned by each run of owners that `chosen`
    /// marks, as merged ascending ranges. A run is widened by `pad` owners on each side.
    pub(super) fn padded_slices(&self, chosen: &[bool], pad: usize) -> Vec<Range<u64>> {
        let runs = padded_runs(chosen, pad);
        let mut spans: Vec<Option<Range<u64>>> = vec![None; runs.len()];
        for (range, owner) in &self.owned {
            let run = runs.partition_point(|run| run.end as u64 <= *owner);
            if runs.get(run).is_some_and(|run| run.start as u64 <= *owner) {
                let span = spans[run].get_or_insert_with(|| range.clone());
                *span = span.start.min(range.start)..span.end.max(range.end);
            }
        }
        let mut spans: Vec<Range<u64>> = spans.into_iter().flatten().collect();
        spans.sort_by_key(|span| span.start);
        let mut slices: Vec<Range<u64>> = Vec::with_capacity(spans.len());
        for span in spans {
            match slices.last_mut() {
                Some(last) if last.end >= span.start => last.end = last.end.max(span.end),
                _ => slices.push(span),
            }
        }
        slices
    }
}

/// Runs of true, each widened by `pad` on both sides, merged where they meet.
fn padded_runs(chosen: &[bool], pad: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (i, _) in chosen.iter().enumerate().filter(|(_, chosen)| **chosen) {
        let run = i.saturating_sub(pad)..i.saturating_add(pad).saturating_add(1).min(chosen.len());
        match runs.last_mut() {
            Some(last) if last.end >= run.start => last.end = run.end,
            _ => runs.push(run),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_find_their_owners_and_orphans_none() {
        // ATL03: 1-based, and a segment without photons has first index 0.
        let links = Ownership::new(&[1, 0, 4, 8], &[3, 0, 2, 1], 1, 9).unwrap();
        let owners: Vec<_> = links.owners(0..9).collect();
        let expected = [Some(0), Some(0), Some(0), Some(2), Some(2), None, None, Some(3), None];
        assert_eq!(owners, expected);
    }

    #[test]
    fn rows_out_of_order_find_their_owners_too() {
        let links = Ownership::new(&[1, 4], &[3, 2], 1, 9).unwrap();
        let owners: Vec<_> = links.owners([4, 0, 8, 3].into_iter()).collect();
        assert_eq!(owners, [Some(1), Some(0), None, Some(1)]);
    }

    #[test]
    fn impossible_links_are_refused() {
        assert!(matches!(Ownership::new(&[0], &[1], 1, 9), Err(LinkError::NotARange { .. })));
        assert!(matches!(Ownership::new(&[1], &[-1], 1, 9), Err(LinkError::NotARange { .. })));
        assert!(matches!(Ownership::new(&[i64::MIN], &[1], 1, 9), Err(LinkError::NotARange { .. })));
        assert!(matches!(Ownership::new(&[1, 3], &[3, 1], 1, 9), Err(LinkError::Overlap { shared: 2, .. })));
        assert!(matches!(Ownership::new(&[9], &[2], 1, 9), Err(LinkError::PastTheEnd { .. })));
        assert!(matches!(Ownership::new(&[9], &[], 1, 9), Err(LinkError::Uneven { .. })));
    }

    #[test]
    fn chosen_owners_give_padded_merged_slices() {
        let links = Ownership::new(&[1, 11, 21, 31, 41, 0, 51], &[10, 10, 10, 10, 10, 0, 10], 1, 60).unwrap();
        let chosen = [false, false, true, false, false, false, false];
        let slices = |chosen: &[bool], pad| -> Vec<(u64, u64)> {
            links.padded_slices(chosen, pad).into_iter().map(|slice| (slice.start, slice.end)).collect()
        };
        assert_eq!(slices(&chosen, 0), [(20, 30)]);
        assert_eq!(slices(&chosen, 1), [(10, 40)]);
        assert_eq!(slices(&[true, false, false, false, false, false, true], 1), [(0, 20), (50, 60)]);
        assert!(links.padded_slices(&[false; 7], 1).is_empty());
    }
}
