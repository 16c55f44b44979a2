//! Where the EXIF block of a file stands, by the rules that the codec finds orientations by.

use darkroom_core::media::MediaType;

/// Before the block in a JPEG, and in a WebP by some programs.
const INTRODUCTION: &[u8] = b"Exif\0\0";

/// The first EXIF block of a file, from its TIFF header on. Damage ends the search.
pub(crate) fn exif<'a>(media: &MediaType, bytes: &'a [u8]) -> Option<&'a [u8]> {
    match media {
        media if *media == MediaType::JPEG => in_jpeg(bytes),
        media if *media == MediaType::PNG => in_png(bytes),
        media if *media == MediaType::WEBP => in_webp(bytes),
        // The file is one.
        media if *media == MediaType::TIFF => Some(bytes),
        _ => None,
    }
}

/// In a segment APP1 before the first scan (ITU-T T.81, section B.1.1).
fn in_jpeg(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(2..)?;
    loop {
        // Fill bytes, and bytes that belong to nothing, are passed over.
        let at = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
        let (marker, after) = (*rest.get(at + 1)?, rest.get(at + 2..)?);
        rest = match marker {
            0xd9 | 0xda => return None,
            0x01 | 0xd0..=0xd8 => after,
            _ => {
                let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
                let body = after.get(2..length)?;
                if marker == 0xe1
                    && let Some(block) = body.strip_prefix(INTRODUCTION)
                {
                    return Some(block);
                }
                after.get(length..)?
            }
        };
    }
}

/// In a chunk `eXIf`, which may stand behind the pixels too (PNG, third edition, section 11.3.4.5).
fn in_png(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let (&[a, b, c, d, ref kind @ ..], body) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        let (body, after) = body.split_at_checked(length)?;
        if kind == b"eXIf" {
            return Some(body);
        }
        // A checksum follows.
        rest = after.get(4..)?;
    }
}

/// In a chunk `EXIF` of a file that begins with `VP8X` (RFC 9649, section 2.7).
fn in_webp(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?)).ok()?;
    let mut rest = bytes.get(12..length.checked_add(8)?)?;
    if !rest.starts_with(b"VP8X") {
        return None;
    }
    loop {
        let (&[ref kind @ .., a, b, c, d], body) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let (body, after) = body.split_at_checked(length)?;
        if kind == b"EXIF" {
            return Some(body.strip_prefix(INTRODUCTION).unwrap_or(body));
        }
        // Chunks start at even offsets.
        rest = after.get(length % 2..)?;
    }
}
