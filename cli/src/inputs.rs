//! Paths given on the command line, and the files that are meant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Files that are taken from folders, by their extension.
const IMAGES: [&str; 3] = ["jpg", "jpeg", "png"];

/// The files that are meant.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// Each once, in the order given; folders in order of names.
    pub(crate) files: Vec<PathBuf>,
    /// What cannot be taken, and why.
    pub(crate) problems: Vec<(PathBuf, String)>,
    /// What was named more than once.
    pub(crate) repeated: Vec<PathBuf>,
}

/// Finds the files. Named files are taken whatever they are called; from folders only images.
pub(crate) fn find(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                inputs.problem(path, "there is no such file or folder");
            }
            Err(error) => inputs.problem(path, &format!("it cannot be looked at: {error}")),
            Ok(data) if data.is_dir() => search(path, &mut inputs, &mut seen),
            Ok(data) if data.is_file() => inputs.take(path, &mut seen),
            Ok(_) => inputs.problem(path, "it is neither a file nor a folder"),
        }
    }
    inputs
}

impl Inputs {
    fn problem(&mut self, path: &Path, reason: &str) {
        self.problems.push((path.to_owned(), reason.to_owned()));
    }

    fn take(&mut self, path: &Path, seen: &mut BTreeSet<PathBuf>) {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if seen.insert(real) {
            self.files.push(path.to_owned());
        } else {
            self.repeated.push(path.to_owned());
        }
    }
}

fn search(folder: &Path, inputs: &mut Inputs, seen: &mut BTreeSet<PathBuf>) {
    let before = (inputs.files.len(), inputs.problems.len(), inputs.repeated.len());
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible)
    {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_image(entry.path()) => {
                inputs.take(entry.path(), seen);
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let reason = match error.io_error() {
                    Some(error) => format!("it cannot be searched: {error}"),
                    None => "it links to a folder that contains it".to_owned(),
                };
                inputs.problem(&path, &reason);
            }
        }
    }
    if before == (inputs.files.len(), inputs.problems.len(), inputs.repeated.len()) {
        inputs.problem(folder, "there are no .jpg, .jpeg or .png files in it");
    }
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| IMAGES.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(dir: &Path, name: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x").unwrap();
        path
    }

    #[test]
    fn folders_give_images_and_named_files_are_taken_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let a = touch(dir.path(), "photos/a.JPG");
        let b = touch(dir.path(), "photos/deep/ünï.png");
        touch(dir.path(), "photos/notes.txt");
        touch(dir.path(), "photos/.hidden/c.jpg");
        let named = touch(dir.path(), "scan.data");
        let inputs = find(&[dir.path().join("photos"), named.clone()]);
        assert_eq!(inputs.files, [a, b, named]);
        assert!(inputs.problems.is_empty(), "{inputs:?}");
    }

    #[test]
    fn a_file_that_is_named_twice_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let a = touch(dir.path(), "a.jpg");
        let inputs = find(&[a.clone(), dir.path().to_owned(), a.clone()]);
        assert_eq!(inputs.files, [a]);
        assert_eq!(inputs.repeated.len(), 2);
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        let socket = dir.path().join("socket.jpg");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let missing = dir.path().join("missing.jpg");
        let inputs = find(&[missing, empty, socket]);
        let reasons: Vec<_> = inputs.problems.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(inputs.files.is_empty());
        assert!(reasons[0].contains("no such file"), "{reasons:?}");
        assert!(reasons[1].contains("no .jpg"), "{reasons:?}");
        assert!(reasons[2].contains("neither a file nor a folder"), "{reasons:?}");
    }
}
