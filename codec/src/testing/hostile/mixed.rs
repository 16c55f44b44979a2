//! Files that are not, or not only, what they are said to be.

use darkroom_core::media::MediaType;

use super::{Fixture, png};
use crate::testing::photo;

pub(super) fn all() -> Vec<Fixture> {
    let jpeg = photo(40, 30, 80, 1);
    let png = png::with(&[]);
    // The smallest archive: the record at its end alone.
    let zip = [b"PK\x05\x06", &[0; 18][..]].concat();
    let html = b"<html><script>alert(1)</script></html>";
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let comment = [&[0xff, 0xfe, 0, 40][..], html].concat();
    let script = b"GIF89a/*\x08\0\0\0\0*/=alert(1);\0;";
    let fixture = |name: &str, media: MediaType, bytes: &[u8]| Fixture {
        name: name.to_owned(),
        media,
        bytes: bytes.to_vec(),
    };
    vec![
        fixture("jpeg and an archive", MediaType::JPEG, &[&jpeg, &zip[..]].concat()),
        fixture(
            "jpeg with a page in a comment",
            MediaType::JPEG,
            &[&jpeg[..2], &comment, &jpeg[2..]].concat(),
        ),
        fixture("jpeg and a second jpeg", MediaType::JPEG, &[&jpeg[..], &jpeg].concat()),
        fixture("png and a page", MediaType::PNG, &[&png, &html[..]].concat()),
        fixture("png and a second png", MediaType::PNG, &[&png[..], &png].concat()),
        fixture("gif that is a script", MediaType::GIF, script),
        fixture("jpeg said to be png", MediaType::PNG, &jpeg),
        fixture("png said to be jpeg", MediaType::JPEG, &png),
        fixture("jpeg said to be tiff", MediaType::TIFF, &jpeg),
        fixture("jpeg said to be anything", MediaType::OCTET_STREAM, &jpeg),
        fixture("svg said to be png", MediaType::PNG, svg),
        fixture("page said to be jpeg", MediaType::JPEG, html),
        fixture("pdf said to be webp", MediaType::WEBP, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"),
        fixture("riff of sound said to be webp", MediaType::WEBP, b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"),
        fixture("text said to be bmp", MediaType::BMP, b"BMW drives a car by itself"),
        fixture("one byte said to be gif", MediaType::GIF, b"G"),
        fixture("zeros said to be jpeg", MediaType::JPEG, &[0; 1_000]),
    ]
}
