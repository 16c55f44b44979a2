//! A key as dfx encrypts it.

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/identities/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn a_key_with_a_password_is_read() {
    let config: Config = serde_json::from_slice(&fixture("dfx-identity.json")).unwrap();
    let encryption = config.encryption.unwrap();
    let bytes = fixture("dfx-identity.pem.encrypted");
    let text = decrypt(&bytes, &encryption, "correct-horse").unwrap();
    assert_eq!(*text, fixture("secp256k1.pem"));
    assert!(decrypt(&bytes, &encryption, "wrong").is_none());
}
