//! Keys of every kind, with a password and without.

use super::*;

const PASSWORD: &str = "correct-horse";
const ED25519: &str = "e3lqr-hghhh-4opso-ucqp5-gd5cf-mstm6-5fmle-ikuvw-3kofr-cfnes-qae";
const SECP256K1: &str = "rlevm-v6fmd-qku6w-vbd2l-53u5y-2vd2o-5jixc-gn47h-xhmra-bymmg-qae";
const PRIME256V1: &str = "ov3vi-xpf4v-j7npy-jsvpl-pj2pz-g4kcf-3kyps-octsw-ptiml-op6k7-eqe";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/identities/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sender(name: &str, password: &str) -> Result<String> {
    let identity = parse(&fixture(name), name, || Ok(Zeroizing::new(password.to_owned())))?;
    Ok(identity.sender().unwrap().to_text())
}

#[test]
fn every_kind_of_key_gives_the_principal_that_icp_sees() {
    for (name, principal) in [
        ("ed25519.pem", ED25519),
        ("ed25519-pbkdf2.pem", ED25519),
        ("secp256k1.pem", SECP256K1),
        ("secp256k1-pkcs8.pem", SECP256K1),
        ("secp256k1-pbkdf2.pem", SECP256K1),
        ("secp256k1-scrypt.pem", SECP256K1),
        ("prime256v1.pem", PRIME256V1),
        ("prime256v1-pkcs8.pem", PRIME256V1),
        ("prime256v1-pbkdf2.pem", PRIME256V1),
    ] {
        assert_eq!(sender(name, PASSWORD).unwrap(), principal, "{name}");
    }
}

#[test]
fn a_wrong_password_is_told_from_other_things() {
    let message = |name| sender(name, "wrong").unwrap_err().to_string();
    assert!(message("ed25519-pbkdf2.pem").contains("the password of ed25519-pbkdf2.pem is wrong"));
    assert!(message("old.pem").contains("openssl pkcs8 -topk8"));
    let unasked = parse(&fixture("ed25519.pem"), "key", || panic!("it has no password"));
    assert!(unasked.is_ok());
}

#[test]
fn wrong_files_are_told_apart() {
    let message = |text: &str| {
        let parsed = parse(text.as_bytes(), "key", || Ok(Zeroizing::new(String::new())));
        parsed.err().unwrap().to_string()
    };
    assert!(message("hello").contains("not a PEM"));
    assert!(message("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").contains("damaged"));
    assert!(message("-----BEGIN CERTIFICATE-----\n").contains("no private key"));
    let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(message(damaged).contains("damaged"));
}

#[test]
fn no_error_shows_a_key() {
    let pem = String::from_utf8(fixture("secp256k1.pem")).unwrap();
    let body = pem.lines().nth(1).unwrap();
    let message = parse(pem.replace('=', "").as_bytes(), "key", || unreachable!()).err().unwrap().to_string();
    assert!(!message.contains(body) && !message.contains(&body[..16]), "{message}");
}

/// A PEM file may ask for more than anybody waits for: the numbers in it are put in place of those that are there.
#[test]
fn what_a_password_costs_is_bounded() {
    let message = |name: &str, from: &[u8], to: &[u8]| {
        let text = String::from_utf8(fixture(name)).unwrap();
        let (label, document) = SecretDocument::from_pem(&text).unwrap();
        let bytes = document.as_bytes();
        let at = bytes.windows(from.len()).position(|part| part == from).unwrap();
        let changed = [&bytes[..at], to, &bytes[at + from.len()..]].concat();
        let pem = pkcs8::der::pem::encode_string(label, LineEnding::LF, &changed).unwrap();
        let parsed = parse(pem.as_bytes(), "key", || Ok(Zeroizing::new("x".to_owned())));
        parsed.err().unwrap().to_string()
    };
    // 2,048 iterations as OpenSSL writes them; N = 16,384, r = 8, p = 1.
    let (pbkdf2, scrypt) = ([2, 2, 8, 0], [2, 2, 0x40, 0, 2, 1, 8, 2, 1, 1]);
    assert!(message("ed25519-pbkdf2.pem", &pbkdf2, &[2, 2, 8, 1]).contains("the password"));
    assert!(message("ed25519-pbkdf2.pem", &pbkdf2, &[2, 2, 0, 0]).contains("hashed 0 times"));
    for (to, found) in [
        ([2, 2, 0x40, 0, 2, 1, 127, 2, 1, 127], "N = 16384, r = 127, p = 127"),
        ([2, 2, 0, 0, 2, 1, 8, 2, 1, 1], "N = 0"),
        ([2, 2, 0, 1, 2, 1, 8, 2, 1, 1], "N = 1"),
        ([2, 2, 0x40, 0, 2, 1, 0, 2, 1, 1], "r = 0"),
    ] {
        let message = message("secp256k1-scrypt.pem", &scrypt, &to);
        assert!(message.contains(found) || message.contains("damaged"), "{message}");
    }
}
