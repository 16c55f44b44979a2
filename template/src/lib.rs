//! A new processor as a crate that builds and passes its tests at once: `darkroom new-processor NAME`.
//!
//! The crate is a copy of `template/example` under another name; that one is built and tested with the workspace, so
//! that what is copied is known to work.

mod names;
mod workspace;

use std::path::{Path, PathBuf};

use names::Names;
use workspace::Workspace;

/// Why there is no new processor. Nothing was written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name is no name for a crate and an id.
    #[error("the name is `{found}`; allowed are 1 to 48 of a-z, 0-9 and single -, starting with a letter")]
    Name {
        /// What was given.
        found: String,
    },
    /// The type's name stands for something else in the code of the crate.
    #[error("`{found}` cannot be the name: the code of a processor needs `{word}` for something else")]
    Taken {
        /// What was given.
        found: String,
        /// The type's name.
        word: String,
    },
    /// There is a crate of this name.
    #[error("{path} is there already")]
    Exists {
        /// Its folder, or its line in `Cargo.toml`.
        path: String,
    },
    /// The folder is in no workspace that processors can be added to.
    #[error("{} is not in a Darkroom workspace: no folder above it has processors/all/Cargo.toml", folder.display())]
    NoWorkspace {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A file that a line is to be added to is not as it was.
    #[error("{path} has no line `{line}`, before which the new one belongs")]
    Changed {
        /// The file.
        path: String,
        /// What was looked for.
        line: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Writes the crate of a new processor into the workspace that `folder` is in, and links it. Gives the paths of all files
/// that were written, from the root of the workspace.
///
/// # Errors
/// [`Error`]; the workspace is then as it was.
pub fn new_processor(name: &str, folder: &Path) -> Result<Vec<String>, Error> {
    Workspace::find(folder)?.add(&Names::new(name)?)
}
