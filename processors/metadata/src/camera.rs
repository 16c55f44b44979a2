//! What a photo was taken with, and how.

use darkroom_codec::exif::Directory;
use serde::Serialize;

use crate::number::{Decimal, Ratio};
use crate::text;

const MAKE: u16 = 0x010f;
const MODEL: u16 = 0x0110;
const SOFTWARE: u16 = 0x0131;
const EXPOSURE_TIME: u16 = 0x829a;
const F_NUMBER: u16 = 0x829d;
const SENSITIVITY: u16 = 0x8827;
const RECOMMENDED_EXPOSURE_INDEX: u16 = 0x8832;
const ISO_SPEED: u16 = 0x8833;
const FLASH: u16 = 0x9209;
const FOCAL_LENGTH: u16 = 0x920a;
const LENS_MODEL: u16 = 0xa434;

/// Camera and exposure.
#[derive(Debug, Serialize)]
pub(crate) struct Camera {
    #[serde(skip_serializing_if = "Option::is_none")]
    make: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software: Option<String>,
    /// Seconds, as photographers write them.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f_number: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iso: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focal_length_mm: Option<Decimal>,
    /// Whether it fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    flash: Option<bool>,
}

impl Camera {
    /// From the first directory of a block, and its EXIF directory.
    pub(crate) fn read(first: Directory<'_>, exif: Option<Directory<'_>>) -> Camera {
        let text = |directory: Directory<'_>, tag| directory.find(tag).and_then(text::shown);
        let unsigned = |tag| exif?.find(tag)?.unsigned();
        let ratio = |tag| Ratio::read(exif?.find(tag)?, 0);
        Camera {
            make: text(first, MAKE),
            model: text(first, MODEL),
            lens: exif.and_then(|exif| text(exif, LENS_MODEL)),
            software: text(first, SOFTWARE),
            exposure_time: ratio(EXPOSURE_TIME).and_then(seconds),
            f_number: ratio(F_NUMBER).and_then(|ratio| Decimal::of(ratio, 2, 100_000)),
            iso: iso(&unsigned),
            focal_length_mm: ratio(FOCAL_LENGTH).and_then(|ratio| Decimal::of(ratio, 2, 10_000_000)),
            flash: unsigned(FLASH).map(|bits| bits & 1 == 1),
        }
    }
}

/// Sensitivities of 65,535 and more stand in a tag of their own (EXIF 2.3, annex G).
fn iso(unsigned: &impl Fn(u16) -> Option<u64>) -> Option<u32> {
    let iso = match unsigned(SENSITIVITY)? {
        65_535 => unsigned(ISO_SPEED).or_else(|| unsigned(RECOMMENDED_EXPOSURE_INDEX)).unwrap_or(65_535),
        iso => iso,
    };
    u32::try_from(iso).ok().filter(|iso| (1..=10_000_000).contains(iso))
}

/// `1/250` for a quarter of a second and less, as cameras show it; else seconds to a tenth. What is shorter than a
/// millionth of a second or longer than a day is no exposure.
fn seconds(ratio: Ratio) -> Option<String> {
    let tenths = ratio.times(10)?;
    if u64::from(ratio.numerator) * 4 > u64::from(ratio.denominator) {
        let (whole, tenth) = (tenths / 10, tenths % 10);
        return match tenth {
            _ if whole > 86_400 => None,
            0 => Some(whole.to_string()),
            _ => Some(format!("{whole}.{tenth}")),
        };
    }
    let Ratio { numerator, denominator } = ratio;
    let parts = Ratio { numerator: denominator, denominator: numerator }.times(1)?;
    (parts <= 1_000_000).then(|| format!("1/{parts}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposures_as_photographers_write_them() {
        let shown = |numerator, denominator| seconds(Ratio { numerator, denominator });
        for (numerator, denominator, text) in [
            (1, 250, "1/250"),
            (10, 2500, "1/250"),
            (16_666, 1_000_000, "1/60"),
            (1, 4, "1/4"),
            (3, 10, "0.3"),
            (1, 2, "0.5"),
            (1, 1, "1"),
            (25, 10, "2.5"),
            (30, 1, "30"),
            (86_400, 1, "86400"),
            (1, 1_000_000, "1/1000000"),
        ] {
            assert_eq!(shown(numerator, denominator).as_deref(), Some(text), "{numerator}/{denominator}");
        }
        for (numerator, denominator) in [(0, 0), (1, 0), (0, 1), (1, 1_000_001), (86_401, 1), (u32::MAX, 1)] {
            assert_eq!(shown(numerator, denominator), None, "{numerator}/{denominator}");
        }
    }

    #[test]
    fn large_sensitivities_stand_elsewhere() {
        let with = |sensitivity, speed| {
            iso(&|tag| match tag {
                SENSITIVITY => Some(sensitivity),
                ISO_SPEED => speed,
                _ => None,
            })
        };
        assert_eq!(with(100, None), Some(100));
        assert_eq!(with(65_535, Some(102_400)), Some(102_400));
        assert_eq!(with(65_535, None), Some(65_535));
        assert_eq!(with(0, None), None);
        assert_eq!(with(65_535, Some(u64::MAX)), None);
    }
}
