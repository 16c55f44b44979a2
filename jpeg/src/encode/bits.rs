//! Bits of entropy-coded data, the most significant first, 0 stuffed behind every 0xff (T.81 section F.1.2.3).

/// Writes bits behind what is there.
pub(super) struct Bits<'a> {
    out: &'a mut Vec<u8>,
    /// The last `count` bits are not written yet; at most 31 between calls.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Bits<'a> {
        Bits { out, buffer: 0, count: 0 }
    }

    /// Writes the lower `count` bits, at most 32; those above have to be 0.
    #[inline(always)]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.buffer = self.buffer << count | u64::from(bits);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            self.word(upper(self.buffer >> self.count));
        }
    }

    #[inline(always)]
    fn word(&mut self, word: u32) {
        if word & 0x8080_8080 & (!word).wrapping_sub(0x0101_0101) == 0 {
            self.out.extend(word.to_be_bytes());
        } else {
            word.to_be_bytes().into_iter().for_each(|byte| self.byte(byte));
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == u8::MAX {
            self.out.push(0);
        }
    }

    /// Fills the last byte with ones.
    pub(super) fn finish(mut self) {
        let missing = (8 - self.count % 8) % 8;
        self.put((1 << missing) - 1, missing);
        while self.count > 0 {
            self.count -= 8;
            let [.., byte] = (self.buffer >> self.count).to_be_bytes();
            self.byte(byte);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what was above was written before")]
fn upper(bits: u64) -> u32 {
    bits as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_bytes_with_stuffing() {
        let mut out = vec![9];
        let mut bits = Bits::new(&mut out);
        bits.put(0b101, 3);
        bits.put(0b1_1111, 5);
        bits.put(0xff, 8);
        bits.put(0x12_3456, 24);
        bits.put(0xff00_ff12, 32);
        bits.put(1, 1);
        bits.finish();
        assert_eq!(out, [9, 0xbf, 0xff, 0, 0x12, 0x34, 0x56, 0xff, 0, 0, 0xff, 0, 0x12, 0xff, 0]);
        let mut out = Vec::new();
        Bits::new(&mut out).finish();
        assert!(out.is_empty());
    }
}
