//! Identities of dfx: a folder for each, and the selected one.
//!
//! ```text
//! identity.json                             the selected one
//! identity/<name>/identity.pem              its key
//! identity/<name>/identity.pem.encrypted    its key, with a password
//! identity/<name>/identity.json             how the password is used, or that the key is elsewhere
//! ```
//!
//! With a password, the PEM text is encrypted as a whole: AES-256-GCM, with a key made by Argon2id (64,000 KiB, 3
//! passes, 1 lane) of the password and a salt.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use ic_agent::Identity;
use ic_agent::identity::AnonymousIdentity;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{ANONYMOUS, home, json, password, pem};
use crate::error::{Error, Result};
use crate::{short_file, suggest};

#[derive(Deserialize)]
struct Selected {
    default: String,
}

#[derive(Default, Deserialize)]
struct Config {
    hsm: Option<serde_json::Value>,
    encryption: Option<Encryption>,
    keyring_identity_suffix: Option<String>,
}

#[derive(Deserialize)]
struct Encryption {
    pw_salt: String,
    file_nonce: Vec<u8>,
}

/// Names of all.
pub(super) fn names() -> Result<Vec<String>> {
    let Some(folder) = folder().map(|folder| folder.join("identity")) else { return Ok(Vec::new()) };
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    Ok(folders.filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

/// The selected one, if dfx has been used.
pub(super) fn selected() -> Result<Option<String>> {
    let Some(path) = folder().map(|folder| folder.join("identity.json")) else { return Ok(None) };
    Ok(json::<Selected>(&path)?.map(|selected| selected.default))
}

pub(super) fn load(name: &str, password_file: Option<&Path>) -> Result<Arc<dyn Identity>> {
    if name == ANONYMOUS {
        return Ok(Arc::new(AnonymousIdentity));
    }
    let folder = folder().unwrap_or_default().join("identity").join(name);
    if !folder.is_dir() {
        let known = suggest::known(name, names()?);
        return Err(Error::Usage(format!("dfx has no identity `{name}`; {known}")));
    }
    let config: Config = json(&folder.join("identity.json"))?.unwrap_or_default();
    if config.hsm.is_some() {
        return Err(Error::Usage(format!(
            "the identity `{name}` of dfx is in a hardware module, which only dfx can use; name another with --identity"
        )));
    }
    if config.keyring_identity_suffix.is_some() {
        return Err(Error::Usage(format!(
            "the identity `{name}` of dfx is kept in the system's keyring, which only dfx can use\n  hint: `dfx identity \
             export {name} > FILE.pem`, then --identity FILE.pem, or select another with `dfx identity use`"
        )));
    }
    let Some(encryption) = config.encryption else {
        return pem::read(&folder.join("identity.pem"), password_file);
    };
    let path = folder.join("identity.pem.encrypted");
    let shown = path.display().to_string();
    let bytes = short_file::bytes(&path)
        .map_err(|error| Error::Usage(format!("cannot read the identity {shown}: {error}")))?;
    let password = password::get(&format!("the identity `{name}` of dfx"), password_file)?;
    let text = decrypt(&bytes, &encryption, &password).ok_or_else(|| password::wrong(&shown))?;
    pem::parse(&text, &shown, || Err(password::wrong(&shown)))
}

fn decrypt(bytes: &[u8], encryption: &Encryption, password: &str) -> Option<Zeroizing<Vec<u8>>> {
    let params = argon2::Params::new(64_000, 3, 1, Some(32)).ok()?;
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    // The salt is written in hexadecimal digits and read as base64, which they are too.
    let salt = base64::engine::general_purpose::STANDARD_NO_PAD.decode(&encryption.pw_salt).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    argon2.hash_password_into(password.as_bytes(), &salt, &mut key[..]).ok()?;
    open(bytes, encryption, &key)
}

fn open(bytes: &[u8], encryption: &Encryption, key: &[u8; 32]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = Aes256Gcm::new_from_slice(key).ok()?;
    let nonce: [u8; 12] = encryption.file_nonce.as_slice().try_into().ok()?;
    cipher.decrypt(Nonce::from_slice(&nonce), bytes).ok().map(Zeroizing::new)
}

/// What a fuzz target drives: both files of an identity, up to its password, which takes too long to be hashed for each.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn fuzz(bytes: &[u8]) {
    let _: Option<Selected> = serde_json::from_slice(bytes).ok();
    let config: Option<Config> = serde_json::from_slice(bytes).ok();
    if let Some(encryption) = config.and_then(|config| config.encryption) {
        let _ = base64::engine::general_purpose::STANDARD_NO_PAD.decode(&encryption.pw_salt);
        assert!(open(bytes, &encryption, &[0; 32]).is_none(), "nobody has that key");
    }
}

/// Where dfx keeps them.
fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("DFX_CONFIG_ROOT").map(PathBuf::from).or_else(home)?;
    Some(root.join(".config/dfx"))
}

#[cfg(test)]
mod tests;
