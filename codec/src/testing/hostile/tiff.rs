//! TIFF 6.0 and BigTIFF.

use super::{deflated, long, named};

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// An entry: tag, kind, count, and its value or offset.
type Entry = (u16, u16, u32, u32);

/// A little-endian file: the directory at 8, data behind it. `next` is where the following directory is.
fn file(entries: &[Entry], next: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    bytes.extend(long(entries.len()).to_le_bytes().into_iter().take(2));
    for (tag, kind, count, value) in entries {
        bytes.extend([*tag, *kind].map(u16::to_le_bytes).as_flattened());
        bytes.extend([*count, *value].map(u32::to_le_bytes).as_flattened());
    }
    bytes.extend(next.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// Where the data of so many entries stands.
fn behind(entries: usize) -> u32 {
    long(8 + 2 + entries * 12 + 4)
}

/// A grey picture of one strip, with entries in the place of its own and beside them.
fn grey(width: u32, height: u32, changes: &[Entry], data: &[u8]) -> Vec<u8> {
    let mut entries: Vec<Entry> = vec![
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 1),
        (273, LONG, 1, 0),
        (277, SHORT, 1, 1),
        (278, LONG, 1, height),
        (279, LONG, 1, long(data.len())),
    ];
    for change in changes {
        entries.retain(|entry| entry.0 != change.0);
        // Offsets of 0 stand for the data's own.
        entries.push(*change);
    }
    entries.sort_unstable();
    let at = behind(entries.len());
    for entry in entries.iter_mut().filter(|entry| entry.0 == 273 && entry.3 == 0 && entry.2 == 1) {
        entry.3 = at;
    }
    file(&entries, 0, data)
}

/// A picture of 8x8 with a profile.
pub(super) fn with_profile(profile: &[u8]) -> Vec<u8> {
    let at = behind(10) + 64;
    grey(8, 8, &[(34_675, 7, long(profile.len()), at), (279, LONG, 1, 64)], &[&[0; 64], profile].concat())
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let pixels = [7; 64];
    let changed = |change: Entry| grey(8, 8, &[change], &pixels);
    let zeros = deflated(&vec![0; 2_250_000]);
    let strips = |count: u32, rows: u32| {
        // All of them the same bytes.
        let entries = 9;
        let at = behind(entries);
        let offsets: Vec<u8> = (0..count).flat_map(|_| (at + 8 * count).to_le_bytes()).collect();
        let lengths: Vec<u8> = (0..count).flat_map(|_| 8u32.to_le_bytes()).collect();
        let changes = [(273, LONG, count, at), (279, LONG, count, at + 4 * count), (278, LONG, 1, rows)];
        grey(8, count * rows, &changes, &[offsets, lengths, pixels.to_vec()].concat())
    };
    let tiles = |width: u32, height: u32| {
        let changes =
            [(322, LONG, 1, width), (323, LONG, 1, height), (324, LONG, 1, 200), (325, LONG, 1, 64)];
        grey(8, 8, &changes, &[7; 400])
    };
    // Directories of one entry, each of which leads to the next.
    let many = |count: u32| {
        let first = grey(8, 8, &[], &pixels);
        let base = long(first.len());
        let mut bytes = first;
        let next_at = 8 + 2 + 9 * 12;
        bytes[next_at..next_at + 4].copy_from_slice(&base.to_le_bytes());
        for number in 1..=count {
            bytes.extend([1, 0, 0xff, 0xff, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
            let next = if number == count { 0 } else { base + number * 18 };
            bytes.extend(next.to_le_bytes());
        }
        bytes
    };
    let mut circle = grey(8, 8, &[], &pixels);
    circle[8 + 2 + 9 * 12] = 8;
    let mut big = b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
    big.extend(u64::MAX.to_le_bytes());
    big.extend([0; 60]);
    let compressed = |kind: u32| (259, SHORT, 1, kind);
    vec![
        named("tiff of 1500x1500 in 2 KB", grey(1_500, 1_500, &[compressed(8)], &zeros)),
        named("tiff of 8x8 with 2 MB behind it", grey(8, 8, &[compressed(8)], &zeros)),
        named("tiff of lzw that is none", grey(64, 64, &[compressed(5)], &[0xff; 100])),
        named("tiff of packbits that is cut", grey(64, 64, &[compressed(32_773)], &[0x81; 40])),
        named("tiff of a jpeg", grey(8, 8, &[compressed(7)], &pixels)),
        named("tiff of size 0x0", grey(0, 0, &[], &pixels)),
        named("tiff of 4294967295x4294967295", grey(u32::MAX, u32::MAX, &[], &pixels)),
        named("tiff of 65535x65535", grey(65_535, 65_535, &[], &pixels)),
        named("tiff of 2500x2500 with 64 bytes", grey(2_500, 2_500, &[], &pixels)),
        named("tiff whose directory follows itself", circle),
        named("tiff of 10001 directories", many(10_001)),
        named("tiff of 9999 directories", many(9_998)),
        named("tiff whose directory is beyond its end", b"II\x2a\0\xff\xff\xff\xff".to_vec()),
        named("tiff without a directory", b"MM\0\x2a\0\0\0\0".to_vec()),
        named("bigtiff of more entries than can be", big),
        named("tiff of a strip of 4 GB", changed((279, LONG, 1, u32::MAX))),
        named("tiff of a strip beyond its end", changed((273, LONG, 1, u32::MAX))),
        named("tiff of 4 billion strips", changed((273, LONG, u32::MAX, 8))),
        named("tiff of strips of no rows", changed((278, LONG, 1, 0))),
        named("tiff of 20000 strips of one row", strips(20_000, 1)),
        named("tiff without strips", changed((273, LONG, 0, 0))),
        named("tiff of 65535 samples", changed((277, SHORT, 1, 65_535))),
        named("tiff of no samples", changed((277, SHORT, 1, 0))),
        named("tiff of 64 bits", changed((258, SHORT, 1, 64))),
        named("tiff of no bits", changed((258, SHORT, 1, 0))),
        named("tiff of colours that there are not", changed((262, SHORT, 1, 60_000))),
        named("tiff of a palette but none", changed((262, SHORT, 1, 3))),
        named("tiff with two widths", {
            let mut entries: Vec<Entry> = vec![(256, LONG, 1, 8), (256, LONG, 1, 60_000), (257, LONG, 1, 8)];
            entries.push((273, LONG, 1, 8));
            file(&entries, 0, &pixels)
        }),
        named("tiff of tiles of 65536x65536", tiles(65_536, 65_536)),
        named("tiff of tiles of 4294967295x16", tiles(u32::MAX, 16)),
        named("tiff of tiles of 0x0", tiles(0, 0)),
        named("tiff of tiles of 1x1", tiles(1, 1)),
        named("tiff with a predictor that there is not", changed((317, SHORT, 1, 9))),
        named("tiff turned 9 ways", changed((274, SHORT, 1, 9))),
        named("tiff in planes of 65535", changed((284, SHORT, 1, 65_535))),
        named("tiff of kind 0", changed((256, 0, 1, 8))),
        named("tiff of fractions", changed((256, 5, 1, 8))),
    ]
}
