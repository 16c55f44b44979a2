//! Bytes as lower-case hexadecimal digits, which are the one form of them: whoever knows a path knows all its spellings.

/// Two digits for each byte.
pub(crate) fn text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
    text
}

/// The reverse of [`text`], of `N` bytes exactly.
pub(crate) fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (place, [high, low]) in bytes.iter_mut().zip(pairs) {
        *place = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_text() {
        assert_eq!(text(&[0, 0x9a, 0xff]), "009aff");
        assert_eq!(parse("009aff"), Some([0, 0x9a, 0xff]));
        for other in ["009afF", "009af", "009aff0", "009aff00", "00 aff", "é9af", ""] {
            assert_eq!(parse::<3>(other), None, "{other}");
        }
    }
}
