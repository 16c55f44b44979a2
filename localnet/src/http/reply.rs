//! Decoding what a canister replied. It may be made to be expensive: a few bytes of Candid can stand for any number
//! of values, so what decoding may cost is bounded by the length.

use candid::{CandidType, DecoderConfig, IDLArgs};
use serde::de::DeserializeOwned;

/// What may be spent beyond the length, on headers and on types; and on fields that nobody reads.
const SPARE: usize = 1_000_000;
const SKIPPED: usize = 200_000;

fn config(bytes: &[u8]) -> DecoderConfig {
    let mut config = DecoderConfig::new();
    config.set_decoding_quota(bytes.len() + SPARE);
    // The full message repeats the reply.
    config.set_full_error_message(false);
    config
}

/// What is skipped, or read without its type being known, costs this many times as much.
const UNTYPED: usize = 50;

/// The first value, as a `T`.
pub(super) fn decode<T: CandidType + DeserializeOwned>(bytes: &[u8]) -> Result<T, candid::Error> {
    let mut config = config(bytes);
    config.set_skipping_quota(SKIPPED).set_decoding_quota(bytes.len() + SPARE + UNTYPED * SKIPPED);
    candid::utils::decode_one_with_config(bytes, &config)
}

/// All values, of whatever types they are.
pub(super) fn values(bytes: &[u8]) -> Result<IDLArgs, candid::Error> {
    let mut config = config(bytes);
    config.set_decoding_quota(UNTYPED * bytes.len() + SPARE);
    IDLArgs::from_bytes_with_config(bytes, &config)
}
