//! Against `sha2`: digests, splits, saved states in both directions.

use proptest::prelude::*;
use sha2::Sha256;

use super::*;

/// Bytes without a pattern.
fn noise(len: usize) -> Vec<u8> {
    let mut x = 1u64;
    let mut next = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        x.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

fn reference(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

#[test]
fn wrong_states_are_refused() {
    let saved = RollingSha256::default().save();
    assert_eq!(saved.len(), 104);
    assert!(RollingSha256::restore(&saved[1..]).is_err());
    assert!(RollingSha256::restore(&[]).is_err());
    assert!(RollingSha256::restore(&[0xff; 104]).is_err());
}

#[test]
fn every_length_with_every_start() {
    let bytes = noise(300 + 130);
    for len in 0..=300 {
        assert_eq!(Digest::of(&bytes[..len]), reference(&bytes[..len]), "{len} bytes");
        for before in [0, 1, 55, 56, 63, 64, 65, 128, 130] {
            let mut hash = RollingSha256::default();
            hash.update(&bytes[..before]);
            let alone = hash.digest_and_update(&bytes[before..before + len]);
            assert_eq!(alone, reference(&bytes[before..before + len]), "{len} bytes after {before}");
            assert_eq!(hash.finish(), reference(&bytes[..before + len]), "{before} and {len} bytes");
        }
    }
}

#[test]
fn messages_of_every_length_beside_each_other() {
    let bytes = noise(1000);
    for count in 0..9 {
        for len in (0..=130).chain([700, 860]) {
            // One, the same again, and others that end in another block.
            let messages: Vec<&[u8]> = (0..count).map(|n| &bytes[n..n + len + n / 2 * 31]).collect();
            let expected: Vec<_> = messages.iter().map(|message| reference(message)).collect();
            assert_eq!(digest_each(&messages), expected, "{count} messages from {len} bytes on");
        }
    }
}

proptest! {
    #[test]
    fn messages_beside_each_other_are_hashed_as_each_alone(messages: Vec<Vec<u8>>) {
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let expected: Vec<_> = messages.iter().map(|message| reference(message)).collect();
        prop_assert_eq!(digest_each(&messages), expected);
    }

    #[test]
    fn any_split_gives_the_same_digest(pieces: Vec<Vec<u8>>) {
        let mut hash = RollingSha256::default();
        for piece in &pieces {
            hash.update(piece);
            hash = RollingSha256::restore(&hash.save()).unwrap();
        }
        prop_assert_eq!(hash.finish(), Digest::of(&pieces.concat()));
    }

    /// A session goes on with what `sha2` saved, and `sha2` with what a session saved.
    #[test]
    fn saved_states_are_those_of_sha2(before in 0usize..2000, len in 0usize..2000, after in 0usize..2000) {
        let bytes = noise(before + len + after);
        let (first, rest) = bytes.split_at(before);
        let (middle, last) = rest.split_at(len);

        let theirs = Sha256::new_with_prefix(first).serialize();
        let mut ours = RollingSha256::restore(&theirs).unwrap();
        prop_assert_eq!(ours.digest_and_update(middle), reference(middle));
        let saved = ours.save();
        prop_assert_eq!(&saved[..], &Sha256::new_with_prefix(&bytes[..before + len]).serialize()[..]);

        let state = SerializedState::<Sha256>::try_from(&saved[..]).unwrap();
        let mut theirs = Sha256::deserialize(&state).unwrap();
        theirs.update(last);
        prop_assert_eq!(Digest(theirs.finalize().into()), reference(&bytes));
    }
}
