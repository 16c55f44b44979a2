//! A part of `run.py`: Darkroom's derivatives of a photo, and those of the crate `image`.
//!
//! `darkroom-bench-derivatives RUNS PHOTO` prints the name and the milliseconds of processor time of each way, best of
//! so many runs after a first one, separated by a tab.

use std::hint::black_box;

use anyhow::{Context as _, Result, bail};
use darkroom_codec::CODECS;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::processor::Processor as _;
use darkroom_core::source::Source;
use darkroom_placeholder::{Placeholder, PlaceholderParams};
use darkroom_preview::{Preview, PreviewParams};
use darkroom_thumbnail::{Thumbnail, ThumbnailParams};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

/// Makes the three derivatives of the photo in a file's bytes.
type Way = fn(&[u8]) -> Result<()>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runs, photo] = &arguments[..] else { bail!("usage: darkroom-bench-derivatives RUNS PHOTO") };
    let runs: u32 = runs.parse().with_context(|| format!("RUNS is {runs}"))?;
    let photo = std::fs::read(photo).with_context(|| format!("{photo} cannot be read"))?;
    let ways: [(&str, Way); 3] = [
        ("Darkroom, each from the one before", chained),
        ("Darkroom, each from the original", straight),
        ("`image`, chained by hand", plain),
    ];
    for (name, way) in ways {
        let mut best = u64::MAX;
        for run in 0..=runs {
            let start = processor_time()?;
            way(black_box(&photo))?;
            // The first run warms caches.
            if run > 0 {
                best = best.min(processor_time()? - start);
            }
        }
        println!("{name}\t{:.1}", best as f64 / 1e6);
    }
    Ok(())
}

fn preview() -> PreviewParams {
    PreviewParams { max_edge: 1024, quality: 80, trellis: false, ..Default::default() }
}

fn thumbnail() -> ThumbnailParams {
    ThumbnailParams { width: 320, height: 320, quality: 80, trellis: false, ..Default::default() }
}

fn source(bytes: &[u8]) -> Source<'_> {
    Source::new(bytes, MediaType::JPEG, &CODECS, DecodeLimits::default())
}

/// As in the pipeline that comes with Darkroom: each derivative is made from the file of the one before.
fn chained(photo: &[u8]) -> Result<()> {
    let preview = Preview.process(&source(photo), &preview())?;
    let thumbnail = Thumbnail.process(&source(&preview.bytes), &thumbnail())?;
    black_box(Placeholder.process(&source(&thumbnail.bytes), &PlaceholderParams::default())?);
    Ok(())
}

fn straight(photo: &[u8]) -> Result<()> {
    let full = source(photo).size()?;
    let requests = [
        Preview.request(full, &preview()),
        Thumbnail.request(full, &thumbnail()),
        Placeholder.request(full, &PlaceholderParams::default()),
    ];
    // One decode for all, as a pipeline's plan has it.
    let source = source(photo).with_requests(requests.into_iter().flatten());
    black_box(Preview.process(&source, &preview())?);
    black_box(Thumbnail.process(&source, &thumbnail())?);
    black_box(Placeholder.process(&source, &PlaceholderParams::default())?);
    Ok(())
}

fn plain(photo: &[u8]) -> Result<()> {
    let photo = image::load_from_memory_with_format(photo, image::ImageFormat::Jpeg)?;
    let write = |picture: &image::DynamicImage| -> Result<()> {
        let mut file = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, 80))?;
        black_box(file);
        Ok(())
    };
    let preview = photo.resize(1024, 1024, FilterType::Lanczos3);
    write(&preview)?;
    write(&preview.resize_to_fill(320, 320, FilterType::Lanczos3))?;
    black_box(preview.resize(100, 100, FilterType::Lanczos3));
    Ok(())
}

/// Nanoseconds that this thread has run, which others on the same machine disturb less than the clock.
fn processor_time() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("this needs Linux")?;
    text.split(' ').next().context("schedstat is empty")?.parse().context("schedstat is no number")
}
