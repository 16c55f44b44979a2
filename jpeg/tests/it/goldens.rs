//! The bytes that decoding gives, on every machine.

use darkroom_jpeg::{Decoder, Limits, Scale};
use sha2::{Digest, Sha256};

use crate::support::{Form, Picture, encode};

/// A digest of the sizes and pixels at all scales.
fn digest(bytes: &[u8]) -> String {
    let decoder = Decoder::new(bytes, &Limits::default()).unwrap();
    let mut hash = Sha256::new();
    for scale in Scale::ALL {
        let image = decoder.decode(scale).unwrap();
        hash.update(image.width.to_le_bytes());
        hash.update(image.height.to_le_bytes());
        hash.update(&image.pixels);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A name, sampling factors, a form and the digest.
type Case = (&'static str, &'static [(usize, usize)], Form, &'static str);

#[test]
fn pixels_are_the_same_everywhere() {
    let cases: [Case; 9] = [
        ("grey", &[(1, 1)], Form::baseline(1), "cf1c29e2e5798743"),
        ("4:4:4", &[(1, 1); 3], Form::baseline(3), "ca0d7f7f15296f90"),
        ("4:2:2", &[(2, 1), (1, 1), (1, 1)], Form::baseline(3), "ebd3fc3554a98293"),
        ("4:2:0", &[(2, 2), (1, 1), (1, 1)], Form::baseline(3), "3532fa7d2aa0a5ec"),
        ("4:4:0", &[(1, 2), (1, 1), (1, 1)], Form::progressive(3), "33df02bcc82b4eb3"),
        ("4:1:1", &[(4, 1), (1, 1), (1, 1)], Form::separate(3), "858369846e5295b9"),
        (
            "fractions",
            &[(3, 2), (2, 1), (1, 1)],
            Form { restart: 3, ..Form::baseline(3) },
            "f47d115fac27b3d2",
        ),
        ("RGB", &[(1, 1); 3], Form { adobe: Some(0), ..Form::bands(3) }, "6945f67c7b593a8d"),
        (
            "YCCK",
            &[(2, 2), (1, 1), (1, 1), (2, 2)],
            Form { adobe: Some(2), ..Form::progressive(4) },
            "08915fa46ec5cc9d",
        ),
    ];
    let found: Vec<(&str, String)> = cases
        .iter()
        .map(|(name, sampling, form, _)| {
            let picture = Picture::random(131, 77, sampling, 24, 2026);
            (*name, digest(&encode(&picture, form)))
        })
        .collect();
    let expected: Vec<(&str, String)> = cases.iter().map(|case| (case.0, case.3.to_owned())).collect();
    assert_eq!(found, expected);
}
