//! Candid messages, without what the library does of each message anew: it builds the types of arguments and answers,
//! and compares them, for more instructions than most calls take otherwise.
//!
//! Arguments whose types are plainly those that are expected are read here; all others, such as those of newer or older
//! clients, by the library, which also says what is wrong with them. Of an answer the values are written by the library,
//! and its types once.

mod read;
#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeMap;

use candid::ser::{IDLBuilder, ValueSerializer};
use candid::utils::decode_one_with_config;
use candid::{CandidType, DecoderConfig};
use darkroom_api::HttpResponse;
use serde::de::DeserializeOwned;

thread_local! {
    /// What stands before the values of an answer, for each type. What a query adds here is gone with it.
    static HEADS: RefCell<BTreeMap<TypeId, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Reads the argument of a call. Traps where it is no such argument.
pub(crate) fn decode<T: CandidType + DeserializeOwned>(bytes: Vec<u8>) -> T {
    if let Some(value) = read::read(&bytes) {
        return value;
    }
    let mut config = DecoderConfig::new();
    config.set_skipping_quota(10_000);
    decode_one_with_config(&bytes, &config)
        .unwrap_or_else(|error| ic_cdk::trap(format!("invalid argument: {error}")))
}

/// What the reader here makes of an argument, without the library.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_plain<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    read::read(bytes)
}

/// Writes an answer.
pub(crate) fn encode<T: CandidType + 'static>(answer: T) -> Vec<u8> {
    let (head, values) = written(&answer);
    [head.as_slice(), values.get_result()].concat()
}

/// Writes an answer to a gateway, of which all but the body is given, piece by piece.
pub(crate) fn encode_http(
    answer: &HttpResponse,
    length: u64,
    body: impl FnOnce(&mut dyn FnMut(&[u8])),
    append: &mut dyn FnMut(&[u8]),
) {
    let (mut first, values) = written(answer);
    // The fields of a record are in the order of their hashes, in which the body is first: here an empty one.
    let mut rest = length;
    while rest >= 0x80 {
        first.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    first.push(rest.to_le_bytes()[0]);
    append(&first);
    body(append);
    append(&values.get_result()[1..]);
}

/// Makes what stands before the values of an answer to a gateway, so that queries find it.
pub(crate) fn prepare() {
    let answer =
        HttpResponse { status_code: 200, headers: Vec::new(), body: Vec::new().into(), upgrade: None };
    encode(answer);
}

/// What stands before an answer's values, and these.
fn written<T: CandidType + 'static>(answer: &T) -> (Vec<u8>, ValueSerializer) {
    let mut values = ValueSerializer::new();
    let head = answer.idl_serialize(&mut values).and_then(|()| head(answer, values.get_result().len()));
    let head = head.unwrap_or_else(|error| ic_cdk::trap(format!("an answer cannot be encoded: {error}")));
    (head, values)
}

/// What stands before the values of a type, of which one takes so many bytes.
fn head<T: CandidType + 'static>(answer: &T, values: usize) -> candid::Result<Vec<u8>> {
    let key = TypeId::of::<T>();
    if let Some(head) = HEADS.with_borrow(|heads| heads.get(&key).cloned()) {
        return Ok(head);
    }
    let mut head = IDLBuilder::new().arg(answer)?.serialize_to_vec()?;
    head.truncate(head.len() - values);
    HEADS.with_borrow_mut(|heads| heads.insert(key, head.clone()));
    Ok(head)
}
