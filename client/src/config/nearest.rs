//! What somebody may have meant.

/// The one of `known` that `word` is a slip of the pen away from.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = word.chars().count().div_ceil(3);
    let near = known.into_iter().filter_map(|known| {
        let distance = strsim::damerau_levenshtein(word, known);
        (1..=allowed).contains(&distance).then_some((distance, known))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// The same for a message that names both in backticks, the wrong word first: `unknown field`, `unknown variant`.
pub(super) fn nearest_in(message: &str) -> Option<&str> {
    let mut words = message.split('`').skip(1).step_by(2);
    message.contains("unknown ").then(|| words.next().and_then(|word| nearest(word, words)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_other_words_are_not() {
        let known = ["preview", "thumbnail", "placeholder"];
        for (word, expected) in [
            ("thumbnial", Some("thumbnail")),
            ("preveiw", Some("preview")),
            ("previews", Some("preview")),
            ("placholder", Some("placeholder")),
            ("watermark", None),
            ("preview", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest("a", ["b"]), Some("b"));
        let message = "unknown field `sauce`, expected one of `asset`, `source`";
        assert_eq!(nearest_in(message), Some("source"));
        assert_eq!(nearest_in("`width` is `widht`"), None);
    }
}
