//! Reading what a canister answers. It may be made to be expensive: a few bytes of Candid can stand for any number of values
//! that take no bytes, in fields that nobody reads.

use candid::utils::decode_one_with_config;
use candid::{CandidType, DecoderConfig};
use serde::de::DeserializeOwned;

/// What may be spent beside what the length allows: on types, and on short answers. In the units of the library, of which a
/// value takes a few, and its bytes one each.
const SPARE: usize = 1_000_000;

/// What is skipped, in fields that a newer canister has, costs this many times as much.
const SKIPPED: usize = 50;

/// Reads an answer: the first value, by a type that may have fewer fields than the canister's.
///
/// What that takes in time and memory is in proportion to the length of the answer, whatever is in it.
///
/// # Errors
/// For what is no such value, and for what would cost more than its length allows.
pub fn read_answer<T: CandidType + DeserializeOwned>(bytes: &[u8]) -> candid::Result<T> {
    let mut config = DecoderConfig::new();
    let skipped = bytes.len() + SPARE / SKIPPED;
    config.set_skipping_quota(skipped).set_decoding_quota((8 + SKIPPED) * bytes.len() + 2 * SPARE);
    decode_one_with_config(bytes, &config)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use candid::Encode;

    use super::*;
    use crate::{Asset, Freed, Item, ItemPage, Result, Visibility};

    /// As a canister that knows more says what has been freed.
    #[derive(CandidType)]
    struct Grown<T> {
        bytes: u64,
        more: Vec<T>,
    }

    #[test]
    fn fields_that_are_not_known_are_skipped() {
        for more in [0, 1_000, 1_000_000] {
            let answer = Encode!(&Grown { bytes: 7, more: vec![1u8; more] }).unwrap();
            assert_eq!(read_answer::<Freed>(&answer).unwrap(), Freed { bytes: 7 });
        }
    }

    /// Billions of values in some bytes: found by the fuzz target `gateway`.
    #[test]
    fn an_answer_costs_what_its_length_allows() {
        let mut answer = Encode!(&Grown { bytes: 7, more: vec![(); 0x7f] }).unwrap();
        assert!(read_answer::<Freed>(&answer).is_ok());
        // The number of values stands before them, in LEB128, and fields stand in the order of their hashes.
        let at = answer.iter().rposition(|byte| *byte == 0x7f).unwrap();
        answer.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0x7f]);
        let error = format!("{:?}", read_answer::<Freed>(&answer).unwrap_err());
        assert!(error.contains("exceeds the limit"), "{error}");
    }

    #[test]
    fn the_longest_pages_are_read() {
        let asset = Asset {
            name: "preview".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size: 1,
            sha256: [1; 32].into(),
            width: Some(1),
            height: Some(1),
            chunks: 1,
            chunk_size: 1,
            provenance: "uploaded".to_owned(),
            recipe: None,
        };
        let item = Item {
            id: "cbonwy6wynhnhbqe".to_owned(),
            owner: candid::Principal::anonymous(),
            pipeline: "photo".to_owned(),
            file_name: "a".to_owned(),
            visibility: Visibility::Public,
            state: "published".to_owned(),
            created_at: 1,
            published_at: Some(1),
            assets: vec![asset; 60],
            stages: Vec::new(),
            revision: None,
            revises: None,
        };
        let page: Result<ItemPage> = Ok(ItemPage { items: vec![item; 250], next: None });
        let answer = Encode!(&page).unwrap();
        assert!(answer.len() > 1_300_000, "{}", answer.len());
        assert_eq!(read_answer::<Result<ItemPage>>(&answer).unwrap(), page);
    }
}
