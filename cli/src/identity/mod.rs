//! The key that calls are signed with: a PEM file, or a key made on first use.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use ic_agent::Identity;
use ic_agent::identity::{BasicIdentity, Prime256v1Identity, Secp256k1Identity};

use crate::error::{Error, Result};
use crate::state::State;

/// What stands before an Ed25519 key in PKCS#8 (RFC 8410).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The identity of a PEM file, or that of the state directory.
pub(crate) fn load(pem: Option<&Path>, state: &State) -> Result<Arc<dyn Identity>> {
    match pem {
        Some(path) => read(path),
        None => {
            let path = state.identity();
            if !path.exists() {
                generate(state, &path)?;
            }
            read(&path)
        }
    }
}

fn read(path: &Path) -> Result<Arc<dyn Identity>> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|error| {
        Error::Usage(format!("cannot read the identity {shown}: {error}; --identity takes a PEM file"))
    })?;
    parse(&text).map_err(|reason| Error::Usage(format!("{shown} is not an identity: {reason}")))
}

fn parse(pem: &[u8]) -> Result<Arc<dyn Identity>, String> {
    let text = String::from_utf8_lossy(pem);
    if !text.contains("-----BEGIN") {
        return Err("it is not a PEM file".to_owned());
    }
    if text.contains("ENCRYPTED") {
        return Err("it is encrypted; export the key without a password (`icp identity export`)".to_owned());
    }
    if !text.contains("PRIVATE KEY-----") {
        return Err("it has no private key; an Ed25519, secp256k1 or prime256v1 key is needed".to_owned());
    }
    if let Ok(identity) = BasicIdentity::from_pem(pem) {
        return Ok(Arc::new(identity));
    }
    if let Ok(identity) = Secp256k1Identity::from_pem(pem) {
        return Ok(Arc::new(identity));
    }
    match Prime256v1Identity::from_pem(pem) {
        Ok(identity) => Ok(Arc::new(identity)),
        Err(_) => Err("the key in it is damaged, or not Ed25519, secp256k1 or prime256v1".to_owned()),
    }
}

/// Makes a key that only its owner may read. When another process is faster, its key stays.
fn generate(state: &State, path: &Path) -> Result<()> {
    state.create()?;
    let what = || format!("cannot write {}", path.display());
    let key: [u8; 32] = rand::random();
    let der = [&PKCS8_ED25519[..], &key].concat();
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(state.root()).map_err(Error::io(what()))?;
    file.write_all(pem.as_bytes()).map_err(Error::io(what()))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::io(what())(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_generated_key_is_kept_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::new(&dir.path().join("state"));
        let first = load(None, &state).unwrap().sender().unwrap();
        let second = load(None, &state).unwrap().sender().unwrap();
        assert_eq!(first, second);
        let mode = std::fs::metadata(state.identity()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn secp256k1_keys_are_read() {
        // `openssl ecparam -name secp256k1 -genkey -noout`
        let pem = "-----BEGIN EC PRIVATE KEY-----\n\
            MHQCAQEEICJxApEbuZznKFpV+VKACRK30i6+7u5Z13/DOl18cIC+oAcGBSuBBAAK\n\
            oUQDQgAEPas6Iag4TUx+Uop+3NhE6s3FlayFtbwdhRVjvOar0kPTfE/N8N6btRnd\n\
            74ly5xXEBNSXiENyxhEuzOZrIWMCNQ==\n-----END EC PRIVATE KEY-----\n";
        assert!(parse(pem.as_bytes()).is_ok());
    }

    #[test]
    fn wrong_files_are_told_apart() {
        let message = |text: &str| parse(text.as_bytes()).err().unwrap();
        assert!(message("hello").contains("not a PEM"));
        assert!(message("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").contains("encrypted"));
        assert!(message("-----BEGIN CERTIFICATE-----\n").contains("no private key"));
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(message(damaged).contains("damaged"));
    }
}
