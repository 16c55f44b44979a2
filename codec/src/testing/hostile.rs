//! Broken and malicious images, made from nothing: bombs, sizes that nobody has, cut files, bad profiles and EXIF
//! blocks, and files that are two things at once.
//!
//! Each is small and the same on every machine. What is asked of a processor: an error that has a code, or a valid
//! derivative, without a panic, within what was estimated.
//!
//! | file | what is in it |
//! |---|---|
//! | `png.rs`, `jpeg.rs`, `gif.rs`, `webp.rs`, `tiff.rs`, `bmp.rs` | bombs and sizes of a format, and its structure turned against readers |
//! | `blocks.rs` | EXIF blocks and colour profiles, in files that are whole otherwise |
//! | `mixed.rs` | files that are not, or not only, what they are said to be |
//! | `cuts.rs` | whole files of each format, and where they are cut |

mod blocks;
mod bmp;
mod cuts;
mod gif;
mod jpeg;
mod mixed;
mod png;
mod tiff;
mod webp;

use darkroom_core::media::MediaType;

use super::Fixture;

pub use cuts::{Cut, cuts};

/// All of them but the cut ones.
///
/// # Panics
/// When one cannot be made.
pub fn hostile() -> Vec<Fixture> {
    type All = fn() -> Vec<(String, Vec<u8>)>;
    let kinds: [All; 7] = [png::all, jpeg::all, gif::all, webp::all, tiff::all, bmp::all, blocks::all];
    let made = kinds.into_iter().flat_map(|all| all()).map(|(name, bytes)| {
        let media = MediaType::sniff(&bytes).unwrap_or(MediaType::OCTET_STREAM);
        Fixture { name, media, bytes }
    });
    made.chain(mixed::all()).collect()
}

/// A file with its name.
fn named(name: &str, bytes: Vec<u8>) -> (String, Vec<u8>) {
    (name.to_owned(), bytes)
}

/// Bytes in the form of zlib: a thousandth of them, where they are all the same.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9)
}

#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
fn long(value: usize) -> u32 {
    u32::try_from(value).unwrap()
}
