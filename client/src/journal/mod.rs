//! Uploads in flight, kept on disk so that a process that was killed goes on without hashing and asking anew.
//!
//! One small JSON file per upload, in a directory that the application names:
//!
//! ```text
//! SHA-256(canister # idempotency key).json              a record
//! SHA-256(canister # idempotency key).json.NUMBER.tmp   one being written
//! ```
//!
//! A record is written aside, synced and renamed, so it is there whole or not at all. It says where an upload was
//! going on, never what has arrived: the canister is asked for that, and is right wherever the two differ. Losing
//! a record loses nothing but the short cut. So nothing that goes wrong here fails an upload: what cannot be read,
//! is of another version, does not belong to its name, or is older than [`KEPT`] is removed and forgotten. Files
//! with other names are left alone.

mod record;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use candid::Principal;
use darkroom_core::Digest;

pub(crate) use record::{Begun, FileStamp, Record};

/// How long a record is kept that nobody went on with: a canister gives a session a day by default.
pub(crate) const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// More than any record has.
const LONGEST: u64 = 64 << 10;

/// A directory of records. What it does waits for the disk.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
}

impl Journal {
    pub(crate) fn new(dir: PathBuf) -> Journal {
        Journal { dir }
    }

    /// The record of an upload.
    pub(crate) fn load(&self, canister: Principal, idempotency_key: &str, now: SystemTime) -> Option<Record> {
        self.read(&Record::file_name(canister, idempotency_key), now)
    }

    /// Keeps a record, in place of an older one of the same upload. Creates the directory.
    ///
    /// # Errors
    /// Those of the file system; then the older record, if any, is still there.
    pub(crate) fn save(&self, begun: Begun<'_>, now: SystemTime) -> io::Result<()> {
        let name = Record::file_name(begun.canister, begun.idempotency_key);
        let text = Record::new(begun, now).write()?;
        std::fs::create_dir_all(&self.dir)?;
        let aside = self.dir.join(format!("{name}.{}.tmp", rand::random::<u32>()));
        let written = write_synced(&aside, &text).and_then(|()| std::fs::rename(&aside, self.dir.join(name)));
        if written.is_err() {
            let _ = std::fs::remove_file(&aside);
        }
        written?;
        // The name is on the disk only with the directory; not every system lets directories be synced.
        let _ = File::open(&self.dir).and_then(|dir| dir.sync_all());
        Ok(())
    }

    /// Forgets an upload.
    pub(crate) fn remove(&self, canister: Principal, idempotency_key: &str) {
        let _ = std::fs::remove_file(self.dir.join(Record::file_name(canister, idempotency_key)));
    }

    /// SHA-256 of a file that some record is of and that has not changed since. Removes on the way what is of no
    /// use any more.
    pub(crate) fn sha256_of(&self, stamp: Option<&FileStamp>, now: SystemTime) -> Option<Digest> {
        let mut found = None;
        for entry in std::fs::read_dir(&self.dir).ok()?.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if is_record(name) {
                let record = self.read(name, now);
                found = found.or_else(|| record?.sha256_of(stamp?));
            } else if is_aside(name) && age(&entry.path(), now).is_some_and(|age| age > KEPT) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        found
    }

    /// The record in a file; a file without a record of use is removed.
    fn read(&self, name: &str, now: SystemTime) -> Option<Record> {
        let path = self.dir.join(name);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
        if read.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return None;
        }
        let fresh = age(&path, now).is_some_and(|age| age <= KEPT);
        let record = Record::read(name, &bytes).filter(|_| fresh && bytes.len() as u64 <= LONGEST);
        if record.is_none() {
            let _ = std::fs::remove_file(&path);
        }
        record
    }
}

/// How long ago a file was written; times in the future count as now, for clocks are set back.
fn age(path: &Path, now: SystemTime) -> Option<Duration> {
    let written = std::fs::metadata(path).and_then(|data| data.modified()).ok()?;
    Some(now.duration_since(written).unwrap_or_default())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn is_record(name: &str) -> bool {
    let digest = name.strip_suffix(".json").unwrap_or_default();
    digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_aside(name: &str) -> bool {
    let stem = name.strip_suffix(".tmp").and_then(|name| name.rsplit_once('.'));
    stem.is_some_and(|(record, number)| is_record(record) && number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests;
