//! Standard input as a file: uploads need its length and its SHA-256 before they begin.

use std::io::{IsTerminal, Read, Seek, Write};

use darkroom_core::media::MediaType;
use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Bytes read at once.
const BLOCK: usize = 1 << 20;
/// As many bytes as any format is known by.
const START: u64 = 32;

/// What came in; the file is gone when this is.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(crate) file: NamedTempFile,
    pub(crate) bytes: u64,
    /// What it is called where nobody says: `stdin`, with the extension of what it is.
    pub(crate) name: String,
}

/// Reads standard input to its end, with a block of it in memory.
///
/// # Errors
/// [`Error::Usage`] where nobody would end it, [`Error::Io`] where it cannot be read or kept.
pub(crate) fn spool() -> Result<Spooled> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let text = "`-` is standard input, which is a terminal here; pipe a file into it, or name one";
        return Err(Error::Usage(text.to_owned()));
    }
    let what = "cannot keep standard input in a temporary file";
    let mut file = NamedTempFile::with_prefix("darkroom-").map_err(Error::io(what))?;
    let bytes = copy(&mut stdin.lock(), file.as_file_mut())?;
    file.as_file_mut().rewind().map_err(Error::io(what))?;
    let mut start = Vec::new();
    file.as_file().take(START).read_to_end(&mut start).map_err(Error::io(what))?;
    let name = match MediaType::sniff(&start) {
        Some(media) => format!("stdin.{}", media.extension()),
        None => "stdin".to_owned(),
    };
    Ok(Spooled { file, bytes, name })
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<u64> {
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        let count = match from.read(&mut block) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("cannot read standard input")(error)),
        };
        to.write_all(&block[..count]).map_err(Error::io("cannot keep standard input in a temporary file"))?;
        bytes += count as u64;
    }
}
