//! `--include` and `--exclude`: which files of a folder are meant.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::{Error, Result};

/// How `--help` describes patterns.
pub(crate) const HELP: &str = "Patterns are those of .gitignore: one without a slash is a name at any depth (`*.tif`, \
    `raw`), one with a slash is a path below the folder that is searched (`2024/*.jpg`); `*` stops at a slash, `**` does \
    not, `?` is one character, `[a-c]` one of some, `{a,b}` one or the other; upper and lower case differ. What matches \
    a folder holds for all that is in it. --exclude wins over --include. Files and folders that begin with a dot are \
    never taken from a folder. Files that are named themselves are taken whatever the patterns say.";

/// The patterns of both flags.
#[derive(Debug, Default)]
pub(crate) struct Globs {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Globs {
    /// Reads the patterns.
    ///
    /// # Errors
    /// [`Error::Usage`] for one that is none.
    pub(crate) fn new(include: &[String], exclude: &[String]) -> Result<Globs> {
        let included = (!include.is_empty()).then(|| set("--include", include)).transpose()?;
        Ok(Globs { include: included, exclude: set("--exclude", exclude)? })
    }

    /// Whether `--include` says what is meant, instead of what files are called.
    pub(crate) fn choose(&self) -> bool {
        self.include.is_some()
    }

    /// Whether a file at this path below the folder is included by name.
    pub(crate) fn includes(&self, below: &Path) -> bool {
        self.include.as_ref().is_some_and(|include| include.is_match(below))
    }

    /// Whether a file or folder at this path below the folder is left out.
    pub(crate) fn excludes(&self, below: &Path) -> bool {
        self.exclude.is_match(below)
    }
}

fn set(flag: &str, patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let wrong = |error: globset::Error| Error::Usage(format!("{flag} `{pattern}`: {}", error.kind()));
        for glob in forms(pattern).ok_or_else(|| {
            Error::Usage(format!("{flag} `{pattern}`: it names nothing; a pattern is a name or a path"))
        })? {
            let glob = GlobBuilder::new(&glob).literal_separator(true).build();
            set.add(glob.map_err(wrong)?);
        }
    }
    set.build().map_err(|error| Error::Usage(format!("{flag}: {error}")))
}

/// A pattern as globs of whole paths: what it names, unless that has to be a folder, and what is below it.
fn forms(pattern: &str) -> Option<Vec<String>> {
    let (name, is_folder) = match pattern.strip_suffix('/') {
        Some(name) => (name, true),
        None => (pattern, false),
    };
    let anchored = name.contains('/');
    let name = name.strip_prefix('/').or(name.strip_prefix("./")).unwrap_or(name);
    if name.is_empty() {
        return None;
    }
    let whole = if anchored { name.to_owned() } else { format!("**/{name}") };
    let below = format!("{whole}/**");
    Some(if is_folder { vec![below] } else { vec![whole, below] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Globs::new(&[], &[pattern.to_owned()]).unwrap().excludes(Path::new(path))
    }

    #[test]
    fn names_hold_at_any_depth_and_paths_where_they_are() {
        for path in ["a.tif", "x/a.tif", "x/y/a.tif"] {
            assert!(matches("*.tif", path), "{path}");
        }
        assert!(!matches("*.tif", "a.tiff") && !matches("*.tif", "a.TIF"));
        assert!(
            matches("2024/*.jpg", "2024/a.jpg") && matches("/a.jpg", "a.jpg") && matches("./a.jpg", "a.jpg")
        );
        assert!(!matches("2024/*.jpg", "x/2024/a.jpg") && !matches("2024/*.jpg", "2024/x/a.jpg"));
        assert!(!matches("/a.jpg", "x/a.jpg") && matches("2024/**/a.jpg", "2024/x/y/a.jpg"));
        assert!(matches("{a,b}?.[jp]*", "x/b1.png") && !matches("{a,b}?.[jp]*", "x/c1.png"));
    }

    #[test]
    fn what_matches_a_folder_holds_for_all_in_it() {
        assert!(matches("raw", "raw/deep/a.jpg") && matches("raw", "x/raw/a.jpg") && matches("raw", "raw"));
        assert!(matches("raw/", "raw/a.jpg") && !matches("raw/", "raw"));
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for (pattern, reason) in
            [("[a", "class"), ("{a", "alternate"), ("/", "names nothing"), ("", "names nothing")]
        {
            let error = Globs::new(&[pattern.to_owned()], &[]).unwrap_err().to_string();
            assert!(error.contains("--include") && error.contains(reason), "{error}");
        }
    }
}
