//! Paths given on the command line, and the files that are meant.

pub(crate) mod globs;
pub(crate) mod spool;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use globs::Globs;

/// Files that are taken from folders, by their extension: what the codec reads.
const IMAGES: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// The path that stands for standard input.
pub(crate) const STDIN: &str = "-";

/// A file that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where its bytes are.
    pub(crate) path: PathBuf,
    /// How it was named.
    pub(crate) shown: String,
    /// The name to store it under; that of the path if absent.
    pub(crate) name: Option<String>,
    /// How many bytes it has.
    pub(crate) bytes: u64,
    /// The folder that it was found in, and whether it is taken from there whatever the pipeline makes.
    found: Option<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    folder: usize,
    meant: bool,
}

/// The files that are meant.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// Each once, in the order given; folders in order of names.
    pub(crate) files: Vec<Input>,
    /// What cannot be taken, and why.
    pub(crate) problems: Vec<(PathBuf, String)>,
    /// What was named more than once.
    pub(crate) repeated: Vec<PathBuf>,
    /// Whether standard input is meant; whoever spools it adds it to the files.
    pub(crate) stdin: bool,
    folders: Vec<Folder>,
}

/// A folder that was searched.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Whether something in it was named already, or is a problem.
    accounted: bool,
}

/// Finds the files. Named files are taken whatever they are called; from folders what the patterns include, or where
/// they do not say, images, and for now all others: [`Inputs::narrow`] decides about those.
pub(crate) fn find(paths: &[PathBuf], globs: &Globs) -> Inputs {
    let mut inputs = Inputs::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        if path.as_os_str() == STDIN {
            if inputs.stdin {
                inputs.repeated.push(path.clone());
            }
            inputs.stdin = true;
            continue;
        }
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                inputs.problem(path, "there is no such file or folder");
            }
            Err(error) => inputs.problem(path, &format!("it cannot be looked at: {error}")),
            Ok(data) if data.is_dir() => search(path, globs, &mut inputs, &mut seen),
            Ok(data) if data.is_file() => {
                inputs.take(path, data.len(), None, &mut seen);
            }
            Ok(_) => inputs.problem(path, "it is neither a file nor a folder"),
        }
    }
    inputs
}

impl Inputs {
    /// Whether nothing is left to upload, whatever the pipeline.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.stdin
    }

    /// Whether [`narrow`](Inputs::narrow) has something to decide.
    pub(crate) fn is_open(&self) -> bool {
        self.files.iter().any(|file| file.found.is_some_and(|found| !found.meant))
    }

    /// Leaves out of what folders gave whatever is no image, unless the pipeline takes `everything`. A folder that
    /// nothing is left of is a problem then.
    pub(crate) fn narrow(&mut self, everything: bool, globs: &Globs) {
        self.files.retain(|file| everything || file.found.is_none_or(|found| found.meant));
        let mut filled: Vec<bool> = self.folders.iter().map(|folder| folder.accounted).collect();
        for found in self.files.iter().filter_map(|file| file.found) {
            filled[found.folder] = true;
        }
        let reason = if globs.choose() {
            "nothing in it is what --include names".to_owned()
        } else if everything {
            "there are no files in it".to_owned()
        } else {
            let names = IMAGES.map(|name| format!(".{name}")).join(", ");
            format!("there are no images in it ({names}); --include names other files")
        };
        let empty = self.folders.iter().zip(filled).filter(|(_, filled)| !filled);
        let empty: Vec<_> = empty.map(|(folder, _)| (folder.path.clone(), reason.clone())).collect();
        self.problems.extend(empty);
    }

    /// Adds what came in on standard input.
    pub(crate) fn add_spooled(&mut self, spooled: &spool::Spooled, name: Option<&str>) {
        self.files.push(Input {
            path: spooled.file.path().to_owned(),
            shown: STDIN.to_owned(),
            name: Some(name.unwrap_or(&spooled.name).to_owned()),
            bytes: spooled.bytes,
            found: None,
        });
    }

    fn problem(&mut self, path: &Path, reason: &str) {
        self.problems.push((path.to_owned(), reason.to_owned()));
    }

    /// Takes a file unless it was taken before; says whether it was new.
    fn take(&mut self, path: &Path, bytes: u64, found: Option<Found>, seen: &mut BTreeSet<PathBuf>) -> bool {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let new = seen.insert(real);
        if new {
            let shown = path.to_string_lossy().into_owned();
            self.files.push(Input { path: path.to_owned(), shown, name: None, bytes, found });
        } else {
            self.repeated.push(path.to_owned());
        }
        new
    }
}

fn search(folder: &Path, globs: &Globs, inputs: &mut Inputs, seen: &mut BTreeSet<PathBuf>) {
    let number = inputs.folders.len();
    let mut accounted = false;
    let below = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_owned();
    let wanted = |entry: &walkdir::DirEntry| {
        entry.depth() == 0
            || !entry.file_name().to_string_lossy().starts_with('.') && !globs.excludes(&below(entry.path()))
    };
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(wanted)
    {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let reason = match error.io_error() {
                    Some(error) => format!("it cannot be searched: {error}"),
                    None => "it links to a folder that contains it".to_owned(),
                };
                inputs.problem(&path, &reason);
                accounted = true;
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let meant =
            if globs.choose() { globs.includes(&below(entry.path())) } else { is_image(entry.path()) };
        if globs.choose() && !meant {
            continue;
        }
        // What cannot be looked at fails when it is read, with a reason.
        let bytes = entry.metadata().map_or(0, |data| data.len());
        accounted |= !inputs.take(entry.path(), bytes, Some(Found { folder: number, meant }), seen);
    }
    inputs.folders.push(Folder { path: folder.to_owned(), accounted });
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| IMAGES.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests;
