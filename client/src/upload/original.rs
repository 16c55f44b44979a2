//! Where the bytes of an asset are that is sent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};

use crate::error::{Error, Result};
use crate::journal::FileStamp;

/// Bytes that are read at once to hash a file.
const BLOCK: usize = 256 << 10;
/// Bytes from the start of a file that tell what it is.
pub(super) const HEAD: usize = 64;

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Original {
    /// In memory.
    Bytes(Bytes),
    /// In a file that is read as its chunks are sent.
    File(Arc<OpenFile>),
}

impl Original {
    /// How many bytes there are.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Original::Bytes(bytes) => bytes.len() as u64,
            Original::File(file) => file.length,
        }
    }

    /// A part of them; of a file it waits for the disk.
    ///
    /// # Errors
    /// [`Error::Unreadable`], and [`Error::Changed`] for a file that has become shorter.
    pub(crate) fn part(&self, range: Range<u64>) -> Result<Bytes> {
        match self {
            Original::Bytes(bytes) => {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(place(range.start)..place(range.end)))
            }
            Original::File(file) => file.part(range).map(Bytes::from),
        }
    }

    /// SHA-256 of all of them; of a file it waits for the disk.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn sha256(&self) -> Result<Digest> {
        match self {
            Original::Bytes(bytes) => Ok(Digest::of(bytes)),
            Original::File(file) => Looked::at(&file.path).map(|looked| looked.sha256),
        }
    }
}

/// A file that stays open while its chunks are sent.
#[derive(Debug)]
pub(crate) struct OpenFile {
    path: PathBuf,
    file: Mutex<File>,
    length: u64,
}

impl OpenFile {
    /// Opens a file that is still as it was when it was looked at.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Changed`].
    pub(crate) fn open(path: &Path, stamp: Option<&FileStamp>, length: u64) -> Result<OpenFile> {
        let file = File::open(path).map_err(unreadable(path))?;
        let data = file.metadata().map_err(unreadable(path))?;
        let is_same = data.len() == length
            && stamp.is_none_or(|stamp| FileStamp::of(path, &data).as_ref() == Some(stamp));
        if !is_same {
            return Err(Error::Changed { path: path.to_owned() });
        }
        Ok(OpenFile { path: path.to_owned(), file: Mutex::new(file), length })
    }

    fn part(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(&mut bytes));
        match read {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::Changed { path: self.path.clone() })
            }
            Err(error) => Err(unreadable(&self.path)(error)),
        }
    }

    /// All bytes.
    ///
    /// # Errors
    /// As [`Original::part`].
    pub(crate) fn read(&self) -> Result<Bytes> {
        self.part(0..self.length).map(Bytes::from)
    }
}

/// What a file is found to be, when it is read once from its start to its end.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) length: u64,
    pub(crate) sha256: Digest,
    /// Its first bytes.
    pub(crate) head: Vec<u8>,
}

impl Looked {
    /// Reads a file, a block at a time.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn at(path: &Path) -> Result<Looked> {
        let mut file = File::open(path).map_err(unreadable(path))?;
        let mut block = vec![0; BLOCK];
        let mut looked = Looked { length: 0, sha256: Digest([0; 32]), head: Vec::new() };
        let mut hash = RollingSha256::default();
        loop {
            let read = match file.read(&mut block) {
                Ok(0) => break,
                Ok(read) => &block[..read],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(path)(error)),
            };
            let missing = HEAD.saturating_sub(looked.head.len()).min(read.len());
            looked.head.extend_from_slice(&read[..missing]);
            looked.length += read.len() as u64;
            hash.update(read);
        }
        looked.sha256 = hash.finish();
        Ok(looked)
    }

    /// The first bytes of a file.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn head_of(path: &Path) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let file = File::open(path).map_err(unreadable(path))?;
        file.take(HEAD as u64).read_to_end(&mut head).map_err(unreadable(path))?;
        Ok(head)
    }
}

/// A file's stamp, and its length.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn stamp_of(path: &Path) -> Result<(Option<FileStamp>, u64)> {
    let data = std::fs::metadata(path).map_err(unreadable(path))?;
    Ok((FileStamp::of(path, &data), data.len()))
}

/// What is said of a file that cannot be read.
pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    |source| Error::Unreadable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Bytes in a file and the same in memory are the same, whole and in part.
        #[test]
        fn a_file_is_what_it_holds(bytes in proptest::collection::vec(any::<u8>(), 1..5_000), a: u64, b: u64) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            let (stamp, length) = stamp_of(file.path()).unwrap();
            let open = OpenFile::open(file.path(), stamp.as_ref(), length).unwrap();
            let (memory, disk) = (Original::Bytes(bytes.clone().into()), Original::File(Arc::new(open)));
            prop_assert_eq!(memory.length(), disk.length());
            prop_assert_eq!(memory.sha256().unwrap(), disk.sha256().unwrap());
            let range = (a % length).min(b % length)..(a % length).max(b % length) + 1;
            prop_assert_eq!(memory.part(range.clone()).unwrap(), disk.part(range).unwrap());
            let looked = Looked::at(file.path()).unwrap();
            prop_assert_eq!((looked.length, &looked.head[..]), (length, &bytes[..bytes.len().min(HEAD)]));
            prop_assert_eq!(Looked::head_of(file.path()).unwrap(), looked.head);
        }
    }

    #[test]
    fn a_file_that_changed_is_not_opened_and_one_that_shrinks_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789").unwrap();
        let (stamp, length) = stamp_of(file.path()).unwrap();
        let open = || OpenFile::open(file.path(), stamp.as_ref(), length);
        let opened = open().unwrap();
        std::fs::write(file.path(), "01234").unwrap();
        assert!(matches!(opened.read(), Err(Error::Changed { .. })));
        assert!(matches!(open(), Err(Error::Changed { .. })));
        let gone = OpenFile::open(Path::new("/nothing/here"), None, 1).unwrap_err();
        assert!(matches!(gone, Error::Unreadable { .. }), "{gone}");
    }
}
