//! Every form of a file gives the pixels of its coefficients, at every scale and on every machine.

use crate::support::{Form, Picture, encode};
use archmage::SimdToken as _;
use darkroom_jpeg::{Decoder, Header, Image, Limits, PixelFormat, Scale};
use proptest::prelude::*;

fn decode(bytes: &[u8], scale: Scale) -> Image {
    let decoder = Decoder::new(bytes, &Limits::default()).unwrap();
    let image = decoder.decode(scale).unwrap();
    assert_eq!(
        (image.width, image.height),
        (scale.of(decoder.header().width), scale.of(decoder.header().height))
    );
    assert_eq!(image.pixels.len(), (image.width * image.height) as usize * image.format.bytes());
    image
}

/// All forms of a picture.
fn forms(components: usize, restart: u16) -> Vec<Form> {
    let plain = [
        Form::baseline(components),
        Form::separate(components),
        Form::progressive(components),
        Form::bands(components),
    ];
    let mut forms = plain.to_vec();
    forms.extend(plain.iter().map(|form| Form { restart, deep: true, ..form.clone() }));
    forms
}

fn check(picture: &Picture, restart: u16) {
    let forms = forms(picture.components.len(), restart);
    for scale in Scale::ALL {
        let expected = decode(&encode(picture, &forms[0]), scale);
        for form in &forms[1..] {
            assert!(decode(&encode(picture, form), scale) == expected, "{scale:?}: {form:?}");
        }
    }
}

/// Factors whose interleaved MCU has at most ten blocks.
fn sampling() -> impl Strategy<Value = Vec<(usize, usize)>> {
    let factor = (1usize..=4, 1usize..=4);
    let any = prop::collection::vec(factor, 3..=4)
        .prop_filter("at most 10 blocks", |all| all.iter().map(|(h, v)| h * v).sum::<usize>() <= 10);
    prop_oneof![
        Just(vec![(1, 1)]),
        Just(vec![(2, 2), (1, 1), (1, 1)]),
        Just(vec![(2, 1), (1, 1), (1, 1)]),
        Just(vec![(1, 2), (1, 1), (1, 1)]),
        any,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_forms_agree(
        sampling in sampling(), width in 1usize..150, height in 1usize..70, density in 1u64..40,
        restart in 1u16..20, seed: u64,
    ) {
        check(&Picture::random(width, height, &sampling, density, seed), restart);
    }
}

#[test]
fn the_extremes_of_size_decode() {
    for (width, height) in [(1, 1), (65_500, 1), (1, 65_535), (65_535, 9)] {
        let picture = Picture::random(width, height, &[(2, 2), (1, 1), (1, 1)], 4, 7);
        for form in [Form::baseline(3), Form::progressive(3)] {
            let bytes = encode(&picture, &form);
            for scale in Scale::ALL {
                assert_eq!(decode(&bytes, scale).format, PixelFormat::Rgb8);
            }
        }
    }
}

#[test]
fn vectors_and_plain_code_agree() {
    let pictures = [
        Picture::random(333, 97, &[(2, 2), (1, 1), (1, 1)], 20, 1),
        Picture::random(250, 61, &[(2, 1), (1, 1), (1, 1)], 64, 2),
        Picture::random(101, 55, &[(1, 2), (1, 1), (1, 1), (1, 2)], 30, 3),
    ];
    let decode_all = || -> Vec<Image> {
        let mut images = Vec::new();
        for picture in &pictures {
            for form in forms(picture.components.len(), 5) {
                let bytes = encode(picture, &Form { adobe: Some(2), ..form });
                images.extend(Scale::ALL.map(|scale| decode(&bytes, scale)));
            }
        }
        images
    };
    let vectors = decode_all();
    // Other tests may run meanwhile: they compare results that this must not change.
    #[cfg(target_arch = "x86_64")]
    archmage::X64V3Token::dangerously_disable_token_process_wide(true).unwrap();
    #[cfg(target_arch = "x86_64")]
    assert!(archmage::X64V3Token::summon().is_none());
    assert!(decode_all() == vectors);
}

#[test]
fn colours_follow_the_markers() {
    let grey = Picture::random(20, 20, &[(3, 2)], 10, 4);
    assert_eq!(decode(&encode(&grey, &Form::baseline(1)), Scale::Full).format, PixelFormat::Grey8);
    let three = Picture::random(20, 20, &[(1, 1); 3], 10, 5);
    let ycbcr = decode(&encode(&three, &Form::baseline(3)), Scale::Full);
    let named = encode(&three, &Form { ids: *b"RGB.", ..Form::baseline(3) });
    let adobe = encode(&three, &Form { adobe: Some(0), ..Form::baseline(3) });
    let rgb = decode(&named, Scale::Full);
    assert_eq!(rgb, decode(&adobe, Scale::Full));
    assert_ne!(rgb, ycbcr);
    for (ycc, rgb) in ycbcr.pixels.chunks(3).zip(rgb.pixels.chunks(3)) {
        let [y, cb, cr] = [rgb[0], rgb[1], rgb[2]].map(f64::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let exact = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        for (exact, &found) in exact.into_iter().zip(ycc) {
            assert!((exact.clamp(0.0, 255.0) - f64::from(found)).abs() < 0.51, "{exact} {found}");
        }
    }
    let four = Picture::random(20, 20, &[(1, 1); 4], 10, 6);
    let cmyk = decode(&encode(&four, &Form::baseline(4)), Scale::Full);
    let inverted = encode(&four, &Form { adobe: Some(0), ..Form::baseline(4) });
    assert!(Header::read(&inverted).unwrap().inverted());
    assert_eq!(decode(&inverted, Scale::Full), cmyk);
    let ycck = decode(&encode(&four, &Form { adobe: Some(2), ..Form::baseline(4) }), Scale::Full);
    let first_three = Picture { components: four.components[..3].to_vec(), ..four.clone() };
    let rgb = decode(&encode(&first_three, &Form::baseline(3)), Scale::Full);
    for ((ycck, cmyk), rgb) in ycck.pixels.chunks(4).zip(cmyk.pixels.chunks(4)).zip(rgb.pixels.chunks(3)) {
        assert_eq!(ycck, [255 - rgb[0], 255 - rgb[1], 255 - rgb[2], cmyk[3]]);
    }
}
