//! Near ranges become one request.

use std::ops::Range;

use bytes::Bytes;

use crate::error::SourceError;

/// When ranges are fetched together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coalescing {
    /// The widest gap that is fetched along.
    pub gap: u64,
    /// The largest request, unless a single range is larger.
    pub max: u64,
}

/// One request: a range, and which of the wanted ranges lie in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What to fetch.
    pub range: Range<u64>,
    /// Indices of the wanted ranges that it covers.
    pub members: Vec<usize>,
}

/// Groups `ranges` (in any order; overlapping and empty ones too) into requests, by start.
#[must_use]
pub fn runs(ranges: &[Range<u64>], rule: Coalescing) -> Vec<Run> {
    let mut order: Vec<usize> = (0..ranges.len()).filter(|&i| ranges[i].start < ranges[i].end).collect();
    order.sort_by_key(|&i| (ranges[i].start, ranges[i].end));
    let mut runs: Vec<Run> = Vec::new();
    for i in order {
        let next = &ranges[i];
        if let Some(run) = runs.last_mut() {
            let end = run.range.end.max(next.end);
            let near = next.start <= run.range.end.saturating_add(rule.gap);
            let inside = next.end <= run.range.end;
            if inside || (near && end - run.range.start <= rule.max) {
                run.range.end = end;
                run.members.push(i);
                continue;
            }
        }
        runs.push(Run { range: next.clone(), members: vec![i] });
    }
    runs
}

/// Cuts the wanted `ranges` out of what the requests of [`runs`] gave, without copying.
///
/// # Errors
/// [`SourceError::Short`] when a request gave fewer bytes than it should.
pub fn cut(href: &str, ranges: &[Range<u64>], runs: &[Run], fetched: &[Bytes]) -> Result<Vec<Bytes>, SourceError> {
    let mut cut = vec![Bytes::new(); ranges.len()];
    for (run, bytes) in runs.iter().zip(fetched) {
        let wanted = run.range.end - run.range.start;
        if bytes.len() as u64 != wanted {
            let (href, start, got) = (href.to_owned(), run.range.start, bytes.len() as u64);
            return Err(SourceError::Short { href, start, wanted, got });
        }
        for &i in &run.members {
            // Both offsets are at most the run's length, which is a `usize` by now.
            let start = (ranges[i].start - run.range.start) as usize;
            let end = (ranges[i].end - run.range.start) as usize;
            cut[i] = bytes.slice(start..end);
        }
    }
    Ok(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Coalescing = Coalescing { gap: 10, max: 100 };

    fn ranges_of(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        runs(ranges, RULE).into_iter().map(|run| run.range).collect()
    }

    #[test]
    fn near_ranges_share_a_request_and_far_ones_do_not() {
        assert_eq!(ranges_of(&[20..30, 0..10, 41..50]), vec![0..30, 41..50]);
        assert_eq!(ranges_of(&[0..10, 20..21]), vec![0..21]);
        assert_eq!(ranges_of(&[0..10, 21..22]), vec![0..10, 21..22]);
    }

    #[test]
    fn no_request_grows_past_the_maximum_unless_a_single_range_does() {
        assert_eq!(ranges_of(&[0..60, 60..101]), vec![0..60, 60..101]);
        assert_eq!(ranges_of(&[0..500, 400..450]), vec![0..500]);
    }

    #[test]
    fn every_wanted_range_is_cut_out_of_what_was_fetched() {
        let whole: Vec<u8> = (0..=255).collect();
        let wanted = [200..210, 0..5, 3..8, 7..7, 12..20, 200..201];
        let runs = runs(&wanted, RULE);
        let fetched: Vec<Bytes> = runs
            .iter()
            .map(|run| Bytes::copy_from_slice(&whole[run.range.start as usize..run.range.end as usize]))
            .collect();
        assert_eq!(runs.len(), 2);
        let cut = cut("x", &wanted, &runs, &fetched).unwrap();
        for (range, bytes) in wanted.iter().zip(&cut) {
            assert_eq!(bytes.as_ref(), &whole[range.start as usize..range.end as usize]);
        }
    }

    #[test]
    fn a_short_answer_is_an_error() {
        let wanted = 0..4;
        let wanted = std::slice::from_ref(&wanted);
        let error = cut("x", wanted, &runs(wanted, RULE), &[Bytes::from_static(b"abc")]).unwrap_err();
        assert!(matches!(error, SourceError::Short { wanted: 4, got: 3, .. }));
    }
}
