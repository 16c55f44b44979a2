//! A colour as it is written in configuration: `#rrggbb` or `#rrggbbaa`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An sRGB colour, written `#rrggbb`, or `#rrggbbaa` where it is not opaque (`#rgb` and `#rgba` are read too).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
    /// 255 is opaque.
    pub alpha: u8,
}

impl Color {
    /// `#ffffff`.
    pub const WHITE: Color = Color::opaque(255, 255, 255);

    /// `#rrggbb`.
    pub const fn opaque(red: u8, green: u8, blue: u8) -> Color {
        Color { red, green, blue, alpha: u8::MAX }
    }

    /// Reads `#rrggbb`, `#rrggbbaa`, `#rgb` or `#rgba`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Color> {
        let digits = text.strip_prefix('#')?.as_bytes();
        let digit = |at: usize| {
            let value = char::from(*digits.get(at)?).to_digit(16)?;
            u8::try_from(value).ok()
        };
        let channel = |channel: usize| match digits.len() {
            3 | 6 if channel == 3 => Some(u8::MAX),
            3 | 4 => Some(digit(channel)? * 17),
            6 | 8 => Some(digit(channel * 2)? * 16 + digit(channel * 2 + 1)?),
            _ => None,
        };
        Some(Color { red: channel(0)?, green: channel(1)?, blue: channel(2)?, alpha: channel(3)? })
    }

    /// Red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)?;
        if self.alpha < u8::MAX { write!(f, "{:02x}", self.alpha) } else { Ok(()) }
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Color {
    fn schema_name() -> Cow<'static, str> {
        "Color".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$" })
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Color, D::Error> {
        let text = String::deserialize(deserializer)?;
        Color::parse(&text).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            D::Error::custom(format!("found colour `{shown}`; allowed: #rrggbb or #rrggbbaa, as in #ffffff"))
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
        assert_eq!(Color::parse("#ffffffFF").unwrap().to_string(), "#ffffff");
        assert_eq!(Color::parse("#12345608").unwrap().to_string(), "#12345608");
        assert_eq!(Color::parse("#fff8").unwrap().to_string(), "#ffffff88");
        for bad in
            ["", "#", "ffffff", "#fffff", "#ggg", "#ffffff ", "#fffffff", "#fffffffff", "#é12", "#+1+1+1"]
        {
            assert_eq!(Color::parse(bad), None, "{bad:?}");
        }
    }
}
