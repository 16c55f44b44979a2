//! EXIF blocks and files that carry them, for tests (feature `testing`).

use std::io::Cursor;

use darkroom_codec::encode::webp;
use darkroom_codec::testing::{photo, png, scene, with_exif};
use darkroom_core::pixels::Size;
use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};

/// The size of the picture in each of the files.
pub const SIZE: Size = Size::new(36, 24);

/// A field of a block.
pub fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

/// A field of text.
pub fn text(tag: Tag, text: &str) -> Field {
    field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]))
}

/// A field of fractions.
pub fn ratios(tag: Tag, ratios: &[(u32, u32)]) -> Field {
    field(tag, Value::Rational(ratios.iter().map(|&(num, denom)| Rational { num, denom }).collect()))
}

/// What a camera writes, without a place.
pub fn camera() -> Vec<Field> {
    vec![
        text(Tag::Make, "Darkroom"),
        text(Tag::Model, "Box \u{1}One  "),
        text(Tag::Software, "1.2"),
        text(Tag::LensModel, "50 mm \"normal\""),
        ratios(Tag::ExposureTime, &[(10, 2500)]),
        ratios(Tag::FNumber, &[(28, 10)]),
        field(Tag::PhotographicSensitivity, Value::Short(vec![400])),
        ratios(Tag::FocalLength, &[(505, 10)]),
        field(Tag::Flash, Value::Short(vec![0x19])),
        text(Tag::DateTimeOriginal, "2024:05:01 18:30:05"),
        text(Tag::SubSecTimeOriginal, "25"),
        text(Tag::OffsetTimeOriginal, "+02:00"),
    ]
}

/// A place: 59 m above the sea, south and west.
pub fn place() -> Vec<Field> {
    vec![
        text(Tag::GPSLatitudeRef, "S"),
        ratios(Tag::GPSLatitude, &[(33, 1), (51, 1), (3540, 100)]),
        text(Tag::GPSLongitudeRef, "W"),
        ratios(Tag::GPSLongitude, &[(151, 1), (129, 10), (0, 1)]),
        field(Tag::GPSAltitudeRef, Value::Byte(vec![0])),
        ratios(Tag::GPSAltitude, &[(588, 10)]),
    ]
}

/// A block of fields.
///
/// # Panics
/// For fields that cannot be written, and none.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn block(fields: &[Field], little: bool) -> Vec<u8> {
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut block = Cursor::new(Vec::new());
    writer.write(&mut block, little).unwrap();
    block.into_inner()
}

/// A JPEG with a block.
pub fn jpeg(block: &[u8]) -> Vec<u8> {
    with_exif(&photo(SIZE.width, SIZE.height, 80, 1), block)
}

/// A PNG with a block before its pixels.
///
/// # Panics
/// For blocks of 4 GiB.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn png_with(block: &[u8]) -> Vec<u8> {
    let whole = png(&scene(SIZE, 1)).unwrap();
    // Behind the signature and the header.
    let (header, rest) = whole.split_at(33);
    let chunk = [b"eXIf", block].concat();
    let length = u32::try_from(block.len()).unwrap().to_be_bytes();
    [header, &length, &chunk, &crc32fast::hash(&chunk).to_be_bytes(), rest].concat()
}

/// A WebP with a block behind its pixels.
///
/// # Panics
/// For blocks of 4 GiB.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn webp_with(block: &[u8]) -> Vec<u8> {
    let whole = webp::encode(&scene(SIZE, 1)).unwrap();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let [w0, w1, w2, _] = (SIZE.width - 1).to_le_bytes();
    let [h0, h1, h2, _] = (SIZE.height - 1).to_le_bytes();
    let extended = [0x08, 0, 0, 0, w0, w1, w2, h0, h1, h2];
    let pad = &[0][..block.len() % 2];
    let chunks =
        [b"WEBPVP8X\x0a\0\0\0", &extended[..], &whole[12..], b"EXIF", &length(block), block, pad].concat();
    [b"RIFF", &length(&chunks)[..], &chunks].concat()
}

/// A TIFF of grey pixels with the fields.
///
/// # Panics
/// For fields that cannot be written.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn tiff(fields: &[Field], little: bool) -> Vec<u8> {
    let short = |tag, value| field(tag, Value::Short(vec![value]));
    let side = |side: u32| u16::try_from(side).unwrap();
    let picture = [
        short(Tag::ImageWidth, side(SIZE.width)),
        short(Tag::ImageLength, side(SIZE.height)),
        short(Tag::BitsPerSample, 8),
        short(Tag::Compression, 1),
        short(Tag::PhotometricInterpretation, 1),
        short(Tag::SamplesPerPixel, 1),
        short(Tag::RowsPerStrip, side(SIZE.height)),
    ];
    let pixels = vec![130; (SIZE.width * SIZE.height) as usize];
    let strips: [&[u8]; 1] = [&pixels];
    let mut writer = Writer::new();
    picture.iter().chain(fields).for_each(|field| writer.push_field(field));
    writer.set_strips(&strips, In::PRIMARY);
    let mut file = Cursor::new(Vec::new());
    writer.write(&mut file, little).unwrap();
    file.into_inner()
}
