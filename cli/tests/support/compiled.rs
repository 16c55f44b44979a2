//! The canister's module in compiled form, kept from test to test: compiling it takes longer than most of them.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Where a state directory has it.
fn of_state(state: &Path) -> PathBuf {
    let hash = darkroom_core::Digest::of(darkroom_wasm::CANISTER);
    state.join(format!("localnet/modules/{hash}.compiled"))
}

/// Where it is kept, for this build of the binary alone: another may compile it otherwise.
fn kept() -> PathBuf {
    let binary = std::fs::metadata(assert_cmd::cargo::cargo_bin!("darkroom")).unwrap();
    let built = binary.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("module-{built}.compiled"))
}

/// Gives a new state directory what is kept.
pub(crate) fn give(state: &Path) {
    let (kept, file) = (kept(), of_state(state));
    if kept.exists() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        // A directory that is not empty says which layout it has.
        std::fs::copy(kept.with_extension("version"), state.join("localnet/VERSION")).unwrap();
        std::fs::copy(kept, file).unwrap();
    }
}

/// Keeps what a state directory has, unless something is kept.
pub(crate) fn keep(state: &Path) {
    let (kept, file) = (kept(), of_state(state));
    if kept.exists() || !file.exists() {
        return;
    }
    let folder = kept.parent().unwrap();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("module-") {
            // Of a build that is gone; another test may have removed it just now.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    // Whole or not at all: others may look meanwhile.
    let Ok(new) = tempfile::NamedTempFile::new_in(folder) else { return };
    let version = std::fs::copy(state.join("localnet/VERSION"), kept.with_extension("version"));
    if version.is_ok() && std::fs::copy(file, new.path()).is_ok() {
        let _ = new.persist(kept);
    }
}
