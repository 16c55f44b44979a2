//! The key that is made on first use.

use std::io::Write;
use std::path::Path;

use base64::Engine;

use crate::error::{Error, Result};
use crate::state::State;

/// What stands before an Ed25519 key in PKCS#8 (RFC 8410).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Makes a key that only its owner may read. When another process is faster, its key stays.
pub(super) fn make(state: &State, path: &Path) -> Result<()> {
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
        let path = state.identity();
        let sender = || {
            make(&state, &path).unwrap();
            super::super::pem::read(&path, None).unwrap().sender().unwrap()
        };
        assert_eq!(sender(), sender());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
