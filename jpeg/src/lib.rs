//! A JPEG decoder that decodes at 1/8, 1/4, 1/2 or full size, and gives the same bytes on every machine.
//!
//! Scaled decoding is what makes derivatives of large photos cheap. A block of 8x8 samples becomes 1, 2x2, 4x4 or 8x8
//! samples by an inverse transform of that size; coefficients that it does not read are passed over, several codes
//! at a time, and scans of progressive files that hold none of those it reads are left out. Chroma that is sampled
//! at half the rate is transformed at twice the size, so that it needs no blowing up. [`Decoder::decode_many`] gives
//! several scales for one reading of the codes.
//!
//! # Forms
//!
//! Baseline, extended sequential and progressive files, Huffman-coded, of 8 bits: ITU-T T.81 annexes B, F and G.
//! Grey, YCbCr, RGB, CMYK and YCCK; any sampling factors, also such that do not divide each other; one scan or
//! several; restart markers. A missing end marker and bytes behind it are no error; data that is cut off or not valid
//! is, in all scans that are read ([`Decoder::decode`] says which are not). Arithmetic coding, lossless and hierarchical files, 12 bits and DNL are refused by name.
//!
//! # Results
//!
//! At full size pixels equal those of libjpeg-turbo with its defaults ("islow" transform, fancy upsampling). At
//! smaller sizes the transforms are those of IJG libjpeg 7 and later, which read low frequencies only, while
//! libjpeg-turbo averages samples of the full transform: see the README for how far apart they are. All arithmetic is in
//! integers, written for the compiler to make vectors of and compiled for several instruction sets; which of them
//! runs changes nothing but the speed.
//!
//! # Memory
//!
//! A sequential file takes its result and a few rows, a progressive one the coefficients that the scale needs as well:
//! [`Header::memory`] and [`Header::memory_many`] tell before anything is allocated, and [`Limits`] holds it to what
//! the caller allows.
//!
//! # Writing
//!
//! [`Encoder`] writes baseline files with Huffman tables made for them.
//!
//! This crate knows nothing of EXIF, ICC profiles or other formats.

mod bits;
mod block;
mod coefficients;
mod color;
mod decoder;
mod encode;
mod error;
mod geometry;
mod header;
mod huffman;
mod idct;
mod image;
mod limits;
mod lookup;
mod marker;
mod memory;
mod narrow;
mod output;
mod paint;
mod progressive;
mod reduced;
mod refine;
mod scale;
mod scan;
mod sequential;
mod strip;
mod upsample;
mod wanted;
mod zigzag;

pub use decoder::Decoder;
pub use encode::{EncodeError, Encoder};
pub use error::{Error, Found, Result};
pub use header::{ColorSpace, Component, Header};
pub use image::{Image, PixelFormat};
pub use limits::Limits;
pub use scale::Scale;

/// The example of README.md, compiled with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
