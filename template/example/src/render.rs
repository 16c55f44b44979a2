//! From source to colour.

use darkroom_codec::fit::{Placing, Request};
use darkroom_codec::resize::{self, Light};
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::source::Source;

use crate::params::ExampleParams;

/// How a source of this size comes into the small picture that is looked at.
pub(crate) fn placing(size: Size, params: &ExampleParams) -> Placing {
    Request::inside(Size::new(params.max_edge, params.max_edge)).place(size)
}

/// What [`render`] takes at most: resizing, and some ten instructions for each pixel that is looked at.
pub(crate) fn cost(full: Size, decoded: Size, params: &ExampleParams) -> Cost {
    let placing = placing(full, params);
    let sum = Cost { instructions: 1_000_000 + placing.picture.area() * 40, memory: 1 << 16 };
    resize::cost(&placing, decoded, Light::Srgb).then(sum)
}

pub(crate) fn render(source: &Source<'_>, params: &ExampleParams) -> Result<Derivative<Size>> {
    let size = source.size()?;
    let placing = placing(size, params);
    let picture = resize::place(&*source.pixels(placing.at_least())?, &placing, Light::Srgb)?;
    let [red, green, blue] = average(&picture).unwrap_or(params.background.rgb());
    let Size { width, height } = size;
    let json =
        format!(r##"{{"color":"#{red:02x}{green:02x}{blue:02x}","width":{width},"height":{height}}}"##);
    Ok(Derivative { media: MediaType::parse("application/json")?, bytes: json.into_bytes(), meta: size })
}

/// The mean of red, green and blue, each pixel by its opacity; `None` where all are transparent.
///
/// In integers: the result is the same on every machine.
fn average(picture: &Pixels) -> Option<[u8; 3]> {
    let channels = picture.format().channels();
    let (mut sums, mut weight) = ([0u64; 3], 0u64);
    for pixel in picture.data().chunks_exact(channels) {
        let opacity = if channels == 4 { u64::from(pixel[3]) } else { 255 };
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += opacity * u64::from(*value);
        }
        weight += opacity;
    }
    let mean = |sum: u64| (sum + weight / 2).checked_div(weight).and_then(|mean| u8::try_from(mean).ok());
    Some([mean(sums[0])?, mean(sums[1])?, mean(sums[2])?])
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::PixelFormat;

    use super::*;

    #[test]
    fn pixels_count_by_their_opacity() {
        let of = |pixels: &[[u8; 4]]| {
            let size = Size::new(u32::try_from(pixels.len()).unwrap(), 1);
            average(&Pixels::new(size, PixelFormat::Rgba8, pixels.concat()).unwrap())
        };
        assert_eq!(of(&[[10, 20, 30, 255], [30, 40, 50, 255]]), Some([20, 30, 40]));
        assert_eq!(of(&[[10, 20, 30, 255], [200, 200, 200, 0]]), Some([10, 20, 30]));
        assert_eq!(of(&[[10, 20, 30, 0]]), None);
    }
}
