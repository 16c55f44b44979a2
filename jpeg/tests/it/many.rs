//! Several scales at once give what each of them gives alone.

use crate::support::{Form, Picture, Random, encode};
use darkroom_jpeg::{Decoder, Error, Header, Image, Limits, PixelFormat, Result, Scale};
use mozjpeg_rs::{Encoder, Preset, Subsampling};
use proptest::prelude::*;

/// All pairs, also of the same scale, and all four in either direction.
fn sets() -> Vec<Vec<Scale>> {
    let mut sets: Vec<Vec<Scale>> = Scale::ALL.iter().flat_map(|&a| Scale::ALL.map(|b| vec![a, b])).collect();
    sets.push(Scale::ALL.to_vec());
    sets.push(Scale::ALL.into_iter().rev().collect());
    sets
}

/// What single decodings give, or the error of the largest.
fn one_by_one(decoder: &Decoder<'_>, scales: &[Scale]) -> Result<Vec<Image>> {
    let Some(&largest) = scales.iter().max() else { return Ok(Vec::new()) };
    decoder.decode(largest)?;
    Ok(scales.iter().map(|&scale| decoder.decode(scale).unwrap()).collect())
}

fn check(bytes: &[u8], name: &str) {
    let decoder = Decoder::new(bytes, &Limits::default()).unwrap();
    for scales in sets() {
        let expected = one_by_one(&decoder, &scales).unwrap();
        assert!(decoder.decode_many(&scales).unwrap() == expected, "{name}: {scales:?}");
    }
}

fn forms(components: usize) -> Vec<Form> {
    let mut forms = vec![
        Form::baseline(components),
        Form::separate(components),
        Form::progressive(components),
        Form::bands(components),
    ];
    forms.extend(forms.clone().into_iter().map(|form| Form { restart: 3, deep: true, ..form }));
    forms
}

#[test]
fn every_form_and_sampling() {
    let samplings: [&[(usize, usize)]; 9] = [
        &[(1, 1)],
        &[(1, 1); 3],
        &[(2, 1), (1, 1), (1, 1)],
        &[(1, 2), (1, 1), (1, 1)],
        &[(2, 2), (1, 1), (1, 1)],
        &[(4, 1), (1, 1), (1, 1)],
        &[(3, 2), (2, 1), (1, 1)],
        &[(1, 1), (2, 2), (1, 2)],
        &[(2, 2), (1, 1), (1, 1), (2, 2)],
    ];
    for (number, sampling) in samplings.into_iter().enumerate() {
        for (width, height) in [(131, 77), (1, 1), (17, 40)] {
            let picture = Picture::random(width, height, sampling, 24, number as u64);
            for form in forms(sampling.len()) {
                let form = Form { adobe: (sampling.len() == 4).then_some(2), ..form };
                check(&encode(&picture, &form), &format!("{width}x{height} {sampling:?} {form:?}"));
            }
        }
    }
}

#[test]
fn files_of_another_encoder() {
    let (width, height) = (203, 117);
    let mut random = Random(1);
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|at| (at / 3 % width / 2 + at / 3 / width + random.below(12) as usize) as u8)
        .collect();
    for preset in [Preset::BaselineFastest, Preset::ProgressiveBalanced, Preset::ProgressiveSmallest] {
        for subsampling in [Subsampling::S444, Subsampling::S422, Subsampling::S420, Subsampling::S440] {
            let encoder = Encoder::new(preset).quality(88).subsampling(subsampling);
            let bytes = encoder.encode_rgb(&pixels, width as u32, height as u32).unwrap();
            check(&bytes, &format!("{preset:?} {subsampling:?}"));
        }
    }
}

/// A scale is refused wherever a smaller one is, and its error is that of all.
#[test]
fn files_cut_off_fail_alike() {
    let picture = Picture::random(37, 29, &[(2, 2), (1, 1), (1, 1)], 12, 3);
    for form in forms(3) {
        let bytes = encode(&picture, &form);
        for end in 2..bytes.len() {
            let cut = [&bytes[..end], &[0xff, 0xd9]].concat();
            if let Ok(decoder) = Decoder::new(&cut, &Limits::default()) {
                for scales in Scale::ALL.windows(2) {
                    let found = decoder.decode_many(scales);
                    assert!(found == one_by_one(&decoder, scales), "{scales:?} cut at {end}: {form:?}");
                }
            }
        }
    }
}

#[test]
fn no_scale_gives_no_image_and_takes_nothing() {
    let bytes = encode(&Picture::random(9, 9, &[(1, 1)], 9, 1), &Form::progressive(1));
    let decoder = Decoder::new(&bytes, &Limits { memory: 0, ..Limits::default() }).unwrap();
    assert_eq!(decoder.decode_many(&[]), Ok(Vec::new()));
    assert_eq!(decoder.header().memory_many(&[]), 0);
}

#[test]
fn memory_counts_results_for_each_scale_and_coefficients_once() {
    let picture = Picture::random(200, 150, &[(2, 2), (1, 1), (1, 1)], 3, 1);
    let header = |form: Form| Header::read(&encode(&picture, &form)).unwrap();
    let (baseline, progressive) = (header(Form::baseline(3)), header(Form::progressive(3)));
    for scales in sets() {
        let apart: u64 = scales.iter().map(|&scale| baseline.memory(scale)).sum();
        let result = |scale: Scale| {
            let size = u64::from(scale.of(200)) * u64::from(scale.of(150));
            size * PixelFormat::Rgb8.bytes() as u64
        };
        let results: u64 = scales.iter().map(|&scale| result(scale)).sum();
        let found = baseline.memory_many(&scales);
        assert!((results..apart).contains(&found), "{scales:?}: {results} {found} {apart}");
        // The same of the largest scale, whatever stands beside it.
        let largest = *scales.iter().max().unwrap();
        let kept = |scales: &[Scale]| progressive.memory_many(scales) - baseline.memory_many(scales);
        assert_eq!(kept(&scales), kept(&[largest]), "{scales:?}");
        if let [a, b] = scales[..]
            && a == b
        {
            assert_eq!(found, baseline.memory(a) + result(a));
        }
    }
}

#[test]
fn memory_of_all_is_held_to_the_limit() {
    for form in [Form::baseline(3), Form::progressive(3)] {
        let bytes = encode(&Picture::random(300, 200, &[(2, 2), (1, 1), (1, 1)], 3, 1), &form);
        let found = Header::read(&bytes).unwrap().memory_many(&Scale::ALL);
        let decode = |memory| {
            let decoder = Decoder::new(&bytes, &Limits { memory, ..Limits::default() }).unwrap();
            assert!(decoder.decode(Scale::Full).is_ok(), "one alone takes less");
            decoder.decode_many(&Scale::ALL).map(|images| images.len())
        };
        let allowed = found - 1;
        assert_eq!(decode(allowed), Err(Error::Limit { unit: "bytes of memory", found, allowed }));
        assert_eq!(decode(found), Ok(4));
    }
}

#[test]
fn a_hundred_megapixels_fit_at_all_scales() {
    let picture = Picture::random(16, 16, &[(2, 2), (1, 1), (1, 1)], 3, 1);
    for (form, most) in [(Form::baseline(3), 420 << 20), (Form::progressive(3), 740 << 20)] {
        let mut header = Header::read(&encode(&picture, &form)).unwrap();
        (header.width, header.height) = (12_000, 8_333);
        assert!(header.memory_many(&Scale::ALL) < most, "{}", header.memory_many(&Scale::ALL));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_scales_in_any_order(
        kind in 0usize..8, sampling in prop::collection::vec((1usize..=2, 1usize..=2), 1..=4),
        width in 1usize..100, height in 1usize..60, density in 1u64..64, seed: u64,
        scales in prop::collection::vec(prop::sample::select(Scale::ALL.to_vec()), 0..6),
    ) {
        // The frame knows no files of two components.
        let sampling = if sampling.len() == 2 { vec![(1, 1)] } else { sampling };
        prop_assume!(sampling.iter().map(|(h, v)| h * v).sum::<usize>() <= 10);
        let picture = Picture::random(width, height, &sampling, density, seed);
        let bytes = encode(&picture, &forms(sampling.len())[kind]);
        let decoder = Decoder::new(&bytes, &Limits::default()).unwrap();
        prop_assert!(decoder.decode_many(&scales) == one_by_one(&decoder, &scales));
    }

    /// Damage, too, is that of the largest scale, and a smaller one sees none that it does not.
    #[test]
    fn changed_files_fail_alike(
        kind in 0usize..8, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        scales in prop::collection::vec(prop::sample::select(Scale::ALL.to_vec()), 1..4),
    ) {
        let picture = Picture::random(41, 39, &[(2, 2), (1, 1), (1, 1)], 10, 11);
        let mut bytes = encode(&picture, &forms(3)[kind]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let limits = Limits { pixels: 1 << 18, memory: 32 << 20, scans: 100 };
        if let Ok(decoder) = Decoder::new(&bytes, &limits)
            && decoder.header().memory_many(&scales) < limits.memory
        {
            prop_assert!(decoder.decode_many(&scales) == one_by_one(&decoder, &scales));
        }
    }
}
