//! The encoder: T.81 annexes B, F and G, with fixed Huffman tables.

use super::Picture;

/// One scan.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) components: Vec<usize>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) high: u32,
    pub(crate) low: u32,
}

impl Pass {
    pub(crate) fn new(components: &[usize], (start, end): (usize, usize), (high, low): (u32, u32)) -> Self {
        Self { components: components.to_vec(), start, end, high, low }
    }
}

/// How a picture is written.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) progressive: bool,
    pub(crate) passes: Vec<Pass>,
    pub(crate) restart: u16,
    /// Whether most symbols have codes of 16 bits, else all have 8 or 9.
    pub(crate) deep: bool,
    pub(crate) adobe: Option<u8>,
    /// One byte for each component.
    pub(crate) ids: [u8; 4],
}

impl Form {
    /// All components in one sequential scan.
    pub(crate) fn baseline(components: usize) -> Self {
        let all: Vec<usize> = (0..components).collect();
        Self {
            progressive: false,
            passes: vec![Pass::new(&all, (0, 63), (0, 0))],
            restart: 0,
            deep: false,
            adobe: None,
            ids: [1, 2, 3, 4],
        }
    }

    /// One sequential scan for each component.
    pub(crate) fn separate(components: usize) -> Self {
        let passes = (0..components).map(|c| Pass::new(&[c], (0, 63), (0, 0))).collect();
        Self { passes, ..Self::baseline(components) }
    }

    /// Progressive with two bits refined; bands overlap as those of libjpeg do.
    pub(crate) fn progressive(components: usize) -> Self {
        let all: Vec<usize> = (0..components).collect();
        let mut passes = vec![Pass::new(&all, (0, 0), (0, 1))];
        for c in 0..components {
            passes.push(Pass::new(&[c], (1, 5), (0, 2)));
            passes.push(Pass::new(&[c], (6, 63), (0, 2)));
            passes.push(Pass::new(&[c], (1, 63), (2, 1)));
        }
        passes.push(Pass::new(&all, (0, 0), (1, 0)));
        passes.extend((0..components).map(|c| Pass::new(&[c], (1, 63), (1, 0))));
        Self { progressive: true, passes, ..Self::baseline(components) }
    }

    /// Progressive by bands that stay apart, the last of which small scales do not need.
    pub(crate) fn bands(components: usize) -> Self {
        let mut passes: Vec<Pass> = (0..components).map(|c| Pass::new(&[c], (0, 0), (0, 0))).collect();
        for band in [(30, 63), (5, 29), (1, 4)] {
            for c in 0..components {
                passes.push(Pass::new(&[c], band, (0, 1)));
                passes.push(Pass::new(&[c], band, (1, 0)));
            }
        }
        Self { progressive: true, passes, ..Self::baseline(components) }
    }
}

struct Writer {
    out: Vec<u8>,
    bits: u32,
    count: u32,
    codes: Vec<(u32, u32)>,
    /// Blocks that end early and bits that follow them.
    ending: u32,
    pending: Vec<u32>,
}

/// Codes of each length, and values.
fn table(deep: bool) -> ([u8; 16], Vec<u8>) {
    let mut values: Vec<u8> = (0..=255).collect();
    let mut counts = [0u8; 16];
    if deep {
        let first = [0x01, 0x00, 0x11, 0x02, 0x21, 0xf0, 0x03, 0x31];
        values.retain(|value| !first.contains(value));
        values.splice(0..0, first);
        counts[..8].fill(1);
        counts[15] = 248;
    } else {
        (counts[7], counts[8]) = (254, 2);
    }
    (counts, values)
}

/// A DC table may not have sizes over 15.
fn dc_table(deep: bool) -> ([u8; 16], Vec<u8>) {
    let mut counts = [0u8; 16];
    if deep {
        counts[..16].fill(1);
    } else {
        (counts[3], counts[4]) = (15, 1);
    }
    (counts, (0..16).collect())
}

fn codes((counts, values): &([u8; 16], Vec<u8>)) -> Vec<(u32, u32)> {
    let mut codes = vec![(0, 0); 256];
    let (mut code, mut next) = (0, values.iter());
    for (length, &count) in (1..).zip(counts) {
        for _ in 0..count {
            codes[usize::from(*next.next().unwrap())] = (code, length);
            code += 1;
        }
        code <<= 1;
    }
    codes
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.bits = self.bits << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = self.bits as u8;
                self.out.push(byte);
                if byte == 0xff {
                    self.out.push(0);
                }
                (self.bits, self.count) = (0, 0);
            }
        }
    }

    fn symbol(&mut self, symbol: u32) {
        let (code, length) = self.codes[symbol as usize];
        assert!(length > 0, "a symbol without a code: {symbol:02x}");
        self.put(code, length);
    }

    fn number(&mut self, value: i32, size: u32) {
        self.put((if value < 0 { value - 1 } else { value }) as u32 & ((1 << size) - 1), size);
    }

    fn flush(&mut self) {
        self.end_blocks();
        while self.count != 0 {
            self.put(1, 1);
        }
    }

    fn end_blocks(&mut self) {
        if self.ending > 0 {
            let size = self.ending.ilog2();
            self.symbol(size << 4);
            self.put(self.ending & ((1 << size) - 1), size);
            self.ending = 0;
        }
        for bit in std::mem::take(&mut self.pending) {
            self.put(bit, 1);
        }
    }

    fn dc(&mut self, value: i32, prediction: &mut i32) {
        let difference = value - std::mem::replace(prediction, value);
        let size = 32 - difference.unsigned_abs().leading_zeros();
        self.symbol(size);
        self.number(difference, size);
    }

    /// AC coefficients of a sequential scan, or the first ones of a progressive scan.
    fn ac(&mut self, block: &[i16; 64], pass: &Pass, progressive: bool) {
        let mut run = 0;
        for &value in &block[pass.start.max(1)..=pass.end] {
            let value = i32::from(value).signum() * (i32::from(value).abs() >> pass.low);
            if value == 0 {
                run += 1;
                continue;
            }
            self.end_blocks();
            while run > 15 {
                self.symbol(0xf0);
                run -= 16;
            }
            let size = 32 - value.unsigned_abs().leading_zeros();
            self.symbol(run << 4 | size);
            self.number(value, size);
            run = 0;
        }
        if run > 0 && progressive {
            self.ending += 1;
            if self.ending == 0x7fff {
                self.end_blocks();
            }
        } else if run > 0 {
            self.symbol(0);
        }
    }

    fn refine(&mut self, block: &[i16; 64], pass: &Pass) {
        let size = |k: usize| i32::from(block[k]).unsigned_abs() >> pass.low;
        let last = (pass.start..=pass.end).rev().find(|&k| size(k) == 1).unwrap_or(0);
        let (mut run, mut corrections) = (0, Vec::new());
        for (k, &value) in block.iter().enumerate().take(pass.end + 1).skip(pass.start) {
            if size(k) == 0 {
                run += 1;
                continue;
            }
            while run > 15 && k <= last {
                self.end_blocks();
                self.symbol(0xf0);
                self.pending.append(&mut corrections);
                self.end_blocks();
                run -= 16;
            }
            if size(k) > 1 {
                corrections.push(size(k) & 1);
                continue;
            }
            self.end_blocks();
            self.symbol(run << 4 | 1);
            self.put(u32::from(value > 0), 1);
            self.pending.append(&mut corrections);
            self.end_blocks();
            run = 0;
        }
        if run > 0 || !corrections.is_empty() {
            self.ending += 1;
            // Bits that follow an end of blocks must wait for it.
            self.pending.append(&mut corrections);
            if self.ending == 0x7fff || self.pending.len() > 900 {
                self.end_blocks();
            }
        }
    }
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xff, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}

/// Writes `picture`, with quantisation tables that grow with frequency.
pub(crate) fn encode(picture: &Picture, form: &Form) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    if let Some(transform) = form.adobe {
        segment(&mut out, 0xee, &[b"Adobe".as_slice(), &[0, 100, 0, 0, 0, 0, transform]].concat());
    }
    segment(&mut out, 0xfe, b"a comment");
    segment(&mut out, 0xdb, &std::iter::once(0).chain((0..64).map(|k| 4 + k / 4)).collect::<Vec<u8>>());
    let mut frame = vec![8];
    frame.extend((picture.height as u16).to_be_bytes());
    frame.extend((picture.width as u16).to_be_bytes());
    frame.push(picture.components.len() as u8);
    for (component, id) in picture.components.iter().zip(form.ids) {
        frame.extend([id, (component.h << 4 | component.v) as u8, 0]);
    }
    segment(&mut out, if form.progressive { 0xc2 } else { 0xc1 }, &frame);
    let (dc, ac) = (dc_table(form.deep), table(form.deep));
    segment(&mut out, 0xc4, &[&[0], dc.0.as_slice(), &dc.1].concat());
    segment(&mut out, 0xc4, &[&[0x10], ac.0.as_slice(), &ac.1].concat());
    segment(&mut out, 0xdd, &form.restart.to_be_bytes());
    for pass in &form.passes {
        scan(&mut out, picture, form, pass, (codes(&dc), codes(&ac)));
    }
    out.extend([0xff, 0xd9]);
    out
}

type Codes = Vec<(u32, u32)>;

fn scan(out: &mut Vec<u8>, picture: &Picture, form: &Form, pass: &Pass, (dc, ac): (Codes, Codes)) {
    let mut header = vec![pass.components.len() as u8];
    header.extend(pass.components.iter().flat_map(|&c| [form.ids[c], 0]));
    header.extend([pass.start as u8, pass.end as u8, (pass.high << 4 | pass.low) as u8]);
    segment(out, 0xda, &header);
    let mut writer =
        Writer { out: Vec::new(), bits: 0, count: 0, codes: Vec::new(), ending: 0, pending: Vec::new() };
    let alone = pass.components.len() == 1;
    let (wide, high) = match pass.components.as_slice() {
        [only] => picture.own_blocks(&picture.components[*only]),
        _ => picture.mcus(),
    };
    let mut predictions = [0; 4];
    for mcu in 0..wide * high {
        if form.restart > 0 && mcu > 0 && mcu % usize::from(form.restart) == 0 {
            writer.flush();
            let number = (mcu / usize::from(form.restart) - 1) % 8;
            writer.out.extend([0xff, 0xd0 + number as u8]);
            predictions = [0; 4];
        }
        for &index in &pass.components {
            let component = &picture.components[index];
            let (h, v) = if alone { (1, 1) } else { (component.h, component.v) };
            for place in 0..h * v {
                let (x, y) = (mcu % wide * h + place % h, mcu / wide * v + place / h);
                let block = &component.blocks[y * component.wide + x];
                if pass.start == 0 {
                    if pass.high == 0 {
                        writer.codes.clone_from(&dc);
                        writer.dc(i32::from(block[0]) >> pass.low, &mut predictions[index]);
                    } else {
                        writer.put(i32::from(block[0]) as u32 >> pass.low & 1, 1);
                    }
                }
                if pass.end > 0 {
                    writer.codes.clone_from(&ac);
                    if pass.high == 0 {
                        writer.ac(block, pass, form.progressive);
                    } else {
                        writer.refine(block, pass);
                    }
                }
            }
        }
    }
    writer.flush();
    out.extend(writer.out);
}
