//! The file beside the target that holds what has arrived.
//!
//! Its name has the SHA-256 of the whole in it, so what it holds is of this asset or damaged, and never of another. It
//! is locked while a download writes to it, and its bytes are hashed when it is opened: those that are there count.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};

use crate::download::file::check_free;
use crate::error::{Error, Result};

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;
/// The longest name that is a part of another: file systems have 255 bytes for it.
const LONGEST: usize = 200;

/// What has arrived of an asset, in whole chunks.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    hash: RollingSha256,
}

impl Part {
    /// The part of an asset that is for `target`, with what an earlier download has left of it. Waits for the disk.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Write`], also where a link has the name of the part, [`Error::NotAFile`].
    pub(super) fn open(target: &Path, asset: &api::Asset) -> Result<Part> {
        let path = part_of(target, Digest(*asset.sha256))?;
        let file = open(&path).map_err(Error::Write)?;
        if !file.metadata().map_err(Error::Write)?.is_file() {
            return Err(Error::NotAFile { path });
        }
        lock(&file, &path)?;
        let mut part = Part { path, file, length: 0, hash: RollingSha256::default() };
        part.take_stock(asset).map_err(Error::Write)?;
        Ok(part)
    }

    /// Hashes what is there, up to the last whole chunk, and cuts off the rest.
    fn take_stock(&mut self, asset: &api::Asset) -> io::Result<()> {
        let found = self.file.metadata()?.len();
        let present = match found {
            found if found >= asset.size => asset.size,
            found => found - found % u64::from(asset.chunk_size.max(1)),
        };
        self.file.set_len(present)?;
        let mut block = vec![0; BLOCK];
        while self.length < present {
            match self.file.read(&mut block) {
                Ok(0) => break,
                Ok(read) => {
                    self.hash.update(&block[..read]);
                    self.length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }

    /// Bytes that are there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Chunks that are there.
    pub(super) fn chunks(&self, asset: &api::Asset) -> u32 {
        let chunks = self.length.div_ceil(u64::from(asset.chunk_size.max(1)));
        u32::try_from(chunks).unwrap_or(u32::MAX)
    }

    /// SHA-256 of what is there.
    pub(super) fn sha256(&self) -> Digest {
        self.hash.clone().finish()
    }

    /// Adds a chunk. Waits for the disk.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn append(mut self, chunk: &[u8]) -> Result<Part> {
        self.file.write_all(chunk).map_err(Error::Write)?;
        self.hash.update(chunk);
        self.length += chunk.len() as u64;
        Ok(self)
    }

    /// Removes it. Waits for the disk.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn discard(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(Error::Write)
    }

    /// Gives it the name of the target. Waits for the disk.
    ///
    /// # Errors
    /// [`Error::Exists`] where a file has come to be there that may not be replaced, [`Error::NotAFile`],
    /// [`Error::Write`].
    pub(super) fn place(self, target: &Path, overwrite: bool) -> Result<()> {
        self.file.sync_all().map_err(Error::Write)?;
        check_free(target, overwrite)?;
        if overwrite {
            return std::fs::rename(&self.path, target).map_err(Error::Write);
        }
        // A link is made only where nothing is; where the file system has none, a look has to do.
        match std::fs::hard_link(&self.path, target) {
            Ok(()) => std::fs::remove_file(&self.path).map_err(Error::Write),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::Exists { path: target.to_owned() })
            }
            Err(_) if std::fs::symlink_metadata(target).is_ok() => {
                Err(Error::Exists { path: target.to_owned() })
            }
            Err(_) => std::fs::rename(&self.path, target).map_err(Error::Write),
        }
    }
}

/// Opens a part, or makes it. A link is not followed: in a directory that others write to it may lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Nor is anything waited for that only looks like a file.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// Where the part of a target is.
fn part_of(target: &Path, sha256: Digest) -> Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| {
        let text = format!("{} names no file", target.display());
        Error::Write(io::Error::new(io::ErrorKind::InvalidInput, text))
    })?;
    let mut part = std::ffi::OsString::from(".");
    if name.len() <= LONGEST {
        part.push(name);
    } else {
        part.push(Digest::of(name.as_encoded_bytes()).to_string());
    }
    part.push(format!(".{}.part", &sha256.to_string()[..16]));
    Ok(target.with_file_name(part))
}

/// Keeps others from the file, where the file system can do that.
fn lock(file: &File, path: &Path) -> Result<()> {
    let busy = || Err(Error::Busy { path: path.to_owned() });
    match file.try_lock() {
        Ok(()) | Err(TryLockError::Error(_)) => {}
        Err(TryLockError::WouldBlock) => return busy(),
    }
    // Who had it before may have given it its name in between.
    if is_same(file, path).map_err(Error::Write)? { Ok(()) } else { busy() }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"0123456789abcdef0123";

    fn asset() -> api::Asset {
        api::Asset {
            name: "original".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            size: BYTES.len() as u64,
            sha256: Digest::of(BYTES).0.into(),
            width: None,
            height: None,
            chunks: 3,
            chunk_size: 8,
            provenance: "uploaded".to_owned(),
            recipe: None,
        }
    }

    fn there(target: &Path) -> PathBuf {
        part_of(target, Digest::of(BYTES)).unwrap()
    }

    #[test]
    fn what_is_there_counts_up_to_the_last_whole_chunk() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("photo.jpg");
        for (found, kept, chunks) in [(0, 0, 0), (7, 0, 0), (8, 8, 1), (15, 8, 1), (19, 16, 2), (20, 20, 3)] {
            std::fs::write(there(&target), &BYTES[..found]).unwrap();
            let part = Part::open(&target, &asset()).unwrap();
            assert_eq!((part.length(), part.chunks(&asset())), (kept, chunks), "{found} bytes");
            let at = usize::try_from(kept).unwrap();
            let part = part.append(&BYTES[at..]).unwrap();
            assert_eq!(part.sha256(), Digest::of(BYTES));
            part.place(&target, true).unwrap();
            assert_eq!(std::fs::read(&target).unwrap(), BYTES);
            assert!(!there(&target).exists());
        }
        std::fs::write(there(&target), [BYTES, b"more"].concat()).unwrap();
        assert_eq!(Part::open(&target, &asset()).unwrap().length(), 20, "what is too long is cut off");
    }

    #[test]
    fn one_download_writes_and_nothing_is_replaced_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("photo.jpg");
        let part = Part::open(&target, &asset()).unwrap().append(BYTES).unwrap();
        assert!(matches!(Part::open(&target, &asset()), Err(Error::Busy { .. })));
        std::fs::write(&target, "mine").unwrap();
        assert!(matches!(part.place(&target, false), Err(Error::Exists { .. })));
        assert_eq!(std::fs::read(&target).unwrap(), b"mine");
        // What was fetched is not lost by that.
        assert_eq!(Part::open(&target, &asset()).unwrap().length(), 20);
        let nameless = Part::open(Path::new("/"), &asset()).unwrap_err();
        assert!(matches!(nameless, Error::Write(_)), "{nameless}");
    }

    #[cfg(unix)]
    #[test]
    fn only_files_are_written_and_replaced() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let (target, mine) = (dir.path().join("photo.jpg"), dir.path().join("mine"));
        std::fs::write(&mine, "mine").unwrap();
        symlink(&mine, there(&target)).unwrap();
        let refused = Part::open(&target, &asset()).unwrap_err();
        assert!(matches!(refused, Error::Write(_)), "{refused}");
        std::fs::remove_file(there(&target)).unwrap();
        for overwrite in [false, true] {
            let fetched = || Part::open(&target, &asset()).unwrap();
            symlink(&mine, &target).unwrap();
            let refused = fetched().place(&target, overwrite).unwrap_err();
            assert!(matches!(refused, Error::NotAFile { .. }), "{refused}");
            std::fs::remove_file(&target).unwrap();
            std::fs::create_dir(&target).unwrap();
            let refused = fetched().place(&target, overwrite).unwrap_err();
            assert!(matches!(refused, Error::NotAFile { .. }), "{refused}");
            std::fs::remove_dir(&target).unwrap();
        }
        assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
    }

    #[test]
    fn parts_of_other_contents_are_other_files() {
        let target = Path::new("folder/photo.jpg");
        let one = part_of(target, Digest::of(b"1")).unwrap();
        assert_ne!(one, part_of(target, Digest::of(b"2")).unwrap());
        assert_eq!(one.parent(), Some(Path::new("folder")));
        assert!(one.to_str().unwrap().ends_with(".part"));
        let long = part_of(Path::new(&"x".repeat(255)), Digest::of(b"1")).unwrap();
        assert!(long.as_os_str().len() <= 255, "{long:?}");
    }
}
