//! A colour as it is written in configuration: `#rrggbb`.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An opaque sRGB colour, written `#rrggbb` (`#rgb` is read too).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Color {
    /// `#ffffff`.
    pub const WHITE: Color = Color { red: 255, green: 255, blue: 255 };

    /// Reads `#rrggbb` or `#rgb`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Color> {
        let digits = text.strip_prefix('#')?.as_bytes();
        let digit = |at: usize| {
            let value = char::from(*digits.get(at)?).to_digit(16)?;
            u8::try_from(value).ok()
        };
        let pair = |at: usize| Some(digit(at)? * 16 + digit(at + 1)?);
        match digits.len() {
            6 => Some(Color { red: pair(0)?, green: pair(2)?, blue: pair(4)? }),
            3 => Some(Color { red: digit(0)? * 17, green: digit(1)? * 17, blue: digit(2)? * 17 }),
            _ => None,
        }
    }

    /// Red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Color, D::Error> {
        let text = String::deserialize(deserializer)?;
        Color::parse(&text).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            D::Error::custom(format!("found colour `{shown}`; allowed: #rrggbb, as in #ffffff"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_writes_one() {
        assert_eq!(Color::parse("#fFf"), Some(Color::WHITE));
        assert_eq!(Color::parse("#0180ff").unwrap().rgb(), [1, 128, 255]);
        assert_eq!(Color::parse("#0180ff").unwrap().to_string(), "#0180ff");
        for bad in ["", "#", "ffffff", "#ffff", "#ggg", "#ffffff ", "#ffffffff", "#é12", "#+1+1+1"] {
            assert_eq!(Color::parse(bad), None, "{bad:?}");
        }
    }
}
