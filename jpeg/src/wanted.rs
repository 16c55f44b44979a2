//! Which scans of a progressive file a scale reads, and when the others are looked at all the same.

use crate::coefficients::Store;
use crate::error::Result;
use crate::geometry::Geometry;
use crate::progressive::read_ac;
use crate::scan::Scan;
use crate::zigzag::needed_mask;

/// Which scans a scale needs.
///
/// An AC scan says nothing of coefficients outside of its band, so it can be left out if none of them is needed.
/// A scan that refines, though, has a bit for each coefficient of its band that earlier scans set: if it is needed,
/// so are those.
pub(crate) fn wanted(scans: &[Scan<'_>], geometry: &Geometry) -> Vec<bool> {
    let mut needed: Vec<u64> = geometry.planes.iter().map(|plane| needed_mask(plane.points)).collect();
    let mut wanted = vec![true; scans.len()];
    for (scan, wanted) in scans.iter().zip(&mut wanted).rev() {
        if scan.start == 0 {
            continue;
        }
        for component in &scan.components {
            let needed = &mut needed[component.index];
            *wanted = *needed & scan.band() != 0;
            if *wanted && scan.high > 0 {
                *needed |= scan.band();
            }
        }
    }
    wanted
}

/// Whether the file ends before it has all bits of a coefficient that the scale needs.
fn unfinished(scans: &[Scan<'_>], geometry: &Geometry) -> bool {
    let mut missing: Vec<u64> = geometry.planes.iter().map(|plane| needed_mask(plane.points)).collect();
    for scan in scans.iter().filter(|scan| scan.low == 0) {
        for component in &scan.components {
            missing[component.index] &= !scan.band();
        }
    }
    missing.iter().any(|&missing| missing != 0)
}

/// Refuses a file that ends within a scan that is not read, if the scale would be short of scans behind it.
///
/// A file that ends between two scans is a whole picture of less detail. One that was cut off within a scan and
/// closed with a marker has less detail too, but is damaged. The codes of the last scan tell, and to read those of a
/// scan that refines takes all of its component. So that is done where bits are missing and nowhere else: of a scale
/// that has them all, no scan that is left out can change anything, as no encoder sends a coefficient twice.
pub(crate) fn check_others(scans: &[Scan<'_>], geometry: &Geometry) -> Result<()> {
    if !unfinished(scans, geometry) {
        return Ok(());
    }
    let wanted = wanted(scans, geometry);
    for (index, plane) in geometry.planes.iter().enumerate() {
        let own = |scan: &Scan<'_>| scan.start > 0 && scan.components.iter().any(|c| c.index == index);
        if scans.iter().zip(&wanted).any(|(scan, &wanted)| !wanted && own(scan)) {
            let mut history = Store::history(geometry, plane);
            for scan in scans.iter().filter(|scan| own(scan)) {
                read_ac(scan, geometry, &mut history)?;
            }
        }
    }
    Ok(())
}
