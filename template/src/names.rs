//! A processor's name in the forms in which code needs it.

use crate::Error;

/// The files of a processor's crate: path, and text in which it is called `example`.
pub(crate) const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("../example/Cargo.toml")),
    ("README.md", include_str!("../example/README.md")),
    ("src/lib.rs", include_str!("../example/src/lib.rs")),
    ("src/params.rs", include_str!("../example/src/params.rs")),
    ("src/render.rs", include_str!("../example/src/render.rs")),
    ("src/conformance.rs", include_str!("../example/src/conformance.rs")),
    ("tests/conformance.rs", include_str!("../example/tests/conformance.rs")),
    ("tests/goldens.txt", include_str!("../example/tests/goldens.txt")),
];

/// Longest name: an asset's may have 64 characters, and a crate's has a prefix.
const MAX_LEN: usize = 48;

/// One name.
#[derive(Debug)]
pub(crate) struct Names {
    /// As the id: `mean-color`.
    pub(crate) kebab: String,
    /// Of the crate in code, without its prefix: `mean_color`.
    pub(crate) snake: String,
    /// Of the type: `AverageColor`.
    pascal: String,
}

impl Names {
    /// Checks a name.
    pub(crate) fn new(name: &str) -> Result<Names, Error> {
        let is_kebab = (1..=MAX_LEN).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.ends_with('-')
            && !name.contains("--");
        if !is_kebab {
            return Err(Error::Name { found: name.to_owned() });
        }
        let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
        let pascal: String = name.split('-').map(capital).collect();
        if pascal == "Self" || FILES.iter().any(|(_, text)| has_word(text, &pascal)) {
            return Err(Error::Taken { found: name.to_owned(), word: pascal });
        }
        Ok(Names { kebab: name.to_owned(), snake: name.replace('-', "_"), pascal })
    }

    /// A file of the template with this name.
    pub(crate) fn fill(&self, text: &str) -> String {
        let text = text
            .replace("Example", &self.pascal)
            .replace("darkroom_example", &format!("darkroom_{}", self.snake));
        text.replace("example", &self.kebab)
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_three_forms() {
        let names = Names::new("average-color2").unwrap();
        assert_eq!(names.fill("darkroom-example"), "darkroom-average-color2");
        assert_eq!(
            names.fill("darkroom_example::{Example, ExampleParams}"),
            "darkroom_average_color2::{AverageColor2, AverageColor2Params}"
        );
    }

    #[test]
    fn names_that_would_not_build_are_refused() {
        for name in [
            "",
            "A",
            "1a",
            "a_b",
            "a-",
            "a--b",
            "é",
            "-a",
            "self",
            "size",
            "source",
            "default",
            "option",
            "average-color",
            &"a".repeat(49),
        ] {
            assert!(Names::new(name).is_err(), "{name}");
        }
    }
}
