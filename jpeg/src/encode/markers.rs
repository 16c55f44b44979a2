//! What stands around the data of a scan (T.81 annex B).

use super::huffman::Code;
use super::planes::Component;
use super::symbols::Codes;

/// The end of a file.
pub(super) const END: [u8; 2] = [0xff, 0xd9];

/// The beginning of a file with JFIF 1.01's segment: 72 dots an inch, no thumbnail.
const BEGIN: [u8; 20] = *b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\x01\0\x48\0\x48\0\0";

/// Everything before the data: JFIF, quantisation tables, frame, Huffman tables, scan.
pub(super) fn before_scan(
    size: [u32; 2],
    components: &[Component],
    table: &[u8; 64],
    codes: &Codes,
) -> Vec<u8> {
    let mut out = BEGIN.to_vec();
    let tables = if codes.chroma.is_some() { 2 } else { 1 };
    let quantization = (0..tables).flat_map(|id| std::iter::once(id).chain(*table));
    segment(&mut out, 0xdb, &quantization.collect::<Vec<u8>>());

    let [width, height] = size.map(|side| u16::try_from(side).unwrap_or(u16::MAX).to_be_bytes());
    let count = byte(components.len());
    let mut frame = vec![8, height[0], height[1], width[0], width[1], count];
    for component in components {
        let factor = byte(component.factor);
        frame.extend([component.id, factor << 4 | factor, component.tables]);
    }
    segment(&mut out, 0xc0, &frame);

    // Classes and numbers: means of luma and chroma, then the rest of both.
    let both = [(0, Some(&codes.luma)), (1, codes.chroma.as_ref())];
    let of = |class: u8| {
        both.into_iter().filter_map(move |(id, pair)| Some((class << 4 | id, &pair?[usize::from(class)])))
    };
    let tables = of(0).chain(of(1)).flat_map(|(id, code): (u8, &Code)| {
        std::iter::once(id).chain(code.lengths).chain(code.symbols.iter().copied())
    });
    segment(&mut out, 0xc4, &tables.collect::<Vec<u8>>());

    let mut scan = vec![count];
    scan.extend(components.iter().flat_map(|component| [component.id, component.tables * 0x11]));
    scan.extend([0, 63, 0]);
    segment(&mut out, 0xda, &scan);
    out
}

/// A marker with its length and content, of which none here is long.
fn segment(out: &mut Vec<u8>, marker: u8, content: &[u8]) {
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    out.extend([0xff, marker]);
    out.extend(length.to_be_bytes());
    out.extend(content);
}

/// A number of components or blocks: at most 3.
fn byte(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}
