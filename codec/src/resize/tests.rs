//! Resizing against pictures whose result can be told.

use super::*;
use crate::fit::{Fit, Request};

fn cover(source: Size, bounds: Size) -> Placing {
    Request { fit: Fit::Cover, ..Request::inside(bounds) }.place(source)
}

/// Each pixel names its place, so that a cut can be read off.
fn plan(width: u8, height: u8) -> Pixels {
    let data = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x, y, 7])).collect();
    Pixels::new(Size::new(width.into(), height.into()), PixelFormat::Rgb8, data).unwrap()
}

#[test]
fn a_cut_at_its_own_size_keeps_the_pixels() {
    let pixels = plan(9, 4);
    let placing = cover(pixels.size(), Size::new(100, 100));
    let cut = place(&pixels, &placing, Light::Srgb).unwrap();
    assert_eq!(cut.size(), Size::new(4, 4));
    assert_eq!(&cut.data()[..3], [2, 0, 7]);
    assert_eq!(&cut.data()[cut.data().len() - 3..], [5, 3, 7]);
}

#[test]
fn a_part_is_taken_from_the_middle_at_any_scale() {
    // Left third red, middle third green, right third blue; a square cut shows green alone.
    let bars = |width: u32, height: u32| {
        let data = (0..width * height)
            .flat_map(|at| match (at % width) * 3 / width {
                0 => [255, 0, 0],
                1 => [0, 255, 0],
                _ => [0, 0, 255],
            })
            .collect();
        Pixels::new(Size::new(width, height), PixelFormat::Rgb8, data).unwrap()
    };
    let placing = cover(Size::new(2400, 800), Size::new(50, 50));
    for (scale, light) in [(1, Light::Srgb), (2, Light::Linear), (4, Light::Srgb), (4, Light::Linear)] {
        let part = place(&bars(2400 / scale, 800 / scale), &placing, light).unwrap();
        assert_eq!(part.size(), Size::new(50, 50));
        let centre = &part.data()[(25 * 50 + 25) * 3..][..3];
        assert_eq!(centre, [0, 255, 0], "1/{scale}");
        assert!(part.data().chunks(3).all(|pixel| pixel[1] > 100), "1/{scale}");
    }
}

#[test]
fn transparent_colours_do_not_bleed() {
    // Opaque green beside transparent red.
    let data = (0..64u32).flat_map(|at| if at % 8 < 4 { [0, 200, 0, 255] } else { [255, 0, 0, 0] });
    let pixels = Pixels::new(Size::new(8, 8), PixelFormat::Rgba8, data.collect()).unwrap();
    for light in [Light::Srgb, Light::Linear] {
        let small = resize(&pixels, Size::new(3, 3), light).unwrap();
        for pixel in small.data().chunks(4).filter(|pixel| pixel[3] > 0) {
            assert_eq!((pixel[0], pixel[2]), (0, 0));
            // Lanczos overshoots a little beside an edge.
            assert!(pixel[1].abs_diff(200) < 30, "{pixel:?}");
        }
    }
}

#[test]
fn spans_stay_inside() {
    for full in [1u32, 7, 1000, 65_535] {
        for decoded in [1u32, 3, full.div_ceil(8), full] {
            for start in [0, full / 3, full - 1] {
                let (from, length) = span(start, full - start, full, decoded);
                assert!(from + length <= f64::from(decoded) || decoded == 1, "{full} {decoded} {start}");
                assert!(length > 0.0);
            }
        }
    }
}

#[test]
fn fine_stripes_keep_their_brightness_in_linear_light() {
    let data = (0..64u32 * 64).flat_map(|at| [if at % 2 == 0 { 255 } else { 0 }; 3]).collect();
    let stripes = Pixels::new(Size::new(64, 64), PixelFormat::Rgb8, data).unwrap();
    let middle = |light| resize(&stripes, Size::new(8, 8), light).unwrap().data()[(4 * 8 + 4) * 3];
    assert!(middle(Light::Srgb).abs_diff(128) <= 2, "half the value");
    assert!(middle(Light::Linear).abs_diff(188) <= 2, "half the light");
}

#[test]
fn every_instruction_set_gives_the_same_linear_light() {
    use fast_image_resize::CpuExtensions;
    let scene = crate::testing::scene(Size::new(211, 157), 9);
    let lights: Vec<U16x3> = scene
        .data()
        .as_chunks::<3>()
        .0
        .iter()
        .map(|pixel| Pixel::new(pixel.map(linear::to_linear)))
        .collect();
    let cutout = crate::testing::cutout(Size::new(211, 157), 9);
    let clear: Vec<U16x4> = cutout
        .data()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|pixel| Pixel::new(linear::premultiplied(*pixel)))
        .collect();
    fn plain<P: PixelTrait>(
        from: Size,
        pixels: &[P],
        size: Size,
        options: &ResizeOptions,
    ) -> TypedImage<'static, P> {
        let source = TypedImageRef::new(from.width, from.height, pixels).unwrap();
        let mut target = TypedImage::new(size.width, size.height);
        let mut resizer = Resizer::new();
        // Every machine has this one.
        #[expect(unsafe_code, reason = "no instructions beyond the baseline are chosen")]
        unsafe {
            resizer.set_cpu_extensions(CpuExtensions::None);
        }
        resizer.resize_typed(&source, &mut target, options).unwrap();
        target
    }
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    for (width, height) in [(1, 1), (7, 5), (64, 48), (105, 78), (210, 156), (320, 200)] {
        let size = Size::new(width, height);
        let (fast, slow) = (
            typed(scene.size(), &lights, size, &options).unwrap(),
            plain(scene.size(), &lights, size, &options),
        );
        assert!(fast.pixels() == slow.pixels(), "{size:?}");
        let (fast, slow) = (
            typed(cutout.size(), &clear, size, &options).unwrap(),
            plain(cutout.size(), &clear, size, &options),
        );
        assert!(fast.pixels() == slow.pixels(), "{size:?} with alpha");
    }
}
