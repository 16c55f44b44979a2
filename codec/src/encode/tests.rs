//! What is written is read back by decoders that know nothing of this code.

use std::io::Cursor;

use darkroom_core::pixels::{PixelFormat, Size};
use proptest::prelude::*;

use super::*;
use crate::testing;

/// Red, green, blue, alpha of every pixel.
fn rgba(pixels: &Pixels) -> Vec<u8> {
    palette::straight(pixels).flatten().collect()
}

fn read_webp(file: &[u8]) -> (Size, Vec<u8>) {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file)).unwrap();
    let (width, height) = decoder.dimensions();
    let alpha = decoder.has_alpha();
    let mut data = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut data).unwrap();
    if !alpha {
        data = data.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
    }
    (Size::new(width, height), data)
}

fn read_png(file: &[u8]) -> (Size, Vec<u8>) {
    let mut decoder = ::png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(::png::Transformations::EXPAND | ::png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    reader.finish().unwrap();
    if info.color_type == ::png::ColorType::GrayscaleAlpha {
        data =
            data.as_chunks::<2>().0.iter().flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha]).collect();
    }
    (Size::new(info.width, info.height), data)
}

fn both_ways(pixels: &Pixels) {
    let expected = (pixels.size(), rgba(pixels));
    assert!(read_png(&png::encode(pixels).unwrap()) == expected, "PNG of {:?}", pixels.size());
    assert!(read_webp(&webp::encode(pixels).unwrap()) == expected, "WebP of {:?}", pixels.size());
}

/// A picture of so many colours, in areas and in noise.
fn colors(size: Size, count: u32, alpha: bool, grey: bool, areas: u32) -> Pixels {
    let format = if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 };
    let mut state = 1u32;
    let data = (0..size.height * size.width)
        .flat_map(|at| {
            state = state.wrapping_mul(0x915f_77f5).wrapping_add(1);
            let (x, y) = (at % size.width / areas, at / size.width / areas);
            let index = if areas > 1 { (x * 7 + y * 13) % count } else { (state >> 16) % count };
            let color = if grey { index * 0x1_0101 } else { index.wrapping_mul(0x9e37_79b1) >> 8 };
            let [_, red, green, blue] = color.to_be_bytes();
            let shown = if grey { [red; 3] } else { [red, green, blue] };
            let alpha = u8::try_from(index % 3 * 127).unwrap();
            [shown[0], shown[1], shown[2], alpha].into_iter().take(format.channels())
        })
        .collect();
    Pixels::new(size, format, data).unwrap()
}

#[test]
fn lossless_formats_keep_every_pixel() {
    for count in [1, 2, 3, 4, 5, 16, 17, 256, 257, 5000] {
        for (alpha, grey) in [(false, false), (true, false), (false, true), (true, true)] {
            for (width, height, areas) in [(1, 1, 1), (7, 3, 1), (65, 40, 1), (129, 70, 9), (300, 5, 40)] {
                both_ways(&colors(Size::new(width, height), count, alpha, grey, areas));
            }
        }
    }
}

#[test]
fn lossless_formats_keep_photos() {
    both_ways(&testing::scene(Size::new(321, 217), 5));
    both_ways(&testing::cutout(Size::new(218, 319), 6));
    // Codes that would be longer than 15 bits: counts that double from one colour to the next.
    let data: Vec<u8> = (0..20u32)
        .flat_map(|color| std::iter::repeat_n(color, 1 << color.min(18)))
        .flat_map(|color| {
            let value = u8::try_from(color * 11).unwrap();
            [value, value ^ 0x55, value.wrapping_mul(3)]
        })
        .collect();
    let data = data[..(data.len() / 3 / 512) * 512 * 3].to_vec();
    let height = u32::try_from(data.len() / 3 / 512).unwrap();
    both_ways(&Pixels::new(Size::new(512, height), PixelFormat::Rgb8, data).unwrap());
}

proptest! {
    #[test]
    fn lossless_formats_keep_anything(
        width in 1..40u32,
        values in proptest::collection::vec(any::<[u8; 4]>(), 1..400),
        mask in any::<[u8; 4]>(),
        alpha: bool,
    ) {
        let height = u32::try_from(values.len()).unwrap().div_ceil(width);
        let format = if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 };
        let pixels = values.iter().cycle().take((width * height) as usize);
        let data = pixels
            .flat_map(|pixel| (0..format.channels()).map(|channel| pixel[channel] & mask[channel]))
            .collect();
        both_ways(&Pixels::new(Size::new(width, height), format, data).unwrap());
    }
}

#[test]
fn lossless_webp_is_about_as_small_as_that_of_the_library() {
    let scenes = [
        testing::scene(Size::new(400, 300), 1),
        testing::cutout(Size::new(400, 300), 2),
        colors(Size::new(400, 300), 40, false, false, 9),
        colors(Size::new(400, 300), 900, true, false, 9),
    ];
    for pixels in scenes {
        let kind = match pixels.format() {
            PixelFormat::Rgb8 => image_webp::ColorType::Rgb8,
            PixelFormat::Rgba8 => image_webp::ColorType::Rgba8,
        };
        let mut library = Vec::new();
        image_webp::WebPEncoder::new(&mut library).encode(pixels.data(), 400, 300, kind).unwrap();
        let ours = webp::encode(&pixels).unwrap();
        assert!(
            ours.len() <= library.len() * 11 / 10,
            "{} of {}: {:?}",
            ours.len(),
            library.len(),
            pixels.format()
        );
    }
}

fn auto(pixels: &Pixels, few: bool, max_bytes: Option<u32>) -> Result<Encoded> {
    encode(pixels, &Encoding { format: Format::Auto, max_bytes, ..Encoding::default() }, few)
}

#[test]
fn auto_chooses_by_the_stated_rule() {
    let size = Size::new(200, 150);
    let photo = testing::scene(size, 3);
    assert_eq!(auto(&photo, false, None).unwrap().media, MediaType::JPEG);
    let lossless = |pixels: &Pixels, few| {
        let chosen = auto(pixels, few, None).unwrap();
        let (png, webp) = (png::encode(pixels).unwrap(), webp::encode(pixels).unwrap());
        assert_eq!(chosen.bytes.len(), png.len().min(webp.len()));
        assert_eq!(chosen.media == MediaType::PNG, png.len() <= webp.len());
        assert_ne!(chosen.media, MediaType::JPEG);
    };
    lossless(&photo, true);
    lossless(&testing::cutout(size, 3), false);
    lossless(&colors(size, 12, false, false, 10), false);
    // An alpha channel in which all is opaque is none.
    let opaque = alpha::with_alpha(photo.clone()).unwrap();
    assert_eq!(auto(&opaque, false, None).unwrap(), auto(&photo, false, None).unwrap());
    // One pixel beyond the sides of WebP, and PNG it is.
    let strip = colors(Size::new(webp::MAX_SIDE + 1, 1), 2, false, false, 1);
    assert_eq!(auto(&strip, false, None).unwrap().media, MediaType::PNG);
    assert_eq!(webp::encode(&strip).unwrap_err().code(), "image_too_large");
}

#[test]
fn a_budget_is_kept_or_refused_with_the_least() {
    let photo = testing::scene(Size::new(120, 80), 8);
    let at =
        |quality, max_bytes| encode(&photo, &Encoding { quality, max_bytes, ..Encoding::default() }, false);
    let free = at(90, None).unwrap().bytes;
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
    assert_eq!(at(90, Some(length(&free))).unwrap().bytes, free);
    let mut last = free.len();
    for share in [2, 4] {
        let budget = length(&free) / share;
        let fitted = at(90, Some(budget)).unwrap().bytes;
        assert!(fitted.len() <= budget as usize && fitted.len() < last);
        last = fitted.len();
        // The next quality does not fit.
        let quality = (1..90).find(|quality| at(*quality, None).unwrap().bytes == fitted).unwrap();
        assert!(at(quality + 1, None).unwrap().bytes.len() > budget as usize);
    }
    let least = at(1, None).unwrap().bytes.len() as u64;
    let refused =
        Error::OverBudget { encoding: "JPEG down to quality 1".to_owned(), found: least, allowed: 300 };
    assert_eq!(at(90, Some(300)).unwrap_err(), refused);
    assert_eq!(at(1, Some(300)).unwrap_err(), refused);
    for format in [Format::Png, Format::Webp] {
        let over = encode(&photo, &Encoding { format, max_bytes: Some(300), ..Encoding::default() }, false);
        assert_eq!(over.unwrap_err().code(), "over_budget");
    }
    // A graphic that is over its budget becomes a JPEG, one with transparency cannot.
    let budget = Some(length(&free) / 3);
    assert_eq!(auto(&photo, true, budget).unwrap().media, MediaType::JPEG);
    let cutout = testing::cutout(Size::new(120, 80), 8);
    assert_eq!(auto(&cutout, false, budget).unwrap_err().code(), "over_budget");
}

#[test]
fn jpeg_options_do_what_they_say() {
    let photo = testing::scene(Size::new(301, 203), 2);
    let plain = Encoding::default();
    let trellis = Encoding { trellis: true, ..plain };
    let progressive = Encoding { progressive: true, ..trellis };
    let full = Encoding { chroma: Chroma::Full, ..trellis };
    let file = |encoding: &Encoding| jpeg::encode(&photo, encoding, encoding.quality).unwrap();
    assert!(file(&trellis).len() < file(&plain).len());
    assert!(file(&progressive).len() < file(&trellis).len());
    assert!(file(&full).len() > file(&trellis).len());
    let has = |file: &[u8], marker: u8| file.windows(2).any(|pair| pair == [0xff, marker]);
    assert!(has(&file(&trellis), 0xc0) && has(&file(&progressive), 0xc2));
    for encoding in [plain, trellis, progressive, full] {
        let file = file(&encoding);
        let limits = darkroom_core::decode::DecodeLimits::default();
        let read = crate::jpeg::decode(&file, photo.size(), limits).unwrap();
        let far: u64 = read.data().iter().zip(photo.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(far / (photo.data().len() as u64) < 12, "{encoding:?}: {far}");
    }
    // 4:4:4 by itself from quality 90 on.
    let by_itself = |quality| jpeg::encode(&photo, &trellis, quality).unwrap();
    let asked = |quality, chroma| jpeg::encode(&photo, &Encoding { chroma, ..trellis }, quality).unwrap();
    assert_eq!(by_itself(89), asked(89, Chroma::Half));
    assert_eq!(by_itself(90), asked(90, Chroma::Full));
}

#[test]
fn every_shape_can_be_read_back() {
    let shapes = [(1, 1), (2, 300), (300, 2), (7, 9), (8, 8), (16, 17), (33, 31), (65, 48)];
    for (width, height) in shapes {
        let size = Size::new(width, height);
        let photo = testing::scene(size, 4);
        let grey = colors(size, 200, false, true, 5);
        for (progressive, trellis, chroma, quality) in [
            (false, true, Chroma::Half, 80),
            (false, false, Chroma::Full, 100),
            (true, true, Chroma::Full, 95),
            (true, true, Chroma::Half, 1),
            (true, false, Chroma::Auto, 50),
        ] {
            for pixels in [&photo, &grey] {
                let encoding = Encoding { progressive, trellis, chroma, ..Encoding::default() };
                let file = jpeg::encode(pixels, &encoding, quality).unwrap();
                let limits = darkroom_core::decode::DecodeLimits::default();
                let read = crate::jpeg::decode(&file, size, limits).unwrap();
                assert_eq!(read.size(), size);
                let far: u64 =
                    read.data().iter().zip(pixels.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
                let mean = far / pixels.data().len() as u64;
                let allowed = if quality == 1 { 60 } else { 30 };
                assert!(mean < allowed, "{size:?} {encoding:?} at {quality}: {mean}");
            }
        }
    }
}

#[test]
fn grey_needs_one_component() {
    let grey = colors(Size::new(64, 64), 256, false, true, 3);
    let file = jpeg::encode(&grey, &Encoding::default(), 80).unwrap();
    let header = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    assert_eq!(file[header + 9], 1);
}

#[test]
fn what_jpeg_cannot_hold_is_refused() {
    let encode = |width, format: PixelFormat| {
        let data = vec![128; width as usize * format.channels()];
        let pixels = Pixels::new(Size::new(width, 1), format, data).unwrap();
        jpeg::encode(&pixels, &Encoding::default(), 80)
    };
    assert_eq!(encode(2, PixelFormat::Rgba8).unwrap_err().code(), "damaged");
    assert_eq!(encode(65_501, PixelFormat::Rgb8).unwrap_err().code(), "image_too_large");
    assert!(encode(65_500, PixelFormat::Rgb8).is_ok());
}
