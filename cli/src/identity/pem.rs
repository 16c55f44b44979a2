//! Keys in PEM: Ed25519, secp256k1 and prime256v1, as PKCS#8 or SEC1, with a password as PKCS#8 alone.

use std::path::Path;
use std::sync::Arc;

use ic_agent::Identity;
use ic_agent::identity::{BasicIdentity, Prime256v1Identity, Secp256k1Identity};
use pkcs8::der::pem::PemLabel;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding, PrivateKeyInfo, SecretDocument};
use zeroize::Zeroizing;

use super::password;
use crate::error::{Error, Result};
use crate::short_file;

/// The most iterations of PBKDF2: some seconds. NIST SP 800-132 names 10,000,000 for the most critical keys.
const MAX_ITERATIONS: u32 = 10_000_000;

/// The most blocks of 128 bytes that scrypt goes through: N times r times p. At most 1 GiB, eight times what icp asks for.
const MAX_BLOCKS: u64 = 1 << 23;

/// The identity of a file.
pub(super) fn read(path: &Path, password_file: Option<&Path>) -> Result<Arc<dyn Identity>> {
    let shown = path.display().to_string();
    let pem = short_file::bytes(path).map_err(|error| {
        Error::Usage(format!(
            "cannot read the identity {shown}: {error}; --identity takes a PEM file, or the name of an identity of icp \
             or dfx"
        ))
    })?;
    parse(&pem, &shown, || password::get(&shown, password_file))
}

/// The identity in a PEM text; `shown` is what errors call it.
pub(super) fn parse(
    pem: &[u8],
    shown: &str,
    password: impl FnOnce() -> Result<Zeroizing<String>>,
) -> Result<Arc<dyn Identity>> {
    let unfit = |reason: &str| Error::Usage(format!("{shown} is not an identity: {reason}"));
    let text = Zeroizing::new(String::from_utf8_lossy(pem).into_owned());
    if !text.contains("-----BEGIN") {
        return Err(unfit("it is not a PEM file"));
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(unfit(
            "it is encrypted in an old way; `openssl pkcs8 -topk8 -in OLD.pem -out NEW.pem` makes one that is read",
        ));
    }
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return decrypt(&text, shown, &password()?).and_then(|pem| plain(&pem, unfit));
    }
    plain(&text, unfit)
}

fn plain(text: &str, unfit: impl Fn(&str) -> Error) -> Result<Arc<dyn Identity>> {
    if !text.contains("PRIVATE KEY-----") {
        return Err(unfit("it has no private key; an Ed25519, secp256k1 or prime256v1 key is needed"));
    }
    if let Ok(identity) = BasicIdentity::from_pem(text) {
        return Ok(Arc::new(identity));
    }
    if let Ok(identity) = Secp256k1Identity::from_pem(text) {
        return Ok(Arc::new(identity));
    }
    match Prime256v1Identity::from_pem(text) {
        Ok(identity) => Ok(Arc::new(identity)),
        Err(_) => Err(unfit("the key in it is damaged, or not Ed25519, secp256k1 or prime256v1")),
    }
}

/// The same key as a PEM text without a password.
fn decrypt(text: &str, shown: &str, password: &str) -> Result<Zeroizing<String>> {
    let damaged = || Error::Usage(format!("{shown} is not an identity: it is damaged"));
    // Only what stands between the two lines; texts may have other things around them.
    let begin = text.find("-----BEGIN ENCRYPTED").unwrap_or_default();
    let (label, document) = SecretDocument::from_pem(&text[begin..]).map_err(|_| damaged())?;
    EncryptedPrivateKeyInfo::validate_pem_label(label).map_err(|_| damaged())?;
    let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes()).map_err(|_| damaged())?;
    check_cost(&encrypted).map_err(|reason| Error::Usage(format!("{shown} is not an identity: {reason}")))?;
    let decrypted = encrypted.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            Error::Usage(format!(
                "{shown} is not an identity: it is encrypted with {oid}; allowed are PBES2 with PBKDF2 or scrypt, and AES"
            ))
        }
        _ => password::wrong(shown),
    })?;
    decrypted.to_pem(PrivateKeyInfo::PEM_LABEL, LineEnding::LF).map_err(|_| damaged())
}

/// Refuses what a file asks to be spent on its password where no tool asks for as much: it could stand for hours, or
/// take all memory there is.
fn check_cost(encrypted: &EncryptedPrivateKeyInfo<'_>) -> Result<(), String> {
    let EncryptionScheme::Pbes2(parameters) = &encrypted.encryption_algorithm else { return Ok(()) };
    match &parameters.kdf {
        Kdf::Pbkdf2(kdf) if !(1..=MAX_ITERATIONS).contains(&kdf.iteration_count) => Err(format!(
            "its password is to be hashed {} times; 1 to {MAX_ITERATIONS} are allowed",
            kdf.iteration_count
        )),
        Kdf::Scrypt(kdf) => {
            let [block, lanes] = [kdf.block_size, kdf.parallelization].map(u64::from);
            let blocks = kdf.cost_parameter.saturating_mul(block).saturating_mul(lanes);
            let fits = kdf.cost_parameter > 1 && (1..=MAX_BLOCKS).contains(&blocks);
            fits.then_some(()).ok_or_else(|| {
                format!(
                    "its password is to be hashed by scrypt with N = {}, r = {block}, p = {lanes}; N of at least 2 and a \
                     product of at most {MAX_BLOCKS} are allowed",
                    kdf.cost_parameter
                )
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
