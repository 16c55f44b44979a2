//! What decoding takes, known from the header.

use crate::coefficients::Store;
use crate::geometry::Geometry;
use crate::header::Header;
use crate::idct::Group;
use crate::paint::Painter;
use crate::strip::Strip;

/// Tables and readers: far more than there can be.
const FIXED: u64 = 512 << 10;

/// Bytes for a file of this header at this geometry.
pub(crate) fn needed(header: &Header, geometry: &Geometry) -> u64 {
    let mut bytes = FIXED + Painter::memory(geometry, header.color_space());
    for plane in &geometry.planes {
        let (stride, rows) = Strip::size(geometry, plane);
        bytes += (stride * rows) as u64;
        bytes += (plane.h * plane.v * size_of::<Group>()) as u64;
        if header.progressive {
            bytes += Store::memory(geometry, plane);
        }
    }
    bytes
}
