//! Paths, as whoever verifies an answer reads them.

/// The segments of a URL's path, decoded; empty ones are dropped, but one stands at the end of a path that ends with a
/// slash. Nothing for a path that is not UTF-8, on which no answer can be verified.
pub(super) fn segments(url: &str) -> Option<Vec<String>> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = String::from_utf8(decoded(path)).ok()?;
    let mut segments: Vec<String> =
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if path.ends_with('/') {
        segments.push(String::new());
    }
    Some(segments)
}

/// Percent-decoding; what is not an encoded byte stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [byte, after @ ..] = rest {
        rest = after;
        let encoded = match rest {
            [high, low, ..] if *byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match encoded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &rest[2..];
            }
            None => decoded.push(*byte),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_verifiers_read_them() {
        for (url, expected) in [
            ("/", &[""][..]),
            ("/a/b", &["a", "b"]),
            ("//a///b/?c=/d#/e", &["a", "b", ""]),
            ("/%61/%2fb%2F", &["a", "b", ""]),
            ("/a%2", &["a%2"]),
            ("/a%zz%", &["a%zz%"]),
            ("/%C3%bc", &["ü"]),
            ("/../a", &["..", "a"]),
            ("", &[]),
        ] {
            assert_eq!(segments(url).unwrap(), expected, "{url}");
        }
        assert_eq!(segments("/%ff"), None);
    }
}
