//! Files that people write, or tools of theirs: configurations, ids, keys. They are short, and what their names lead to may
//! be a device that never ends.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use zeroize::Zeroizing;

/// The most bytes of such a file.
const LONGEST: u64 = 4 << 20;

/// The bytes of a file, or of a pipe; gone from memory with the last use of them, for it may be a key.
///
/// # Errors
/// For what cannot be read, or has more than 4 MiB.
pub(crate) fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    // Room for all of it at once: a buffer that grows leaves copies behind. A pipe does not say how much there is.
    let length = file.metadata()?.len().clamp(1 << 16, LONGEST);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
    match file.take(LONGEST + 1).read_to_end(&mut bytes)? as u64 {
        ..=LONGEST => Ok(bytes),
        _ => Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {LONGEST} bytes"))),
    }
}

/// The text of a file, or of a pipe.
///
/// # Errors
/// For what cannot be read, has more than 4 MiB, or is not UTF-8.
pub(crate) fn text(path: &Path) -> Result<String> {
    let bytes = bytes(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn short_files_are_read_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let limit = usize::try_from(LONGEST).unwrap();
        for length in [0, 1, limit] {
            std::fs::write(&path, vec![b'a'; length]).unwrap();
            assert_eq!(text(&path).unwrap().len(), length);
        }
        std::fs::write(&path, vec![b'a'; limit + 1]).unwrap();
        assert_eq!(text(&path).unwrap_err().to_string(), "it has more than 4194304 bytes");
        assert_eq!(bytes(Path::new("/dev/zero")).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(bytes(&path).unwrap().to_vec(), [0xff]);
        assert_eq!(text(&path).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(text(&folder.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
