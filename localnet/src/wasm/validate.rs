//! Whether a module may be installed, by the Internet Computer's rules, and what it offers.

use super::RESERVED;
use std::collections::BTreeMap;
use std::io::Read;
use wasmparser::{
    ExternalKind, FuncValidatorAllocations, Parser, Payload, TypeRef, ValType, ValidPayload, Validator,
    WasmFeatures,
};

const MAX_DECODED: usize = 100 << 20;
const MAX_CODE_SECTION: usize = 12 << 20;
const MAX_FUNCTIONS: u32 = 50_000;
const MAX_GLOBALS: u32 = 1_000;
const MAX_METHODS: usize = 1_000;
const MAX_METHOD_NAMES: usize = 20_000;
const MAX_FUNCTION_INSTRUCTIONS: u64 = 1_000_000;
const MAX_METADATA_SECTIONS: usize = 16;
const MAX_METADATA_BYTES: usize = 1 << 20;

/// Why a module is not valid.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(String);

impl Invalid {
    pub(crate) fn new(text: impl Into<String>) -> Invalid {
        Invalid(text.into())
    }
}

fn invalid<T>(text: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid(text.into()))
}

impl From<wasmparser::BinaryReaderError> for Invalid {
    fn from(e: wasmparser::BinaryReaderError) -> Self {
        Invalid(format!("Wasm module could not be validated: {e}"))
    }
}

/// How a public method may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MethodKind {
    Update,
    Query,
    CompositeQuery,
}

impl MethodKind {
    /// The name under which such a method is exported.
    pub(crate) fn export(self, method: &str) -> String {
        match self {
            MethodKind::Update => format!("canister_update {method}"),
            MethodKind::Query => format!("canister_query {method}"),
            MethodKind::CompositeQuery => format!("canister_composite_query {method}"),
        }
    }
}

/// A custom section that the network exposes.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) public: bool,
    pub(crate) bytes: Vec<u8>,
}

/// What a valid module offers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModuleInfo {
    pub(crate) methods: BTreeMap<String, MethodKind>,
    /// The `canister_*` functions that are not methods, such as `canister_init`.
    pub(crate) system: Vec<String>,
    pub(crate) metadata: BTreeMap<String, Metadata>,
    /// Indices and types of the mutable globals.
    pub(crate) mutable_globals: Vec<(u32, ValType)>,
    pub(crate) start: Option<u32>,
    pub(crate) has_memory: bool,
    pub(crate) has_table: bool,
    pub(crate) memory64: bool,
    pub(crate) memory_minimum: u64,
    pub(crate) functions: u32,
    pub(crate) types: u32,
    /// Wasm instructions in the code section.
    pub(crate) instructions: u64,
    pub(crate) data_segments: u32,
    /// Where in the module the operators are that cost more than the engine's table says, and how much more.
    pub(crate) costly: Vec<(usize, usize)>,
}

impl ModuleInfo {
    /// Whether the module exports this system function.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.system.iter().any(|s| s == name)
    }
}

/// The features of the Internet Computer's Wasm.
pub(crate) fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::MEMORY64
        | WasmFeatures::FLOATS
}

/// The plain module in `bytes`, which may be compressed with gzip.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<u8>, Invalid> {
    let plain = if bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        let mut plain = Vec::new();
        let limit = MAX_DECODED as u64 + 1;
        flate2::read::GzDecoder::new(bytes)
            .take(limit)
            .read_to_end(&mut plain)
            .map_err(|e| Invalid(format!("failed to decode wasm module: {e}")))?;
        plain
    } else {
        bytes.to_vec()
    };
    if plain.len() > MAX_DECODED {
        return invalid("failed to decode wasm module: the decoded module is larger than 100 MiB");
    }
    if !plain.starts_with(b"\0asm") {
        return invalid(
            "failed to decode wasm module: unsupported canister module format: it starts neither with \
             \\0asm nor with the magic of gzip",
        );
    }
    Ok(plain)
}

/// Validates a plain module.
pub(super) fn validate(wasm: &[u8]) -> Result<ModuleInfo, Invalid> {
    let mut validator = Validator::new_with_features(features());
    let mut allocations = FuncValidatorAllocations::default();
    let mut info = ModuleInfo::default();
    let mut exports: Vec<(String, ExternalKind)> = Vec::new();
    let mut metadata_bytes = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(func, body) = validator.payload(&payload)? {
            let mut func = func.into_validator(std::mem::take(&mut allocations));
            func.validate(&body)?;
            allocations = func.into_allocations();
        }
        match payload {
            Payload::TypeSection(section) => info.types = section.count(),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    if !matches!(import.ty, TypeRef::Func(_)) {
                        return invalid(format!(
                            "Wasm module has an invalid import section: only functions can be imported, \
                             {}.{} is none",
                            import.module, import.name
                        ));
                    }
                    if import.module != "ic0" {
                        return invalid(format!(
                            "Wasm module has an invalid import section: module {:?} of function {:?} is not \
                             \"ic0\"",
                            import.module, import.name
                        ));
                    }
                    info.functions += 1;
                }
            }
            Payload::FunctionSection(section) => {
                if section.count() > MAX_FUNCTIONS {
                    return invalid(format!(
                        "Wasm module defined {} functions which exceeds the maximum number allowed {MAX_FUNCTIONS}",
                        section.count()
                    ));
                }
                info.functions += section.count();
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    (info.has_memory, info.memory64) = (true, memory.memory64);
                    info.memory_minimum = memory.initial;
                }
            }
            Payload::TableSection(section) => info.has_table = section.count() > 0,
            Payload::GlobalSection(section) => {
                if section.count() > MAX_GLOBALS {
                    return invalid(format!(
                        "Wasm module defined {} globals which exceeds the maximum number allowed {MAX_GLOBALS}",
                        section.count()
                    ));
                }
                for (index, global) in (0u32..).zip(section) {
                    let global = global?;
                    if global.ty.mutable {
                        info.mutable_globals.push((index, global.ty.content_type));
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    exports.push((export.name.to_owned(), export.kind));
                    check_export(&validator, export, &mut info)?;
                }
            }
            Payload::StartSection { func, .. } => info.start = Some(func),
            Payload::DataSection(section) => info.data_segments = section.count(),
            Payload::CodeSectionStart { size, .. } if size as usize > MAX_CODE_SECTION => {
                return invalid(format!(
                    "Wasm module code section size of {size} exceeds the maximum of {MAX_CODE_SECTION}"
                ));
            }
            Payload::CodeSectionEntry(body) => {
                let mut count = 0;
                let mut ops = body.get_operators_reader()?;
                while !ops.eof() {
                    let (op, at) = ops.read_with_offset()?;
                    match super::cost::lacking(&op, info.memory64) {
                        0 => {}
                        nops => info.costly.push((at, nops)),
                    }
                    count += 1;
                }
                if count > MAX_FUNCTION_INSTRUCTIONS {
                    return invalid(format!(
                        "Wasm module contains a function with {count} instructions, which exceeds the \
                         maximum of {MAX_FUNCTION_INSTRUCTIONS}"
                    ));
                }
                info.instructions += count;
            }
            Payload::CustomSection(section) => {
                let name = section.name();
                let (public, name) = if let Some(name) = name.strip_prefix("icp:public ") {
                    (true, name)
                } else if let Some(name) = name.strip_prefix("icp:private ") {
                    (false, name)
                } else {
                    continue;
                };
                metadata_bytes += name.len() + section.data().len();
                let entry = Metadata { public, bytes: section.data().to_vec() };
                if info.metadata.insert(name.to_owned(), entry).is_some() {
                    return invalid(format!("Wasm module has custom sections with the same name {name:?}"));
                }
                if info.metadata.len() > MAX_METADATA_SECTIONS {
                    return invalid("Wasm module has more than 16 custom sections");
                }
                if metadata_bytes > MAX_METADATA_BYTES {
                    return invalid("Wasm module's custom sections exceed 1 MiB");
                }
            }
            _ => {}
        }
    }
    let names: usize = info.methods.keys().map(String::len).sum();
    if info.methods.len() > MAX_METHODS || names > MAX_METHOD_NAMES {
        return invalid(format!(
            "Wasm module exports {} methods with names of {names} bytes; allowed are {MAX_METHODS} methods and \
             {MAX_METHOD_NAMES} bytes",
            info.methods.len()
        ));
    }
    Ok(info)
}

const SYSTEM: [&str; 7] = [
    "canister_init",
    "canister_pre_upgrade",
    "canister_post_upgrade",
    "canister_inspect_message",
    "canister_heartbeat",
    "canister_global_timer",
    "canister_on_low_wasm_memory",
];

fn check_export(
    validator: &Validator,
    export: wasmparser::Export<'_>,
    info: &mut ModuleInfo,
) -> Result<(), Invalid> {
    let name = export.name;
    if name.starts_with(RESERVED) || name == "canister counter_instructions" || name == "canister_start" {
        return invalid(format!("Wasm module has an invalid export: the name {name:?} is reserved"));
    }
    if export.kind != ExternalKind::Func || !name.starts_with("canister_") {
        return Ok(());
    }
    let plain = validator
        .types(0)
        .map(|types| {
            let ty = types[types.core_function_at(export.index)].unwrap_func();
            ty.params().is_empty() && ty.results().is_empty()
        })
        .unwrap_or(false);
    if !plain {
        return invalid(format!(
            "Wasm module has an invalid function signature: {name:?} must have no parameters and no results"
        ));
    }
    let method = [
        ("canister_update ", MethodKind::Update),
        ("canister_query ", MethodKind::Query),
        ("canister_composite_query ", MethodKind::CompositeQuery),
    ]
    .into_iter()
    .find_map(|(prefix, kind)| name.strip_prefix(prefix).map(|method| (method, kind)));
    if let Some((method, kind)) = method {
        if info.methods.insert(method.to_owned(), kind).is_some() {
            return invalid(format!(
                "Wasm module has an invalid export section: method {method:?} is exported more than once"
            ));
        }
    } else if SYSTEM.contains(&name) {
        info.system.push(name.to_owned());
    } else {
        return invalid(format!(
            "Wasm module has an invalid export section: exporting a function named {name:?} is not allowed"
        ));
    }
    Ok(())
}
