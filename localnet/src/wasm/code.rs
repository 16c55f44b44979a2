//! Compiled modules: one per module hash and process, kept on disk where there is a place for it.
#![allow(unsafe_code, reason = "wasmtime's deserialisation trusts the file, which only this program writes")]

use super::rewrite;
pub(crate) use super::validate::Invalid;
use super::validate::{ModuleInfo, decode, validate};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use wasmtime::{Engine, InstancePre, Module};

use crate::exec::{Host, engine, link};

/// A module as the engine runs it.
pub(crate) struct Code {
    /// SHA-256 of the bytes as installed.
    pub(crate) hash: [u8; 32],
    /// The bytes as installed.
    pub(crate) wasm: Arc<Vec<u8>>,
    pub(crate) info: ModuleInfo,
    pub(crate) pre: InstancePre<Host>,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({})", hex::encode(self.hash))
    }
}

type Slot = Arc<Mutex<Weak<Code>>>;

/// The compiled modules of one network; those of all networks of a process are shared while in use.
#[derive(Debug, Default)]
pub(crate) struct CodeCache {
    dir: Option<PathBuf>,
}

impl CodeCache {
    /// A cache that keeps modules and their compiled form in `dir`, if there is one.
    pub(crate) fn new(dir: Option<PathBuf>) -> std::io::Result<CodeCache> {
        if let Some(dir) = &dir {
            std::fs::create_dir_all(dir)?;
        }
        Ok(CodeCache { dir })
    }

    /// Validates and compiles `wasm`, or finds it compiled.
    pub(crate) fn compile(&self, wasm: &[u8]) -> Result<Arc<Code>, Invalid> {
        let hash: [u8; 32] = Sha256::digest(wasm).into();
        let slot = slot(hash);
        // Two instances that install the same module compile it once.
        let mut held = slot.lock();
        let code = match held.upgrade() {
            Some(code) => code,
            None => {
                let code = Arc::new(self.build(hash, wasm)?);
                *held = Arc::downgrade(&code);
                code
            }
        };
        keep(&code);
        if let Some(dir) = &self.dir {
            let path = dir.join(format!("{}.wasm", hex::encode(hash)));
            if !path.exists() {
                write_new(&path, wasm).map_err(|e| Invalid::new(format!("cannot store the module: {e}")))?;
            }
        }
        Ok(code)
    }

    /// The module with this hash, which this cache has stored before.
    pub(crate) fn load(&self, hash: [u8; 32]) -> Result<Arc<Code>, Invalid> {
        let dir = self.dir.as_ref().ok_or_else(|| Invalid::new("no module store"))?;
        let path = dir.join(format!("{}.wasm", hex::encode(hash)));
        let wasm = std::fs::read(&path).map_err(|e| Invalid::new(format!("{}: {e}", path.display())))?;
        self.compile(&wasm)
    }

    fn build(&self, hash: [u8; 32], wasm: &[u8]) -> Result<Code, Invalid> {
        let plain = decode(wasm)?;
        let info = validate(&plain)?;
        let module = self.module(hash, &plain, &info)?;
        let pre = link(&module, info.memory64)?;
        Ok(Code { hash, wasm: Arc::new(wasm.to_vec()), info, pre })
    }

    fn module(&self, hash: [u8; 32], plain: &[u8], info: &ModuleInfo) -> Result<Module, Invalid> {
        let engine: &Engine = engine();
        let file = self.dir.as_ref().map(|dir| dir.join(format!("{}.compiled", hex::encode(hash))));
        if let Some(file) = file.as_ref().filter(|f| f.exists()) {
            // SAFETY: the file was written by `Module::serialize` below; wasmtime checks version and settings,
            // and whoever can change files of the state directory can also replace the program.
            if let Ok(module) = unsafe { Module::deserialize_file(engine, file) } {
                return Ok(module);
            }
        }
        let rewritten = rewrite::rewrite(plain, info)?;
        let module = Module::from_binary(engine, &rewritten)
            .map_err(|e| Invalid::new(format!("Wasm module could not be compiled: {e:#}")))?;
        if let (Some(file), Ok(bytes)) = (file, module.serialize()) {
            // A compiled form that cannot be kept is made again.
            let _ = write_new(&file, &bytes);
        }
        Ok(module)
    }
}

fn slot(hash: [u8; 32]) -> Slot {
    static SLOTS: OnceLock<Mutex<HashMap<[u8; 32], Slot>>> = OnceLock::new();
    let mut slots = SLOTS.get_or_init(Mutex::default).lock();
    slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.lock().strong_count() > 0);
    slots.entry(hash).or_default().clone()
}

/// Keeps the modules used last, so that suites that install the same one again and again compile it once.
fn keep(code: &Arc<Code>) {
    const KEPT: usize = 16;
    static LAST: Mutex<Vec<Arc<Code>>> = Mutex::new(Vec::new());
    let mut last = LAST.lock();
    last.retain(|c| c.hash != code.hash);
    last.push(code.clone());
    if last.len() > KEPT {
        last.remove(0);
    }
}

/// Writes a file that is either absent or complete.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&part, bytes)?;
    std::fs::rename(part, path)
}
