//! Fractions as EXIF has them, and decimals as JSON has them.

use darkroom_codec::exif::Value;
use serde::{Serialize, Serializer};

/// An unsigned fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) numerator: u32,
    pub(crate) denominator: u32,
}

impl Ratio {
    /// One of an entry's fractions.
    pub(crate) fn read(value: Value<'_>, index: usize) -> Option<Ratio> {
        let [numerator, denominator] = value.ratio(index)?;
        Some(Ratio { numerator, denominator })
    }

    /// The fraction times `factor`, rounded to nearest; `None` for a denominator of 0.
    pub(crate) fn times(self, factor: u32) -> Option<u64> {
        let (numerator, denominator) = (u64::from(self.numerator), u64::from(self.denominator));
        (numerator * u64::from(factor) + denominator / 2).checked_div(denominator)
    }
}

/// A number with so many decimal places: `value` is in units of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) value: i32,
    pub(crate) places: u32,
}

impl Decimal {
    /// A fraction that lies in `1..=most` units of the last place, rounded to it.
    pub(crate) fn of(ratio: Ratio, places: u32, most: u32) -> Option<Decimal> {
        let value = ratio.times(10u32.pow(places))?;
        let value = i32::try_from(value).ok().filter(|_| (1..=u64::from(most)).contains(&value))?;
        Some(Decimal { value, places })
    }
}

impl Serialize for Decimal {
    /// Whole numbers without a point; others as the nearest double, which is exact division.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = 10i32.pow(self.places);
        if self.value % one == 0 {
            return serializer.serialize_i32(self.value / one);
        }
        serializer.serialize_f64(f64::from(self.value) / f64::from(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(numerator: u32, denominator: u32) -> Option<String> {
        let decimal = Decimal::of(Ratio { numerator, denominator }, 2, 10_000)?;
        Some(serde_json::to_string(&decimal).unwrap())
    }

    #[test]
    fn decimals_are_rounded_and_shown_short() {
        assert_eq!(shown(28, 10).as_deref(), Some("2.8"));
        assert_eq!(shown(14_447, 8_120).as_deref(), Some("1.78"));
        assert_eq!(shown(100, 2).as_deref(), Some("50"));
        assert_eq!(shown(10_000, 100).as_deref(), Some("100"));
        for (numerator, denominator) in [(1, 0), (0, 0), (0, 1), (1, 1000), (101, 1), (u32::MAX, 1)] {
            assert_eq!(shown(numerator, denominator), None, "{numerator}/{denominator}");
        }
    }
}
