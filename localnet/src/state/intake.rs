//! Ingress on disk. A message is a file from before it is acknowledged until the commit that executes it, and
//! what became of it is a record in a log that the same commit appends to, so that a restart neither loses nor
//! repeats anything. The log is kept in segments: what nobody can ask for any more goes away by the file.
//!
//! ```text
//! received/ID       one message, in CBOR
//! answers/N         segment: records, each: length 4, little-endian, then CBOR
//! ```

use super::Hash;
use super::disk::{decode, encode};
use super::ingress::{History, Ingress, KEPT, Progress};
use super::journal::{Change, What};
use super::message::Answer;
use candid::Principal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A segment is closed at this size, or when it holds as long a time as half of what is kept.
const SEGMENT: u64 = 16 << 20;

/// Messages taken in and not executed yet, a file each.
#[derive(Debug)]
pub(crate) struct Intake {
    dir: PathBuf,
    serial: AtomicU64,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    serial: u64,
    since: u64,
    message: Ingress,
}

impl Intake {
    /// The intake of the state directory `dir`.
    pub(crate) fn new(dir: &Path) -> Intake {
        Intake { dir: dir.join("received"), serial: AtomicU64::new(0) }
    }

    /// Keeps a message, so that it may be acknowledged.
    pub(crate) fn keep(&self, message: &Ingress, since: u64) -> io::Result<()> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { serial, since, message: message.clone() };
        std::fs::write(self.dir.join(hex::encode(message.id)), encode(&waiting))
    }

    /// Forgets a message that is not to be executed after all.
    pub(crate) fn drop(&self, id: &Hash) {
        // Left behind, it is known as answered at the next start.
        let _ = std::fs::remove_file(self.dir.join(hex::encode(id)));
    }

    /// Puts what waits into `history` and returns it in the order it came.
    pub(crate) fn load(&self, history: &mut History) -> io::Result<Vec<Ingress>> {
        let mut list = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            // One cut short was never acknowledged, and one that is known was executed.
            match decode::<Waiting>(&std::fs::read(&path)?) {
                Ok(waiting) if history.get(&waiting.message.id).is_none() => list.push(waiting),
                _ => std::fs::remove_file(&path)?,
            }
        }
        list.sort_by_key(|w| (w.since, w.serial));
        self.serial.store(list.iter().map(|w| w.serial + 1).max().unwrap_or(0), Ordering::Relaxed);
        for w in &list {
            history.add(w.message.id, w.message.sender, w.message.canister, w.since, Progress::Received);
        }
        Ok(list.into_iter().map(|w| w.message).collect())
    }
}

/// A message that was answered, as the log has it.
#[derive(Serialize, Deserialize)]
struct Record {
    id: Hash,
    sender: Principal,
    receiver: Principal,
    /// When it was answered, in the network's time.
    since: u64,
    answer: Answer,
}

/// The log of answers.
#[derive(Debug)]
pub(crate) struct Answers {
    dir: PathBuf,
    segment: u64,
    len: u64,
    opened: u64,
    /// Earlier segments that are still there.
    earlier: BTreeSet<u64>,
}

impl Answers {
    /// Reads the log of the state directory `dir` into `history`; appending begins with a segment of its own.
    pub(crate) fn load(dir: &Path, history: &mut History, now: u64) -> io::Result<Answers> {
        let dir = dir.join("answers");
        let mut earlier = BTreeSet::new();
        for entry in std::fs::read_dir(&dir)? {
            earlier.extend(entry?.file_name().to_string_lossy().parse::<u64>());
        }
        let mut records = Vec::new();
        for &segment in &earlier {
            let bytes = std::fs::read(dir.join(segment.to_string()))?;
            let mut rest = &bytes[..];
            while let Some((head, tail)) = rest.split_first_chunk::<4>() {
                // Zeros and a broken end are what the repetition of an old change leaves of a removed segment.
                let len = u32::from_le_bytes(*head) as usize;
                let Some(record) = tail.get(..len).and_then(|r| decode::<Record>(r).ok()) else { break };
                rest = &tail[len..];
                if record.since.saturating_add(KEPT) > now {
                    records.push((record, segment));
                }
            }
        }
        records.sort_by_key(|(record, _)| record.since);
        for (record, segment) in records {
            history.add(record.id, record.sender, record.receiver, record.since, Progress::Received);
            history.update(&record.id, Progress::Answered(record.answer));
            if let Some(entry) = history.get_mut(&record.id) {
                entry.segment = segment;
            }
        }
        history.news();
        let segment = earlier.last().map_or(0, |last| last + 1);
        let mut log = Answers { dir, segment, len: 0, opened: now, earlier };
        log.clean(history);
        Ok(log)
    }

    /// The changes that note `news`: records of what was answered, and the end of messages taken up.
    pub(crate) fn note(&mut self, history: &mut History, news: &News, now: u64) -> Noted {
        if self.len > SEGMENT || self.opened.saturating_add(KEPT / 2) < now && self.len > 0 {
            self.earlier.insert(self.segment);
            (self.segment, self.len, self.opened) = (self.segment + 1, 0, now);
            self.clean(history);
        }
        let mut bytes = Vec::new();
        for id in &news.answered {
            let Some(entry) = history.get_mut(id) else { continue };
            let Progress::Answered(answer) = &entry.progress else { continue };
            let (sender, receiver, answer) = (entry.sender, entry.receiver, answer.clone());
            let record = encode(&Record { id: *id, sender, receiver, since: now, answer });
            bytes.extend(u32::try_from(record.len()).unwrap_or_default().to_le_bytes());
            bytes.extend(record);
            entry.segment = self.segment;
        }
        let at = self.len;
        self.len += bytes.len() as u64;
        let removed = news.taken.iter().map(|id| format!("received/{}", hex::encode(id))).collect();
        Noted { path: format!("answers/{}", self.segment), at, bytes, removed }
    }

    /// Removes segments that hold nothing that is known any more.
    fn clean(&mut self, history: &History) {
        let wanted: BTreeSet<u64> = history.iter().map(|(_, entry)| entry.segment).collect();
        self.earlier.retain(|segment| {
            wanted.contains(segment) || std::fs::remove_file(self.dir.join(segment.to_string())).is_err()
        });
    }
}

/// What happened to ingress messages since the last commit.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Their execution has begun.
    pub(crate) taken: Vec<Hash>,
    pub(crate) answered: Vec<Hash>,
}

/// The same, as changes of files.
pub(crate) struct Noted {
    path: String,
    at: u64,
    bytes: Vec<u8>,
    removed: Vec<String>,
}

impl Noted {
    /// For the journal.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let appended = (!self.bytes.is_empty())
            .then(|| Change { path: self.path.clone(), what: What::At(self.at, &self.bytes) });
        let removed = self.removed.iter().map(|path| Change { path: path.clone(), what: What::Remove });
        appended.into_iter().chain(removed)
    }
}
