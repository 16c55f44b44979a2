//! Times decoding at each scale, on one thread, beside zune-jpeg and jpeg-decoder, and at all scales at once:
//! `bench FILE...`.
//!
//! Prints the least processor time of several runs in milliseconds (Linux). The scaled sizes of jpeg-decoder are those of this crate.

use std::time::Duration;

use darkroom_jpeg::{Decoder, Header, Limits, Scale};

/// Processor time of this thread so far: the first number of its `schedstat`, in nanoseconds.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number"))
}

/// The least time of `runs` runs.
fn least(runs: u32, mut work: impl FnMut()) -> Duration {
    (0..runs)
        .map(|_| {
            let start = processor_time();
            work();
            processor_time() - start
        })
        .min()
        .unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:7.1}", time.as_secs_f64() * 1e3)
}

fn main() {
    let limits = Limits { pixels: 1 << 32, memory: 1 << 33, ..Limits::default() };
    let runs: u32 = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("a file that can be read");
        let header = Header::read(&bytes).expect("a JPEG");
        println!("{path}: {}x{}, progressive: {}", header.width, header.height, header.progressive);
        println!("  scale darkroom jpeg-decoder zune-jpeg");
        for scale in Scale::ALL {
            let ours = least(runs, || {
                let decoder = Decoder::new(&bytes, &limits).expect("valid");
                std::hint::black_box(decoder.decode(scale).expect("valid"));
            });
            let (width, height) = (scale.of(header.width), scale.of(header.height));
            let size = |side: u32| u16::try_from(side).expect("a side of at most 65,535");
            let other = least(runs.min(3), || {
                let mut decoder = jpeg_decoder::Decoder::new(bytes.as_slice());
                decoder.scale(size(width), size(height)).expect("valid");
                std::hint::black_box(decoder.decode().expect("valid"));
            });
            let zune = if scale == Scale::Full {
                milliseconds(least(runs.min(3), || {
                    let options = zune_jpeg::zune_core::options::DecoderOptions::default()
                        .set_max_width(1 << 16)
                        .set_max_height(1 << 16);
                    let source = zune_jpeg::zune_core::bytestream::ZCursor::new(&bytes);
                    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(source, options);
                    std::hint::black_box(decoder.decode().expect("valid"));
                }))
            } else {
                "-".to_owned()
            };
            let points = scale.points();
            println!("  {points}/8 {} {} {zune}", milliseconds(ours), milliseconds(other));
        }
        let together = least(runs, || {
            let decoder = Decoder::new(&bytes, &limits).expect("valid");
            std::hint::black_box(decoder.decode_many(&Scale::ALL).expect("valid"));
        });
        println!("  all {}", milliseconds(together));
    }
}
