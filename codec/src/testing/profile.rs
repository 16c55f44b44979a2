//! ICC profiles, made from nothing: as small as they can be and still be read.

/// A profile of version 2 from its tags.
fn profile(space: &[u8; 4], pcs: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut header = vec![0; 128];
    header[8] = 2;
    header[12..16].copy_from_slice(b"mntr");
    header[16..20].copy_from_slice(space);
    header[20..24].copy_from_slice(pcs);
    header[36..40].copy_from_slice(b"acsp");
    // D50.
    header[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    let mut table = long(tags.len()).to_vec();
    let mut bodies = Vec::new();
    for (name, body) in tags {
        table.extend_from_slice(*name);
        table.extend_from_slice(&long(128 + 4 + tags.len() * 12 + bodies.len()));
        table.extend_from_slice(&long(body.len()));
        bodies.extend_from_slice(body);
        bodies.resize(bodies.len().next_multiple_of(4), 0);
    }
    let mut all = [header, table, bodies].concat();
    let length = long(all.len());
    all[..4].copy_from_slice(&length);
    all
}

/// Of colorants (XYZ of red, green and blue in 1/65536) and one curve for all three.
fn rgb(colorants: [[u32; 3]; 3], curve: &[u8]) -> Vec<u8> {
    let xyz = |xyz: [u32; 3]| [&b"XYZ \0\0\0\0"[..], xyz.map(u32::to_be_bytes).as_flattened()].concat();
    let [red, green, blue] = colorants.map(xyz);
    let curve = curve.to_vec();
    let tags = [
        (b"rXYZ", red),
        (b"gXYZ", green),
        (b"bXYZ", blue),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    profile(b"RGB ", b"XYZ ", &tags)
}

/// A curve that is a power, in 1/256.
fn gamma(power: u16) -> Vec<u8> {
    [&b"curv\0\0\0\0\0\0\0\x01"[..], &power.to_be_bytes()].concat()
}

/// Colours wider than sRGB, as of Adobe RGB (1998): its colorants, and a power of 563/256.
pub fn wide_profile() -> Vec<u8> {
    rgb([[0x9c18, 0x4fa5, 0x04fc], [0x348d, 0xa02c, 0x0f95], [0x2631, 0x102f, 0xbe9c]], &gamma(563))
}

/// sRGB, with its curve as a formula.
pub fn srgb_profile() -> Vec<u8> {
    let numbers: [u32; 5] = [0x2_6666, 0xf2a7, 0x0d59, 0x13d0, 0x0a5b];
    let curve = [&b"para\0\0\0\0\0\x03\0\0"[..], numbers.map(u32::to_be_bytes).as_flattened()].concat();
    rgb([[28_578, 14_581, 912], [25_241, 46_981, 6_362], [9_376, 3_972, 46_799]], &curve)
}

/// Grey with a power of 1.0: the samples are linear light.
pub fn linear_grey_profile() -> Vec<u8> {
    profile(b"GRAY", b"XYZ ", &[(b"kTRC", gamma(256))])
}

/// Inks of a press that is not a real one: a table of 3 nodes a side, of 8 bits, to Lab.
pub fn press_profile() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x03\0".to_vec();
    for at in 0..9u32 {
        let one = if at % 4 == 0 { 0x1_0000u32 } else { 0 };
        table.extend_from_slice(&one.to_be_bytes());
    }
    let same = || 0..=255u8;
    (0..4).for_each(|_| table.extend(same()));
    // Lightness falls with each ink; cyan leads to green and blue, magenta to red, yellow to yellow.
    for node in 0..81i32 {
        let [cyan, magenta, yellow, black] = [node / 27, node / 9 % 3, node / 3 % 3, node % 3];
        let light = 250 - 40 * cyan - 45 * magenta - 8 * yellow - 95 * black;
        let left = 2 - black;
        let a = 128 + left * (18 * magenta - 9 * cyan);
        let b = 128 + left * (22 * yellow - 12 * cyan - 2 * magenta);
        table.extend([light, a, b].map(|value| u8::try_from(value.clamp(0, 255)).unwrap_or_default()));
    }
    (0..3).for_each(|_| table.extend(same()));
    profile(b"CMYK", b"Lab ", &[(b"A2B0", table)])
}

/// Red, green and blue in another order, as a table of version 4 with curves, matrix and nodes: red counts as
/// green, green as blue, blue as red, in linear light.
pub fn turned_profile() -> Vec<u8> {
    let linear = [&b"para\0\0\0\0\0\0\0\0"[..], &0x1_0000u32.to_be_bytes()].concat();
    let three = [&linear[..], &linear, &linear].concat();
    let mut nodes = vec![0; 20];
    nodes[..3].copy_from_slice(&[2, 2, 2]);
    nodes[16] = 1;
    // The node's own place, channels moved on by one.
    nodes.extend((0..8u8).flat_map(|at| [at & 1, at >> 2 & 1, at >> 1 & 1].map(|on| on * 255)));
    // From linear sRGB to XYZ, of which 1 is stored as 32768/65535.
    let colorants: [[u32; 3]; 3] = [[28_578, 25_241, 9_376], [14_581, 46_981, 3_972], [912, 6_362, 46_799]];
    let half = |value: u32| (value / 2).to_be_bytes();
    let matrix =
        [&colorants.as_flattened().iter().flat_map(|&v| half(v)).collect::<Vec<_>>()[..], &[0; 12]].concat();
    let mut body = b"mAB \0\0\0\0\x03\x03\0\0".to_vec();
    let from = 32;
    let matrix_at = from + three.len();
    let middle_at = matrix_at + matrix.len();
    let nodes_at = middle_at + three.len();
    let first_at = nodes_at + nodes.len();
    for at in [from, matrix_at, middle_at, nodes_at, first_at] {
        body.extend_from_slice(&long(at));
    }
    body.extend([three.clone(), matrix, three.clone(), nodes, three].concat());
    profile(b"RGB ", b"XYZ ", &[(b"A2B0", body)])
}

fn long(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or_default().to_be_bytes()
}
