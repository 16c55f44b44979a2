//! Where to cut: the part of a picture that has most to look at.
//!
//! The features and their weights are those of smartcrop.js (Jonas Wagner, MIT licence,
//! <https://github.com/jwagner/smartcrop.js>), in integers. The picture is averaged into cells, at most 96
//! along its longer side, and each cell gets three values of 0 to 255:
//!
//! - detail: |4 Y - Y of the four neighbours|, Y being the luminance;
//! - skin: how near the colour's direction is to (0.78, 0.57, 0.44), from 0.8 on, for Y of 51 and more;
//! - saturation: (max - min) / (max + min), or / (2 - max - min) for light colours, from 0.4 on, for Y of 12
//!   to 230.
//!
//! A cell is worth (0.2 detail + 1.8 skin (detail + 0.01) + 0.1 saturation (detail + 0.2)) times its alpha. Of
//! 65 evenly spread places for the cut, the one wins whose cells are worth most, where a cell counts four
//! times as much in the middle of the cut as at its ends; but the middle of the picture wins unless another
//! is better by more than 1/32, and of equals the one that is nearer to it.

use darkroom_core::pixels::Pixels;

use crate::fit::Placing;

const CELLS: usize = 96;
const STEPS: u32 = 64;

/// Moves the region of a placing that was made in the middle to where the picture, decoded at whatever scale,
/// has most to look at.
pub fn aim(pixels: &Pixels, mut placing: Placing) -> Placing {
    let (full, region) = (placing.source, placing.region);
    if region.size == full {
        return placing;
    }
    let map = Map::of(pixels);
    let columns: Vec<u64> = (0..map.columns).map(|x| (0..map.rows).map(|y| map.worth(x, y)).sum()).collect();
    let rows: Vec<u64> = (0..map.rows).map(|y| (0..map.columns).map(|x| map.worth(x, y)).sum()).collect();
    placing.region.left = best(&columns, full.width, region.size.width);
    placing.region.top = best(&rows, full.height, region.size.height);
    placing
}

/// The best start for a cut of `length` out of `full`.
fn best(profile: &[u64], full: u32, length: u32) -> u32 {
    let slack = full - length;
    let middle = slack / 2;
    let mut starts: Vec<u32> = (0..=STEPS).map(|step| part(slack, step, STEPS)).collect();
    starts.sort_by_key(|start| start.abs_diff(middle));
    let mut winner = (worth(profile, full, middle, length), middle);
    let to_beat = winner.0 + winner.0 / 32;
    for start in starts {
        let worth = worth(profile, full, start, length);
        if worth > to_beat && worth > winner.0 {
            winner = (worth, start);
        }
    }
    winner.1
}

/// What the cells in a cut are worth together.
fn worth(profile: &[u64], full: u32, start: u32, length: u32) -> u64 {
    // In half pixels times the number of cells, so that the middles of cells are whole.
    let cells = profile.len() as u64;
    let (from, length) = (2 * cells * u64::from(start), 2 * cells * u64::from(length));
    let mut sum = 0;
    for (cell, worth) in (0u64..).zip(profile) {
        let Some(into) = ((2 * cell + 1) * u64::from(full)).checked_sub(from).filter(|into| *into <= length)
        else {
            continue;
        };
        // 64 at the ends, 256 in the middle.
        let off = (2 * into).abs_diff(length);
        sum += worth * (256 - 192 * off / length);
    }
    sum
}

fn part(value: u32, numerator: u32, denominator: u32) -> u32 {
    let part = u64::from(value) * u64::from(numerator) / u64::from(denominator);
    u32::try_from(part).unwrap_or(value)
}

/// The picture in cells.
struct Map {
    columns: usize,
    rows: usize,
    /// Red, green, blue, alpha, luminance.
    cells: Vec<[u32; 5]>,
}

impl Map {
    fn of(pixels: &Pixels) -> Map {
        let (width, height) = (pixels.size().width as usize, pixels.size().height as usize);
        let longest = width.max(height);
        let share = |side: usize| if longest <= CELLS { side } else { (side * CELLS / longest).max(1) };
        let (columns, rows) = (share(width), share(height));
        let channels = pixels.format().channels();
        let mut sums = vec![[0u64; 5]; columns * rows];
        for (y, row) in pixels.data().chunks_exact(width * channels).enumerate() {
            let sums = &mut sums[y * rows / height * columns..][..columns];
            for (x, pixel) in row.chunks_exact(channels).enumerate() {
                let sum = &mut sums[x * columns / width];
                let alpha = if channels == 4 { pixel[3] } else { u8::MAX };
                for (sum, value) in sum.iter_mut().zip([pixel[0], pixel[1], pixel[2], alpha, 1]) {
                    *sum += u64::from(value);
                }
            }
        }
        let mean = |sum: u64, count: u64| u32::try_from(sum / count.max(1)).unwrap_or_default();
        let cells = sums
            .into_iter()
            .map(|[red, green, blue, alpha, count]| {
                let [red, green, blue, alpha] = [red, green, blue, alpha].map(|sum| mean(sum, count));
                [red, green, blue, alpha, (77 * red + 150 * green + 29 * blue) / 256]
            })
            .collect();
        Map { columns, rows, cells }
    }

    fn worth(&self, x: usize, y: usize) -> u64 {
        let [red, green, blue, alpha, light] = self.cells[y * self.columns + x];
        let detail = self.detail(x, y);
        let skin = skin([red, green, blue], light);
        let saturation = saturation([red, green, blue], light);
        // Hundredths of 1/255 of 1/255.
        let worth = 20 * 255 * detail + 180 * skin * (detail + 3) + 10 * saturation * (detail + 51);
        u64::from(worth) * u64::from(alpha) / 255
    }

    fn detail(&self, x: usize, y: usize) -> u32 {
        let light = |x: usize, y: usize| {
            let (x, y) = (x.min(self.columns - 1), y.min(self.rows - 1));
            self.cells[y * self.columns + x][4]
        };
        let around =
            light(x.saturating_sub(1), y) + light(x + 1, y) + light(x, y.saturating_sub(1)) + light(x, y + 1);
        (4 * light(x, y)).abs_diff(around).min(255)
    }
}

fn skin(color: [u32; 3], light: u32) -> u32 {
    let length = color.iter().map(|value| value * value).sum::<u32>().isqrt();
    if light < 51 || length == 0 {
        return 0;
    }
    let far: u32 = color
        .iter()
        .zip([799, 584, 451])
        .map(|(value, skin)| (value * 1024 / length).abs_diff(skin).pow(2))
        .sum();
    // From 0.8 to 1, in 1/1024.
    1024u32.saturating_sub(far.isqrt()).saturating_sub(819) * 255 / 205
}

fn saturation([red, green, blue]: [u32; 3], light: u32) -> u32 {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if !(12..=230).contains(&light) || most == least {
        return 0;
    }
    let range = if most + least > 255 { 510 - most - least } else { most + least };
    // From 0.4 to 1, in 1/1000.
    ((most - least) * 1000 / range).min(1000).saturating_sub(400) * 255 / 600
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::{PixelFormat, Size};

    use super::*;
    use crate::fit::{Fit, Gravity, Request};

    /// A grey picture with a checkered patch at a place in 1/100 of its width.
    fn patch(size: Size, at: u32, color: [u8; 3]) -> Pixels {
        let data = (0..size.height)
            .flat_map(|y| {
                (0..size.width).flat_map(move |x| {
                    let near =
                        (x * 100 / size.width).abs_diff(at) < 6 && (y * 100 / size.height).abs_diff(50) < 20;
                    if near && (x / 8 + y / 8) % 2 == 0 { color } else { [128; 3] }
                })
            })
            .collect();
        Pixels::new(size, PixelFormat::Rgb8, data).unwrap()
    }

    fn cut(pixels: &Pixels) -> (u32, u32) {
        let request =
            Request { fit: Fit::Cover, gravity: Gravity::Attention, ..Request::inside(Size::new(50, 50)) };
        let placing = aim(pixels, request.place(pixels.size()));
        let right = placing.region.left + placing.region.size.width;
        assert!(right <= placing.source.width);
        (placing.region.left, right)
    }

    #[test]
    fn the_cut_goes_where_something_is() {
        for color in [[255, 200, 150], [20, 20, 20], [250, 10, 10]] {
            for at in [15, 50, 70, 85] {
                let (left, right) = cut(&patch(Size::new(600, 200), at, color));
                let middle = at * 6;
                assert!(left < middle && middle < right, "{color:?} at {at}: {left} to {right}");
            }
        }
    }

    #[test]
    fn a_plain_picture_is_cut_in_the_middle() {
        assert_eq!(cut(&patch(Size::new(600, 200), 1000, [0; 3])), (200, 400));
        assert_eq!(cut(&crate::testing::scene(Size::new(5, 1), 1)).1, 3);
    }

    #[test]
    fn nothing_to_cut_changes_nothing() {
        let pixels = patch(Size::new(64, 64), 10, [0; 3]);
        assert_eq!(cut(&pixels), (0, 64));
    }
}
