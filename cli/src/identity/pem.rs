//! Keys in PEM: Ed25519, secp256k1 and prime256v1, as PKCS#8 or SEC1, with a password as PKCS#8 alone.

use std::path::Path;
use std::sync::Arc;

use ic_agent::Identity;
use ic_agent::identity::{BasicIdentity, Prime256v1Identity, Secp256k1Identity};
use pkcs8::der::pem::PemLabel;
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding, PrivateKeyInfo, SecretDocument};
use zeroize::Zeroizing;

use super::password;
use crate::error::{Error, Result};

/// The identity of a file.
pub(super) fn read(path: &Path, password_file: Option<&Path>) -> Result<Arc<dyn Identity>> {
    let shown = path.display().to_string();
    let pem = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
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

#[cfg(test)]
mod tests;
