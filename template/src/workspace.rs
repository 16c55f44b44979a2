//! The workspace that a processor is added to.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::names::{FILES, Names};

/// The crate that lists the processors.
const LIST: &str = "processors/all";
/// What its dependencies end before, and its list.
const END_OF_DEPENDENCIES: &str = "\n[features]";
const END_OF_LIST: &str = "    ]\n";

/// Its root folder.
pub(crate) struct Workspace(PathBuf);

impl Workspace {
    /// The one that `folder` is in.
    pub(crate) fn find(folder: &Path) -> Result<Workspace, Error> {
        let mut above = folder.ancestors();
        let root = above.find(|folder| folder.join(LIST).join("Cargo.toml").is_file());
        match root {
            Some(root) => Ok(Workspace(root.to_path_buf())),
            None => Err(Error::NoWorkspace { folder: folder.to_path_buf() }),
        }
    }

    /// Writes the crate and links it; all of it or nothing. Gives the paths of what was written.
    pub(crate) fn add(&self, names: &Names) -> Result<Vec<String>, Error> {
        let Names { kebab, snake, .. } = names;
        let folder = format!("processors/{kebab}");
        if self.0.join(&folder).exists() {
            return Err(Error::Exists { path: folder });
        }
        let member = format!("darkroom-{kebab} ");
        if self.read("Cargo.toml")?.contains(&member) {
            return Err(Error::Exists { path: format!("the crate {member}in Cargo.toml") });
        }
        // All is made before anything is written.
        let mut files: Vec<(String, String)> =
            FILES.map(|(path, text)| (format!("{folder}/{path}"), names.fill(text))).into();
        let dependency = format!("darkroom-{kebab} = {{ path = \"../{kebab}\" }}\n");
        let link = format!("        &darkroom_{snake}::PROCESSOR,\n");
        files.push(self.with_line(format!("{LIST}/Cargo.toml"), END_OF_DEPENDENCIES, &dependency)?);
        files.push(self.with_line(format!("{LIST}/src/lib.rs"), END_OF_LIST, &link)?);
        let written = files.iter().try_for_each(|(path, text)| self.write(path, text));
        if written.is_err() {
            // Half a crate would break the workspace; the lists come last.
            let _ = fs::remove_dir_all(self.0.join(&folder));
        }
        written?;
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }

    /// A file with a line more before `end`.
    fn with_line(&self, path: String, end: &'static str, line: &str) -> Result<(String, String), Error> {
        let text = self.read(&path)?;
        match text.find(end) {
            Some(at) => Ok((path, format!("{}{line}{}", &text[..at], &text[at..]))),
            None => Err(Error::Changed { path, line: end.trim() }),
        }
    }

    fn read(&self, path: &str) -> Result<String, Error> {
        fs::read_to_string(self.0.join(path)).map_err(|error| Error::File { path: path.to_owned(), error })
    }

    fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        let whole = self.0.join(path);
        let written =
            whole.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&whole, text));
        written.map_err(|error| Error::File { path: path.to_owned(), error })
    }
}
