//! Texts of an EXIF block, fit to be shown.

use darkroom_codec::exif::Value;

/// The most characters of a text.
const MAX_CHARS: usize = 128;
/// The most bytes that are looked at.
const MAX_BYTES: usize = 1024;

/// A text without control characters and outer spaces, at most 128 characters; `None` where nothing is left. What
/// is not UTF-8 is shown as U+FFFD.
pub(crate) fn shown(value: Value<'_>) -> Option<String> {
    clean(value.text()?)
}

fn clean(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BYTES)]);
    let text: String = text.chars().filter(|c| !c.is_control() && !turns(*c)).collect();
    let text: String = text.trim().chars().take(MAX_CHARS).collect();
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether a character changes the direction of what follows (Unicode, annex 9), which makes texts look like others.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_to_be_shown_is_taken_out() {
        let text = |text: &str| clean(text.as_bytes());
        assert_eq!(text("  NIKON \r\n CORPORATION\u{7}  ").as_deref(), Some("NIKON  CORPORATION"));
        assert_eq!(text("Größe").as_deref(), Some("Größe"));
        assert_eq!(text("a\u{202e}b").as_deref(), Some("ab"));
        assert_eq!(clean(b"caf\xe9 x").as_deref(), Some("caf\u{fffd} x"));
        assert_eq!(text(&"ä".repeat(2000)), Some("ä".repeat(128)));
        assert_eq!(text(&format!("{} x", "a".repeat(127))), Some("a".repeat(127)));
        for nothing in ["", "  ", "\u{1}\n"] {
            assert_eq!(text(nothing), None);
        }
    }
}
