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
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};

const MAGIC: [u8; 4] = *b"DRKJ";
const VERSION: u32 = 1;
const HEADER_SIZE: usize = 20;
const HEADER: u64 = HEADER_SIZE as u64;
const BUFFER: usize = 1 << 18;
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
        if let Some(length) = journal.complete()? {
            journal.replay(length)?;
        }
        Ok(journal)
    }

    /// Writes the record, then changes the files.
    pub(crate) fn commit(&mut self, changes: &[Change<'_>]) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(BUFFER, &self.file);
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
            What::Remove => remove(&path),
        }
    }

    /// The length of the record's body, if it is complete. It may be larger than memory: a message may change gigabytes.
    fn complete(&self) -> io::Result<Option<u64>> {
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
        let (mut crc, mut body) = (Hasher::new(), self.body(length)?);
        loop {
            let part = body.fill_buf()?;
            if part.is_empty() {
                return Ok((crc.finalize() == word(16)).then_some(length));
            }
            crc.update(part);
            let read = part.len();
            body.consume(read);
        }
    }

    fn body(&self, length: u64) -> io::Result<impl BufRead> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(HEADER))?;
        Ok(BufReader::with_capacity(BUFFER, file.take(length)))
    }

    /// A path in the state directory, which may have come from somebody else: what it says leads nowhere else.
    fn inside(&self, path: &str) -> io::Result<PathBuf> {
        let relative = Path::new(path);
        let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if path.is_empty() || !is_plain {
            let what = format!("the journal names `{path}`, which is no path in the state directory");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(self.dir.join(relative))
    }

    fn replay(&self, length: u64) -> io::Result<()> {
        let mut body = self.body(length)?;
        while !body.fill_buf()?.is_empty() {
            let path_length = u32::from_le_bytes(array(&mut body)?);
            let mut path = Vec::new();
            body.by_ref().take(path_length.into()).read_to_end(&mut path)?;
            let path = self.inside(&String::from_utf8_lossy(&path))?;
            let offset = u64::from_le_bytes(array(&mut body)?);
            let [flag] = array(&mut body)?;
            let len = u64::from_le_bytes(array(&mut body)?);
            if flag > 1 {
                remove(&path)?;
                continue;
            }
            let mut file = OpenOptions::new().write(true).create(true).truncate(flag == 1).open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            if io::copy(&mut body.by_ref().take(len), &mut file)? < len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

fn array<const N: usize>(body: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    body.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const FILES: [&str; 3] = ["pages", "record", "gone"];

    /// What the files hold, none where there is no file.
    type Files = [Option<Vec<u8>>; 3];

    fn read(dir: &Path) -> Files {
        FILES.map(|name| std::fs::read(dir.join(name)).ok())
    }

    fn write(dir: &Path, files: &Files) {
        for (name, bytes) in FILES.iter().zip(files) {
            match bytes {
                Some(bytes) => std::fs::write(dir.join(name), bytes).unwrap(),
                None => drop(std::fs::remove_file(dir.join(name))),
            }
        }
    }

    fn change(path: &str, what: What<'static>) -> Change<'static> {
        Change { path: path.into(), what }
    }

    /// A directory before and after its second commit, and the journal after each.
    fn two_commits(dir: &Path) -> ([Files; 2], [Vec<u8>; 2]) {
        let mut journal = Journal::open(dir).unwrap();
        let mut commit = |changes: &[Change<'_>]| {
            journal.commit(changes).unwrap();
            (read(dir), std::fs::read(dir.join("journal")).unwrap())
        };
        let before = commit(&[
            change("pages", What::At(0, b"....first page....")),
            change("record", What::Whole(b"the record of the first commit, a long one")),
            change("gone", What::Whole(b"to be removed")),
        ]);
        let after = commit(&[
            change("pages", What::At(4, b"other")),
            change("pages", What::At(30, b"far")),
            change("record", What::Whole(b"the second")),
            change("gone", What::Remove),
        ]);
        assert_ne!(before.0, after.0);
        ([before.0, after.0], [before.1, after.1])
    }

    /// What a process finds that starts with these files and this journal.
    fn recovered(files: &Files, journal: &[u8]) -> Files {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), files);
        std::fs::write(dir.path().join("journal"), journal).unwrap();
        Journal::open(dir.path()).unwrap();
        read(dir.path())
    }

    #[test]
    fn a_torn_journal_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let ([before, after], [old, new]) = two_commits(dir.path());
        let length =
            usize::try_from(u64::from_le_bytes(new[8..16].try_into().unwrap())).unwrap() + HEADER_SIZE;
        for len in 0..length {
            assert_eq!(recovered(&before, &new[..len]), before, "cut at {len}");
            // Killed while the body is written over the one before: its header still stands.
            let mixed = [&old[..HEADER_SIZE], &new[HEADER_SIZE..len.max(HEADER_SIZE)]].concat();
            let mixed = [&mixed[..], &old[mixed.len().min(old.len())..]].concat();
            assert_eq!(recovered(&before, &mixed), before, "overwritten up to {len}");
            let mut flipped = new.clone();
            flipped[len] ^= 1 << (len % 8);
            assert_eq!(recovered(&before, &flipped), before, "damaged at {len}");
        }
        assert_eq!(recovered(&before, &new[..length]), after);
    }

    #[test]
    fn a_journal_of_somebody_else_leads_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let outside = dir.path().join("outside");
        for path in ["../outside", outside.to_str().unwrap(), "a/../../outside", "", "."] {
            let mut body = u32::try_from(path.len()).unwrap().to_le_bytes().to_vec();
            body.extend([path.as_bytes(), &[0; 8], &[1], &4u64.to_le_bytes(), b"evil"].concat());
            let mut crc = Hasher::new();
            crc.update(&body);
            let length = (body.len() as u64).to_le_bytes();
            let head = [&MAGIC[..], &VERSION.to_le_bytes(), &length, &crc.finalize().to_le_bytes()].concat();
            std::fs::write(state.join("journal"), [head, body].concat()).unwrap();
            let error = Journal::open(&state).unwrap_err().to_string();
            assert!(error.contains("no path in the state directory"), "{error}");
            assert!(!outside.exists(), "{path}");
        }
    }

    #[test]
    fn a_whole_journal_finishes_what_was_begun() {
        let dir = tempfile::tempdir().unwrap();
        let ([before, after], [_, new]) = two_commits(dir.path());
        // Each file as it was, as it will be, or cut off in between; and all of it once more.
        for mix in 0..27 {
            let mut files = before.clone();
            for (i, file) in files.iter_mut().enumerate() {
                match mix / 3usize.pow(u32::try_from(i).unwrap()) % 3 {
                    0 => {}
                    1 => file.clone_from(&after[i]),
                    _ if i == 0 => {}
                    _ => *file = file.as_ref().map(|bytes| bytes[..3].to_vec()),
                }
            }
            assert_eq!(recovered(&files, &new), after, "{mix}");
        }
        assert_eq!(recovered(&after, &new), after);
    }
}
