//! What the fuzz targets in `fuzz/` drive, and tests over their seeds: files that others may have written, and answers.
#![allow(missing_docs, reason = "not a part of the interface")]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::path::Path;

use darkroom_client::config as pipelines;
use tempfile::TempDir;

use crate::{gateway, identity, project, settings};

thread_local! {
    /// A project of one file, which is written anew for each input.
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder can be made");
}

/// The first byte picks a file of a project, the rest is the file.
///
/// # Panics
/// When reading it does.
pub fn config(data: &[u8]) {
    match data {
        [0, toml @ ..] => {
            let text = String::from_utf8_lossy(toml);
            let _ = settings::check(&text).map_err(|error| error.to_string());
            let registry = darkroom_processors::registry().expect("ids are unique");
            match pipelines::check(&text, &registry) {
                Err(error) => assert!(!error.to_string().is_empty()),
                Ok((config, _)) => {
                    let wire = pipelines::to_wire(&config);
                    let back: Vec<_> = wire.iter().map(pipelines::pipeline_from_wire).collect();
                    let back = back.into_iter().collect::<Result<Vec<_>, _>>().expect("it has travelled");
                    assert_eq!(back, config.pipelines);
                }
            }
        }
        [1, yaml @ ..] => in_project("icp.yaml", yaml, |folder| {
            let _ = project::fuzz(folder);
        }),
        [2, json @ ..] => in_project("dfx.json", json, |folder| {
            let _ = project::fuzz(folder);
        }),
        [3, json @ ..] => in_project("canister_ids.json", json, |folder| {
            project::fuzz_ids(&folder.join("canister_ids.json"));
        }),
        _ => {}
    }
}

fn in_project(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    FOLDER.with(|folder| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file can be written");
        read(folder.path());
        std::fs::remove_file(path).expect("the file can be removed");
    });
}

/// The first byte picks a file that identities are kept in, the rest is the file.
pub fn identity(data: &[u8]) {
    identity::fuzz(data);
}

/// An answer of a canister to a gateway, in Candid.
pub fn answer(data: &[u8]) {
    gateway::fuzz(data);
}

#[cfg(test)]
mod tests;
