//! What this machine has.

use std::path::Path;
use std::process::Command;

use super::Check;
use crate::project::{Project, Tool};

/// What the canister is built for.
const TARGET: &str = "wasm32-unknown-unknown";

/// Whether the state directory can be written.
pub(super) fn state(path: &Path) -> Check {
    // The folder itself, or the one that it will be made in.
    let here = Path::new(".");
    let nearest = path.ancestors().map(|folder| if folder.as_os_str().is_empty() { here } else { folder });
    let nearest = nearest.into_iter().find(|folder| folder.exists()).unwrap_or(here);
    let shown = path.display();
    if !nearest.is_dir() {
        let found = format!("{shown} cannot be a folder: {} is a file", nearest.display());
        return Check::fail("state", found, "name another with --state");
    }
    match tempfile::NamedTempFile::new_in(nearest) {
        Ok(_) if path.exists() => Check::ok("state", format!("{shown} can be written")),
        Ok(_) => Check::ok("state", format!("{shown} is made when something is kept in it")),
        Err(error) => {
            let found = format!("{} cannot be written: {error}", nearest.display());
            Check::fail("state", found, "give the right to write it, or name another with --state")
        }
    }
}

/// Whether a canister could be built, for those who want to.
pub(super) fn target() -> Check {
    let libdir = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let Ok(libdir) = libdir else {
        return Check::skip("target", "no rustc; only whoever changes the canister needs it");
    };
    match Path::new(String::from_utf8_lossy(&libdir.stdout).trim()).is_dir() {
        true => Check::ok("target", format!("rustc builds for {TARGET}")),
        false => Check::warn(
            "target",
            format!("rustc does not build for {TARGET}; only whoever changes the canister needs it"),
            format!("rustup target add {TARGET}"),
        ),
    }
}

/// Whether the tools are there whose files are.
pub(super) fn tools(project: &Project) -> Vec<Check> {
    let tools = [
        ("icp", Tool::Icp, "npm install -g @icp-sdk/icp-cli"),
        ("dfx", Tool::Dfx, "https://github.com/dfinity/sdk says how to install it"),
    ];
    let checks = tools.into_iter().map(|(name, tool, remedy)| {
        let file = project.files.iter().find(|(of, _)| *of == tool).map(|(_, path)| path.display());
        let version = Command::new(name).arg("--version").output().ok();
        let version = version.filter(|output| output.status.success());
        match (version, file) {
            (Some(output), _) => Check::ok(name, String::from_utf8_lossy(&output.stdout).trim()),
            // `darkroom` itself needs neither.
            (None, Some(file)) => Check::warn(name, format!("there is {file}, and no `{name}`"), remedy),
            (None, None) => Check::skip(name, "not installed, and not needed here"),
        }
    });
    checks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Status;

    #[test]
    fn a_state_directory_is_looked_at_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        assert_eq!(state(&path).status, Status::Ok);
        assert!(!dir.path().join("a").exists());
        std::fs::write(dir.path().join("a"), "").unwrap();
        let check = state(&path);
        assert_eq!(check.status, Status::Fail);
        assert!(check.found.contains("is a file") && check.remedy.is_some(), "{check:?}");
    }
}
