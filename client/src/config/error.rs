//! What is wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;

use darkroom_core::Error;

use super::locate::locate;
use super::nearest::{nearest, nearest_in};

/// Why a configuration cannot be used: the place in its text, the line itself, and what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// What is wrong: what was found and what is allowed.
    pub message: String,
    /// Where; absent where the text as a whole is meant.
    pub position: Option<Position>,
    /// The known name that the one that was found is a slip of the pen away from.
    pub suggestion: Option<String>,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub length: usize,
    /// The line's text.
    pub text: String,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, position, suggestion } = self;
        match position {
            None => write!(f, "{message}")?,
            Some(Position { line, column, length, text }) => {
                let margin = " ".repeat(line.to_string().len());
                let before = " ".repeat(column - 1);
                let marks = "^".repeat(*length);
                writeln!(f, "line {line}, column {column}: {message}")?;
                write!(f, "{margin} |\n{line} | {text}\n{margin} | {before}{marks}")?;
            }
        }
        match suggestion {
            Some(suggestion) => write!(f, "\ndid you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl ConfigError {
    /// The text is not TOML of the right form.
    pub(super) fn form(text: &str, error: &toml::de::Error) -> ConfigError {
        let message = error.message().trim_end().to_owned();
        let suggestion = nearest_in(&message).map(str::to_owned);
        ConfigError { position: error.span().map(|span| Position::of(text, span)), message, suggestion }
    }

    /// What it says does not hold together.
    pub(super) fn content(text: &str, error: &Error) -> ConfigError {
        let mut wrong = ConfigError { message: error.to_string(), position: None, suggestion: None };
        if let Error::InvalidConfig { place, found, allowed } = error {
            wrong.position = locate(text, place, allowed).map(|span| Position::of(text, span));
            let word = found.strip_prefix('`').and_then(|found| found.strip_suffix('`'));
            let meant = match word {
                Some(word) => nearest(word, allowed.split(", ")),
                None => nearest_in(allowed),
            };
            wrong.suggestion = meant.map(str::to_owned);
        }
        wrong
    }
}

impl Position {
    fn of(text: &str, span: Range<usize>) -> Position {
        let start = text.floor_char_boundary(span.start);
        let (before, after) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = after.find(['\n', '\r']).map_or(text.len(), |newline| start + newline);
        let end = text.floor_char_boundary(span.end).clamp(start, line_end);
        Position {
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            length: text[start..end].chars().count().max(1),
            // A tab is as wide as the blank that stands for it below.
            text: text[line_start..line_end].replace('\t', " "),
        }
    }
}
