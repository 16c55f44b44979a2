//! Print colours as screen colours, plainly, where no profile says better (see [`icc`](crate::icc)).

/// Cyan, magenta, yellow and black ink, 0 for none, as red, green, blue.
pub(crate) fn to_rgb(inks: &[u8]) -> Vec<u8> {
    inks.as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&[cyan, magenta, yellow, black]| {
            [cyan, magenta, yellow].map(|ink| light(255 - ink, 255 - black))
        })
        .collect()
}

/// `color * white / 255`, rounded to nearest.
#[expect(clippy::cast_possible_truncation, reason = "the product of two bytes divided by 255 is a byte")]
fn light(color: u8, white: u8) -> u8 {
    ((u32::from(color) * u32::from(white) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    #[test]
    fn inks_take_light_away() {
        let inks = [0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 128, 255, 128];
        assert_eq!(super::to_rgb(&inks), [255, 255, 255, 0, 255, 255, 0, 0, 0, 127, 63, 0]);
    }
}
