//! Keys of every kind, with a password and without.

use pkcs8::pkcs5::pbes2::{EncryptionScheme as Cipher, Parameters, Pbkdf2Params, Pbkdf2Prf, ScryptParams};

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

/// A PEM file may ask for more than anybody waits for.
#[test]
fn what_a_password_costs_is_bounded() {
    let message = |kdf: Kdf<'_>| {
        let encryption = Cipher::Aes256Cbc { iv: &[7; 16] };
        let encryption_algorithm = EncryptionScheme::Pbes2(Parameters { kdf, encryption });
        let info = EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data: &[7; 64] };
        let document = SecretDocument::try_from(&info).unwrap();
        let pem = document.to_pem(EncryptedPrivateKeyInfo::PEM_LABEL, LineEnding::LF).unwrap();
        let parsed = parse(pem.as_bytes(), "key", || Ok(Zeroizing::new("x".to_owned())));
        parsed.err().unwrap().to_string()
    };
    let pbkdf2 = |iteration_count| {
        let prf = Pbkdf2Prf::HmacWithSha256;
        message(Kdf::Pbkdf2(Pbkdf2Params { salt: b"salt", iteration_count, key_length: None, prf }))
    };
    assert!(pbkdf2(1).contains("the password of key is wrong"));
    assert!(pbkdf2(0).contains("hashed 0 times; 1 to 10000000 are allowed"));
    assert!(pbkdf2(10_000_001).contains("hashed 10000001 times"));
    let scrypt = |cost_parameter, block_size, parallelization| {
        let salt = b"salt";
        message(Kdf::Scrypt(ScryptParams {
            salt,
            cost_parameter,
            block_size,
            parallelization,
            key_length: None,
        }))
    };
    assert!(scrypt(2, 1, 1).contains("the password of key is wrong"));
    for (cost, block, lanes) in [
        (0, 8, 1),
        (1, 8, 1),
        (1 << 14, 0, 1),
        (1 << 14, 8, 0),
        (1 << 20, 8, 2),
        (1 << 62, 8, 1),
        (1 << 14, u16::MAX, u16::MAX),
    ] {
        let found = scrypt(cost, block, lanes);
        assert!(found.contains(&format!("N = {cost}, r = {block}, p = {lanes}")), "{found}");
    }
}
