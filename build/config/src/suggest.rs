//! Suggestions: "did you mean" for a word that is not among the known ones.

/// The known word most like `word`, if one is like it enough to be a slip: few
/// edits for its length, or the same but for case and for `-` and `_`.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let wanted = plain(word);
    // Long nonsense is nobody's slip, and comparing it takes long.
    if wanted.len() > 64 {
        return None;
    }
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= 64)
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(edits, candidate)| {
            *edits < wanted.len().min(candidate.len())
                && *edits <= wanted.len().max(candidate.len()).div_ceil(3)
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Help for an unknown word: the nearest known one, or all of them if few.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(nearest) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let mut all: Vec<&str> = known.into_iter().collect();
    all.sort_unstable();
    match all.len() {
        0 => None,
        1 => Some(format!("there is only `{}`", all[0])),
        2..=24 => Some(format!("known are {}", list(&all))),
        _ => None,
    }
}

/// `a`, `b` and `c`.
#[must_use]
pub fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_corrected_and_nonsense_is_not() {
        let known = ["uart0", "rtc", "gpio"];
        assert_eq!(nearest("uart1", known), Some("uart0"));
        assert_eq!(nearest("UART0", known), Some("uart0"));
        assert_eq!(nearest("gipo", known), Some("gpio"));
        assert_eq!(nearest("ethernet", known), None);
    }

    #[test]
    fn without_a_near_one_few_are_listed() {
        assert_eq!(did_you_mean("zz", ["b", "a"]).as_deref(), Some("known are `a` and `b`"));
        assert_eq!(did_you_mean("zz", []), None);
    }
}
