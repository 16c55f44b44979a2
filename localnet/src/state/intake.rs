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
use super::message::Refusal;
use candid::Principal;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
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
        let name = hex::encode(message.id);
        // The same message may come twice at once: what one has acknowledged, the other must not cut short.
        let part = self.dir.join(format!("{name}.{serial}"));
        std::fs::write(&part, encode(&waiting))?;
        std::fs::rename(part, self.dir.join(name))
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
    answer: Result<ByteBuf, Refusal>,
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
            history.update(&record.id, Progress::Answered(record.answer.map(ByteBuf::into_vec)));
            if let Some(entry) = history.get_mut(&record.id) {
                entry.segment = Some(segment);
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
            let (sender, receiver, answer) =
                (entry.sender, entry.receiver, answer.clone().map(ByteBuf::from));
            let record = encode(&Record { id: *id, sender, receiver, since: now, answer });
            bytes.extend(u32::try_from(record.len()).unwrap_or_default().to_le_bytes());
            bytes.extend(record);
            entry.segment = Some(self.segment);
        }
        let at = self.len;
        self.len += bytes.len() as u64;
        let removed = news.taken.iter().map(|id| format!("received/{}", hex::encode(id))).collect();
        Noted { path: format!("answers/{}", self.segment), at, bytes, removed }
    }

    /// Removes segments that hold nothing that is known any more.
    fn clean(&mut self, history: &History) {
        let wanted: BTreeSet<u64> = history.iter().filter_map(|(_, entry)| entry.segment).collect();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::state::journal::Journal;
    use std::sync::Arc;

    const SECOND: u64 = 1_000_000_000;

    fn message(n: u8) -> Ingress {
        let (sender, canister) = (Principal::anonymous(), Principal::from_slice(&[n]));
        let arg = Arc::new(vec![n; 1000]);
        Ingress { id: [n; 32], sender, canister, effective: None, method: "m".into(), arg }
    }

    fn directories() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["received", "answers"] {
            std::fs::create_dir(dir.path().join(sub)).unwrap();
        }
        dir
    }

    /// Answers message `n` with a reply of `bytes` bytes and commits that.
    fn answer(
        journal: &mut Journal,
        log: &mut Answers,
        history: &mut History,
        n: u8,
        bytes: usize,
        now: u64,
    ) {
        history.add([n; 32], Principal::anonymous(), Principal::from_slice(&[n]), now, Progress::Received);
        history.update(&[n; 32], Progress::Processing);
        history.update(&[n; 32], Progress::Answered(Ok(vec![n; bytes])));
        let news = history.news();
        let noted = log.note(history, &news, now);
        journal.commit(&noted.changes().collect::<Vec<_>>()).unwrap();
    }

    #[test]
    fn messages_wait_in_order_and_torn_ones_never_came() {
        let dir = directories();
        let intake = Intake::new(dir.path());
        for n in [3, 1, 2] {
            intake.keep(&message(n), SECOND).unwrap();
        }
        let torn = dir.path().join("received").join(hex::encode([9; 32]));
        std::fs::write(&torn, &encode(&message(9))[..500]).unwrap();
        let mut history = History::default();
        let ids = |list: Vec<Ingress>| list.iter().map(|m| m.id[0]).collect::<Vec<_>>();
        assert_eq!(ids(Intake::new(dir.path()).load(&mut history).unwrap()), [3, 1, 2]);
        assert!(!torn.exists());
        // A message that is known to be executed is not executed again, though its file was left.
        let mut history = History::default();
        history.add([1; 32], Principal::anonymous(), Principal::anonymous(), SECOND, Progress::Processing);
        assert_eq!(ids(Intake::new(dir.path()).load(&mut history).unwrap()), [3, 2]);
    }

    #[test]
    fn answers_are_read_back_while_they_count() {
        let dir = directories();
        let mut history = History::default();
        let mut log = Answers::load(dir.path(), &mut history, 0).unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        answer(&mut journal, &mut log, &mut history, 1, 10, SECOND);
        answer(&mut journal, &mut log, &mut history, 2, 10, 400 * SECOND);
        let known = |now| {
            let mut history = History::default();
            Answers::load(dir.path(), &mut history, now).unwrap();
            history.iter().map(|(id, _)| id[0]).collect::<Vec<_>>()
        };
        assert_eq!(known(500 * SECOND), [1, 2]);
        assert_eq!(known(SECOND + KEPT), [2]);
        assert!(known(401 * SECOND + KEPT).is_empty());
    }

    #[test]
    fn an_answer_costs_its_own_size_and_old_segments_go() {
        let dir = directories();
        let mut history = History::default();
        let mut log = Answers::load(dir.path(), &mut history, 0).unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let segments = || std::fs::read_dir(dir.path().join("answers")).unwrap().count();
        for n in 0..40 {
            let before = log.len;
            answer(&mut journal, &mut log, &mut history, n, 1 << 20, SECOND);
            assert!(log.len < before + (1 << 20) + 1000);
        }
        assert_eq!(segments(), 3);
        history.forget(2 * SECOND + KEPT);
        answer(&mut journal, &mut log, &mut history, 41, 10, 3 * SECOND + KEPT);
        assert_eq!(segments(), 1);
    }
}
