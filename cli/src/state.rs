//! The state directory: where the network, the key and canister ids are kept between runs.
//!
//! ```text
//! localnet/         the embedded network's state
//! localnet.json     pid and URL of a network that runs on its own
//! identity.pem      the generated key
//! canisters.json    canister ids by network
//! uploads/          the client's journal of uploads in flight
//! lock              held while a canister is deployed
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use candid::Principal;

use crate::error::{Error, Result};

/// A state directory, created when something is first kept in it.
#[derive(Clone, Debug)]
pub(crate) struct State {
    root: PathBuf,
}

/// Held while a canister is deployed.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is released when it is closed")] File);

impl State {
    pub(crate) fn new(root: &Path) -> State {
        State { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The embedded network's own directory.
    pub(crate) fn localnet(&self) -> PathBuf {
        self.root.join("localnet")
    }

    /// Tells where a network that runs on its own can be reached.
    pub(crate) fn localnet_file(&self) -> PathBuf {
        self.root.join("localnet.json")
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.root.join("identity.pem")
    }

    /// Uploads in flight, as the client keeps them.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// Creates the directory.
    pub(crate) fn create(&self) -> Result<()> {
        let what = || format!("cannot create the state directory {}", self.root.display());
        if self.root.is_dir() {
            // Whatever else is in there is not ours to hide.
            return Ok(());
        }
        std::fs::create_dir_all(&self.root).map_err(Error::io(what()))?;
        // Keys and development state belong in no repository.
        std::fs::write(self.root.join(".gitignore"), "*\n").map_err(Error::io(what()))
    }

    /// Writes a file of the directory whole or not at all.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.create()?;
        let what = || format!("cannot write {}", path.display());
        let mut file = tempfile::NamedTempFile::new_in(&self.root).map_err(Error::io(what()))?;
        file.write_all(bytes).map_err(Error::io(what()))?;
        file.persist(path).map_err(|error| Error::io(what())(error.error))?;
        Ok(())
    }

    /// Keeps others from deploying until it is dropped.
    pub(crate) fn lock(&self) -> Result<Lock> {
        self.create()?;
        let path = self.root.join("lock");
        let what = || format!("cannot lock {}", path.display());
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io(what()))?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| Error::io(what())(error.into()))?;
        Ok(Lock(file))
    }

    /// The canister of a network, if one was deployed from here.
    pub(crate) fn canister(&self, network: &str) -> Result<Option<Principal>> {
        let path = self.canisters_file();
        let ids = self.canisters()?;
        ids.get(network).map(|id| parse_id(id, &path)).transpose()
    }

    /// Remembers the canister of a network; nobody else does meanwhile.
    pub(crate) fn set_canister(&self, _: &Lock, network: &str, canister: Principal) -> Result<()> {
        let mut ids = self.canisters()?;
        ids.insert(network.to_owned(), canister.to_text());
        let text = serde_json::to_string_pretty(&ids).map_err(|error| Error::Local(error.to_string()))?;
        self.write(&self.canisters_file(), (text + "\n").as_bytes())
    }

    fn canisters_file(&self) -> PathBuf {
        self.root.join("canisters.json")
    }

    fn canisters(&self) -> Result<BTreeMap<String, String>> {
        let path = self.canisters_file();
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Error::Local(format!("{} cannot be read: {error}; remove it to deploy anew", path.display()))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(Error::io(format!("cannot read {}", path.display()))(error)),
        }
    }
}

fn parse_id(id: &str, path: &Path) -> Result<Principal> {
    let reason = |error| format!("{}: `{id}` is not a canister id: {error}", path.display());
    Principal::from_text(id).map_err(|error| Error::Local(reason(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canisters_are_remembered_by_network() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::new(&dir.path().join("new"));
        assert_eq!(state.canister("local").unwrap(), None);
        let (one, other) = (Principal::from_slice(&[1]), Principal::from_slice(&[2]));
        let lock = state.lock().unwrap();
        state.set_canister(&lock, "local", one).unwrap();
        state.set_canister(&lock, "ic", other).unwrap();
        assert_eq!(state.canister("local").unwrap(), Some(one));
        assert_eq!(state.canister("ic").unwrap(), Some(other));
    }

    #[test]
    fn only_a_new_directory_is_kept_out_of_repositories() {
        let dir = tempfile::tempdir().unwrap();
        State::new(&dir.path().join("new/state")).create().unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("new/state/.gitignore")).unwrap(), "*\n");
        State::new(dir.path()).lock().unwrap();
        assert!(!dir.path().join(".gitignore").exists() && !dir.path().join("new/.gitignore").exists());
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("canisters.json"), "{").unwrap();
        let error = State::new(dir.path()).canister("local").unwrap_err().to_string();
        assert!(error.contains("canisters.json"), "{error}");
    }
}
