//! Decodes a file to PNM on standard output: `dump FILE 1|2|4|8`.
use darkroom_jpeg::{Decoder, Limits, PixelFormat, Scale};
use std::io::Write;
fn main() {
    let mut args = std::env::args().skip(1);
    let bytes = std::fs::read(args.next().expect("a file")).expect("readable");
    let denominator: u32 = args.next().and_then(|a| a.parse().ok()).unwrap_or(1);
    let scale = Scale::ALL.into_iter().find(|s| s.points() * denominator == 8).expect("1, 2, 4 or 8");
    match Decoder::new(&bytes, &Limits { pixels: 1 << 40, memory: 1 << 40, scans: 500 })
        .and_then(|d| d.decode(scale))
    {
        Ok(image) => {
            let kind = match image.format {
                PixelFormat::Grey8 => "P5",
                PixelFormat::Rgb8 => "P6",
                _ => "P7",
            };
            let mut out = std::io::stdout().lock();
            writeln!(out, "{kind}\n{} {}\n255", image.width, image.height).expect("written");
            out.write_all(&image.pixels).expect("written");
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
