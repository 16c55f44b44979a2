//! Pseudo-random integers for tests, the same on every machine.

/// The xorshift64* generator.
#[derive(Clone, Debug)]
pub struct Noise(u64);

impl Noise {
    /// A generator for one of many streams of a seed.
    pub fn new(seed: u64, stream: u64) -> Noise {
        // splitmix64, so that neighbouring streams have nothing in common.
        let mut mixed = seed.wrapping_add(stream.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Noise((mixed ^ (mixed >> 31)) | 1)
    }

    /// Eight random bytes.
    pub fn bytes(&mut self) -> [u8; 8] {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()
    }

    /// A number below `limit`, which is at least 1.
    ///
    /// # Panics
    /// For 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        let [a, b, c, d, ..] = self.bytes();
        u32::from_be_bytes([a, b, c, d]) % limit
    }
}
