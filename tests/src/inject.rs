//! Faults put into a canister's module: exported methods that trap before or after what they do.

use std::io::Read as _;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, Module,
};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// When an injected method traps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// Before it has done anything.
    Before,
    /// After its last write and its reply.
    After,
    /// As [`After`](Trap::After), by going on until no instruction is left.
    Exhausted,
}

/// `module`, gzipped or not, with the exports named `canister_update METHOD` trapping, or `METHOD` where that is an
/// entry point such as `canister_post_upgrade`; every other byte of code stays as it is.
///
/// # Panics
/// When the module is not well formed or has no such method.
pub fn trapping(module: &[u8], methods: &[&str], trap: Trap) -> Vec<u8> {
    let module = unpacked(module);
    let types = function_types(&module).unwrap_or_else(|error| panic!("{error}"));
    let mut injector = Injector { types, methods, trap, wrapped: Vec::new() };
    // Exports come after the functions that they name are declared and before their code: the wrappers are known
    // from the start, since all three sections need them.
    injector.wrapped = injector.find(&module).unwrap_or_else(|error| panic!("{error}"));
    let mut made = Module::new();
    injector
        .parse_core_module(&mut made, Parser::new(0), &module)
        .unwrap_or_else(|error| panic!("the module cannot be rewritten: {error}"));
    made.finish()
}

fn unpacked(module: &[u8]) -> Vec<u8> {
    if !module.starts_with(&[0x1f, 0x8b]) {
        return module.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(module)
        .read_to_end(&mut plain)
        .unwrap_or_else(|error| panic!("unpacking the module: {error}"));
    plain
}

/// The type of each function, imported ones first.
fn function_types(module: &[u8]) -> wasmparser::Result<Vec<u32>> {
    let mut types = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(index) = import?.ty {
                        types.push(index);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    types.push(index?);
                }
            }
            _ => {}
        }
    }
    Ok(types)
}

struct Injector<'a> {
    types: Vec<u32>,
    methods: &'a [&'a str],
    trap: Trap,
    /// Name of the export and the function that it stood for, in the order of the wrappers.
    wrapped: Vec<(String, u32)>,
}

impl Injector<'_> {
    fn find(&self, module: &[u8]) -> wasmparser::Result<Vec<(String, u32)>> {
        let mut exports = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            if let Payload::ExportSection(section) = payload? {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        exports.push((export.name.to_owned(), export.index));
                    }
                }
            }
        }
        let wanted = self.methods.iter().map(|method| match method.starts_with("canister_") {
            true => (*method).to_owned(),
            false => format!("canister_update {method}"),
        });
        Ok(wanted
            .map(|name| {
                let found = exports.iter().find(|(export, _)| *export == name);
                found.cloned().unwrap_or_else(|| panic!("the module has no export `{name}`"))
            })
            .collect())
    }

    fn wrapper(&self, original: u32) -> Function {
        let mut function = Function::new([]);
        if self.trap != Trap::Before {
            function.instruction(&Instruction::Call(original));
        }
        if self.trap == Trap::Exhausted {
            function.instruction(&Instruction::Loop(BlockType::Empty));
            // Each counts as twenty instructions and is hardly any work.
            for _ in 0..1_000 {
                function.instruction(&Instruction::MemorySize(0));
                function.instruction(&Instruction::Drop);
            }
            function.instruction(&Instruction::Br(0));
            function.instruction(&Instruction::End);
        }
        function.instruction(&Instruction::Unreachable);
        function.instruction(&Instruction::End);
        function
    }
}

impl Reencode for Injector<'_> {
    type Error = std::convert::Infallible;

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_function_section(self, functions, section)?;
        for (_, original) in &self.wrapped {
            functions.function(self.types[*original as usize]);
        }
        Ok(())
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: wasmparser::Export<'_>,
    ) -> Result<(), Error<Self::Error>> {
        match self.wrapped.iter().position(|(name, _)| name == export.name) {
            Some(place) => {
                let index = u32::try_from(self.types.len() + place).unwrap_or(u32::MAX);
                exports.export(export.name, ExportKind::Func, index);
                Ok(())
            }
            None => utils::parse_export(self, exports, export),
        }
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_code_section(self, code, section)?;
        for (_, original) in &self.wrapped {
            code.function(&self.wrapper(*original));
        }
        Ok(())
    }
}
