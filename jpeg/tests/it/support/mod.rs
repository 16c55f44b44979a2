//! Files made from coefficients, in every form that the decoder reads.

mod encode;

pub(crate) use encode::{Form, encode};

/// A component by its sampling factors and its blocks, coefficients in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Blocks of whole MCUs in each direction.
    pub(crate) wide: usize,
    pub(crate) blocks: Vec<[i16; 64]>,
}

/// A picture by its coefficients.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: Vec<Component>,
}

/// Numbers that look random and are the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

impl Picture {
    /// A picture with most of its power in low frequencies; `density` of 64 coefficients are not 0.
    pub(crate) fn random(
        width: usize,
        height: usize,
        sampling: &[(usize, usize)],
        density: u64,
        seed: u64,
    ) -> Self {
        let mut random = Random(seed);
        let h_max = sampling.iter().map(|s| s.0).max().unwrap();
        let v_max = sampling.iter().map(|s| s.1).max().unwrap();
        let (mcus_wide, mcus_high) = (width.div_ceil(h_max * 8), height.div_ceil(v_max * 8));
        let components = sampling
            .iter()
            .map(|&(h, v)| {
                let (wide, high) = (mcus_wide * h, mcus_high * v);
                let mut dc = 0i64;
                let blocks = (0..wide * high)
                    .map(|_| {
                        let mut block = [0i16; 64];
                        dc = (dc + random.below(61) as i64 - 30).clamp(-100, 100);
                        block[0] = dc as i16;
                        // Every third block is flat, every other third has low frequencies only.
                        let last = [1, 10, 64][random.below(3) as usize];
                        for (k, value) in block.iter_mut().enumerate().take(last).skip(1) {
                            if random.below(64) < density {
                                let most = 40 / (k as u64 + 1) + 2;
                                *value = random.below(2 * most + 1) as i16 - most as i16;
                            }
                        }
                        block
                    })
                    .collect();
                Component { h, v, wide, blocks }
            })
            .collect();
        Self { width, height, components }
    }

    fn max(&self) -> (usize, usize) {
        let h = self.components.iter().map(|c| c.h).max().unwrap();
        let v = self.components.iter().map(|c| c.v).max().unwrap();
        (h, v)
    }

    /// MCUs of an interleaved scan in each direction.
    pub(crate) fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.max();
        (self.width.div_ceil(h * 8), self.height.div_ceil(v * 8))
    }

    /// Blocks in each direction of a scan of this component alone.
    pub(crate) fn own_blocks(&self, component: &Component) -> (usize, usize) {
        let (h, v) = self.max();
        ((self.width * component.h).div_ceil(h * 8), (self.height * component.v).div_ceil(v * 8))
    }
}
