//! `Content-Disposition`, with names that no client can take for anything but a name.

use darkroom_core::asset::ORIGINAL;

use crate::hex;
use crate::store::AssetRecord;

/// The file's name (for derivatives with the asset's name in it), twice: in plain characters, and all of it encoded as
/// RFC 8187 says.
pub(super) fn disposition(kind: &str, asset: &AssetRecord, file_name: &str) -> String {
    let name = if asset.name.as_str() == ORIGINAL {
        file_name.to_owned()
    } else {
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        format!("{stem}-{}.{}", asset.name, asset.media.extension())
    };
    format!("{kind}; filename=\"{}\"; filename*=UTF-8''{}", plain(&name), encoded(&name))
}

/// ASCII letters, digits and a few others; a name of only dots, which some systems take for a folder, begins with `_`.
fn plain(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._- ()".contains(c) { c } else { '_' })
        .collect();
    if plain.starts_with('.') { format!("_{plain}") } else { plain }
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&hex::text(&[byte]).to_ascii_uppercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes_or_their_folder() {
        assert_eq!(plain("photo 1 (2).jpg"), "photo 1 (2).jpg");
        assert_eq!(plain("a\"; filename=\"b.exe"), "a__ filename__b.exe");
        assert_eq!(plain("../../etc/passwd"), "_.._.._etc_passwd");
        assert_eq!(plain("Grüße\r\nSet-Cookie: a=b"), "Gr__e__Set-Cookie_ a_b");
        assert_eq!(encoded("Grüße/a b"), "Gr%C3%BC%C3%9Fe%2Fa%20b");
    }
}
