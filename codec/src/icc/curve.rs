//! A profile's curves, as functions from 0..=1 to 0..=1.

use moxcms::{LutStore, ToneReprCurve};

/// One curve.
#[derive(Clone, Debug)]
pub(super) enum Curve {
    /// Nothing changes.
    Same,
    /// Values at equal distances, 0 to 1, at least two.
    Table(Vec<f64>),
    /// `(a x + b) ^ g + e` from `d` on, `c x + f` below.
    Power { g: f64, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64 },
}

impl Curve {
    /// A `curv` or `para` of a profile; `None` where its numbers make no curve.
    pub(super) fn read(curve: &ToneReprCurve) -> Option<Curve> {
        let power = |g, a, b, c, d, e, f| Curve::Power { g, a, b, c, d, e, f };
        let curve = match curve {
            ToneReprCurve::Lut(values) => match values[..] {
                [] => Curve::Same,
                [gamma] => power(f64::from(gamma) / 256.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
                _ => Curve::table16(values),
            },
            ToneReprCurve::Parametric(numbers) => {
                let numbers: Vec<f64> = numbers.iter().copied().map(f64::from).collect();
                match numbers[..] {
                    [g] => power(g, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
                    [g, a, b] if a != 0.0 => power(g, a, b, 0.0, -b / a, 0.0, 0.0),
                    [g, a, b, c] if a != 0.0 => power(g, a, b, 0.0, -b / a, c, c),
                    [g, a, b, c, d] => power(g, a, b, c, d, 0.0, 0.0),
                    [g, a, b, c, d, e, f] => power(g, a, b, c, d, e, f),
                    _ => return None,
                }
            }
        };
        match curve {
            Curve::Power { g, .. } if g <= 0.0 => None,
            curve => Some(curve),
        }
    }

    /// One of several tables of equal length that stand in a row.
    pub(super) fn in_row(store: &LutStore, index: usize, length: usize) -> Option<Curve> {
        let range = index * length..(index + 1) * length;
        match store {
            _ if length < 2 => None,
            LutStore::Store8(values) => {
                Some(Curve::Table(values.get(range)?.iter().map(|&v| f64::from(v) / 255.0).collect()))
            }
            LutStore::Store16(values) => values.get(range).map(Curve::table16),
        }
    }

    fn table16(values: &[u16]) -> Curve {
        Curve::Table(values.iter().map(|&v| f64::from(v) / 65_535.0).collect())
    }

    /// The value at `x`; both are kept within 0 to 1.
    pub(super) fn at(&self, x: f64) -> f64 {
        let x = unit(x);
        match self {
            Curve::Same => x,
            Curve::Table(values) => {
                let last = values.len() - 1;
                let place = x * last as f64;
                let cell = cell(place, last);
                let part = place - cell as f64;
                values[cell] + (values[cell + 1] - values[cell]) * part
            }
            &Curve::Power { g, a, b, c, d, e, f } => {
                unit(if x >= d { libm::pow((a * x + b).max(0.0), g) + e } else { c * x + f })
            }
        }
    }
}

/// Kept within 0 to 1; not a number counts as 0.
pub(super) fn unit(x: f64) -> f64 {
    if x > 0.0 { x.min(1.0) } else { 0.0 }
}

/// The cell of `last` cells in which a place from 0 to `last` lies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place is 0 to last")]
fn cell(place: f64, last: usize) -> usize {
    (place as usize).min(last - 1)
}
