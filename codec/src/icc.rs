//! Embedded ICC profiles: from the colours that a file's numbers mean to sRGB.
//!
//! moxcms reads the profile's structure; what the profile says is computed here and not by its transforms, whose
//! float paths use fused multiply-adds where a machine has them and so give other bytes on Arm. Here, building a
//! transform uses the additions, multiplications and divisions of `f64`, which IEEE 754 fixes, and `pow` of the
//! `libm` crate, which is made of those; the result is tables of integers. Applying a transform to pixels uses
//! integers alone. So the same file gives the same pixels on every machine.
//!
//! What is read, relative to the profile's white and without black point compensation, as browsers do:
//!
//! | profile | how |
//! |---|---|
//! | RGB, from a device-to-PCS table (`A2B0`) | the table's nodes in sRGB, simplex interpolation ([`lut`]) |
//! | RGB, from curves and colorants | curves, a matrix, the curve of sRGB ([`matrix`]) |
//! | grey | one table |
//! | CMYK, from `A2B0` | as for RGB, in four dimensions |
//!
//! A profile of one kind on a picture of another (say CMYK on RGB), one that is broken, or one of a kind that is
//! not listed is ignored, as browsers ignore it: a photo with a bad profile is better shown in slightly wrong
//! colours than not at all. A profile that is sRGB costs nothing but the look at it.

mod curve;
mod lut;
mod matrix;
mod srgb;

use moxcms::{ColorProfile, DataColorSpace, LutWarehouse, ParsingOptions};

use crate::cmyk;
use crate::contain::contained;
use curve::Curve;
use lut::Lut;
use matrix::Matrix;

/// The longest profile that is read, in bytes. Profiles of presses have 0.5 to 3 MB.
pub(crate) const MAX_BYTES: usize = 8 << 20;

/// From a profile's colours to sRGB.
enum Transform {
    Matrix(Box<Matrix>),
    Grey(Box<[u8; 256]>),
    Rgb(Lut<3>),
    Cmyk(Lut<4>),
}

impl Transform {
    /// What a profile says; `None` where it is to be ignored and where it is sRGB.
    fn read(profile: &[u8]) -> Option<Transform> {
        if profile.len() > MAX_BYTES {
            return None;
        }
        let options = ParsingOptions {
            max_profile_size: MAX_BYTES + 1,
            max_allowed_clut_size: lut::MAX_NODES,
            ..ParsingOptions::default()
        };
        let profile = contained("profile", || {
            ColorProfile::new_from_slice_with_options(profile, options)
                .map_err(|_| darkroom_core::Error::NotAnImage { reason: String::new() })
        })
        .ok()?;
        let table = || -> Option<&LutWarehouse> {
            profile.lut_a_to_b_perceptual.as_ref().or(profile.lut_a_to_b_colorimetric.as_ref())
        };
        match profile.color_space {
            DataColorSpace::Gray => grey(&profile),
            DataColorSpace::Rgb => match table().and_then(|table| Lut::read(table, profile.pcs)) {
                Some(lut) => Some(Transform::Rgb(lut)),
                None => Matrix::read(&profile).map(|matrix| Transform::Matrix(Box::new(matrix))),
            },
            DataColorSpace::Cmyk => Lut::read(table()?, profile.pcs).map(Transform::Cmyk),
            _ => None,
        }
    }
}

/// A grey profile: its curve leads from the sample to the lightness between black and white.
fn grey(profile: &ColorProfile) -> Option<Transform> {
    let curve = Curve::read(profile.gray_trc.as_ref()?)?;
    // Where the connection space is Lab, the curve leads to its lightness instead of to light.
    let light = |value: f64| match profile.pcs {
        DataColorSpace::Lab => srgb::light_of((value * 100.0 + 16.0) / 116.0),
        _ => value,
    };
    let table = Box::new(std::array::from_fn(|v| srgb::encode8(light(curve.at(v as f64 / 255.0)))));
    let same = table.iter().enumerate().all(|(v, &to)| v == usize::from(to));
    (!same).then_some(Transform::Grey(table))
}

/// Pixels of 3 or 4 channels, red, green, blue first, from the profile's colours to sRGB, in place. `grey` says
/// that the picture is a grey one, so that a grey profile counts.
pub(crate) fn to_srgb(profile: Option<&[u8]>, data: &mut [u8], channels: usize, grey: bool) {
    let Some(transform) = profile.and_then(Transform::read) else { return };
    match &transform {
        Transform::Grey(table) if grey => {
            for pixel in data.chunks_exact_mut(channels) {
                pixel[..3].iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
            }
        }
        Transform::Matrix(matrix) => apply(data, channels, |rgb| matrix.at(rgb)),
        Transform::Rgb(lut) => apply(data, channels, |rgb| lut.at(rgb)),
        Transform::Grey(_) | Transform::Cmyk(_) => {}
    }
}

fn apply(data: &mut [u8], channels: usize, step: impl Fn([u8; 3]) -> [u8; 3]) {
    match channels {
        3 => data.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = step(*pixel)),
        _ => data.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| {
            let [red, green, blue, alpha] = *pixel;
            let [red, green, blue] = step([red, green, blue]);
            *pixel = [red, green, blue, alpha];
        }),
    }
}

/// Cyan, magenta, yellow and black ink, 0 for none, as red, green, blue in sRGB; without a CMYK profile by the
/// plain rule of [`cmyk`].
pub(crate) fn inks_to_srgb(profile: Option<&[u8]>, inks: &[u8]) -> Vec<u8> {
    match profile.and_then(Transform::read) {
        Some(Transform::Cmyk(lut)) => inks.as_chunks::<4>().0.iter().flat_map(|&ink| lut.at(ink)).collect(),
        _ => cmyk::to_rgb(inks),
    }
}

#[cfg(test)]
mod tests;
