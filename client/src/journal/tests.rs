//! Records kept, found, and thrown away.

use darkroom_api::Upload;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::clock::now;

const KEY: &str = "darkroom-1:key";

fn canister(n: u8) -> Principal {
    Principal::from_slice(&[n])
}

fn upload(session: u64) -> Upload {
    Upload { item: "cbonwy6wynhnhbqe".into(), session, chunk_size: 65_536, coverage: vec![], expires_at: 1 }
}

fn save(journal: &Journal, canister: Principal, key: &str, session: u64, file: Option<FileStamp>) {
    let size = file.as_ref().map_or(5, |_| 4);
    let upload = upload(session);
    let sha256 = Digest::of(b"data");
    let begun = Begun { canister, idempotency_key: key, upload: &upload, size, sha256, file };
    journal.save(begun, now()).unwrap();
}

fn journal() -> (TempDir, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::new(dir.path().join("uploads"));
    (dir, journal)
}

fn files(journal: &Journal) -> usize {
    std::fs::read_dir(&journal.dir).map_or(0, Iterator::count)
}

fn path_of(journal: &Journal, key: &str) -> PathBuf {
    journal.dir.join(Record::file_name(canister(1), key))
}

fn load(journal: &Journal) -> Option<Record> {
    journal.load(canister(1), KEY, now())
}

/// A file that was last written to a minute ago.
fn settled_file(dir: &TempDir, name: &str) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, b"data").unwrap();
    touch(&path, now() - Duration::from_secs(60));
    path
}

fn touch(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

fn stamp(path: &Path) -> Option<FileStamp> {
    FileStamp::of(path, &std::fs::metadata(path).unwrap())
}

#[test]
fn records_are_found_again_and_the_last_one_counts() {
    let (_dir, journal) = journal();
    assert_eq!(load(&journal), None, "not even the directory is there");
    save(&journal, canister(1), KEY, 7, None);
    save(&journal, canister(1), KEY, 8, None);
    save(&journal, canister(2), KEY, 9, None);
    assert_eq!(files(&journal), 2, "nothing is left aside");
    let record = load(&journal).unwrap();
    assert_eq!((record.session, record.size, record.chunk_size), (8, 5, 65_536));
    journal.remove(canister(1), KEY);
    assert_eq!((load(&journal), files(&journal)), (None, 1));
    journal.remove(canister(1), KEY);
}

#[test]
fn a_file_that_looks_the_same_is_not_hashed_again() {
    let (dir, journal) = journal();
    let path = settled_file(&dir, "a.jpg");
    let known = |path: &Path| journal.sha256_of(stamp(path).as_ref(), now());
    assert_eq!(known(&path), None);
    save(&journal, canister(1), KEY, 7, stamp(&path));
    assert_eq!(known(&path), Some(Digest::of(b"data")));
    assert_eq!(known(&settled_file(&dir, "b.jpg")), None, "another file");
    touch(&path, now() - Duration::from_secs(50));
    assert_eq!(known(&path), None, "another time");
    assert_eq!(journal.sha256_of(None, now()), None);
}

/// Length and time may be those of before.
#[cfg(unix)]
#[test]
fn a_file_that_was_edited_or_replaced_is_hashed_again() {
    use std::os::unix::fs::MetadataExt;
    let (dir, journal) = journal();
    let known = |path: &Path| journal.sha256_of(stamp(path).as_ref(), now());
    let path = settled_file(&dir, "a.jpg");
    let before = std::fs::metadata(&path).unwrap();
    save(&journal, canister(1), KEY, 7, stamp(&path));
    assert_eq!(known(&path), Some(Digest::of(b"data")));
    let changed = |data: &std::fs::Metadata| (data.ctime(), data.ctime_nsec());
    let edited = loop {
        std::fs::write(&path, b"atad").unwrap();
        touch(&path, before.modified().unwrap());
        let data = std::fs::metadata(&path).unwrap();
        // Some systems count these times in steps of some milliseconds.
        if changed(&data) != changed(&before) {
            break data;
        }
    };
    assert_eq!((edited.len(), edited.modified().unwrap()), (before.len(), before.modified().unwrap()));
    assert_eq!(known(&path), None, "edited");
    save(&journal, canister(1), KEY, 7, stamp(&path));
    assert!(known(&path).is_some());
    let other = settled_file(&dir, "b.jpg");
    touch(&other, before.modified().unwrap());
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(known(&path), None, "replaced");
}

#[test]
fn a_file_that_was_just_written_is_hashed_again() {
    let (dir, journal) = journal();
    let path = dir.path().join("a.jpg");
    std::fs::write(&path, b"data").unwrap();
    save(&journal, canister(1), KEY, 7, stamp(&path));
    assert_eq!(journal.sha256_of(stamp(&path).as_ref(), now()), None);
}

#[test]
fn what_is_of_no_use_is_removed_and_nothing_else_is() {
    let (_dir, journal) = journal();
    save(&journal, canister(1), KEY, 7, None);
    let good = std::fs::read_to_string(path_of(&journal, KEY)).unwrap();
    let newer = good.replace("\"darkroom_journal\": 2", "\"darkroom_journal\": 3");
    let foreign = good.replace(&canister(1).to_text(), &canister(2).to_text());
    let no_digest = good.replace(&Digest::of(b"data").to_string(), &"é".repeat(32));
    let long = good.clone() + &" ".repeat(70_000);
    for bad in ["", "{}", "null", &good[..good.len() / 2], &newer, &foreign, &no_digest, &long] {
        assert_ne!(bad, good);
        std::fs::write(path_of(&journal, KEY), bad).unwrap();
        assert_eq!(load(&journal), None, "{bad}");
        assert_eq!(files(&journal), 0, "{bad}");
    }
    std::fs::write(path_of(&journal, KEY), [0xff; 100]).unwrap();
    std::fs::write(journal.dir.join("notes.json"), "{}").unwrap();
    std::fs::write(journal.dir.join("x.tmp"), "").unwrap();
    journal.sha256_of(None, now() + 2 * KEPT);
    assert_eq!(files(&journal), 2, "what is not the journal's stays");
}

#[test]
fn what_is_old_is_removed() {
    let (_dir, journal) = journal();
    save(&journal, canister(1), KEY, 7, None);
    let aside = path_of(&journal, KEY).with_extension("json.77.tmp");
    std::fs::write(&aside, "half").unwrap();
    journal.sha256_of(None, now() + KEPT / 2);
    assert_eq!(files(&journal), 2);
    journal.sha256_of(None, now() + KEPT + Duration::from_secs(60));
    assert_eq!(files(&journal), 0);
    save(&journal, canister(1), KEY, 7, None);
    assert!(journal.load(canister(1), KEY, now() - KEPT).is_some(), "the clock was set back");
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_of_save_alone() {
    let (dir, _) = journal();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let journal = Journal::new(file);
    let upload = upload(1);
    let begun = Begun {
        canister: canister(1),
        idempotency_key: KEY,
        upload: &upload,
        size: 1,
        sha256: Digest::of(b"data"),
        file: None,
    };
    assert!(journal.save(begun, now()).is_err());
    assert_eq!(load(&journal), None);
    journal.remove(canister(1), KEY);
}

proptest! {
    // Each case waits for the disk.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_in_a_record_do_harm(
        cut in any::<prop::sample::Index>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let (_dir, journal) = journal();
        save(&journal, canister(1), KEY, 7, None);
        let path = path_of(&journal, KEY);
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        std::fs::write(&path, &bytes).unwrap();
        let record = load(&journal);
        prop_assert_eq!(record.is_some(), path.exists());
        if let Some(record) = record {
            // Whatever survives still belongs to this canister and key.
            prop_assert!(Record::read(&Record::file_name(canister(1), KEY), &record.write().unwrap()).is_some());
        }
    }
}
