//! Transforms against numbers worked out otherwise.

use super::{Transform, inks_to_srgb, to_srgb};
use crate::testing::{linear_grey_profile, press_profile, srgb_profile, turned_profile, wide_profile};

fn rgb(profile: &[u8], color: [u8; 3]) -> [u8; 3] {
    let mut data = color;
    to_srgb(Some(profile), &mut data, 3, false);
    data
}

#[test]
fn srgb_is_left_alone() {
    assert!(Transform::read(&srgb_profile()).is_none());
    assert_eq!(rgb(&srgb_profile(), [1, 77, 250]), [1, 77, 250]);
}

/// Against LittleCMS 2 with the same profile.
#[test]
fn a_wider_space_is_brought_in() {
    let wide = wide_profile();
    for (from, to) in [
        ([0, 0, 0], [0, 0, 0]),
        ([255, 255, 255], [255, 255, 255]),
        ([128, 128, 128], [129, 129, 129]),
        ([200, 100, 50], [227, 100, 42]),
        ([0, 255, 0], [0, 255, 0]),
        ([60, 60, 200], [57, 57, 205]),
    ] {
        let found = rgb(&wide, from);
        assert!(
            found.iter().zip(to).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 1),
            "{from:?}: {found:?} for {to:?}"
        );
    }
}

#[test]
fn alpha_stays_and_grey_profiles_count_for_grey_only() {
    let mut data = [10, 10, 10, 99, 128, 128, 128, 0];
    to_srgb(Some(&linear_grey_profile()), &mut data, 4, false);
    assert_eq!(data, [10, 10, 10, 99, 128, 128, 128, 0]);
    to_srgb(Some(&linear_grey_profile()), &mut data, 4, true);
    // By the formula of IEC 61966-2-1.
    assert_eq!(data, [56, 56, 56, 99, 188, 188, 188, 0]);
}

#[test]
fn a_table_with_curves_and_a_matrix_turns_the_channels() {
    let turned = turned_profile();
    for (from, to) in [([255, 0, 0], [0, 255, 0]), ([0, 255, 0], [0, 0, 255]), ([0, 0, 255], [255, 0, 0])] {
        let found = rgb(&turned, from);
        assert!(found.iter().zip(to).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 1), "{from:?}: {found:?}");
    }
    assert_eq!(rgb(&turned, [255, 255, 255]), [255, 255, 255]);
}

#[test]
fn inks_follow_the_table() {
    let press = press_profile();
    let inks = |inks: [u8; 4]| {
        let data = inks_to_srgb(Some(&press), &inks);
        [data[0], data[1], data[2]]
    };
    // Paper: L 250/255, a and b 0.
    assert_eq!(inks([0, 0, 0, 0]), [249, 249, 249]);
    let [red, green, blue] = inks([0, 255, 255, 0]);
    assert!(red > 150 && green < 90 && blue < 90, "{red} {green} {blue}");
    let [red, green, blue] = inks([255, 0, 0, 0]);
    assert!(red < 90 && green > 100 && blue > 120, "{red} {green} {blue}");
    // Between two nodes lies the middle of them.
    let (half, dark, light) = (inks([0, 0, 0, 64])[0], inks([0, 0, 0, 128])[0], inks([0, 0, 0, 0])[0]);
    assert!(half.abs_diff(dark.midpoint(light)) <= 1, "{light} {half} {dark}");
}

#[test]
fn a_profile_of_another_kind_or_broken_is_ignored() {
    let plain = inks_to_srgb(None, &[10, 20, 30, 40]);
    assert_eq!(inks_to_srgb(Some(&wide_profile()), &[10, 20, 30, 40]), plain);
    assert_eq!(rgb(&press_profile(), [1, 2, 3]), [1, 2, 3]);
    for profile in [wide_profile(), turned_profile(), press_profile(), linear_grey_profile()] {
        for cut in 0..profile.len() {
            // Either is right, a panic is not; what is left of a curve may do.
            let _: Option<Transform> = Transform::read(&profile[..cut]);
        }
        for at in 0..profile.len().min(600) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = profile.clone();
                changed[at] = value;
                if let Some(Transform::Matrix(matrix)) = Transform::read(&changed) {
                    matrix.at([255, 0, 255]);
                    matrix.at([0, 255, 0]);
                }
            }
        }
    }
}
