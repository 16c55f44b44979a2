//! Arguments: what is read by the canister's own reader is what the library reads.

use std::fmt::Debug;

use candid::utils::decode_one_with_config;
use candid::{CandidType, DecoderConfig};
use darkroom_api as api;
use serde::de::DeserializeOwned;

use crate::idl;

/// The first byte picks an endpoint, the rest is its argument.
///
/// # Panics
/// When reading does, or when both ways differ.
pub fn candid_args(data: &[u8]) {
    let Some((pick, bytes)) = data.split_first() else { return };
    match pick % 18 {
        0 => both::<api::BeginUpload>(bytes),
        1 => both::<api::PutChunk>(bytes),
        2 => both::<api::UploadWhole>(bytes),
        3 => both::<api::PutAssets>(bytes),
        4 => both::<api::BeginAsset>(bytes),
        5 => both::<u64>(bytes),
        6 => both::<String>(bytes),
        7 => both::<api::HttpRequest>(bytes),
        8 => drop(library::<api::FailStages>(bytes)),
        9 => drop(library::<api::Reprocess>(bytes)),
        10 => drop(library::<api::CreateToken>(bytes)),
        11 => drop(library::<api::ListTokens>(bytes)),
        12 => drop(library::<api::InitArgs>(bytes)),
        13 => drop(library::<Option<api::InitArgs>>(bytes)),
        14 => drop(library::<api::ListItems>(bytes)),
        15 => drop(library::<Vec<String>>(bytes)),
        16 => drop(library::<api::GetChunk>(bytes)),
        // Records in records, of everything that is plain.
        _ => both::<Vec<api::PutAsset>>(bytes),
    }
}

/// As the endpoints of `idl` read their argument.
fn both<T: CandidType + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    let own = idl::plain::<T>(bytes);
    let library = library::<T>(bytes);
    if let Some(own) = own {
        let library = library.as_ref().expect("what is read here, the library reads");
        assert_eq!(&own, library);
    }
    if let Some(value) = &library {
        // A plain message of it is read here.
        let plain = candid::encode_one(value).expect("a value is written");
        assert_eq!(idl::plain::<T>(&plain).as_ref(), Some(value));
    }
}

/// As all others read it.
fn library<T: CandidType + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let mut config = DecoderConfig::new();
    config.set_skipping_quota(10_000);
    let value: T = decode_one_with_config(bytes, &config).ok()?;
    let again = candid::encode_one(&value).expect("a value is written");
    let read: T = candid::decode_one(&again).expect("what was written is read");
    assert_eq!(read, value);
    Some(value)
}
