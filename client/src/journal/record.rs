//! What a journal keeps of an upload, and what of that is believed.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use candid::Principal;
use darkroom_core::Digest;
use serde::{Deserialize, Serialize};

/// The version of the form. Records of another are not read.
const VERSION: u32 = 2;

/// A file that was written to this shortly before it was hashed may be written to again without another time:
/// some file systems count in steps of two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// An upload in flight. Which chunks have arrived is not in it: only the canister knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    darkroom_journal: u32,
    canister: Principal,
    idempotency_key: String,
    /// The item.
    pub(crate) item: String,
    /// The session of its original.
    pub(crate) session: u64,
    /// Bytes of each chunk but the last.
    pub(crate) chunk_size: u32,
    /// Bytes of the file.
    pub(crate) size: u64,
    sha256: String,
    file: Option<FileStamp>,
    /// Seconds since 1970.
    saved_at: u64,
}

/// A file as it was when it was read. One that still looks so is taken to have the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileStamp {
    path: String,
    length: u64,
    /// Nanoseconds since 1970, in two parts since JSON's numbers are small.
    modified: (u64, u32),
    /// Where the system tells more, also what cannot be set like a time.
    unix: Option<UnixStamp>,
}

/// What Unix tells of a file besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct UnixStamp {
    device: u64,
    inode: u64,
    /// When contents, name or rights changed last: seconds and nanoseconds since 1970.
    changed: (i64, i64),
}

impl UnixStamp {
    #[cfg(unix)]
    #[allow(clippy::unnecessary_wraps, reason = "other systems tell nothing")]
    fn of(data: &Metadata) -> Option<UnixStamp> {
        use std::os::unix::fs::MetadataExt;
        Some(UnixStamp { device: data.dev(), inode: data.ino(), changed: (data.ctime(), data.ctime_nsec()) })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<UnixStamp> {
        None
    }
}

/// What is kept of an upload, before it has a time.
pub(crate) struct Begun<'a> {
    pub(crate) canister: Principal,
    pub(crate) idempotency_key: &'a str,
    pub(crate) upload: &'a darkroom_api::Upload,
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
    pub(crate) file: Option<FileStamp>,
}

impl FileStamp {
    /// `None` where the system does not tell enough.
    pub(crate) fn of(path: &Path, data: &Metadata) -> Option<FileStamp> {
        let since = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let path = path.canonicalize().ok()?.to_str()?.to_owned();
        let modified = (since.as_secs(), since.subsec_nanos());
        Some(FileStamp { path, length: data.len(), modified, unix: UnixStamp::of(data) })
    }

    fn modified(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::new(self.modified.0, self.modified.1.min(999_999_999)))
    }
}

impl Record {
    pub(crate) fn new(begun: Begun<'_>, now: SystemTime) -> Record {
        Record {
            darkroom_journal: VERSION,
            canister: begun.canister,
            idempotency_key: begun.idempotency_key.to_owned(),
            item: begun.upload.item.clone(),
            session: begun.upload.session,
            chunk_size: begun.upload.chunk_size,
            size: begun.size,
            sha256: begun.sha256.to_string(),
            file: begun.file,
            saved_at: now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        }
    }

    /// The file that it is kept in: whoever uploads the same to the same canister finds it.
    pub(crate) fn file_name(canister: Principal, idempotency_key: &str) -> String {
        let mut name = canister.as_slice().to_vec();
        name.push(b'#');
        name.extend_from_slice(idempotency_key.as_bytes());
        format!("{}.json", Digest::of(&name))
    }

    /// Reads a record that was kept under `name`. `None` for what is damaged, of another version, or of another
    /// upload than the name says.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> Option<Record> {
        let record: Record = serde_json::from_slice(bytes).ok()?;
        let named = Record::file_name(record.canister, &record.idempotency_key) == name;
        (record.darkroom_journal == VERSION && named && record.sha256().is_some()).then_some(record)
    }

    /// The name under which a text would be kept, if it is a record.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn name_in(bytes: &[u8]) -> Option<String> {
        let record: Record = serde_json::from_slice(bytes).ok()?;
        Some(Record::file_name(record.canister, &record.idempotency_key))
    }

    /// The SHA-256 that it has for its own file.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn sha256_of_own(&self) -> Option<Digest> {
        self.sha256_of(self.file.as_ref()?)
    }

    pub(crate) fn write(&self) -> std::io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// SHA-256 of the file.
    fn sha256(&self) -> Option<Digest> {
        let mut digest = [0; 32];
        if self.sha256.len() != 2 * digest.len()
            || !self.sha256.bytes().all(|digit| digit.is_ascii_hexdigit())
        {
            return None;
        }
        for (index, byte) in digest.iter_mut().enumerate() {
            let digits = self.sha256.get(2 * index..2 * index + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Digest(digest))
    }

    /// SHA-256 of a file, if it is this one and has not changed since.
    pub(crate) fn sha256_of(&self, stamp: &FileStamp) -> Option<Digest> {
        let saved = UNIX_EPOCH.checked_add(Duration::from_secs(self.saved_at))?;
        let settled = stamp.modified()?.checked_add(SETTLED)? <= saved;
        (self.file.as_ref() == Some(stamp) && self.size == stamp.length && settled)
            .then(|| self.sha256())
            .flatten()
    }
}
