//! Sharpening after a reduction: an unsharp mask in integers.
//!
//! Each pixel's luminance is compared with the mean of its 3 × 3 neighbourhood, weighted 1 2 1 in both
//! directions and by alpha, and what it differs by is added once more, times the amount, to all three colours:
//! hues stay, and edges of transparency get no halo. At the border the nearest pixels count again.

use darkroom_core::Result;
use darkroom_core::pixels::{PixelFormat, Pixels};

/// Sharpens by `amount` percent; 0 changes nothing.
///
/// # Errors
/// None that a valid picture can cause.
pub fn sharpen(pixels: Pixels, amount: u32) -> Result<Pixels> {
    if amount == 0 {
        return Ok(pixels);
    }
    let amount = i64::from(amount);
    let (size, format) = (pixels.size(), pixels.format());
    let (width, height) = (size.width as usize, size.height as usize);
    let channels = format.channels();
    let all = || pixels.data().chunks_exact(channels);
    let lights: Vec<u16> = all().map(luminance).collect();
    let alphas: Vec<u8> = match format {
        PixelFormat::Rgb8 => Vec::new(),
        PixelFormat::Rgba8 => all().map(|pixel| pixel[3]).collect(),
    };
    let mut data = pixels.into_data();
    for (y, row) in data.chunks_exact_mut(width * channels).enumerate() {
        let rows = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
        for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
            let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
            let (mut sum, mut weight) = (0, 0);
            for (row, down) in rows.into_iter().zip([1, 2, 1]) {
                for (column, across) in columns.into_iter().zip([1, 2, 1]) {
                    let at = row * width + column;
                    let alpha = i64::from(alphas.get(at).copied().unwrap_or(u8::MAX));
                    sum += i64::from(lights[at]) * alpha * down * across;
                    weight += alpha * down * across;
                }
            }
            if weight == 0 {
                continue;
            }
            // In 1/256 of 1/256 of a value, so that nothing is lost before the last rounding.
            let difference = i64::from(lights[y * width + x]) * 256 - (sum * 256 + weight / 2) / weight;
            let step = (difference * amount + 50 * 65_536).div_euclid(100 * 65_536);
            for value in &mut pixel[..3] {
                *value = u8::try_from((i64::from(*value) + step).clamp(0, 255)).unwrap_or_default();
            }
        }
    }
    Pixels::new(size, format, data)
}

/// Rec. 601 luminance in 1/256: at most 255 * 256.
fn luminance(pixel: &[u8]) -> u16 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u16::from);
    77 * red + 150 * green + 29 * blue
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::Size;

    use super::*;

    fn edge(format: PixelFormat, right: &[u8], left: &[u8]) -> Pixels {
        let data = (0..8 * 8).flat_map(|at| if at % 8 < 4 { left } else { right }).copied().collect();
        Pixels::new(Size::new(8, 8), format, data).unwrap()
    }

    #[test]
    fn an_edge_grows_and_a_plain_stays() {
        let soft = edge(PixelFormat::Rgb8, &[150; 3], &[100; 3]);
        let sharp = sharpen(soft.clone(), 100).unwrap();
        let row: Vec<_> = sharp.data()[..24].chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(row, [100, 100, 100, 88, 163, 150, 150, 150]);
        assert_eq!(sharpen(soft.clone(), 0).unwrap(), soft);
        let plain = edge(PixelFormat::Rgb8, &[7, 200, 90], &[7, 200, 90]);
        assert_eq!(sharpen(plain.clone(), 300).unwrap(), plain);
    }

    #[test]
    fn transparent_neighbours_do_not_count() {
        let cut = edge(PixelFormat::Rgba8, &[0, 0, 0, 0], &[100, 100, 100, 255]);
        assert_eq!(sharpen(cut.clone(), 200).unwrap(), cut);
    }

    #[test]
    fn one_pixel_is_no_problem() {
        let dot = Pixels::new(Size::new(1, 1), PixelFormat::Rgb8, vec![1, 2, 3]).unwrap();
        assert_eq!(sharpen(dot.clone(), 300).unwrap(), dot);
    }
}
