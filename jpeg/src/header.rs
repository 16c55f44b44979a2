//! What a file says about itself before its first scan.

use crate::error::{Error, Result, damaged, invalid, unsupported};
use crate::image::PixelFormat;
use crate::marker::{self, Markers, Segment};

/// How colours are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColorSpace {
    /// Grey.
    Grey,
    /// Luma and two chroma components, as in JFIF.
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Cyan, magenta, yellow, black.
    Cmyk,
    /// CMY as YCbCr, and black.
    Ycck,
}

impl ColorSpace {
    /// What [`crate::Decoder::decode`] gives for it.
    #[must_use]
    pub const fn format(self) -> PixelFormat {
        match self {
            Self::Grey => PixelFormat::Grey8,
            Self::YCbCr | Self::Rgb => PixelFormat::Rgb8,
            Self::Cmyk | Self::Ycck => PixelFormat::Cmyk8,
        }
    }
}

/// One component of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// The name that scans use.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Which quantisation table it uses, 0 to 3.
    pub quantization: u8,
}

/// The frame and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels, 1 to 65,535.
    pub width: u32,
    /// Height in pixels, 1 to 65,535.
    pub height: u32,
    /// One, three or four components.
    pub components: Vec<Component>,
    /// Whether the file is progressive; else it is baseline or extended sequential.
    pub progressive: bool,
    /// MCUs between restart markers at the first scan, 0 for none.
    pub restart_interval: u16,
    /// Whether there is a JFIF marker.
    pub jfif: bool,
    /// The transform that an Adobe marker names: 0 none, 1 YCbCr, 2 YCCK.
    pub adobe_transform: Option<u8>,
}

impl Header {
    /// Reads up to the first scan. Nothing is decoded, and nothing allocated but the list of components.
    ///
    /// # Errors
    ///
    /// [`Error::NotJpeg`]; [`Error::Unsupported`] for lossless, hierarchical, arithmetic-coded or 12-bit files,
    /// for two or more than four components and for a height that only follows later (DNL); [`Error::Invalid`];
    /// [`Error::Damaged`].
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut markers = Markers::new(bytes)?;
        let mut builder = Builder::default();
        while let Some(segment) = markers.next()? {
            match segment.marker {
                marker::SOS => return builder.header(segment.at),
                marker::EOI => return damaged("the end of the image before its first scan", segment.at),
                marker::DRI => builder.restart_interval = restart_interval(segment)?,
                _ => builder.segment(segment)?,
            }
        }
        damaged("the file ends before its first scan", bytes.len())
    }

    /// How colours are coded.
    ///
    /// JFIF says YCbCr, else the Adobe marker tells, else the names of the components: what libjpeg goes by.
    #[must_use]
    pub fn color_space(&self) -> ColorSpace {
        let ids: Vec<u8> = self.components.iter().map(|c| c.id).collect();
        match (self.components.len(), self.adobe_transform) {
            (1, _) => ColorSpace::Grey,
            (3, _) if self.jfif => ColorSpace::YCbCr,
            (3, Some(0)) => ColorSpace::Rgb,
            (3, None) if ids == *b"RGB" => ColorSpace::Rgb,
            (3, _) => ColorSpace::YCbCr,
            (_, Some(0) | None) => ColorSpace::Cmyk,
            _ => ColorSpace::Ycck,
        }
    }

    /// Whether CMYK samples are inverted, 255 being no ink: what writers with an Adobe marker do.
    #[must_use]
    pub fn inverted(&self) -> bool {
        self.components.len() == 4 && self.adobe_transform.is_some()
    }

    /// Pixels at full size.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The largest horizontal and vertical sampling factors.
    pub(crate) fn max_sampling(&self) -> (u32, u32) {
        let h = self.components.iter().map(|c| c.horizontal).max().unwrap_or(1);
        let v = self.components.iter().map(|c| c.vertical).max().unwrap_or(1);
        (u32::from(h), u32::from(v))
    }
}

/// A header while its segments are read.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    frame: Option<Header>,
    jfif: bool,
    adobe_transform: Option<u8>,
    /// In force now.
    pub(crate) restart_interval: u16,
}

impl Builder {
    /// Takes a segment that is neither a table nor a scan.
    pub(crate) fn segment(&mut self, segment: Segment<'_>) -> Result<()> {
        let at = segment.at;
        match segment.marker {
            0xc0..=0xc2 => {
                if self.frame.is_some() {
                    return damaged("a second frame", at);
                }
                self.frame = Some(frame(segment)?);
            }
            0xc3 => return unsupported("coding", "lossless", CODINGS, at),
            0xc5..=0xc7 | 0xcd..=0xcf | 0xde | 0xdf => {
                return unsupported("coding", "hierarchical", CODINGS, at);
            }
            0xc9..=0xcb | marker::DAC => return unsupported("coding", "arithmetic", CODINGS, at),
            marker::DNL => return late_height(at),
            marker::SOI => return damaged("an image within the image", at),
            marker::APP0 if segment.body.starts_with(b"JFIF\0") => self.jfif = true,
            marker::APP14 if segment.body.starts_with(b"Adobe") => {
                self.adobe_transform = segment.body.get(11).copied();
            }
            _ => {}
        }
        Ok(())
    }

    /// The header as it stands at a scan.
    pub(crate) fn header(&self, at: usize) -> Result<Header> {
        let Some(frame) = &self.frame else { return damaged("a scan before the frame", at) };
        Ok(Header {
            restart_interval: self.restart_interval,
            jfif: self.jfif,
            adobe_transform: self.adobe_transform,
            ..frame.clone()
        })
    }
}

/// Kinds of coding that are read.
const CODINGS: &str = "Huffman: baseline, extended or progressive";
/// How long a frame header is.
const FRAME_BYTES: &str = "6 and 3 for each component";

/// Refuses a height that is not known before the first scan (T.81 section B.2.5).
fn late_height<T>(at: usize) -> Result<T> {
    unsupported("height", "left to a DNL marker", "1 to 65535 in the frame header", at)
}

/// Reads a frame header (T.81 section B.2.2).
fn frame(segment: Segment<'_>) -> Result<Header> {
    let Segment { marker, at, body } = segment;
    let Some((&[precision, h1, h0, w1, w0, count], rest)) = body.split_first_chunk::<6>() else {
        return invalid("number of bytes in the frame header", body.len(), FRAME_BYTES, at);
    };
    if precision != 8 {
        return unsupported("number of bits per sample", precision, "8", at);
    }
    if !matches!(count, 1 | 3 | 4) {
        return unsupported("number of components", count, "1, 3 or 4", at);
    }
    if rest.len() != 3 * usize::from(count) {
        return invalid("number of bytes in the frame header", body.len(), FRAME_BYTES, at);
    }
    let width = u32::from(u16::from_be_bytes([w1, w0]));
    let height = u32::from(u16::from_be_bytes([h1, h0]));
    if height == 0 {
        return late_height(at);
    }
    if width == 0 {
        return invalid("width", w0, "1 to 65535", at);
    }
    let mut components = Vec::with_capacity(usize::from(count));
    for &[id, sampling, quantization] in rest.as_chunks::<3>().0 {
        let (horizontal, vertical) = (sampling >> 4, sampling & 15);
        for factor in [horizontal, vertical] {
            if !(1..=4).contains(&factor) {
                return invalid("sampling factor", factor, "1 to 4", at);
            }
        }
        if quantization > 3 {
            return invalid("number of a quantisation table", quantization, "0 to 3", at);
        }
        if components.iter().any(|c: &Component| c.id == id) {
            return damaged("two components of one name", at);
        }
        components.push(Component { id, horizontal, vertical, quantization });
    }
    // A lone component is not interleaved: its factors change nothing (T.81 section A.2.2).
    if let [only] = components.as_mut_slice() {
        (only.horizontal, only.vertical) = (1, 1);
    }
    let progressive = marker == 0xc2;
    Ok(Header {
        width,
        height,
        components,
        progressive,
        restart_interval: 0,
        jfif: false,
        adobe_transform: None,
    })
}

/// Reads a restart interval (T.81 section B.2.4.4).
pub(crate) fn restart_interval(segment: Segment<'_>) -> Result<u16> {
    match *segment.body {
        [high, low] => Ok(u16::from_be_bytes([high, low])),
        _ => invalid("number of bytes in a restart interval", segment.body.len(), "2", segment.at),
    }
}

/// Refuses more pixels than `allowed`.
pub(crate) fn check_pixels(header: &Header, allowed: u64) -> Result<()> {
    let found = header.pixels();
    if found > allowed {
        return Err(Error::Limit { unit: "pixels", found, allowed });
    }
    Ok(())
}
