//! What the tests of all commands share: a state directory of their own, photos, and the binary.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod compiled;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A place with a state directory, where commands run.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    /// A new place with nothing stored.
    pub(crate) fn new() -> Place {
        let place = Place { dir: tempfile::tempdir().unwrap() };
        compiled::give(&place.path(".darkroom"));
        place
    }

    /// A file's path.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Whether no command has kept anything in the state directory.
    pub(crate) fn is_unused(&self) -> bool {
        let entries = |path: &str| std::fs::read_dir(self.path(path)).map_or(0, Iterator::count);
        // A compiled module is there from the beginning, and the version of the layout.
        entries(".darkroom") <= 1 && entries(".darkroom/localnet") <= 2
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A photo of its own for each seed.
    pub(crate) fn photo(&self, name: &str, seed: u64) -> PathBuf {
        self.file(name, &darkroom_codec::testing::photo(640, 480, 85, seed))
    }

    /// The binary as a command of this place, on any free port.
    pub(crate) fn command(&self) -> std::process::Command {
        self.program(assert_cmd::cargo::cargo_bin!("darkroom"))
    }

    /// A line as somebody in this place types it, who has the binary on the `PATH`. It is the shell's only command, and
    /// has its process.
    pub(crate) fn shell(&self, line: &str) -> std::process::Command {
        let binary = assert_cmd::cargo::cargo_bin!("darkroom");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path);
        let path = std::iter::once(binary.parent().unwrap().to_path_buf()).chain(path);
        let mut command = self.program(Path::new("sh"));
        command.args(["-c", &format!("exec {line}")]).env("PATH", std::env::join_paths(path).unwrap());
        command
    }

    fn program(&self, program: &Path) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.current_dir(self.dir.path());
        // Nothing of whoever runs the tests counts: no variables, no identities.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["DARKROOM_", "ICP_", "DFX_", "XDG_DATA_HOME"].iter().any(|own| text.starts_with(own)) {
                command.env_remove(&name);
            }
        }
        command.env("HOME", self.path("home")).env("DARKROOM_PORT", "0");
        command
    }

    /// The canister that was deployed to the place's network.
    pub(crate) fn canister(&self) -> String {
        let canisters = std::fs::read(self.path(".darkroom/canisters.json")).unwrap();
        let canisters: Value = serde_json::from_slice(&canisters).unwrap();
        canisters["local"].as_str().unwrap().to_owned()
    }

    /// Runs the binary.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Done(self.command().args(args).output().unwrap())
    }

    /// Runs `run --json` and gives its lines.
    pub(crate) fn store(&self, args: &[&str]) -> Vec<Value> {
        let done = self.run(&[&["run", "--json"], args].concat());
        done.code(0);
        done.json()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        compiled::keep(&self.path(".darkroom"));
    }
}

/// A network of a place that runs on its own; killed when the test ends.
pub(crate) struct Network {
    pub(crate) child: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Network {
    /// Starts one; with rounds of so many milliseconds an upload takes its time.
    pub(crate) fn start(place: &Place, round: Option<&str>) -> Network {
        Network::start_at(place, "0", round)
    }

    /// The same at this port.
    pub(crate) fn start_at(place: &Place, port: &str, round: Option<&str>) -> Network {
        let mut command = place.command();
        command.args(["localnet", "start", "--port", port]);
        if let Some(round) = round {
            command.args(["--round-ms", round]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Network { child, url: url.trim().to_owned() }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// An asset of a line of JSON.
pub(crate) fn asset<'v>(line: &'v Value, name: &str) -> &'v Value {
    let assets = line["assets"].as_array().unwrap();
    assets.iter().find(|asset| asset["name"] == name).unwrap()
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Done(pub(crate) Output);

impl Done {
    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Done {
        assert_eq!(self.0.status.code(), Some(code), "stdout: {}\nstderr: {}", self.stdout(), self.stderr());
        self
    }

    /// Checks that standard error says something.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Done {
        assert!(self.stderr().contains(text), "`{text}` is not in: {}", self.stderr());
        self
    }

    /// Standard output.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Standard error.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Standard output as lines of JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}
