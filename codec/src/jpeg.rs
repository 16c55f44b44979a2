//! JPEG: sizes from the header, damage from the structure, pixels from the decoder that fits.
//!
//! A file is walked before it is decoded: that finds the size, refuses what is over the limits, and finds
//! files that are cut off. Decoding then follows one rule, which depends on the file and the scale alone,
//! since decoders differ from each other in rounding: see [`decode`].

mod decode;
mod header;
mod reader;
mod tables;

pub use decode::{decode, size};
