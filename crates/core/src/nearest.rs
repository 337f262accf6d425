//! The known name that somebody may have meant.

/// The candidate nearest to `name`, when one is near enough to be a slip of the finger: at most
/// one edit in three characters (Damerau-Levenshtein), letter case aside.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name.to_lowercase();
    let near = |candidate: &str| {
        let distance = strsim::damerau_levenshtein(&typed, &candidate.to_lowercase());
        let longest = typed.chars().count().max(candidate.chars().count());
        (distance * 3 <= longest.max(3)).then_some(distance)
    };
    // A name may be anything: do not let a very long one cost time.
    if typed.len() > 200 {
        return None;
    }
    candidates.into_iter().filter_map(|c| near(c).map(|d| (d, c))).min_by_key(|(d, _)| *d).map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_name_and_another_word_does_not() {
        let known = ["source", "params", "function"];
        assert_eq!(nearest("sorce", known), Some("source"));
        assert_eq!(nearest("Parmas", known), Some("params"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"x".repeat(1000), known), None);
    }
}
