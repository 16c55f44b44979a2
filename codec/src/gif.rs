//! GIF: the first frame, laid on its canvas.
//!
//! The blocks are walked first: that finds the canvas, counts the frames and finds files that are cut off. What
//! the frame leaves uncovered is transparent, whatever background colour the file names, as in browsers.

use std::num::NonZeroU64;

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use crate::contain::contained;
use crate::limits;

/// The size of a GIF's canvas.
///
/// # Errors
/// [`Error::Damaged`], [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    Layout::read(bytes, limits).map(|layout| layout.canvas)
}

/// The first frame on its canvas; RGBA where something of it is transparent.
///
/// # Errors
/// As [`size`], for files that end before their trailer, and for frames whose data ends early.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Pixels> {
    let layout = Layout::read(bytes, limits)?;
    contained("GIF", || first_frame(bytes, &layout))
}

fn first_frame(bytes: &[u8], layout: &Layout) -> Result<Pixels> {
    let damaged = |error: gif::DecodingError| damaged(&error.to_string());
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.allow_unknown_blocks(true);
    let area = NonZeroU64::new(layout.frame.area()).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(area));
    let mut decoder = options.read_info(bytes).map_err(damaged)?;
    let frame = decoder.next_frame_info().map_err(damaged)?.ok_or_else(nothing)?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (width, clear, own) = (usize::from(frame.width), frame.transparent, frame.palette.clone());
    let palette = match own {
        Some(palette) => palette,
        None => decoder.global_palette().unwrap_or_default().to_vec(),
    };
    let mut indices = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut indices).map_err(damaged)?;
    // An index beyond the palette is black, as in Pillow.
    let mut colors = [[0, 0, 0, 255]; 256];
    for (color, &[red, green, blue]) in colors.iter_mut().zip(palette.as_chunks::<3>().0) {
        *color = [red, green, blue, 255];
    }
    if let Some(clear) = clear {
        colors[usize::from(clear)] = [0; 4];
    }
    let canvas = layout.canvas;
    let opaque = canvas == layout.frame && !clear.is_some_and(|clear| indices.contains(&clear));
    if opaque {
        let rgb = |index: &u8| {
            let [red, green, blue, _] = colors[usize::from(*index)];
            [red, green, blue]
        };
        return Pixels::new(canvas, PixelFormat::Rgb8, indices.iter().flat_map(rgb).collect());
    }
    let across = canvas.width as usize;
    let mut data = vec![[0u8; 4]; across * canvas.height as usize];
    for (row, indices) in data.chunks_exact_mut(across).skip(top).zip(indices.chunks_exact(width)) {
        for (pixel, index) in row[left..].iter_mut().zip(indices) {
            *pixel = colors[usize::from(*index)];
        }
    }
    Pixels::new(canvas, PixelFormat::Rgba8, data.into_flattened())
}

/// Where the first frame lies.
struct Layout {
    /// The screen, and as much more as the first frame needs: some encoders leave the screen at 0.
    canvas: Size,
    frame: Size,
}

impl Layout {
    /// Walks all blocks.
    fn read(bytes: &[u8], limits: DecodeLimits) -> Result<Layout> {
        let mut walk = Walk { rest: bytes };
        walk.take(6)?;
        let screen = walk.take(7)?;
        let screen_size = Size::new(word(screen, 0), word(screen, 2));
        limits::check(screen_size, limits)?;
        walk.palette(screen[4])?;
        let (mut first, mut frames) = (None, 0u64);
        loop {
            match walk.take(1)?[0] {
                0x3b => break,
                0x21 => {
                    walk.take(1)?;
                    walk.sub_blocks()?;
                }
                0x2c => {
                    let image = walk.take(9)?;
                    if first.is_none() {
                        let frame = Size::new(word(image, 4), word(image, 6));
                        let reach = |from, length, screen: u32| screen.max(word(image, from) + length);
                        let canvas = Size::new(
                            reach(0, frame.width, screen_size.width),
                            reach(2, frame.height, screen_size.height),
                        );
                        limits::check(canvas, limits)?;
                        first = Some(Layout { canvas, frame });
                    }
                    frames += 1;
                    limits::check_frames(frames, limits)?;
                    walk.palette(image[8])?;
                    // The code size of its LZW data.
                    walk.take(1)?;
                    walk.sub_blocks()?;
                }
                other => return Err(damaged(&format!("a block of the unknown kind {other:02x}"))),
            }
        }
        let layout = first.ok_or_else(nothing)?;
        if layout.frame.area() == 0 {
            let Size { width, height } = layout.frame;
            return Err(damaged(&format!("its first frame is {width}x{height}")));
        }
        Ok(layout)
    }
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let cut = || damaged("the file ends before the image does (the trailer 3b is missing)");
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Skips a palette if the flags say that there is one.
    fn palette(&mut self, flags: u8) -> Result<()> {
        if flags & 0x80 != 0 {
            self.take(3 << ((flags & 7) + 1))?;
        }
        Ok(())
    }

    fn sub_blocks(&mut self) -> Result<()> {
        loop {
            match self.take(1)?[0] {
                0 => return Ok(()),
                length => self.take(length.into())?,
            };
        }
    }
}

/// The little-endian 16 bits at an offset.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(bytes[at]) | u32::from(bytes[at + 1]) << 8
}

fn nothing() -> Error {
    damaged("there is no image in it")
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { format: "GIF", reason: reason.to_owned() }
}
