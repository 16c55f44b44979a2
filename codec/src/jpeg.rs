//! JPEG: decoded by `darkroom-jpeg` at the smallest scale that serves, turned upright, in sRGB.

mod decode;
mod metadata;

pub use decode::{decode, decode_many, plan, size};
