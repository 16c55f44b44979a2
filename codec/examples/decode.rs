//! Decodes files and makes them small as a source asset would be, for comparison with other programs:
//! `decode OUTPUT FILE...`.
//!
//! For each file a line on standard output, separated by tabs: its number, then `ok`, width, height and channels of
//! the picture, width and height of the small one; or `error`, the error's code and its text. The samples are
//! written to `OUTPUT/NUMBER.raw` and `OUTPUT/NUMBER.small`. The small picture fits into 320 × 320 and comes
//! from the smallest scale that serves, as a thumbnail does before it is encoded.

use std::path::PathBuf;

use darkroom_codec::CODECS;
use darkroom_codec::fit::Request;
use darkroom_codec::resize::{self, Light};
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::source::Source;
use darkroom_core::{Error, Result};

const EDGE: u32 = 320;

/// The whole picture and the small one.
fn decode(bytes: &[u8]) -> Result<(Pixels, Pixels)> {
    let Some(media) = MediaType::sniff(bytes) else {
        return Err(Error::NotAnImage { reason: "of no known kind".to_owned() });
    };
    let source = Source::new(bytes, media, &CODECS, DecodeLimits::default());
    let whole = source.pixels(Size::new(u32::MAX, u32::MAX))?;
    assert_eq!(source.size(), Ok(whole.size()), "by header and by pixels");
    let placing = Request::inside(Size::new(EDGE, EDGE)).place(whole.size());
    let small = resize::place(&*source.pixels(placing.at_least())?, &placing, Light::Srgb)?;
    Ok((Pixels::clone(&whole), small))
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(output) = arguments.next().map(PathBuf::from) else {
        return Err(std::io::Error::other("usage: decode OUTPUT FILE..."));
    };
    for (number, file) in arguments.enumerate() {
        match decode(&std::fs::read(file)?) {
            Ok((whole, small)) => {
                let (Size { width, height }, channels) = (whole.size(), whole.format().channels());
                let Size { width: columns, height: rows } = small.size();
                println!("{number}\tok\t{width}\t{height}\t{channels}\t{columns}\t{rows}");
                std::fs::write(output.join(format!("{number}.raw")), whole.data())?;
                std::fs::write(output.join(format!("{number}.small")), small.data())?;
            }
            Err(error) => println!(
                "{number}\terror\t{}\t{}",
                error.code(),
                error.to_string().replace(['\n', '\t'], " ")
            ),
        }
    }
    Ok(())
}
