//! A JPEG decoder that decodes at 1/8, 1/4, 1/2 or full size, and gives the same bytes on every machine.

mod bits;
mod block;
mod coefficients;
mod color;
mod decoder;
mod error;
mod geometry;
mod header;
mod huffman;
mod idct;
mod image;
mod limits;
mod marker;
mod memory;
mod paint;
mod progressive;
mod reduced;
mod refine;
mod scale;
mod scan;
mod sequential;
mod strip;
mod upsample;
mod zigzag;

pub use decoder::Decoder;
pub use error::{Error, Result};
pub use header::{ColorSpace, Component, Header};
pub use image::{Image, PixelFormat};
pub use limits::Limits;
pub use scale::Scale;
