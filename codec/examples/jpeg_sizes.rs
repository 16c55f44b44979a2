//! Makes the files that `bench/jpeg-sizes/compare.mjs` compares with sharp: for each JPEG or PNG of a folder,
//! the uncompressed picture of at most 1024 × 1024 and JPEGs of it at several qualities.
//!
//! `cargo run --release -p darkroom-codec --example jpeg_sizes -- PHOTOS OUT`

use std::path::{Path, PathBuf};
use std::{env, fs};

use darkroom_codec::color::Color;
use darkroom_codec::encode::{Encoding, jpeg};
use darkroom_codec::fit::Request;
use darkroom_codec::resize::{self, Light};
use darkroom_codec::{CODECS, alpha};
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

const QUALITIES: [u32; 6] = [50, 60, 70, 80, 85, 90];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [photos, out] = &arguments[..] else {
        return Err("usage: jpeg_sizes PHOTOS OUT".into());
    };
    fs::create_dir_all(out)?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(photos)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.sort();
    let mut made = 0;
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = fs::read(file)?;
        if let Some(media) = MediaType::sniff(&bytes) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            one(&name, &bytes, media, out).map_err(|error| format!("{}: {error}", file.display()))?;
            made += 1;
        }
    }
    println!("{made} photos");
    Ok(())
}

fn one(name: &str, bytes: &[u8], media: MediaType, out: &Path) -> Result<(), Failure> {
    let source = Source::new(bytes, media, &CODECS, DecodeLimits::default());
    let placing = Request::inside(Size::new(1024, 1024)).place(source.size()?);
    let flat = alpha::flatten(source.pixels(placing.at_least())?, Color::WHITE)?;
    let picture = resize::place(&flat, &placing, Light::Srgb)?;
    let Size { width, height } = picture.size();
    let header = format!("P6\n{width} {height}\n255\n");
    fs::write(out.join(format!("{name}.ppm")), [header.as_bytes(), picture.data()].concat())?;
    for (kind, progressive, trellis) in
        [("progressive", true, true), ("baseline", false, true), ("plain", false, false)]
    {
        let encoding = Encoding { progressive, trellis, ..Encoding::default() };
        for quality in QUALITIES {
            let file = jpeg::encode(&picture, &encoding, quality)?;
            fs::write(out.join(format!("{name}.{kind}.{quality}.jpg")), file)?;
        }
    }
    Ok(())
}
