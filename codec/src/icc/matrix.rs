//! RGB profiles of curves and colorants.

use moxcms::ColorProfile;

use super::curve::Curve;
use super::srgb;

/// Bits behind the point of the matrix.
const POINT: u32 = 13;

/// Curves to linear light, a matrix, and sRGB's curve, in integers: light has 15 bits and the matrix 13 behind
/// the point, so that a row's sum stays below 2^31.
pub(super) struct Matrix {
    light: [[i32; 256]; 3],
    matrix: [[i32; 3]; 3],
    encoded: &'static [u8],
}

impl Matrix {
    /// The profile's transform; `None` where something is missing or absurd, and where it is sRGB itself.
    pub(super) fn read(profile: &ColorProfile) -> Option<Matrix> {
        let curves = [&profile.red_trc, &profile.green_trc, &profile.blue_trc];
        let mut light = [[0; 256]; 3];
        for (light, curve) in light.iter_mut().zip(curves) {
            let curve = Curve::read(curve.as_ref()?)?;
            *light = std::array::from_fn(|v| to_light(curve.at(v as f64 / 255.0)));
        }
        let (r, g, b) = (profile.red_colorant, profile.green_colorant, profile.blue_colorant);
        let colorants = [[r.x, g.x, b.x], [r.y, g.y, b.y], [r.z, g.z, b.z]];
        let encoded = srgb::table();
        let is_srgb = {
            let mut pairs = colorants.as_flattened().iter().zip(srgb::COLORANTS.as_flattened());
            let near = pairs.all(|(a, b)| (a - b).abs() < 0.002);
            near && light.iter().all(|light| light.iter().zip(0..=255u8).all(|(&l, v)| look(encoded, l) == v))
        };
        if is_srgb {
            return None;
        }
        let inverse = srgb::from_xyz();
        let mut matrix = [[0; 3]; 3];
        for column in 0..3 {
            let xyz = [colorants[0][column], colorants[1][column], colorants[2][column]];
            for (row, value) in srgb::multiply(&inverse, xyz).into_iter().enumerate() {
                // Twice what the widest space in use needs; beyond, and for no number at all, it is broken.
                if value.is_nan() || value.abs() >= 5.0 {
                    return None;
                }
                matrix[row][column] = fixed(value);
            }
        }
        let sums = matrix.map(|row| row.into_iter().map(i32::abs).sum::<i32>());
        (sums.into_iter().all(|sum| sum < 8 << POINT)).then_some(Matrix { light, matrix, encoded })
    }

    pub(super) fn at(&self, rgb: [u8; 3]) -> [u8; 3] {
        let [red, green, blue] = rgb.map(usize::from);
        let light = [self.light[0][red], self.light[1][green], self.light[2][blue]];
        self.matrix.map(|row| {
            let sum = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
            look(self.encoded, (sum + (1 << (POINT - 1))) >> POINT)
        })
    }
}

/// Light as an sRGB byte; light beyond black and white is black and white.
fn look(encoded: &[u8], light: i32) -> u8 {
    let light = usize::try_from(light.max(0)).unwrap_or_default();
    encoded.get(light).copied().unwrap_or(255)
}

/// Light from 0 to 1 as it is counted.
#[expect(clippy::cast_possible_truncation, reason = "0 to 1 times 15 bits")]
fn to_light(value: f64) -> i32 {
    (value * f64::from(srgb::LIGHT) + 0.5) as i32
}

/// Rounded half up.
#[expect(clippy::cast_possible_truncation, reason = "checked to be below 5 by the caller")]
fn fixed(value: f64) -> i32 {
    (value * f64::from(1 << POINT) + 0.5).floor() as i32
}
