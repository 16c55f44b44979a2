//! Scenes: light that falls off, discs with edges, and noise as from a sensor.

use darkroom_core::pixels::{PixelFormat, Pixels, Size};

use darkroom_core::testing::Noise;

/// How far noise goes from the true value, to either side.
const NOISE: i32 = 28;
const DISCS: u64 = 24;

/// An opaque scene.
///
/// # Panics
/// For sides of 0.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn scene(size: Size, seed: u64) -> Pixels {
    let (width, height) = (size.width as usize, size.height as usize);
    let discs: Vec<Disc> = (0..DISCS).map(|stream| Disc::new(size, &mut Noise::new(seed, stream))).collect();
    let mut data = vec![0; width * height * 3];
    let mut light = vec![[0i32; 3]; width];
    for (y, row) in data.chunks_exact_mut(width * 3).enumerate() {
        let down = percent(y, height);
        for (x, light) in light.iter_mut().enumerate() {
            let across = percent(x, width);
            *light = [60 + down + across / 2, 70 + down / 2 + across / 3, 190 - down - across / 4];
        }
        for disc in &discs {
            disc.paint(y, &mut light);
        }
        let mut noise = Noise::new(seed, DISCS + y as u64);
        for (pixel, light) in row.as_chunks_mut::<3>().0.iter_mut().zip(&light) {
            let [a, b, c, d, ..] = noise.bytes();
            // The sum of two is rarely far off. Most of it is common to the three colours.
            let grain = spread(a) + spread(b);
            *pixel = [
                to_byte(light[0] + grain + spread(c) / 2),
                to_byte(light[1] + grain),
                to_byte(light[2] + grain + spread(d) / 2),
            ];
        }
    }
    Pixels::new(size, PixelFormat::Rgb8, data).unwrap()
}

/// A scene that fades out towards its border, fully transparent at the corners.
///
/// # Panics
/// For sides of 0.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn cutout(size: Size, seed: u64) -> Pixels {
    let scene = scene(size, seed);
    let width = size.width as usize;
    let pixels = scene.data().as_chunks::<3>().0.iter().enumerate();
    let data = pixels.flat_map(|(at, &[red, green, blue])| {
        let across = percent(at % width, width) - 50;
        let down = percent(at / width, size.height as usize) - 50;
        [red, green, blue, to_byte((2500 - across * across - down * down) * 255 / 1500)]
    });
    Pixels::new(size, PixelFormat::Rgba8, data.collect()).unwrap()
}

/// A disc of one colour.
struct Disc {
    x: i64,
    y: i64,
    radius: i64,
    color: [i32; 3],
}

impl Disc {
    fn new(size: Size, noise: &mut Noise) -> Disc {
        let x = noise.below(size.width).into();
        let y = noise.below(size.height).into();
        let radius = i64::from(noise.below(size.width.max(size.height) / 6 + 1)) + 1;
        let [red, green, blue, ..] = noise.bytes();
        Disc { x, y, radius, color: [red, green, blue].map(i32::from) }
    }

    /// Mixes the disc's colour half into its part of a row.
    fn paint(&self, y: usize, light: &mut [[i32; 3]]) {
        let Ok(y) = i64::try_from(y) else { return };
        let half = self.radius * self.radius - (y - self.y) * (y - self.y);
        if half < 0 {
            return;
        }
        let half = half.isqrt();
        let column = |x: i64| usize::try_from(x.max(0)).map_or(light.len(), |x| x.min(light.len()));
        let (from, to) = (column(self.x - half), column(self.x + half + 1));
        for light in &mut light[from..to] {
            for (light, color) in light.iter_mut().zip(self.color) {
                *light = (*light + color) / 2;
            }
        }
    }
}

/// Where `at` lies in `length`, 0 to 99.
fn percent(at: usize, length: usize) -> i32 {
    i32::try_from(at * 100 / length).unwrap_or_default()
}

/// A byte as a deviation to either side.
fn spread(byte: u8) -> i32 {
    (i32::from(byte) - 128) * NOISE / 128
}

fn to_byte(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or_default()
}
