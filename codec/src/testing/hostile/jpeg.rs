//! JPEG (ITU-T T.81).

use super::{long, named};
use crate::testing::photo;

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = long(body.len() + 2).to_be_bytes();
    [&[0xff, marker], &length[2..], body].concat()
}

/// Where the segments of a file begin, the scan's last.
pub(super) fn segments(jpeg: &[u8]) -> Vec<usize> {
    let mut at = 2;
    let mut all = vec![0, at];
    while let Some(&[0xff, marker, high, low]) = jpeg.get(at..at + 4)
        && marker != 0xda
    {
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        all.push(at);
    }
    all
}

/// A file whose frame is another: the marker, and the body made from the old one.
fn with_frame(jpeg: &[u8], change: impl Fn(u8, &mut Vec<u8>) -> u8) -> Vec<u8> {
    let starts = segments(jpeg);
    let is_frame = |at: &&usize| matches!(jpeg.get(*at + 1), Some(0xc0..=0xc2));
    let Some(&at) = starts.iter().find(is_frame) else { return jpeg.to_vec() };
    let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    let mut body = jpeg[at + 4..at + 2 + length].to_vec();
    let marker = change(jpeg[at + 1], &mut body);
    [&jpeg[..at], &segment(marker, &body), &jpeg[at + 2 + length..]].concat()
}

/// The same with another size.
fn sized(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    with_frame(jpeg, |marker, body| {
        body[1..3].copy_from_slice(&height.to_be_bytes());
        body[3..5].copy_from_slice(&width.to_be_bytes());
        marker
    })
}

/// A progressive picture of many scans, each of which says that nothing follows: a few bytes that go over all blocks.
fn scans(width: u16, height: u16, count: usize) -> Vec<u8> {
    let frame =
        [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]]
            .concat();
    // One code of one bit for each table: the end of a band of 2^14 blocks and more, or a difference of none.
    let table = |class: u8, symbol: u8| [&[class, 1], &[0; 15][..], &[symbol]].concat();
    let mut file =
        [vec![0xff, 0xd8], segment(0xdb, &[&[0][..], &[1; 64]].concat()), segment(0xc2, &frame)].concat();
    file.extend(segment(0xc4, &table(0, 0)));
    file.extend(segment(0xc4, &table(0x10, 0xe0)));
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    // First the DC of all, then AC of the first component again and again.
    file.extend(segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 0, 0]));
    file.extend(vec![0; (3 * blocks).div_ceil(8)]);
    for scan in 0..count {
        // The bits that are left fall with each scan as far as they can.
        let left = u8::try_from(13usize.saturating_sub(scan)).unwrap_or(0);
        let approximation = if scan == 0 { left } else { (left + 1) << 4 | left };
        file.extend(segment(0xda, &[1, 1, 0, 1, 63, approximation]));
        file.extend(vec![0; blocks.div_ceil(1 << 14) * 2 + 2]);
    }
    file.extend([0xff, 0xd9]);
    file
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let small = photo(40, 30, 80, 1);
    let frame = |change: fn(&mut Vec<u8>)| {
        with_frame(&small, |marker, body| {
            change(body);
            marker
        })
    };
    let kind = |marker: u8| with_frame(&small, |_, _| marker);
    let before = |segments: &[u8]| [&small[..2], segments, &small[2..]].concat();
    let empty_table = [&[0][..], &[0; 16]].concat();
    let full_table = [&[0x10][..], &[255; 16]].concat();
    let part =
        |number: u8, count: u8| segment(0xe2, &[b"ICC_PROFILE\0", &[number, count][..], &[7; 20]].concat());
    let all_parts: Vec<u8> = (1..=255).flat_map(|number| part(number, 255)).collect();
    vec![
        named("jpeg of 65500x65500", sized(&small, 65_500, 65_500)),
        named("jpeg of 65535x65535", sized(&small, 65_535, 65_535)),
        named("jpeg of 2500x2500 with the data of 40x30", sized(&small, 2_500, 2_500)),
        named("jpeg of 65500x1 with the data of 40x30", sized(&small, 65_500, 1)),
        named("jpeg of height 0", sized(&small, 40, 0)),
        named("jpeg of width 0", sized(&small, 0, 30)),
        named("jpeg of 90 scans over 1500x1500", scans(1_500, 1_500, 90)),
        named("jpeg of 5000 scans", scans(64, 64, 5_000)),
        named("jpeg of 12 bits", frame(|body| body[0] = 12)),
        named("jpeg of 255 components", frame(|body| body[5] = 255)),
        named("jpeg of no components", frame(|body| body[5] = 0)),
        named("jpeg of components that are one", frame(|body| body[9] = body[6])),
        named("jpeg sampled 15x15", frame(|body| body[7] = 0xff)),
        named("jpeg sampled 0x0", frame(|body| body[7] = 0)),
        named("jpeg with tables that there are not", frame(|body| body[8] = 3)),
        named("jpeg without loss", kind(0xc3)),
        named("jpeg in arithmetic coding", kind(0xc9)),
        named("jpeg in hierarchies", kind(0xc5)),
        named("jpeg that is said to be progressive", kind(0xc2)),
        named("jpeg with two frames", before(&segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]))),
        named("jpeg with a code table of nothing", before(&segment(0xc4, &empty_table))),
        named("jpeg with a code table of too much", before(&segment(0xc4, &full_table))),
        named("jpeg with a segment of length 0", before(&[0xff, 0xe1, 0, 0])),
        named("jpeg with a segment of length 1", before(&[0xff, 0xe1, 0, 1])),
        named("jpeg with a segment beyond its end", before(&[0xff, 0xe1, 0xff, 0xff])),
        named("jpeg with a restart after each block", before(&segment(0xdd, &[0, 1]))),
        named("jpeg of 60000 fill bytes", before(&[0xff; 60_000])),
        named("jpeg of 10000 comments", before(&segment(0xfe, b"").repeat(10_000))),
        named("jpeg with a profile of 255 parts", before(&all_parts)),
        named("jpeg with one part of a profile of 255", before(&part(1, 255))),
        named("jpeg with part 0 of a profile of none", before(&part(0, 0))),
        named("jpeg with a part of a profile twice", before(&[part(1, 2), part(1, 2), part(2, 2)].concat())),
        named(
            "jpeg without a scan",
            [&small[..segments(&small).pop().unwrap_or_default()], &[0xff, 0xd9]].concat(),
        ),
        named("jpeg of two bytes and an end", vec![0xff, 0xd8, 0xff, 0xd9]),
        named("jpeg of a thousand beginnings", [0xff, 0xd8].repeat(1_000)),
    ]
}
