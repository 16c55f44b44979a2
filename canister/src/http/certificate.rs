//! The header `IC-Certificate`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ic_certification::HashTree;
use serde::Serialize;

/// The tag by which CBOR describes itself (RFC 8949, section 3.4.6).
const SELF_DESCRIBED: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// The header's value: the network's certificate, the tree that it certifies, and where in it the answer is.
pub(super) fn header(certificate: &[u8], tree: &HashTree, path: &[&str]) -> String {
    format!(
        "certificate=:{}:, tree=:{}:, expr_path=:{}:, version=2",
        STANDARD.encode(certificate),
        STANDARD.encode(cbor(tree)),
        STANDARD.encode(cbor(path)),
    )
}

fn cbor<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = SELF_DESCRIBED.to_vec();
    // Writing to a vector cannot fail, and CBOR has all types that are written here; without its proof the answer would
    // be refused by gateways, which is what half a proof would come to.
    if ciborium::into_writer(value, &mut bytes).is_err() {
        bytes.clear();
    }
    bytes
}
