//! What somebody may have meant, and what else there is.

/// The one of `known` that `word` is a slip of the pen away from.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = word.chars().count().div_ceil(3);
    let near = known.into_iter().filter_map(|known| {
        let distance = strsim::damerau_levenshtein(word, known);
        (1..=allowed).contains(&distance).then_some((distance, known))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// The end of an error about an unknown name: what is known, and what may have been meant.
pub(crate) fn known(word: &str, mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    let meant = nearest(word, names.iter().map(String::as_str));
    let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    match names.is_empty() {
        true => "none is known".to_owned(),
        false => format!("known: {}{meant}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_all_are_listed() {
        let names = || vec!["staging".to_owned(), "ic".to_owned(), "staging".to_owned()];
        assert_eq!(known("stagign", names()), "known: ic, staging; did you mean `staging`?");
        assert_eq!(known("playground", names()), "known: ic, staging");
        assert_eq!(known("x", Vec::new()), "none is known");
    }
}
