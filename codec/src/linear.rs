//! Linear light: 16-bit tables from and to sRGB, and resizing steps in it.
//!
//! The tables are those of IEC 61966-2-1 (linear below 0.04045, else ((x + 0.055) / 1.055)^2.4), computed with
//! 50 digits and rounded to nearest: no power function runs here, so nothing depends on a platform's.

use std::sync::OnceLock;

/// Linear light for each sRGB value.
#[rustfmt::skip]
const LINEAR: [u16; 256] = [
    0, 20, 40, 60, 80, 99, 119, 139, 159, 179, 199, 219, 241, 264, 288, 313,
    340, 367, 396, 427, 458, 491, 526, 562, 599, 637, 677, 718, 761, 805, 851, 898,
    947, 997, 1048, 1101, 1156, 1212, 1270, 1330, 1391, 1453, 1517, 1583, 1651, 1720, 1790, 1863,
    1937, 2013, 2090, 2170, 2250, 2333, 2418, 2504, 2592, 2681, 2773, 2866, 2961, 3058, 3157, 3258,
    3360, 3464, 3570, 3678, 3788, 3900, 4014, 4129, 4247, 4366, 4488, 4611, 4736, 4864, 4993, 5124,
    5257, 5392, 5530, 5669, 5810, 5953, 6099, 6246, 6395, 6547, 6700, 6856, 7014, 7174, 7335, 7500,
    7666, 7834, 8004, 8177, 8352, 8528, 8708, 8889, 9072, 9258, 9445, 9635, 9828, 10022, 10219, 10417,
    10619, 10822, 11028, 11235, 11446, 11658, 11873, 12090, 12309, 12530, 12754, 12980, 13209, 13440, 13673, 13909,
    14146, 14387, 14629, 14874, 15122, 15371, 15623, 15878, 16135, 16394, 16656, 16920, 17187, 17456, 17727, 18001,
    18277, 18556, 18837, 19121, 19407, 19696, 19987, 20281, 20577, 20876, 21177, 21481, 21787, 22096, 22407, 22721,
    23038, 23357, 23678, 24002, 24329, 24658, 24990, 25325, 25662, 26001, 26344, 26688, 27036, 27386, 27739, 28094,
    28452, 28813, 29176, 29542, 29911, 30282, 30656, 31033, 31412, 31794, 32179, 32567, 32957, 33350, 33745, 34143,
    34544, 34948, 35355, 35764, 36176, 36591, 37008, 37429, 37852, 38278, 38706, 39138, 39572, 40009, 40449, 40891,
    41337, 41785, 42236, 42690, 43147, 43606, 44069, 44534, 45002, 45473, 45947, 46423, 46903, 47385, 47871, 48359,
    48850, 49344, 49841, 50341, 50844, 51349, 51858, 52369, 52884, 53401, 53921, 54445, 54971, 55500, 56032, 56567,
    57105, 57646, 58190, 58737, 59287, 59840, 60396, 60955, 61517, 62082, 62650, 63221, 63795, 64372, 64952, 65535,
];

/// The smallest linear light that counts as sRGB value 1, 2, ... 255.
#[rustfmt::skip]
const STEPS: [u16; 255] = [
    10, 30, 50, 70, 90, 110, 130, 150, 170, 189, 209, 230, 253, 276, 301, 327,
    354, 382, 412, 443, 475, 509, 544, 580, 618, 657, 698, 740, 783, 828, 875, 923,
    972, 1023, 1075, 1129, 1185, 1242, 1300, 1360, 1422, 1486, 1551, 1617, 1685, 1755, 1827, 1900,
    1975, 2052, 2130, 2210, 2292, 2376, 2461, 2548, 2637, 2727, 2820, 2914, 3010, 3108, 3208, 3309,
    3412, 3518, 3625, 3734, 3844, 3957, 4072, 4188, 4307, 4427, 4550, 4674, 4800, 4928, 5059, 5191,
    5325, 5461, 5599, 5740, 5882, 6026, 6173, 6321, 6471, 6624, 6778, 6935, 7094, 7255, 7418, 7583,
    7750, 7919, 8091, 8265, 8440, 8618, 8798, 8981, 9165, 9352, 9541, 9732, 9925, 10121, 10318, 10518,
    10720, 10925, 11132, 11341, 11552, 11765, 11981, 12199, 12420, 12643, 12868, 13095, 13325, 13557, 13791, 14028,
    14267, 14508, 14752, 14998, 15247, 15498, 15751, 16007, 16265, 16525, 16788, 17054, 17321, 17592, 17864, 18139,
    18417, 18697, 18980, 19264, 19552, 19842, 20134, 20429, 20727, 21027, 21329, 21634, 21942, 22252, 22564, 22880,
    23197, 23518, 23840, 24166, 24494, 24824, 25158, 25493, 25832, 26173, 26516, 26862, 27211, 27563, 27917, 28273,
    28633, 28995, 29359, 29727, 30097, 30469, 30845, 31223, 31603, 31987, 32373, 32762, 33153, 33547, 33944, 34344,
    34747, 35152, 35560, 35970, 36384, 36800, 37219, 37640, 38065, 38492, 38922, 39355, 39790, 40229, 40670, 41114,
    41561, 42011, 42463, 42918, 43377, 43838, 44301, 44768, 45238, 45710, 46185, 46663, 47144, 47628, 48115, 48605,
    49097, 49593, 50091, 50592, 51096, 51604, 52114, 52627, 53142, 53661, 54183, 54708, 55235, 55766, 56300, 56836,
    57376, 57918, 58464, 59012, 59564, 60118, 60675, 61236, 61799, 62366, 62935, 63508, 64083, 64662, 65244,
];

/// The sRGB value that is nearest to a linear light.
pub fn to_srgb(light: u16) -> u8 {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (0..=u16::MAX)
            .map(|light| u8::try_from(STEPS.partition_point(|step| *step <= light)).unwrap_or(u8::MAX))
            .collect()
    });
    table[usize::from(light)]
}

/// The linear light of an sRGB value.
pub fn to_linear(value: u8) -> u16 {
    LINEAR[usize::from(value)]
}

/// A pixel in linear light, multiplied by its alpha.
pub(crate) fn premultiplied([red, green, blue, alpha]: [u8; 4]) -> [u16; 4] {
    let alpha = u32::from(alpha) * 257;
    let multiply = |value: u8| narrow((u32::from(to_linear(value)) * alpha + 32_767) / 65_535);
    [multiply(red), multiply(green), multiply(blue), narrow(alpha)]
}

/// Takes [`premultiplied`] back. As with 8 bits, colours are clamped to the alpha first, so that no quotient
/// is over its range.
pub(crate) fn straight([red, green, blue, alpha]: [u16; 4]) -> [u8; 4] {
    let divide = |light: u16| {
        let (light, alpha) = (u32::from(light.min(alpha)), u32::from(alpha));
        let quotient = (light * 65_535 + alpha / 2).checked_div(alpha).unwrap_or_default();
        to_srgb(narrow(quotient))
    };
    let rounded = narrow((u32::from(alpha) + 128) / 257);
    [divide(red), divide(green), divide(blue), rounded.to_le_bytes()[0]]
}

/// A value that is at most 65,535 by the way it was computed.
#[expect(clippy::cast_possible_truncation, reason = "the callers' arithmetic cannot exceed 65,535")]
fn narrow(value: u32) -> u16 {
    debug_assert!(value <= 65_535);
    value as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_the_way_there_and_back() {
        for value in 0..=255 {
            assert_eq!(to_srgb(to_linear(value)), value);
            assert_eq!(straight(premultiplied([value, 0, 255, 255])), [value, 0, 255, 255]);
            assert_eq!(straight(premultiplied([value, value, value, 0])), [0; 4]);
            assert_eq!(straight(premultiplied([9, 9, 9, value]))[3], value);
        }
        assert!(LINEAR.is_sorted() && STEPS.is_sorted());
    }

    #[test]
    fn the_tables_are_those_of_the_standard() {
        for (value, light) in (0u8..=255).zip(LINEAR) {
            let unit = f64::from(value) / 255.0;
            let exact = if unit <= 0.04045 { unit / 12.92 } else { ((unit + 0.055) / 1.055).powf(2.4) };
            assert!((exact * 65_535.0 - f64::from(light)).abs() <= 0.5001, "{value}");
        }
    }

    #[test]
    fn colours_over_their_alpha_stay_in_range() {
        assert_eq!(straight([65_535, 300, 0, 257]), [255, 255, 0, 1]);
        assert_eq!(straight([65_535; 4]), [255; 4]);
    }
}
