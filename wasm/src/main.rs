//! Writes the canister's Wasm module to a file: the bytes that the command line carries, for icp.yaml and dfx.json.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("error: name the file to write, such as target/darkroom.wasm.gz");
        return ExitCode::from(2);
    };
    let path = std::path::PathBuf::from(path);
    match std::fs::write(&path, darkroom_wasm::CANISTER) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
