//! What decoding takes, known from the header.

use crate::coefficients::Store;
use crate::geometry::Geometry;
use crate::header::Header;
use crate::idct::Group;
use crate::output::Output;
use crate::scale::Scale;

/// Tables and readers: far more than there can be.
const FIXED: u64 = 512 << 10;

impl Header {
    /// The most bytes that decoding at `scale` takes, its result included and the file not.
    ///
    /// A sequential file takes its result and a few rows. A progressive one also takes two bytes for each
    /// coefficient that the scale needs (1, 4, 16 or 64 of each block) and eight for each block. It takes at least
    /// eight bytes for each block of its largest component: see [`crate::Decoder::decode`] on files that end early.
    #[must_use]
    pub fn memory(&self, scale: Scale) -> u64 {
        self.memory_many(&[scale])
    }

    /// The most bytes that decoding at all of `scales` at once takes, the results included and the file not.
    ///
    /// Each scale takes its result and a few rows. What is kept of the coefficients of a progressive file are those
    /// of the largest scale, for all. A scale that is asked for again takes another result; no scale takes nothing.
    #[must_use]
    pub fn memory_many(&self, scales: &[Scale]) -> u64 {
        let Some(&largest) = scales.iter().max() else { return 0 };
        let largest = Geometry::new(self, largest);
        let mut bytes = shared(self, &largest);
        for (at, &scale) in scales.iter().enumerate() {
            let geometry = Geometry::new(self, scale);
            bytes = bytes.saturating_add(if scales[..at].contains(&scale) {
                geometry.width as u64 * geometry.height as u64 * self.color_space().format().bytes() as u64
            } else {
                Output::memory(self, &geometry)
            });
        }
        // What is checked beforehand is given back before the rest is taken.
        FIXED.saturating_add(bytes.max(beforehand(self, &largest)))
    }
}

/// Bytes for blocks and coefficients, which all scales share.
fn shared(header: &Header, largest: &Geometry) -> u64 {
    let planes = largest.planes.iter().map(|plane| {
        let blocks = (plane.h * plane.v * size_of::<Group>()) as u64;
        blocks + if header.progressive { Store::memory(largest, plane) } else { 0 }
    });
    planes.sum()
}

/// Bytes for the check of scans that a progressive file's scale leaves out.
fn beforehand(header: &Header, largest: &Geometry) -> u64 {
    let planes = largest.planes.iter().map(|plane| Store::history_memory(largest, plane));
    if header.progressive { planes.max().unwrap_or(0) } else { 0 }
}
