//! A file of pages: the committed contents of one heap or one stable memory, on disk or in anonymous memory.
//! Bytes beyond what was ever written read as zero.

use parking_lot::Mutex;
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The file grows in steps of this many bytes, so that growing a memory page by page rarely touches it.
const STEP: u64 = 64 << 20;

/// The committed bytes of one memory.
#[derive(Debug)]
pub(crate) struct PageFile {
    file: File,
    path: Option<PathBuf>,
    len: Mutex<u64>,
}

impl PageFile {
    /// An empty file that lives in memory and vanishes with the process.
    pub(crate) fn anonymous() -> io::Result<PageFile> {
        let fd = rustix::fs::memfd_create("darkroom-localnet", rustix::fs::MemfdFlags::CLOEXEC)?;
        Ok(PageFile { file: File::from(fd), path: None, len: Mutex::new(0) })
    }

    /// Opens or creates the file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<PageFile> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let len = file.metadata()?.len();
        Ok(PageFile { file, path: Some(path.to_owned()), len: Mutex::new(len) })
    }

    /// Where the file is, unless it is anonymous.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Makes the file at least `bytes` long (sparse, zeros) and returns its length.
    pub(crate) fn ensure_len(&self, bytes: u64) -> io::Result<u64> {
        let mut len = self.len.lock();
        if *len < bytes {
            let new = bytes.next_multiple_of(STEP);
            self.file.set_len(new)?;
            *len = new;
        }
        Ok(*len)
    }

    /// Writes `bytes` at `offset`, past the end if need be.
    pub(crate) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.ensure_len(offset + bytes.len() as u64)?;
        self.file.write_all_at(bytes, offset)
    }

    /// Makes this empty file hold the first `len` bytes of another one: shared where the file system can do that,
    /// else what is not a hole is copied by the kernel, past this process.
    pub(crate) fn copy_from(&self, source: &PageFile, len: u64) -> io::Result<()> {
        if rustix::fs::ioctl_ficlone(&self.file, &source.file).is_ok() {
            *self.len.lock() = self.file.metadata()?.len();
            return Ok(());
        }
        self.ensure_len(len)?;
        let mut at = 0;
        while at < len {
            at = match seek(&source.file, SeekFrom::Data(at)) {
                Ok(data) => data,
                Err(Errno::NXIO) => break,
                // A file system that knows no holes.
                Err(_) => at,
            };
            let end = seek(&source.file, SeekFrom::Hole(at)).unwrap_or(len).min(len);
            let (mut from, mut to) = (&source.file, &self.file);
            from.seek(io::SeekFrom::Start(at))?;
            to.seek(io::SeekFrom::Start(at))?;
            let wanted = end.saturating_sub(at);
            if io::copy(&mut from.take(wanted), &mut to)? < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            at = end.max(at + 1);
        }
        Ok(())
    }

    /// Reads `len` bytes at `offset`; what lies past the end reads as zero.
    pub(crate) fn read_at(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let mut done = 0;
        while done < len {
            match self.file.read_at(&mut bytes[done..], offset + done as u64)? {
                0 => break,
                n => done += n,
            }
        }
        Ok(bytes)
    }
}
