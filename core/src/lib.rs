//! The photo pipeline itself: lanes, assets, processors, pipelines, sessions, chunks and hashes.
//!
//! This crate knows no ICP, no I/O, no clock and no randomness: whatever it needs of those arrives as an
//! argument. It returns errors and never panics on input, so all of its logic is tested natively.
//!
//! | module | what is in it |
//! |---|---|
//! | [`asset`] | asset names, kinds and the [`Derivative`](asset::Derivative) that a processor makes |
//! | [`processor`] | the [`Processor`](processor::Processor) trait and its type-erased descriptor |
//! | [`registry`] | the processors that an application knows, by id |
//! | [`source`] | what a processor reads: bytes, and pixels decoded on demand |
//! | [`decode`] | the trait by which an application brings its image formats, and limits of images |
//! | [`cost`] | what work takes, estimated before it begins |
//! | [`pipeline`] | pipelines as configuration: lanes, stages, validation, order |
//! | [`lane`] | resumable work on an item: hashing the original, making the derivatives |
//! | [`session`] | one asset's upload in flight |
//! | [`chunk`] | where chunks are kept |
//! | [`hash`] | the rolling hash |
//! | `testing` (feature) | what every processor has to hold, as a suite that its tests call |

pub mod asset;
pub mod chunk;
pub mod cost;
pub mod decode;
pub mod digest;
pub mod error;
pub mod hash;
pub mod id;
pub mod lane;
pub mod media;
pub mod pipeline;
pub mod pixels;
pub mod processor;
pub mod registry;
pub mod session;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use digest::Digest;
pub use error::{Error, Result};

#[doc(hidden)]
pub use inventory as __inventory;
