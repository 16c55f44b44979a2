//! What the fuzz targets in `fuzz/` drive, and a test over their seeds: colour profiles without a picture around them.
#![allow(missing_docs, reason = "not a part of the interface")]

use crate::icc;

/// A profile, on colours and on inks.
///
/// # Panics
/// When reading it does.
pub fn profile(profile: &[u8]) {
    let samples: [u8; 12] = [0, 0, 0, 255, 255, 255, 255, 0, 17, 127, 128, 1];
    for (channels, grey) in [(3, false), (3, true), (4, false)] {
        icc::to_srgb(Some(profile), &mut samples.clone(), channels, grey);
    }
    let colors = icc::inks_to_srgb(Some(profile), &samples);
    assert_eq!(colors.len(), 9);
}

#[cfg(test)]
mod tests {
    use darkroom_core::testing::over_seeds;

    /// The second half of the target `metadata`.
    #[test]
    fn seeds() {
        over_seeds("metadata", |data| {
            if let [1, profile @ ..] = data {
                super::profile(profile);
            }
        });
    }
}
