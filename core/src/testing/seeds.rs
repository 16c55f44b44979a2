//! The seeds of the fuzz targets in `fuzz/`, for the tests that run the targets' bodies over them.

use std::path::{Path, PathBuf};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target)
}

/// Runs the body of a target over its seeds, in the order of their names. Tells which one it is at, for when it panics.
///
/// # Panics
/// When the body does, and when there are no seeds.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn over_seeds(target: &str, mut body: impl FnMut(&[u8])) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no seeds");
    for path in paths {
        println!("{}", path.display());
        body(&std::fs::read(path).unwrap());
    }
}

/// Writes a seed.
///
/// # Panics
/// When it cannot be written.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn write_seed(target: &str, name: &str, head: &[u8], bytes: &[u8]) {
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    std::fs::create_dir_all(folder(target)).unwrap();
    std::fs::write(folder(target).join(name), [head, bytes].concat()).unwrap();
}
