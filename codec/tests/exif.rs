//! Hostile EXIF blocks: reading an orientation takes no memory, whatever counts and offsets say.
//!
//! One test, since all threads of a process share the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_codec::orientation::Orientation;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The most bytes that may be taken beside the block: what other threads of the test's harness may need.
const ALLOWED: usize = 64 << 10;

/// The orientation of a block, and the most bytes that reading it has at once.
fn read(block: &[u8]) -> (Orientation, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let found = Orientation::in_exif(block);
    (found, ALLOCATOR.peak_usage().saturating_sub(before))
}

/// Tag, kind, count, value or offset.
fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
}

/// A directory of these entries, with the next at `next`.
fn directory(entries: &[Vec<u8>], next: u32) -> Vec<u8> {
    let count = u16::try_from(entries.len()).unwrap();
    [&count.to_be_bytes()[..], &entries.concat(), &next.to_be_bytes()].concat()
}

/// A block that begins with this directory, at 8, and goes on with `rest`.
fn block(first: &[u8], rest: &[u8]) -> Vec<u8> {
    [b"MM\0*\0\0\0\x08", first, rest].concat()
}

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;

/// Turned right, as a camera writes it.
fn right() -> Vec<u8> {
    entry(ORIENTATION, 3, 1, 6 << 16)
}

/// A directory whose entries point at directories that lie over each other, each of as many entries as there is room
/// for: entries that grow with the square of the block's length.
fn overlapping(length: usize) -> Vec<u8> {
    let pointers = (length / 2 / 12).min(60_000);
    let at = 8 + 2 + (pointers + 1) * 12 + 4;
    let pointer = |index: usize| entry(EXIF_DIRECTORY, 4, 1, u32::try_from(at + index).unwrap());
    let entries: Vec<_> = std::iter::once(right()).chain((0..pointers).map(pointer)).collect();
    block(&directory(&entries, 0), &vec![0x0a; length.saturating_sub(at)])
}

/// An orientation of so many values of a kind, all of which are there.
fn long(kind: u16, unit: usize, count: usize) -> Vec<u8> {
    let first = directory(&[entry(ORIENTATION, kind, u32::try_from(count).unwrap(), 26)], 0);
    block(&first, &vec![0; unit * count])
}

#[test]
fn hostile_blocks_are_read_in_place() {
    use Orientation::{Right, Upright};
    let alone = |orientation: Vec<u8>| block(&directory(&[orientation], 0), &[]);
    let filler = entry(0x9000, 4, 1, 0);
    let thousands = [vec![filler.clone(); 4000], vec![right()]].concat();
    let cases = [
        ("a plain one", alone(right()), Right),
        ("overlapping directories in a JPEG's segment", overlapping(65_000), Right),
        ("overlapping directories in a chunk", overlapping(200_000), Right),
        ("4 GB of orientations", alone(entry(ORIENTATION, 3, u32::MAX, 8)), Upright),
        ("more than can be counted", alone(entry(ORIENTATION, 12, u32::MAX, 8)), Upright),
        ("a value beyond the end", alone(entry(ORIENTATION, 3, 3, u32::MAX)), Upright),
        ("a megabyte of empty texts", long(2, 1, 1 << 20), Upright),
        ("a megabyte of numbers", long(3, 2, 1 << 19), Upright),
        ("a megabyte of fractions", long(5, 8, 1 << 17), Upright),
        ("thousands of entries", block(&directory(&thousands, 0), &[]), Right),
        ("more entries than there are", block(b"\xff\xff", &right()), Right),
        ("a directory that is its own next", block(&directory(&[right()], 8), &[]), Right),
        (
            "one below that is itself",
            block(&directory(&[entry(EXIF_DIRECTORY, 4, 1, 8), right()], 0), &[]),
            Right,
        ),
        ("a directory beyond the end", b"MM\0*\xff\xff\xff\xff".to_vec(), Upright),
        ("none", b"MM\0*\0\0\0\0".to_vec(), Upright),
    ];
    let mut problems = Vec::new();
    for (what, block, expected) in cases {
        let (found, taken) = read(&block);
        if found != expected {
            problems.push(format!("{what}: {found:?}, not {expected:?}"));
        }
        if taken > ALLOWED {
            problems.push(format!("{what}: {taken} bytes for a block of {}", block.len()));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
