//! The four sizes at which a file can be decoded.

/// How much of the full size is decoded.
///
/// Every block of 8x8 samples becomes 1, 4, 16 or 64 samples, by an inverse transform of that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// One sample for each block of 8x8.
    Eighth,
    /// 2x2 samples for each block.
    Quarter,
    /// 4x4 samples for each block.
    Half,
    /// All samples.
    Full,
}

impl Scale {
    /// All scales, the smallest first.
    pub const ALL: [Self; 4] = [Self::Eighth, Self::Quarter, Self::Half, Self::Full];

    /// Samples per side that remain of a block of eight: 1, 2, 4 or 8.
    #[must_use]
    pub const fn points(self) -> u32 {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::Half => 4,
            Self::Full => 8,
        }
    }

    /// The length in pixels of a side of `full` pixels at this scale, rounded up.
    ///
    /// ```
    /// use darkroom_jpeg::Scale;
    /// assert_eq!(Scale::Quarter.of(4001), 1001);
    /// ```
    #[must_use]
    pub const fn of(self, full: u32) -> u32 {
        full.div_ceil(8 / self.points())
    }
}
