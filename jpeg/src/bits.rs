//! Bits of entropy-coded data (T.81 section F.2.2.5): stuffed bytes taken out, markers never passed.

/// Reads bits, the most significant first.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    /// The byte to load next.
    pos: usize,
    /// The next bits of the stream from the top. Below `count` of them stand either zeros or bits of the bytes
    /// from `pos` on, which the next load sets again.
    buffer: u64,
    count: u32,
    /// Zeros that were added behind the last byte before a marker or the end.
    added: u32,
    /// Set by what reads when it meets a code that the table does not hold or a coefficient outside of its block.
    pub(crate) bad: bool,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0, buffer: 0, count: 0, added: 0, bad: false }
    }

    /// Makes at least 32 bits available.
    #[inline(always)]
    pub(crate) fn fill(&mut self) {
        if self.count < 32 {
            if let Some(next) = self.data.get(self.pos..).and_then(|rest| rest.first_chunk::<8>()) {
                let next = u64::from_be_bytes(*next);
                if !has_ff(next) {
                    self.buffer |= next >> self.count;
                    self.pos += ((63 - self.count) >> 3) as usize;
                    self.count |= 56;
                    return;
                }
            }
            self.fill_slowly();
        }
    }

    #[cold]
    #[inline(never)]
    fn fill_slowly(&mut self) {
        while self.count < 56 {
            let (byte, width) = match self.data.get(self.pos) {
                Some(0xff) if self.data.get(self.pos + 1) == Some(&0) => (0xff, 2),
                Some(0xff) | None => {
                    self.added += 8;
                    (0, 0)
                }
                Some(&byte) => (byte, 1),
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.pos += width;
            self.count += 8;
        }
    }

    /// The next bits from the top: as many as were filled, then undefined ones.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Passes over `n` bits, fewer than 64.
    #[inline(always)]
    pub(crate) fn skip(&mut self, n: u32) {
        self.buffer <<= n & 63;
        self.count = self.count.wrapping_sub(n);
    }

    /// The next `n` bits as a number, 0 to 16 of them, which must have been filled.
    #[inline(always)]
    pub(crate) fn take(&mut self, n: u32) -> u32 {
        let value = ((self.buffer >> 32) >> (32 - (n & 31))) as u32;
        self.skip(n);
        value
    }

    /// Whether more bits were read than there are.
    #[inline(always)]
    pub(crate) fn overrun(&self) -> bool {
        self.count < self.added
    }

    /// Where reading has come to, from the start of the data.
    pub(crate) fn position(&self) -> usize {
        self.pos
    }

    /// Goes behind the next marker, which must be restart marker `number` (T.81 section E.2.4).
    #[cold]
    pub(crate) fn restart(&mut self, number: u8) -> bool {
        let rest = self.data.get(self.pos..).unwrap_or(&[]);
        let found = memchr::memchr_iter(0xff, rest).find_map(|at| {
            rest.get(at + 1).filter(|&&next| next != 0 && next != 0xff).map(|&next| (at, next))
        });
        let Some((at, marker)) = found else { return false };
        self.pos += at + 2;
        (self.buffer, self.count, self.added) = (0, 0, 0);
        marker == 0xd0 | (number & 7)
    }
}

/// Whether one of the eight bytes is 0xff.
#[inline(always)]
const fn has_ff(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    // Zero bytes of the complement, by the borrow that they cause.
    (!word).wrapping_sub(ONES) & word & (ONES << 7) != 0
}

/// A number of `size` bits at the top of `bits` as T.81 codes it (table F.1): those whose first bit is 0 are
/// negative.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "numbers have at most 15 bits")]
pub(crate) const fn extend(bits: u64, size: u32) -> i32 {
    let raw = ((bits >> 1) >> (63 - size)) as i32;
    let negative = !((bits as i64) >> 63) as i32;
    raw - (((1i32 << size) - 1) & negative)
}
