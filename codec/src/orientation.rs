//! EXIF orientation: how stored pixels are turned to stand upright.

use darkroom_core::Result;
use darkroom_core::pixels::{Pixels, Size};

use crate::exif;
use crate::transpose::transposed;

/// Where a directory says it.
const TAG: u16 = 0x0112;

/// The eight orientations of EXIF: what to do with the stored picture so that it stands upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// 1: nothing.
    #[default]
    Upright,
    /// 2: mirror left to right.
    Mirror,
    /// 3: turn by half.
    Half,
    /// 4: mirror top to bottom.
    Flip,
    /// 5: swap rows and columns.
    Transpose,
    /// 6: turn right by a quarter.
    Right,
    /// 7: swap rows and columns along the other diagonal.
    Transverse,
    /// 8: turn left by a quarter.
    Left,
}

impl Orientation {
    /// By its EXIF value; `None` unless 1 to 8.
    pub fn from_exif(value: u32) -> Option<Orientation> {
        use Orientation::*;
        let all = [Upright, Mirror, Half, Flip, Transpose, Right, Transverse, Left];
        all.get(usize::try_from(value).ok()?.checked_sub(1)?).copied()
    }

    /// The orientation in an EXIF block that starts with its TIFF header, found in place; upright where there is
    /// none that can be read, as every viewer has it.
    pub fn in_exif(tiff: &[u8]) -> Orientation {
        exif::directory(tiff).map(Orientation::in_directory).unwrap_or_default()
    }

    /// The orientation in the first directory of a block, upright where there is none.
    pub fn in_directory(first: exif::Directory<'_>) -> Orientation {
        let value = first.find(TAG).and_then(exif::Value::unsigned);
        value.and_then(|value| Orientation::from_exif(u32::try_from(value).ok()?)).unwrap_or_default()
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        matches!(
            self,
            Orientation::Transpose | Orientation::Right | Orientation::Transverse | Orientation::Left
        )
    }

    /// The upright size of a picture stored as `size`, and the other way round.
    pub fn turn(self, size: Size) -> Size {
        if self.swaps_sides() { Size::new(size.height, size.width) } else { size }
    }

    /// Turns the pixels upright.
    ///
    /// # Errors
    /// None that a valid picture can cause.
    pub fn apply(self, pixels: Pixels) -> Result<Pixels> {
        if self == Orientation::Upright {
            return Ok(pixels);
        }
        let (size, format) = (pixels.size(), pixels.format());
        let data = match format.channels() {
            3 => self.turned::<3>(size, pixels.into_data()),
            _ => self.turned::<4>(size, pixels.into_data()),
        };
        Pixels::new(self.turn(size), format, data)
    }

    /// In place where rows stay rows.
    fn turned<const N: usize>(self, size: Size, mut data: Vec<u8>) -> Vec<u8> {
        let (width, height) = (size.width as usize, size.height as usize);
        let (pixels, _) = data.as_chunks_mut::<N>();
        match self {
            Orientation::Upright => {}
            Orientation::Mirror => pixels.chunks_exact_mut(width).for_each(<[_]>::reverse),
            Orientation::Half => pixels.reverse(),
            Orientation::Flip => {
                let (upper, lower) = pixels.split_at_mut(height / 2 * width);
                let pairs = upper.chunks_exact_mut(width).zip(lower.chunks_exact_mut(width).rev());
                pairs.for_each(|(upper, lower)| upper.swap_with_slice(lower));
            }
            Orientation::Transpose | Orientation::Right | Orientation::Transverse | Orientation::Left => {
                let from_right = matches!(self, Orientation::Transverse | Orientation::Left);
                let from_below = matches!(self, Orientation::Transverse | Orientation::Right);
                return transposed(pixels, width, height, from_right, from_below).into_flattened();
            }
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::PixelFormat;

    use super::*;

    /// The letters of a picture that is upright as `AB/CD/EF`, read from its stored forms.
    #[test]
    fn all_eight_stand_upright() {
        let stored = [
            (1, 2, "AB CD EF"),
            (2, 2, "BA DC FE"),
            (3, 2, "FE DC BA"),
            (4, 2, "EF CD AB"),
            (5, 3, "ACE BDF"),
            (6, 3, "BDF ACE"),
            (7, 3, "FDB ECA"),
            (8, 3, "ECA FDB"),
        ];
        for (value, width, letters) in stored {
            for format in [PixelFormat::Rgb8, PixelFormat::Rgba8] {
                let data: Vec<u8> = letters
                    .bytes()
                    .filter(|letter| *letter != b' ')
                    .flat_map(|letter| vec![letter; format.channels()])
                    .collect();
                let pixels = Pixels::new(Size::new(width, 6 / width), format, data).unwrap();
                let upright = Orientation::from_exif(value).unwrap().apply(pixels).unwrap();
                assert_eq!(upright.size(), Size::new(2, 3), "{value}");
                let found: Vec<u8> = upright.data().chunks(format.channels()).map(|pixel| pixel[0]).collect();
                assert_eq!(String::from_utf8(found).unwrap(), "ABCDEF", "{value}");
            }
        }
    }

    #[test]
    fn only_one_to_eight_are_orientations() {
        for value in [0, 9, u32::MAX] {
            assert_eq!(Orientation::from_exif(value), None);
        }
        for broken in [&b""[..], b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"] {
            assert_eq!(Orientation::in_exif(broken), Orientation::Upright);
        }
    }
}
