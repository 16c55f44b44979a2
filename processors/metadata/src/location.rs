//! Where a photo was taken.

use darkroom_codec::exif::Directory;
use serde::Serialize;

use crate::number::{Decimal, Ratio};

const LATITUDE: u16 = 2;
const LONGITUDE: u16 = 4;
const ALTITUDE_REFERENCE: u16 = 5;
const ALTITUDE: u16 = 6;

/// Digits behind the point of a degree; the last is 0.1 m.
const PLACES: u32 = 6;
/// In decimetres: the height of space, by some.
const HIGHEST: u32 = 1_000_000;

/// A place.
#[derive(Debug, Serialize)]
pub(crate) struct Location {
    /// Degrees, north is positive.
    latitude: Decimal,
    /// Degrees, east is positive.
    longitude: Decimal,
    /// Metres above the sea, negative below.
    #[serde(skip_serializing_if = "Option::is_none")]
    altitude_m: Option<Decimal>,
}

impl Location {
    /// From the GPS directory, where it has both coordinates with their hemispheres.
    pub(crate) fn read(gps: Directory<'_>) -> Option<Location> {
        Some(Location {
            latitude: coordinate(gps, LATITUDE, [b"N", b"S"], 90)?,
            longitude: coordinate(gps, LONGITUDE, [b"E", b"W"], 180)?,
            altitude_m: altitude(gps),
        })
    }
}

/// Degrees, minutes and seconds, the hemisphere standing one tag before.
fn coordinate(gps: Directory<'_>, tag: u16, [positive, negative]: [&[u8]; 2], most: u64) -> Option<Decimal> {
    let hemisphere = gps.find(tag - 1)?.text()?;
    let sign = match hemisphere.trim_ascii() {
        found if found == positive => 1,
        found if found == negative => -1,
        _ => return None,
    };
    let angle = gps.find(tag)?;
    // In billionths of a degree, so that three roundings are not seen in the last place.
    let mut sum = 0u64;
    for (index, parts) in [1, 60, 3600].into_iter().enumerate() {
        let ratio = Ratio::read(angle, index)?;
        sum = sum.checked_add(ratio.times(1_000_000_000)? / parts)?;
    }
    let micro = (sum + 500) / 1000;
    let value = i32::try_from(micro).ok().filter(|_| micro <= most * 1_000_000)?;
    Some(Decimal { value: sign * value, places: PLACES })
}

/// To a decimetre.
fn altitude(gps: Directory<'_>) -> Option<Decimal> {
    let metres = Ratio::read(gps.find(ALTITUDE)?, 0)?.times(10)?;
    let value = i32::try_from(metres).ok().filter(|_| metres <= HIGHEST.into())?;
    // 1 and, measured from the ellipsoid (EXIF 3), 3 are below.
    let below =
        gps.find(ALTITUDE_REFERENCE).and_then(|value| value.unsigned()).is_some_and(|r| r == 1 || r == 3);
    Some(Decimal { value: if below { -value } else { value }, places: 1 })
}
