//! Decodes files as a source asset would be, for comparison with other programs: `decode OUTPUT FILE...`.
//!
//! For each file a line on standard output: its number, then `ok`, width, height and channels, with the samples
//! written to `OUTPUT/NUMBER.raw`; or `error`, the error's code and its text. Separated by tabs.

use std::path::PathBuf;

use darkroom_codec::CODECS;
use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::{Error, Result};

fn decode(bytes: &[u8]) -> Result<Pixels> {
    let Some(media) = MediaType::sniff(bytes) else {
        return Err(Error::NotAnImage { reason: "of no known kind".to_owned() });
    };
    let whole = Size::new(u32::MAX, u32::MAX);
    let pixels = CODECS.decode(&media, bytes, whole, DecodeLimits::default())?;
    assert_eq!(
        CODECS.size(&media, bytes, DecodeLimits::default()),
        Ok(pixels.size()),
        "by header and by pixels"
    );
    Ok(pixels)
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(output) = arguments.next().map(PathBuf::from) else {
        return Err(std::io::Error::other("usage: decode OUTPUT FILE..."));
    };
    for (number, file) in arguments.enumerate() {
        match decode(&std::fs::read(file)?) {
            Ok(pixels) => {
                let Size { width, height } = pixels.size();
                println!("{number}\tok\t{width}\t{height}\t{}", pixels.format().channels());
                std::fs::write(output.join(format!("{number}.raw")), pixels.data())?;
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
