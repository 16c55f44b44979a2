//! EXIF blocks and colour profiles, in files that are whole otherwise.

use super::{named, png, tiff, webp};
use crate::testing::{
    linear_grey_profile, orientation_block, photo, press_profile, srgb_profile, turned_profile, with_exif,
    with_profile,
};

/// A big-endian block: entries of the first directory (tag, kind, count, value), and what follows it.
fn block(entries: &[(u16, u16, u32, u32)], next: u32, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"MM\0*\0\0\0\x08".to_vec();
    bytes.extend(u16::try_from(entries.len()).unwrap_or(u16::MAX).to_be_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([*tag, *kind].map(u16::to_be_bytes).as_flattened());
        bytes.extend([*count, *value].map(u32::to_be_bytes).as_flattened());
    }
    bytes.extend(next.to_be_bytes());
    bytes.extend(rest);
    bytes
}

fn exif_blocks() -> Vec<(&'static str, Vec<u8>)> {
    let turned = |kind: u16, count: u32, value: u32| block(&[(0x0112, kind, count, value)], 0, &[]);
    let ratios = |tag: u16, values: &[u32]| {
        let rest: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        // The GPS directory follows the first one, its values follow that.
        let gps =
            [&[0, 1][..], &tag.to_be_bytes(), &[0, 5, 0, 0, 0, 3], &44u32.to_be_bytes(), &[0; 4], &rest]
                .concat();
        block(&[(0x8825, 4, 1, 26)], 0, &gps)
    };
    let mut thousands = block(&[], 0, &[0x99; 50_000]);
    thousands[8..10].copy_from_slice(&[0xff, 0xff]);
    vec![
        ("of nothing", Vec::new()),
        ("of two letters", b"MM".to_vec()),
        ("turned 0 ways", orientation_block(0)),
        ("turned 9 ways", orientation_block(9)),
        ("turned 65535 ways", turned(3, 1, 0xffff_0000)),
        ("turned as a long", turned(4, 1, 6)),
        ("turned as a text", turned(2, 1, 0x3600_0000)),
        ("turned by nothing", turned(3, 0, 0)),
        ("turned 4 billion times", turned(3, u32::MAX, 8)),
        ("turned far away", turned(3, 3, u32::MAX)),
        ("of kind 0", turned(0, 1, 6)),
        ("of kind 65535", turned(u16::MAX, u32::MAX, 6)),
        ("that leads to itself", block(&[(0x8769, 4, 1, 8), (0x8825, 4, 1, 8)], 8, &[])),
        ("that leads to its header", block(&[(0x8769, 4, 1, 0), (0x8825, 4, 1, 1)], 2, &[])),
        (
            "that leads beyond its end",
            block(&[(0x8769, 4, 1, u32::MAX), (0x8825, 13, 2, 60_000)], u32::MAX, &[]),
        ),
        (
            "of texts that lie over each other",
            block(&[(0x010f, 2, 60_000, 8), (0x0110, 2, 60_000, 9)], 0, &[b'a'; 60_000]),
        ),
        ("of a text without an end", block(&[(0x010f, 2, 20, 26)], 0, &[0xff; 20])),
        ("of 65535 entries", thousands),
        ("of a place over 0", ratios(2, &[1, 0, 2, 0, 3, 0])),
        ("of a place far out", ratios(4, &[u32::MAX, 1, u32::MAX, u32::MAX, u32::MAX, 2])),
        ("of 8-byte numbers", b"MM\0+\0\x08\0\0\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
    ]
}

fn profiles() -> Vec<(&'static str, Vec<u8>)> {
    let set = |mut profile: Vec<u8>, at: usize, bytes: &[u8]| {
        profile[at..at + bytes.len()].copy_from_slice(bytes);
        profile
    };
    let most = [0xff; 4];
    // The body of the first tag stands behind the header and the table; its entry begins at 132.
    let first = |profile: &[u8]| {
        let at = [profile[136], profile[137], profile[138], profile[139]];
        usize::try_from(u32::from_be_bytes(at)).unwrap_or_default()
    };
    let (grey, press, turned) = (linear_grey_profile(), press_profile(), turned_profile());
    let (grey_at, press_at, turned_at) = (first(&grey), first(&press), first(&turned));
    let srgb = srgb_profile();
    // The curves stand behind three colours of 20 bytes.
    let curve_at = first(&srgb) + 60;
    vec![
        ("of nothing", Vec::new()),
        ("of a header", srgb[..128].to_vec()),
        ("cut in its table", srgb[..140].to_vec()),
        ("cut in its curves", srgb[..srgb.len() - 20].to_vec()),
        ("of size 0", set(srgb.clone(), 0, &[0; 4])),
        ("of size 4 GB", set(srgb.clone(), 0, &most)),
        ("of 4 billion tags", set(srgb.clone(), 128, &most)),
        ("of no tags", set(srgb.clone(), 128, &[0; 4])),
        ("of tags beyond its end", set(srgb.clone(), 136, &most)),
        ("of tags that lead to its header", set(srgb.clone(), 136, &[0; 4])),
        ("of tags of 4 GB", set(srgb.clone(), 140, &most)),
        ("of a space that there is not", set(srgb.clone(), 16, b"XXXX")),
        ("of inks on a picture of light", press.clone()),
        ("of black on black", set(srgb.clone(), first(&srgb) + 8, &[0; 12])),
        (
            "of colours that are one",
            [&srgb[..first(&srgb) + 20], &srgb[first(&srgb)..][..20].repeat(2), &srgb[curve_at..]].concat(),
        ),
        ("of a power of 0", set(grey.clone(), grey_at + 12, &[0, 0])),
        ("of a power of 256", set(grey.clone(), grey_at + 12, &[0xff, 0xff])),
        ("of a curve of 4 billion points", set(grey.clone(), grey_at + 8, &most)),
        ("of a curve of no form", set(srgb.clone(), curve_at, b"none")),
        ("of a curve with form 9", set(srgb.clone(), curve_at + 9, &[9])),
        ("of a curve that divides by 0", set(srgb.clone(), curve_at + 12, &[0; 20])),
        ("of a curve of huge numbers", set(srgb.clone(), curve_at + 12, &[0x7f, 0xff, 0xff, 0xff].repeat(5))),
        ("of a curve of negative numbers", set(srgb.clone(), curve_at + 12, &[0x80, 0, 0, 0].repeat(5))),
        ("of 255 nodes a side", set(turned.clone(), turned_at + 32, &[255; 3])),
        ("of tables of 255 channels", set(turned.clone(), turned_at + 8, &[255, 255])),
        ("of tables that lead to themselves", set(turned.clone(), turned_at + 12, &[0; 20])),
        ("of tables beyond their end", set(turned, turned_at + 12, &[0xff; 20])),
        ("of inks of 255 nodes a side", set(press.clone(), press_at + 10, &[255])),
        ("of inks of 1 node a side", set(press, press_at + 10, &[1])),
    ]
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let small = photo(40, 30, 80, 1);
    let mut all = Vec::new();
    for (what, block) in exif_blocks() {
        all.push(named(&format!("jpeg with exif {what}"), with_exif(&small, &block)));
        all.push(named(&format!("png with exif {what}"), png::with_exif(&block)));
        all.push(named(&format!("webp with exif {what}"), webp::with_exif(&block)));
    }
    let cmyk = include_bytes!("../../../tests/data/cmyk.jpg");
    for (what, profile) in profiles() {
        all.push(named(&format!("jpeg with a profile {what}"), with_profile(&small, &profile, 60_000)));
        all.push(named(&format!("png with a profile {what}"), png::with_profile(&profile)));
        all.push(named(&format!("webp with a profile {what}"), webp::with_profile(&profile)));
        all.push(named(&format!("tiff with a profile {what}"), tiff::with_profile(&profile)));
        if what.contains("inks") {
            all.push(named(
                &format!("jpeg of inks with a profile {what}"),
                with_profile(cmyk, &profile, 60_000),
            ));
        }
    }
    all
}
