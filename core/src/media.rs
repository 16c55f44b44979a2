//! Media types, as declared and as found in the bytes.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A media type such as `image/jpeg`, lowercase and without parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(Cow<'static, str>);

impl MediaType {
    /// JPEG.
    pub const JPEG: MediaType = MediaType(Cow::Borrowed("image/jpeg"));
    /// PNG.
    pub const PNG: MediaType = MediaType(Cow::Borrowed("image/png"));
    /// WebP.
    pub const WEBP: MediaType = MediaType(Cow::Borrowed("image/webp"));
    /// GIF.
    pub const GIF: MediaType = MediaType(Cow::Borrowed("image/gif"));
    /// BMP.
    pub const BMP: MediaType = MediaType(Cow::Borrowed("image/bmp"));
    /// TIFF, BigTIFF included.
    pub const TIFF: MediaType = MediaType(Cow::Borrowed("image/tiff"));
    /// The bytes of a ThumbHash, about 25 (no registered type exists).
    pub const THUMBHASH: MediaType = MediaType(Cow::Borrowed("application/x-thumbhash"));
    /// Anything.
    pub const OCTET_STREAM: MediaType = MediaType(Cow::Borrowed("application/octet-stream"));

    /// Reads `type/subtype`, at most 127 characters, ignoring case.
    ///
    /// # Errors
    /// [`Error::InvalidName`] for anything else, parameters such as `; charset=utf-8` included.
    pub fn parse(text: &str) -> Result<MediaType> {
        let token = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
        };
        let well_formed =
            text.len() <= 127 && text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
        if !well_formed {
            return Err(Error::InvalidName {
                what: "media type",
                found: text.chars().take(127).collect(),
                allowed: "type/subtype as in image/jpeg, without parameters, at most 127 characters",
            });
        }
        Ok(MediaType(Cow::Owned(text.to_ascii_lowercase())))
    }

    /// The media type of an image by its first bytes, if it is one that is known.
    pub fn sniff(bytes: &[u8]) -> Option<MediaType> {
        let known: [(&[u8], MediaType); 8] = [
            (b"\xff\xd8\xff", MediaType::JPEG),
            (b"\x89PNG\r\n\x1a\n", MediaType::PNG),
            (b"GIF87a", MediaType::GIF),
            (b"GIF89a", MediaType::GIF),
            (b"II*\0", MediaType::TIFF),
            (b"MM\0*", MediaType::TIFF),
            (b"II+\0", MediaType::TIFF),
            (b"MM\0+", MediaType::TIFF),
        ];
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(MediaType::WEBP);
        }
        // Two letters are too few to tell by; the length of the header behind them is one of a few.
        if bytes.starts_with(b"BM") && matches!(bytes.get(14..18), Some([12..=124, 0, 0, 0])) {
            return Some(MediaType::BMP);
        }
        known.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, media)| media)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The usual file name extension, `bin` where there is none.
    pub fn extension(&self) -> &'static str {
        match self.as_str() {
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "image/webp" => "webp",
            "image/gif" => "gif",
            "image/bmp" => "bmp",
            "image/tiff" => "tiff",
            "application/x-thumbhash" => "thumbhash",
            "application/json" => "json",
            _ => "bin",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_refuses() {
        assert_eq!(MediaType::parse("Image/JPEG").unwrap(), MediaType::JPEG);
        for bad in ["", "image", "image/", "/png", "a/b/c", "text/plain; charset=utf-8", "a b/c", "a/b\n"] {
            assert_eq!(MediaType::parse(bad).unwrap_err().code(), "invalid_name", "{bad:?}");
        }
        assert!(MediaType::parse(&format!("a/{}", "b".repeat(126))).is_err());
    }

    #[test]
    fn sniffs_by_content() {
        assert_eq!(MediaType::sniff(b"\xff\xd8\xff\xe0"), Some(MediaType::JPEG));
        assert_eq!(MediaType::sniff(b"\x89PNG\r\n\x1a\n...."), Some(MediaType::PNG));
        assert_eq!(MediaType::sniff(b"RIFF\x10\0\0\0WEBPVP8 "), Some(MediaType::WEBP));
        assert_eq!(MediaType::sniff(b"RIFF\x10\0\0\0WAVEfmt "), None);
        assert_eq!(MediaType::sniff(b"GIF87a\x01"), Some(MediaType::GIF));
        assert_eq!(MediaType::sniff(b"GIF89a"), Some(MediaType::GIF));
        assert_eq!(MediaType::sniff(b"GIF88a"), None);
        assert_eq!(MediaType::sniff(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), Some(MediaType::BMP));
        assert_eq!(MediaType::sniff(b"BMW drives a car by itself"), None);
        for tiff in [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"] {
            assert_eq!(MediaType::sniff(tiff), Some(MediaType::TIFF));
        }
        assert_eq!(MediaType::sniff(b""), None);
    }
}
