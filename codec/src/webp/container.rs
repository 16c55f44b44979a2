//! The RIFF container of a WebP: which chunks are there, and what sizes they announce.

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::Size;
use darkroom_core::{Error, Result};

use crate::limits;

/// What a container holds.
pub(super) struct Container<'a> {
    pub(super) canvas: Size,
    /// The size of the picture, or of the first frame: the canvas, unless in an animation.
    pub(super) frame: Size,
    /// Where the frame lies, from the left and the top.
    pub(super) place: (u32, u32),
    pub(super) profile: Option<&'a [u8]>,
    pub(super) exif: Option<&'a [u8]>,
    image: Image<'a>,
}

/// The chunks of one picture.
#[derive(Clone, Copy, Default)]
struct Image<'a> {
    alpha: Option<&'a [u8]>,
    lossy: Option<&'a [u8]>,
    lossless: Option<&'a [u8]>,
}

/// What a `VP8X` chunk says.
struct Extended {
    canvas: Size,
    animated: bool,
    alpha: bool,
}

impl<'a> Container<'a> {
    /// Walks the chunks.
    pub(super) fn read(bytes: &'a [u8], limits: DecodeLimits) -> Result<Container<'a>> {
        let Some((header, _)) = bytes.split_first_chunk::<12>() else { return Err(cut()) };
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        // Behind the length stands all of the file; what follows it is left alone.
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(8)).ok_or_else(cut)?;
        // An odd length lacks the byte that makes it even.
        let Some(body) = bytes.get(12..end) else { return Err(cut()) };
        let mut chunks = Chunks { rest: body };
        let (mut extended, mut image, mut first) = (None, Image::default(), None);
        let (mut profile, mut exif, mut frames) = (None, None, 0);
        let mut index = 0;
        while let Some((kind, body)) = chunks.next()? {
            match kind {
                b"VP8X" if index == 0 => {
                    let read = Extended::read(body)?;
                    limits::check(read.canvas, limits)?;
                    extended = Some(read);
                }
                b"ICCP" => profile = profile.or(Some(body)),
                b"EXIF" => exif = exif.or(Some(body)),
                b"ANMF" => {
                    frames += 1;
                    limits::check_frames(frames, limits)?;
                    first = first.or(Some(body));
                }
                _ => image.take(kind, body),
            }
            index += 1;
        }
        let found = match (extended, first) {
            (None, _) => {
                // A file without VP8X is its one chunk.
                image.alpha = None;
                let size = image.size()?;
                Container { canvas: size, frame: size, place: (0, 0), profile: None, exif: None, image }
            }
            (Some(Extended { canvas, animated: false, alpha }), _) => {
                if !alpha {
                    image.alpha = None;
                }
                Container { canvas, frame: canvas, place: (0, 0), profile, exif, image }
            }
            (Some(Extended { canvas, .. }), Some(first)) => {
                let (place, frame, image) = frame(first)?;
                let inside = place.0 + frame.width <= canvas.width && place.1 + frame.height <= canvas.height;
                if !inside {
                    return Err(damaged("the first frame does not lie on the canvas"));
                }
                Container { canvas, frame, place, profile, exif, image }
            }
            (Some(_), None) => return Err(damaged("it is an animation without frames")),
        };
        limits::check(found.canvas, limits)?;
        let size = found.image.size()?;
        if size != found.frame {
            let (a, b) = (size, found.frame);
            return Err(damaged(&format!(
                "the picture is {}x{} where {}x{} is announced",
                a.width, a.height, b.width, b.height
            )));
        }
        Ok(found)
    }

    /// A file of the picture alone.
    pub(super) fn alone(&self) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        let mut chunk = |kind: &[u8; 4], parts: &[&[u8]]| {
            let length: usize = parts.iter().map(|part| part.len()).sum();
            body.extend_from_slice(kind);
            body.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
            parts.iter().for_each(|part| body.extend_from_slice(part));
            body.resize(body.len() + length % 2, 0);
        };
        if let Some(lossless) = self.image.lossless {
            chunk(b"VP8L", &[lossless]);
        } else if let Some(lossy) = self.image.lossy {
            if let Some(alpha) = self.image.alpha {
                let side = |length: u32| (length - 1).to_le_bytes();
                let (width, height) = (side(self.frame.width), side(self.frame.height));
                chunk(b"VP8X", &[&[0x10, 0, 0, 0], &width[..3], &height[..3]]);
                chunk(b"ALPH", &[alpha]);
            }
            chunk(b"VP8 ", &[lossy]);
        }
        [&b"RIFF"[..], &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes(), &body].concat()
    }
}

impl<'a> Image<'a> {
    /// Takes note of a chunk; the first of a kind counts.
    fn take(&mut self, kind: &[u8; 4], body: &'a [u8]) {
        match kind {
            b"ALPH" => self.alpha = self.alpha.or(Some(body)),
            b"VP8 " => self.lossy = self.lossy.or(Some(body)),
            b"VP8L" => self.lossless = self.lossless.or(Some(body)),
            _ => {}
        }
    }

    /// The size that the picture's own data announces.
    fn size(&self) -> Result<Size> {
        let size = match (self.lossy, self.lossless) {
            (Some(&[a, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]), None) if a & 1 == 0 => {
                // The upper two bits of each ask for enlargement, which nobody does.
                let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
                Size::new(side(w0, w1), side(h0, h1))
            }
            (None, Some(&[0x2f, a, b, c, d, ..])) => {
                let bits = u32::from_le_bytes([a, b, c, d]);
                Size::new((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
            }
            (None, None) => return Err(damaged("there is no picture in it")),
            (Some(_), Some(_)) => return Err(damaged("a lossy and a lossless picture are in it")),
            _ => return Err(damaged("the picture's header is not one of WebP")),
        };
        if size.area() == 0 {
            return Err(damaged("a side of the picture is 0"));
        }
        Ok(size)
    }
}

impl Extended {
    fn read(body: &[u8]) -> Result<Extended> {
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = body else {
            return Err(damaged("its VP8X chunk is too short"));
        };
        let side = |bytes| three(bytes) + 1;
        let canvas = Size::new(side([w0, w1, w2]), side([h0, h1, h2]));
        Ok(Extended { canvas, animated: flags & 0x02 != 0, alpha: flags & 0x10 != 0 })
    }
}

/// Place, size and chunks of a frame.
fn frame(body: &[u8]) -> Result<((u32, u32), Size, Image<'_>)> {
    let Some((&[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, ..], chunks)) =
        body.split_first_chunk::<16>()
    else {
        return Err(damaged("its first frame is too short"));
    };
    let place = (three([x0, x1, x2]) * 2, three([y0, y1, y2]) * 2);
    let size = Size::new(three([w0, w1, w2]) + 1, three([h0, h1, h2]) + 1);
    let (mut chunks, mut image) = (Chunks { rest: chunks }, Image::default());
    while let Some((kind, body)) = chunks.next()? {
        image.take(kind, body);
    }
    Ok((place, size, image))
}

/// The chunks of a container or a frame.
struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    fn next(&mut self) -> Result<Option<(&'a [u8; 4], &'a [u8])>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (kind, rest) = self.rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
        let (body, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        // Chunks start at even offsets.
        self.rest = rest.get(length % 2..).unwrap_or_default();
        Ok(Some((kind, body)))
    }
}

/// 24 bits, little-endian.
fn three([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}

fn cut() -> Error {
    damaged("the file ends before the image does")
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { format: "WebP", reason: reason.to_owned() }
}
