//! The generated photos: what they promise to those who test with them.

use darkroom_codec::testing::photo;
use darkroom_core::Digest;

#[test]
fn photos_weigh_what_they_should() {
    let per_thousand = |quality| photo(1250, 1000, quality, 1).len() / 1250;
    assert!((600..700).contains(&per_thousand(95)));
    assert!((950..1050).contains(&per_thousand(99)));
}

#[test]
fn photos_depend_on_their_seed_alone() {
    assert_eq!(photo(64, 48, 90, 1), photo(64, 48, 90, 1));
    assert_ne!(photo(64, 48, 90, 1), photo(64, 48, 90, 2));
    let digest = Digest::of(&photo(64, 48, 90, 1)).to_string();
    assert_eq!(digest, "14ba589a4f33d5878e5829991c398fa82b91b479ead6e69a349546fef007cde3");
}
