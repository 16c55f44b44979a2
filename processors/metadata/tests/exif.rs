//! What is read of EXIF blocks, whole and damaged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::Range;

use darkroom_codec::CODECS;
use darkroom_codec::orientation::Orientation;
use darkroom_core::decode::{Decode as _, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_metadata::conformance::SUITE;
use darkroom_metadata::samples::{self, SIZE, field, ratios, text};
use exif::{Field, In, Reader, Tag, Value as Exif};
use proptest::prelude::*;
use serde_json::{Value, json};

const ALL: &str = r#"{"location":true}"#;

fn read(media: &MediaType, bytes: &[u8]) -> Value {
    let output = SUITE.run(media, bytes, ALL).unwrap();
    serde_json::from_slice(&output.bytes).unwrap()
}

fn of_block(block: &[u8]) -> Value {
    read(&MediaType::JPEG, &samples::jpeg(block))
}

fn of(fields: &[Field]) -> Value {
    of_block(&samples::block(fields, false))
}

/// What every file gives.
fn bare() -> Value {
    json!({ "width": SIZE.width, "height": SIZE.height, "media_type": "image/jpeg", "orientation": 1 })
}

#[test]
fn each_orientation_in_each_container() {
    for value in 1..=8u8 {
        let fields = [field(Tag::Orientation, Exif::Short(vec![value.into()]))];
        let block = samples::block(&fields, value % 2 == 0);
        let files = [
            (MediaType::JPEG, samples::jpeg(&block)),
            (MediaType::PNG, samples::png_with(&block)),
            (MediaType::WEBP, samples::webp_with(&block)),
            (MediaType::TIFF, samples::tiff(&fields, value % 2 == 0)),
        ];
        for (media, bytes) in files {
            let found = read(&media, &bytes);
            assert_eq!(found["orientation"], value, "{media}");
            let upright = if value > 4 { Size::new(SIZE.height, SIZE.width) } else { SIZE };
            assert_eq!(found["width"], upright.width, "{media}, orientation {value}");
            assert_eq!(found["height"], upright.height, "{media}, orientation {value}");
        }
    }
    for value in [0, 9, 65_535] {
        assert_eq!(of(&[field(Tag::Orientation, Exif::Short(vec![value]))]), bare());
    }
}

#[test]
fn a_place_is_said_only_when_asked_for_and_whole() {
    let whole = of(&samples::place());
    assert_eq!(
        (&whole["latitude"], &whole["longitude"], &whole["altitude_m"]),
        (&json!(-33.859_833), &json!(-151.215), &json!(58.8))
    );
    let jpeg = samples::jpeg(&samples::block(&samples::place(), true));
    let unasked = SUITE.run(&MediaType::JPEG, &jpeg, "{}").unwrap().bytes;
    assert_eq!(serde_json::from_slice::<Value>(&unasked).unwrap(), bare());
    for missing in 0..4 {
        let mut fields = samples::place();
        let tag = fields.remove(missing).tag;
        assert_eq!(of(&fields), bare(), "without {tag}");
    }
    let with = |changed: Field| {
        let mut fields = samples::place();
        fields.retain(|field| field.tag != changed.tag);
        fields.push(changed);
        of(&fields)
    };
    for degrees in
        [&[(33, 0), (0, 1), (0, 1)][..], &[(33, 1), (0, 0), (0, 1)], &[(33, 1)], &[(91, 1), (0, 1), (0, 1)]]
    {
        assert_eq!(with(ratios(Tag::GPSLatitude, degrees)), bare(), "{degrees:?}");
    }
    let absurd = [(u32::MAX, 1); 3];
    assert_eq!(with(ratios(Tag::GPSLongitude, &absurd)), bare());
    assert_eq!(with(text(Tag::GPSLatitudeRef, "X")), bare());
    assert_eq!(with(text(Tag::GPSLatitudeRef, "N"))["latitude"], json!(33.859_833));
    assert_eq!(with(field(Tag::GPSAltitudeRef, Exif::Byte(vec![1])))["altitude_m"], json!(-58.8));
    assert_eq!(with(ratios(Tag::GPSAltitude, &[(1, 0)])).get("altitude_m"), None);
    assert_eq!(with(ratios(Tag::GPSAltitude, &[(u32::MAX, 1)])).get("altitude_m"), None);
    let edge = with(ratios(Tag::GPSLatitude, &[(90, 1), (0, 1), (0, 1)]));
    assert_eq!(edge["latitude"], json!(-90));
}

#[test]
fn a_time_that_never_was_is_left_out_with_its_parts() {
    let at = |time: &str, fraction: &str, offset: &str| {
        of(&[
            text(Tag::DateTimeOriginal, time),
            text(Tag::SubSecTimeOriginal, fraction),
            text(Tag::OffsetTimeOriginal, offset),
        ])
    };
    assert_eq!(at("2024:02:29 12:00:00", "", "")["taken_at"], "2024-02-29T12:00:00");
    assert_eq!(at("2024:02:29 12:00:00", "007  ", "Z")["taken_at"], "2024-02-29T12:00:00.007Z");
    assert_eq!(at("2024:02:29 12:00:00", "x", "+25:00")["taken_at"], "2024-02-29T12:00:00");
    assert_eq!(at("2023:02:29 12:00:00", "1", "Z"), bare());
    assert_eq!(at("    :  :     :  :  ", "1", "Z"), bare());
}

#[test]
fn absurd_values_are_left_out() {
    let fields = [
        text(Tag::Make, "   \u{1} "),
        field(Tag::Model, Exif::Short(vec![1])),
        ratios(Tag::ExposureTime, &[(1, 0)]),
        ratios(Tag::FNumber, &[(0, 0)]),
        ratios(Tag::FocalLength, &[(u32::MAX, 1)]),
        field(Tag::PhotographicSensitivity, Exif::Short(vec![0])),
        field(Tag::Flash, Exif::Short(vec![])),
        text(Tag::LensModel, &"x".repeat(60_000)),
    ];
    let mut expected = bare();
    expected["lens"] = json!("x".repeat(128));
    assert_eq!(of(&fields), expected);
}

/// Tag, kind, count, value or offset.
fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
}

/// A block whose first directory, at 8, says it has `count` of these entries.
fn directory(count: u16, entries: &[Vec<u8>]) -> Vec<u8> {
    [b"MM\0*\0\0\0\x08", &count.to_be_bytes()[..], &entries.concat(), &[0; 4]].concat()
}

#[test]
fn hostile_blocks_give_what_every_file_gives() {
    for (what, block) in [
        ("nothing", vec![]),
        ("a header", b"MM\0*".to_vec()),
        ("an offset beyond the end", b"II*\0\xff\xff\xff\xff".to_vec()),
        ("a count beyond the end", directory(u16::MAX, &[])),
        ("a text of 4 GB", directory(1, &[entry(0x010f, 2, u32::MAX, 0)])),
        ("fractions beyond what can be counted", directory(1, &[entry(0x0110, 5, u32::MAX, 0)])),
        ("an unknown kind", directory(1, &[entry(0x010f, 99, 1, 0)])),
        (
            "directories that are each other's",
            directory(2, &[entry(0x8769, 4, 1, 8), entry(0x8825, 4, 1, 8)]),
        ),
        ("a directory in its own header", directory(1, &[entry(0x8769, 4, 1, 0)])),
        ("BigTIFF with an offset beyond all", b"MM\0+\0\x08\0\0\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
    ] {
        assert_eq!(of_block(&block), bare(), "{what}");
    }
    let damaged =
        directory(40, &[entry(0x010f, 2, 4, u32::from_be_bytes(*b"Box\0")), entry(0x0110, 2, 900, 8)]);
    let mut expected = bare();
    expected["make"] = json!("Box");
    assert_eq!(of_block(&damaged), expected, "what can be read is read");
}

#[test]
fn big_tiff_is_read_too() {
    let entry = |tag: u16, kind: u16, count: u64, value: [u8; 8]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let entries = [entry(0x010f, 2, 7, *b"Big Box\0"), entry(0x8769, 18, 1, 64u64.to_le_bytes())].concat();
    let inner = entry(0x8827, 3, 1, [0x90, 1, 0, 0, 0, 0, 0, 0]);
    let first = [b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", &entries[..]].concat();
    let block = [&first[..], &1u64.to_le_bytes(), &inner].concat();
    let found = of_block(&block);
    assert_eq!((&found["make"], &found["iso"]), (&json!("Big Box"), &json!(400)));
}

/// Make, ISO and orientation as kamadak-exif finds them; no orientation where it has several, of which it takes the last.
fn by_reference(block: &[u8]) -> Option<(Option<String>, Option<u32>, Option<u8>)> {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let exif = reader.read_raw(block.to_vec()).or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    let value = |tag| exif.get_field(tag, In::PRIMARY).map(|field| &field.value);
    let make = match value(Tag::Make) {
        Some(Exif::Ascii(texts)) => texts.first().and_then(|text| String::from_utf8(text.clone()).ok()),
        _ => None,
    };
    let iso = value(Tag::PhotographicSensitivity).and_then(|value| value.get_uint(0));
    let turned = value(Tag::Orientation).and_then(|value| Orientation::from_exif(value.get_uint(0)?));
    let several = exif.fields().filter(|field| field.tag == Tag::Orientation).count() > 1;
    Some((make, iso, (!several).then_some(turned.unwrap_or_default() as u8 + 1)))
}

fn changed(range: Range<usize>) -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::vec((range, any::<u8>()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is damaged, the JSON is made, and what it has in common with kamadak-exif is the same.
    #[test]
    fn damage_is_read_as_by_the_reference(changes in changed(0..360), little in any::<bool>()) {
        let fields = [
            text(Tag::Make, "Darkroom"),
            field(Tag::Orientation, Exif::Short(vec![3])),
            field(Tag::PhotographicSensitivity, Exif::Short(vec![400])),
            text(Tag::LensModel, "50 mm"),
        ];
        let mut block = samples::block(&fields, little);
        let length = block.len();
        for (at, value) in changes {
            block[at % length] = value;
        }
        let found = of_block(&block);
        let size = CODECS.size(&MediaType::JPEG, &samples::jpeg(&block), DecodeLimits::default()).unwrap();
        prop_assert_eq!(&found["width"], size.width);
        let Some((make, iso, orientation)) = by_reference(&block) else { return Ok(()) };
        if let Some(orientation) = orientation {
            prop_assert_eq!(&found["orientation"], orientation);
        }
        let plain = |make: &String| !make.is_empty() && make.chars().all(|c| c.is_ascii_graphic());
        if let Some(make) = make.filter(plain) {
            prop_assert_eq!(&found["make"], &make);
        }
        if let Some(iso) = iso.filter(|iso| (1..65_535).contains(iso)) {
            prop_assert_eq!(&found["iso"], iso);
        }
    }
}
