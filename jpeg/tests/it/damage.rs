//! What is not a good file gives an error that says so, and never a panic.

use crate::support::{Form, Picture, encode};
use darkroom_jpeg::{Decoder, Error, Header, Image, Limits, Result, Scale};
use proptest::prelude::*;

fn decode(bytes: &[u8], scale: Scale) -> Result<usize> {
    let limits = Limits { pixels: 1 << 20, memory: 32 << 20, scans: 100 };
    let header = Header::read(bytes);
    let decoder = Decoder::new(bytes, &limits);
    assert!(header.is_ok() || decoder.is_err(), "what cannot be read cannot be decoded");
    Ok(decoder?.decode(scale)?.pixels.len())
}

fn image(bytes: &[u8], scale: Scale) -> Result<Image> {
    Decoder::new(bytes, &Limits::default())?.decode(scale)
}

fn small(form: fn(usize) -> Form) -> Vec<u8> {
    let picture = Picture::random(21, 19, &[(2, 2), (1, 1), (1, 1)], 10, 11);
    encode(&picture, &Form { restart: 2, ..form(3) })
}

#[test]
fn a_file_cut_off_anywhere_is_damaged() {
    for form in [Form::baseline, Form::separate] {
        let bytes = small(form);
        for scale in Scale::ALL {
            assert!(decode(&bytes, scale).is_ok());
            for end in 0..bytes.len() - 2 {
                match decode(&bytes[..end], scale) {
                    Err(Error::Damaged { at, .. }) => assert!(at <= end, "{at} of {end}"),
                    Err(Error::NotJpeg { .. }) => assert!(end < 2),
                    other => panic!("{end} of {}: {other:?}", bytes.len()),
                }
            }
        }
    }
}

#[test]
fn a_progressive_file_may_end_between_scans_only() {
    let bytes = small(Form::progressive);
    let scans: Vec<usize> = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xff, 0xda]).collect();
    for scale in Scale::ALL {
        for end in 0..bytes.len() - 2 {
            let between = scans.contains(&end) || scans.contains(&end.saturating_sub(1));
            if !between {
                // At a small scale a scan that is left out may be cut off, if those behind it are left out too.
                let result = image(&bytes[..end], scale);
                let whole = scale != Scale::Full && result == image(&bytes, scale);
                assert!(result.is_err() || whole, "{scale:?}: {end} of {}", bytes.len());
            }
        }
        assert!(scans[4..].iter().all(|&end| decode(&bytes[..end], scale).is_ok() || end < scans[7]));
    }
}

/// A file that is cut off within a scan looks whole to a scale that does not read it, but for what it is short of.
#[test]
fn a_scan_that_is_not_read_is_damaged_if_others_should_follow() {
    let bytes = small(Form::progressive);
    let whole = image(&bytes, Scale::Eighth);
    let scans: Vec<usize> = memchr::memmem::find_iter(&bytes, &[0xff, 0xda]).collect();
    let data = |scan: usize| scans[scan] + 2 + usize::from(bytes[scans[scan] + 3]);
    let cut = |end: usize| image(&[&bytes[..end], &[0xff, 0xd9]].concat(), Scale::Eighth);
    // Scan 2 is of high luma frequencies, scan 10 refines DC.
    for end in data(2)..scans[3] - 2 {
        match cut(end) {
            Err(Error::Damaged { what: "entropy-coded data that is cut off", at }) => assert!(at <= end),
            Err(Error::Damaged { what: "entropy-coded data that is not valid", .. }) => {}
            other => panic!("{end}: {other:?}"),
        }
    }
    let less = cut(scans[3]);
    assert!(less.is_ok() && less != whole, "a whole picture of less detail");
    // Scan 11 refines high luma frequencies; scans of chroma, which is twice the size, should follow.
    assert!(cut(data(11) + 3).is_err() && cut(scans[12]).is_ok());
    // Of grey that scan is the last: nothing of this size is missing.
    let grey = Picture::random(21, 19, &[(1, 1)], 10, 11);
    let grey = encode(&grey, &Form::progressive(1));
    assert_eq!(
        image(&[&grey[..grey.len() - 5], &[0xff, 0xd9]].concat(), Scale::Eighth),
        image(&grey, Scale::Eighth)
    );
}

#[test]
fn the_check_of_scans_that_are_not_read_is_part_of_the_memory() {
    let grey = Picture::random(800, 800, &[(1, 1)], 10, 11);
    let of = |form: Form| Header::read(&encode(&grey, &form)).unwrap().memory(Scale::Eighth);
    // Eight bytes for each of 104 x 100 blocks, as they are kept by eights.
    assert!(of(Form::progressive(1)) >= 8 * 104 * 100);
    assert!(of(Form::progressive(1)) - of(Form::baseline(1)) < 8 * 104 * 100);
}

#[test]
fn the_end_marker_may_be_missing_and_anything_may_follow_it() {
    for form in [Form::baseline, Form::separate, Form::progressive, Form::bands] {
        let bytes = small(form);
        let length = decode(&bytes, Scale::Full).unwrap();
        assert_eq!(decode(&bytes[..bytes.len() - 1], Scale::Full), Ok(length));
        assert_eq!(decode(&bytes[..bytes.len() - 2], Scale::Full), Ok(length));
        assert_eq!(decode(&[&bytes, [0xff, 0xc4, 0, 0].as_slice()].concat(), Scale::Full), Ok(length));
    }
}

#[test]
fn filling_before_markers_is_passed_over() {
    let bytes = small(Form::baseline);
    let mut filled = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        if at > 0 && byte == 0xff && bytes.get(at + 1).is_some_and(|&next| next != 0) {
            filled.extend([0xff, 0xff]);
        }
        filled.push(byte);
    }
    assert!(filled.len() > bytes.len());
    assert!(image(&filled, Scale::Full).is_ok());
    assert_eq!(image(&filled, Scale::Full), image(&bytes, Scale::Full));
}

/// The file with byte `at` of the segment of `marker` set.
fn changed(marker: u8, at: usize, value: u8) -> Vec<u8> {
    let mut bytes = small(Form::baseline);
    let start = bytes.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    bytes[start + at] = value;
    bytes
}

#[test]
fn other_kinds_of_jpeg_are_named() {
    let message = |bytes: &[u8]| decode(bytes, Scale::Full).unwrap_err().to_string();
    for (bytes, expected) in [
        (changed(0xc1, 1, 0xc3), "lossless"),
        (changed(0xc1, 1, 0xc5), "hierarchical"),
        (changed(0xc1, 1, 0xc9), "arithmetic"),
        (changed(0xc1, 1, 0xca), "arithmetic"),
        (changed(0xc1, 4, 12), "number of bits per sample is 12"),
        (changed(0xc1, 9, 2), "number of components is 2"),
        (changed(0xc1, 6, 0), "height is left to a DNL marker"),
        (changed(0xfe, 1, 0xdc), "height is left to a DNL marker"),
    ] {
        let error = decode(&bytes, Scale::Full).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
        assert!(message(&bytes).contains("; allowed is "), "{}", message(&bytes));
        assert!(message(&bytes).contains(expected), "{} has no {expected}", message(&bytes));
    }
}

#[test]
fn contradictions_are_damage() {
    for (bytes, expected) in [
        (changed(0xc1, 13, 1), "two components"),
        (changed(0xc4, 5, 3), "more codes than their lengths allow"),
        (changed(0xda, 7, 1), "component twice"),
        (changed(0xda, 6, 0x10), "without its DC table"),
        (changed(0xd0, 1, 0xd3), "not valid"),
    ] {
        let error = decode(&bytes, Scale::Full).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error} has no {expected}");
    }
}

/// The first scan of a progressive file with its header changed at `at`.
fn scan_changed(at: usize, value: u8) -> Vec<u8> {
    let mut bytes = small(Form::progressive);
    let start = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    bytes[start + at] = value;
    bytes
}

#[test]
fn values_are_named_with_those_that_are_allowed() {
    let frame_bytes = "6 and 3 for each component";
    for (bytes, what, found, allowed) in [
        (changed(0xc1, 11, 0x51), "sampling factor", 5, "1 to 4"),
        (changed(0xc1, 11, 0x20), "sampling factor", 0, "1 to 4"),
        (changed(0xc1, 12, 4), "number of a quantisation table", 4, "0 to 3"),
        (changed(0xc1, 8, 0), "width", 0, "1 to 65535"),
        (changed(0xc1, 9, 4), "number of bytes in the frame header", 15, frame_bytes),
        (changed(0xc1, 3, 7), "number of bytes in the frame header", 5, frame_bytes),
        (changed(0xc4, 20, 255), "number of codes in a Huffman table", 271, "at most 256"),
        (changed(0xc4, 21, 16), "number of bits in a DC table", 16, "0 to 15"),
        (changed(0xc4, 4, 0x20), "class of a Huffman table", 2, "0 or 1"),
        (changed(0xc4, 4, 4), "number of a Huffman table", 4, "0 to 3"),
        (changed(0xdb, 9, 0), "entry of a quantisation table", 0, "1 to 65535"),
        (changed(0xdb, 4, 7), "number of a quantisation table", 7, "0 to 3"),
        (changed(0xdb, 4, 0x30), "precision of a quantisation table", 3, "0 for 8 bits or 1 for 16"),
        (changed(0xdd, 3, 5), "number of bytes in a restart interval", 3, "2"),
        (changed(0xfe, 3, 1), "length of a segment", 1, "at least 2, its own bytes"),
        (changed(0xda, 5, 9), "component in a scan", 9, "one that the frame has"),
        (changed(0xda, 6, 0x04), "number of a Huffman table", 4, "0 to 3"),
        (changed(0xda, 6, 0x50), "number of a Huffman table", 5, "0 to 3"),
        (changed(0xda, 4, 5), "number of components in a scan", 5, "1 to 4"),
        (changed(0xda, 4, 2), "number of bytes in a scan header", 10, "4 and 2 for each component"),
        (scan_changed(12, 3), "last coefficient of a DC scan", 3, "0"),
        (scan_changed(11, 1), "last coefficient of an AC scan", 0, "its first one to 63"),
        (scan_changed(13, 0x0e), "lowest bit of a scan", 14, "0 to 13"),
        (scan_changed(13, 0x31), "bit before those of a scan", 3, "0 or one more than its lowest"),
    ] {
        match decode(&bytes, Scale::Full).unwrap_err() {
            error @ Error::Invalid { at, .. } => assert_eq!(
                error.to_string(),
                format!("damaged JPEG: {what} is {found} at byte {at}; allowed is {allowed}")
            ),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn limits_are_named_with_their_values() {
    let bytes = small(Form::progressive);
    let check = |limits: Limits, expected: Error| {
        let result = Decoder::new(&bytes, &limits).and_then(|decoder| decoder.decode(Scale::Half));
        assert_eq!(result, Err(expected));
    };
    let unlimited = Limits::default();
    check(Limits { pixels: 398, ..unlimited }, Error::Limit { unit: "pixels", found: 399, allowed: 398 });
    check(Limits { scans: 13, ..unlimited }, Error::Limit { unit: "scans", found: 14, allowed: 13 });
    let found = Header::read(&bytes).unwrap().memory(Scale::Half);
    let allowed = found - 1;
    check(Limits { memory: allowed, ..unlimited }, Error::Limit { unit: "bytes of memory", found, allowed });
}

#[test]
fn a_hundred_megapixels_fit_their_memory() {
    for (sampling, baseline, progressive) in
        [(vec![(2, 2), (1, 1), (1, 1)], 320 << 20, 640 << 20), (vec![(1, 1); 3], 320 << 20, 1 << 30)]
    {
        let picture = Picture::random(16, 16, &sampling, 3, 1);
        for (form, most) in [(Form::baseline(3), baseline), (Form::progressive(3), progressive)] {
            let mut header = Header::read(&encode(&picture, &form)).unwrap();
            (header.width, header.height) = (12_000, 8_333);
            assert!(header.memory(Scale::Full) < most, "{}", header.memory(Scale::Full));
            assert!(header.memory(Scale::Quarter) < most / 8, "{}", header.memory(Scale::Quarter));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_do_not_panic(
        kind in 0usize..4, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        scale in 0usize..4,
    ) {
        let mut bytes = small([Form::baseline, Form::separate, Form::progressive, Form::bands][kind]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = decode(&bytes, Scale::ALL[scale]);
    }

    #[test]
    fn noise_does_not_panic(tail in prop::collection::vec(any::<u8>(), 0..300), keep in 0.0f64..1.0, kind in 0usize..4) {
        let bytes = small([Form::baseline, Form::separate, Form::progressive, Form::bands][kind]);
        let kept = (bytes.len() as f64 * keep) as usize;
        let _ = decode(&[&bytes[..kept], &tail].concat(), Scale::Full);
        let _ = decode(&tail, Scale::Full);
    }
}
