//! What stands beside the picture in a JPEG: orientation and colour profile, in the segments before its first scan.

use crate::orientation::Orientation;

/// Found in a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Metadata<'a> {
    pub(super) orientation: Orientation,
    /// The parts of an ICC profile: number from 1, count, bytes.
    parts: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> Metadata<'a> {
    /// Reads the segments up to the first scan. What is damaged ends the search: the decoder refuses such files.
    pub(super) fn read(bytes: &'a [u8]) -> Metadata<'a> {
        let mut found = Metadata::default();
        let mut exif = None;
        let mut rest = bytes.get(2..).unwrap_or_default();
        while let Some((marker, body, after)) = segment(rest) {
            match marker {
                0xda | 0xd9 => break,
                0xe1 if exif.is_none() => exif = body.strip_prefix(b"Exif\0\0"),
                0xe2 => found.profile_part(body),
                _ => {}
            }
            rest = after;
        }
        found.orientation = exif.map(Orientation::in_exif).unwrap_or_default();
        found
    }

    fn profile_part(&mut self, body: &'a [u8]) {
        if let Some([number, count, bytes @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
            // More than there are numbers for cannot be whole; one too many is enough to tell.
            if self.parts.len() <= usize::from(u8::MAX) {
                self.parts.push((*number, *count, bytes));
            }
        }
    }

    /// Whether there is a part of a profile.
    pub(super) fn has_profile(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The embedded ICC profile, put together from its parts in their order; none where one is missing or
    /// there twice, or where they do not agree on how many there are.
    pub(super) fn profile(&self) -> Option<Vec<u8>> {
        let &(_, count, _) = self.parts.first()?;
        let mut parts = self.parts.clone();
        parts.sort_by_key(|(number, _, _)| *number);
        let whole = parts.len() == usize::from(count)
            && parts.iter().zip(1..=count).all(|(part, number)| (part.0, part.1) == (number, count));
        whole.then(|| parts.iter().flat_map(|(_, _, bytes)| *bytes).copied().collect())
    }
}

/// The next segment: its marker, its body and what follows (ITU-T T.81, section B.1.1). Fill bytes and bytes that
/// belong to nothing are passed over.
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut rest = bytes;
    let marker = loop {
        let at = memchr::memchr(0xff, rest)?;
        let code = *rest.get(at + 1)?;
        rest = rest.get(at + 1..)?;
        if !matches!(code, 0 | 0xff) {
            rest = rest.get(1..)?;
            break code;
        }
    };
    if matches!(marker, 0x01 | 0xd0..=0xd9) {
        return Some((marker, &[], rest));
    }
    let (length, _) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    Some((marker, rest.get(2..length)?, rest.get(length..)?))
}
