//! Builds the canister for wasm32-unknown-unknown and packs it; with the feature `probe`, those of the tests too.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";

/// The folders that the module is made of.
const SOURCES: [&str; 6] = ["api", "canister", "codec", "core", "jpeg", "processors"];

/// The folders that make the canisters of the tests, those above apart.
const OF_TESTS: [&str; 2] = ["tests/hazards", "tests/probe"];

const SETTINGS: [&str; 3] = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

fn main() {
    if let Err(message) = build() {
        // Printed as it is: cargo shows it as the reason why the build failed.
        eprintln!("error: {message}");
        std::process::exit(1);
    }
}

fn build() -> Result<(), String> {
    let workspace = variable("CARGO_MANIFEST_DIR")?.parent().map(Path::to_path_buf).ok_or("no workspace")?;
    let out = variable("OUT_DIR")?;
    let probe = env::var_os("CARGO_FEATURE_PROBE").is_some();
    for source in SOURCES.iter().chain(&SETTINGS).chain(OF_TESTS.iter().filter(|_| probe)) {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    println!("cargo::rustc-env=DARKROOM_WASM_SETTING={}", without_paths());
    ensure_target()?;
    build_package(&workspace, &out, "darkroom-canister", "darkroom.wasm.gz")?;
    if probe {
        build_package(&workspace, &out, "darkroom-probe", "probe.wasm.gz")?;
        build_package(&workspace, &out, "darkroom-hazards", "hazards.wasm.gz")?;
    }
    Ok(())
}

/// Builds one canister and packs its module into `out`.
fn build_package(workspace: &Path, out: &Path, package: &str, packed: &str) -> Result<(), String> {
    let target_dir = target_dir(out);
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo
        .current_dir(workspace)
        .args(["build", "--package", package, "--lib", "--profile", "canister"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(["--config", &without_paths()]);
    if workspace.join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    // What the outer build sets for the host would change the module, or start clippy on it.
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        let inherited = name_text.starts_with("CARGO_") && !KEPT.contains(&name_text.as_ref());
        if inherited || DROPPED.contains(&name_text.as_ref()) {
            cargo.env_remove(&name);
        }
    }
    let built = cargo.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !built.status.success() {
        return Err(format!("{package} does not build:\n{}", String::from_utf8_lossy(&built.stderr)));
    }
    let module = target_dir.join(TARGET).join("canister").join(format!("{}.wasm", package.replace('-', "_")));
    let module = fs::read(&module).map_err(|error| format!("{}: {error}", module.display()))?;
    pack(&module, &out.join(packed)).map_err(|error| format!("packing: {error}"))
}

/// Settings of the machine that hold for every build.
const KEPT: [&str; 7] = [
    "CARGO_HOME",
    "CARGO_NET_OFFLINE",
    "CARGO_NET_RETRY",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY",
    "CARGO_TERM_COLOR",
    "CARGO_BUILD_JOBS",
];
const DROPPED: [&str; 8] = [
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_LINKER",
    "TARGET",
    "CLIPPY_ARGS",
];

/// A setting by which no path of this machine gets into the module, which has the file names of panics: the same sources
/// give the same bytes in any folder, with any `CARGO_HOME`. It comes on top of what `.cargo/config.toml` has. Those of
/// the workspace are relative anyhow.
fn without_paths() -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    // One folder for each registry or mirror that crates came from: which one does not matter either.
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let flags = registries.map(|found| format!("--remap-path-prefix={}=registry", found.path().display()));
    let mut flags: Vec<_> = flags.collect();
    flags.sort();
    format!("target.{TARGET}.rustflags={flags:?}")
}

/// One folder for all profiles of the outer build, so that the module is built once.
fn target_dir(out: &Path) -> PathBuf {
    // OUT_DIR is <target>/<profile>/build/<package>-<hash>/out.
    out.ancestors().nth(4).unwrap_or(out).join("canister-wasm")
}

/// Adds the target to the toolchain, which a `rust-toolchain.toml` does not do for one that is installed.
fn ensure_target() -> Result<(), String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libdir = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("rustc cannot be started: {error}"))?;
    if Path::new(String::from_utf8_lossy(&libdir.stdout).trim()).is_dir() {
        return Ok(());
    }
    let remedy = format!("the target {TARGET} is missing; add it with: rustup target add {TARGET}");
    let added = Command::new("rustup").args(["target", "add", TARGET]).output();
    match added {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{remedy}\n{}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("{remedy}\n(rustup cannot be started: {error})")),
    }
}

fn pack(module: &[u8], path: &Path) -> std::io::Result<()> {
    // No name and no time in the header: the same module gives the same bytes.
    let mut packed = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::best());
    packed.write_all(module)?;
    fs::write(path, packed.finish()?)
}

fn variable(name: &str) -> Result<PathBuf, String> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"))
}
