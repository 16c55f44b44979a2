//! The journal: one record that describes a change completely, written before the files it changes, so that a
//! process killed at any moment finds either the old or the new state.
//!
//! ```text
//! 0   magic "DRKJ"      4
//! 4   layout version    4   little-endian
//! 8   body length       8
//! 16  CRC-32 of body    4
//! 20  body: entries, each: path length 4, path, offset 8, whole-file flag 1, length 8, bytes
//! ```

use crc32fast::Hasher;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: [u8; 4] = *b"DRKJ";
const VERSION: u32 = 1;
const HEADER_SIZE: usize = 20;
const HEADER: u64 = HEADER_SIZE as u64;
/// A journal that grew beyond this is cut back after use.
const KEEP: u64 = 64 << 20;

/// One change to one file of the state directory.
pub(crate) struct Change<'a> {
    /// Relative to the state directory.
    pub(crate) path: String,
    pub(crate) what: What<'a>,
}

/// What happens to the file.
pub(crate) enum What<'a> {
    /// The file is these bytes.
    Whole(&'a [u8]),
    /// These bytes at this offset.
    At(u64, &'a [u8]),
    /// The file goes away.
    Remove,
}

/// The journal of one state directory.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal and finishes the change it describes, if that was cut short.
    pub(crate) fn open(dir: &Path) -> io::Result<Journal> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join("journal"))?;
        let journal = Journal { dir: dir.to_owned(), file };
        if let Some(body) = journal.read()? {
            journal.replay(&body)?;
        }
        Ok(journal)
    }

    /// Writes the record, then changes the files.
    pub(crate) fn commit(&mut self, changes: &[Change<'_>]) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, &self.file);
        out.seek(SeekFrom::Start(HEADER))?;
        let mut crc = Hasher::new();
        let mut length = 0;
        for change in changes {
            let (flag, offset, bytes): (u8, u64, &[u8]) = match &change.what {
                What::At(offset, bytes) => (0, *offset, bytes),
                What::Whole(bytes) => (1, 0, bytes),
                What::Remove => (2, 0, &[]),
            };
            let path = change.path.as_bytes();
            let mut head = Vec::with_capacity(path.len() + 21);
            head.extend_from_slice(&u32::try_from(path.len()).unwrap_or_default().to_le_bytes());
            head.extend_from_slice(path);
            head.extend_from_slice(&offset.to_le_bytes());
            head.push(flag);
            head.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            for part in [&head[..], bytes] {
                crc.update(part);
                out.write_all(part)?;
                length += part.len() as u64;
            }
        }
        out.flush()?;
        drop(out);
        let mut header = [0; HEADER_SIZE];
        header[..4].copy_from_slice(&MAGIC);
        header[4..8].copy_from_slice(&VERSION.to_le_bytes());
        header[8..16].copy_from_slice(&length.to_le_bytes());
        header[16..].copy_from_slice(&crc.finalize().to_le_bytes());
        self.file.write_all_at(&header, 0)?;
        for change in changes {
            self.apply(&change.path, &change.what)?;
        }
        if length > KEEP {
            self.file.set_len(0)?;
        }
        Ok(())
    }

    fn apply(&self, path: &str, what: &What<'_>) -> io::Result<()> {
        let path = self.dir.join(path);
        match what {
            What::Whole(bytes) => std::fs::write(path, bytes),
            What::At(offset, bytes) => {
                let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
                file.write_all_at(bytes, *offset)
            }
            What::Remove => match std::fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                _ => Ok(()),
            },
        }
    }

    /// The body of the record, if it is complete.
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let len = self.file.metadata()?.len();
        let mut header = [0; HEADER_SIZE];
        if len < HEADER {
            return Ok(None);
        }
        self.file.read_exact_at(&mut header, 0)?;
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = u64::from(word(8)) | u64::from(word(12)) << 32;
        if header[..4] != MAGIC || word(4) != VERSION || length > len - HEADER {
            return Ok(None);
        }
        let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut body, HEADER)?;
        let mut crc = Hasher::new();
        crc.update(&body);
        Ok((crc.finalize() == word(16)).then_some(body))
    }

    fn replay(&self, mut body: &[u8]) -> io::Result<()> {
        while !body.is_empty() {
            let path_len = u32::from_le_bytes(take(&mut body, 4)?.try_into().unwrap_or_default());
            let path = String::from_utf8_lossy(take(&mut body, path_len as usize)?).into_owned();
            let offset = u64::from_le_bytes(take(&mut body, 8)?.try_into().unwrap_or_default());
            let flag = take(&mut body, 1)?[0];
            let len = u64::from_le_bytes(take(&mut body, 8)?.try_into().unwrap_or_default());
            let bytes = take(&mut body, usize::try_from(len).map_err(io::Error::other)?)?;
            let what = match flag {
                0 => What::At(offset, bytes),
                1 => What::Whole(bytes),
                _ => What::Remove,
            };
            self.apply(&path, &what)?;
        }
        Ok(())
    }
}

fn take<'a>(body: &mut &'a [u8], n: usize) -> io::Result<&'a [u8]> {
    if body.len() < n {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (head, tail) = body.split_at(n);
    *body = tail;
    Ok(head)
}
