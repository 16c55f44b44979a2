//! The destination: sRGB's curve and its colorants relative to D50, the white of all profiles.

use std::sync::OnceLock;

/// XYZ of red, green and blue, a column each, as the ICC's own sRGB profiles have them, in 1/65536.
pub(super) const COLORANTS: [[f64; 3]; 3] = [
    [28_578.0 / 65_536.0, 25_241.0 / 65_536.0, 9_376.0 / 65_536.0],
    [14_581.0 / 65_536.0, 46_981.0 / 65_536.0, 3_972.0 / 65_536.0],
    [912.0 / 65_536.0, 6_362.0 / 65_536.0, 46_799.0 / 65_536.0],
];

/// How linear light is counted in tables: 1 is this.
pub(super) const LIGHT: i32 = 32_767;

/// From linear light (0 to 1) to sRGB's 0 to 1 (IEC 61966-2-1).
pub(super) fn encode(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        // Not a number counts as none.
        if light > 0.0 { 12.92 * light } else { 0.0 }
    } else if light >= 1.0 {
        1.0
    } else {
        1.055 * libm::pow(light, 1.0 / 2.4) - 0.055
    }
}

/// The same as a byte.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "encode gives 0 to 1")]
pub(super) fn encode8(light: f64) -> u8 {
    (encode(light) * 255.0 + 0.5) as u8
}

/// The same as 16 bits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "encode gives 0 to 1")]
pub(super) fn encode16(light: f64) -> u16 {
    (encode(light) * 65_535.0 + 0.5) as u16
}

/// [`encode8`] of every light from 0 to [`LIGHT`].
pub(super) fn table() -> &'static [u8] {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    TABLE.get_or_init(|| (0..=LIGHT).map(|light| encode8(f64::from(light) / f64::from(LIGHT))).collect())
}

/// From XYZ relative to D50 to linear red, green, blue: the inverse of [`COLORANTS`], by cofactors.
pub(super) fn from_xyz() -> [[f64; 3]; 3] {
    let m = COLORANTS;
    // The indices wrap around, which gives the cofactors their signs.
    let cofactor = |row: usize, column: usize| {
        let (r1, r2) = ((row + 1) % 3, (row + 2) % 3);
        let (c1, c2) = ((column + 1) % 3, (column + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant = m[0][0] * cofactor(0, 0) + m[0][1] * cofactor(0, 1) + m[0][2] * cofactor(0, 2);
    std::array::from_fn(|row| std::array::from_fn(|column| cofactor(column, row) / determinant))
}

/// From the scale on which CIE 1976 L*a*b* counts light back to light (CIE 15): a cube, and a line near black.
pub(super) fn light_of(f: f64) -> f64 {
    if f > 6.0 / 29.0 { f * f * f } else { (f - 4.0 / 29.0) * (108.0 / 841.0) }
}

/// Row by row.
pub(super) fn multiply(m: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|row| m[row][0] * v[0] + m[row][1] * v[1] + m[row][2] * v[2])
}
