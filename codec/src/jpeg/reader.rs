//! A reader that makes scans which end early fail instead of going on in grey.
//!
//! Decoders feed zeros when a scan's data runs out before its blocks do, and zeros are valid codes: the rest
//! of the picture comes out flat. All ones are no valid Huffman code, so here ones are put between the end of
//! each scan's data and the marker that follows: a decoder that still wants blocks finds a code that does not
//! exist. One that has all its blocks skips them, as it has to skip stray bytes.

use std::io::{self, Read};

/// 512 ones, with the zero byte that a JPEG puts behind each ff.
static ONES: [u8; 128] = {
    let mut ones = [0; 128];
    let mut at = 0;
    while at < ones.len() {
        ones[at] = 0xff;
        at += 2;
    }
    ones
};

/// Reads a JPEG with ones put in where scans end.
pub(crate) struct Overrun<'a> {
    /// What is read now: a piece of the file, or ones.
    now: &'a [u8],
    /// The file's bytes after the pieces begun so far.
    rest: &'a [u8],
    /// How long the pieces are that come, the last of them excepted.
    pieces: std::vec::IntoIter<usize>,
    ones_next: bool,
}

impl<'a> Overrun<'a> {
    /// `scans` are the offsets where scans end, ascending.
    pub(crate) fn new(bytes: &'a [u8], scans: &[usize]) -> Overrun<'a> {
        let mut from = 0;
        let lengths: Vec<usize> = scans.iter().map(|&end| end - std::mem::replace(&mut from, end)).collect();
        let mut pieces = lengths.into_iter();
        let (now, rest) = bytes.split_at(pieces.next().unwrap_or(bytes.len()).min(bytes.len()));
        Overrun { now, rest, pieces, ones_next: true }
    }

    /// All of it.
    pub(crate) fn collect(mut self) -> Vec<u8> {
        let mut all =
            Vec::with_capacity(self.now.len() + self.rest.len() + ONES.len() * (self.pieces.len() + 1));
        all.extend_from_slice(self.now);
        self.now = &[];
        while self.next_piece() {
            all.extend_from_slice(self.now);
            self.now = &[];
        }
        all
    }

    /// Goes on to the next piece; `false` at the end.
    #[cold]
    fn next_piece(&mut self) -> bool {
        while self.now.is_empty() {
            if self.rest.is_empty() {
                return false;
            }
            if std::mem::take(&mut self.ones_next) {
                self.now = &ONES;
            } else {
                let length = self.pieces.next().unwrap_or(self.rest.len()).min(self.rest.len());
                (self.now, self.rest) = self.rest.split_at(length);
                self.ones_next = true;
            }
        }
        true
    }
}

impl Read for Overrun<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.now.is_empty() && !self.next_piece() {
            return Ok(0);
        }
        self.now.read(buffer)
    }

    #[inline]
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        // One byte at a time is how a decoder reads a scan.
        if let ([to], [from, rest @ ..]) = (&mut *buffer, self.now) {
            *to = *from;
            self.now = rest;
            return Ok(());
        }
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], scans: &[usize], at_once: usize) -> Vec<u8> {
        let mut reader = Overrun::new(bytes, scans);
        let mut all = Vec::new();
        let mut buffer = vec![0; at_once];
        while reader.read_exact(&mut buffer).is_ok() {
            all.extend_from_slice(&buffer);
        }
        all
    }

    #[test]
    fn ones_stand_where_scans_end() {
        let expected = [&b"abc"[..], &ONES, b"de", &ONES, b"f"].concat();
        for at_once in [1, 2, 131] {
            let whole = expected.len() / at_once * at_once;
            assert_eq!(read(b"abcdef", &[3, 5], at_once), expected[..whole], "{at_once}");
        }
        assert_eq!(Overrun::new(b"abcdef", &[3, 5]).collect(), expected);
        assert_eq!(read(b"abc", &[], 1), b"abc");
        assert_eq!(read(b"", &[], 1), b"");
    }
}
