//! Faults put into a canister's module: exported methods that trap before or after what they do.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, Module};
use wasmparser::{Parser, Payload, TypeRef};

use crate::module::{functions, unpacked};

/// When an injected method traps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// Before it has done anything.
    Before,
    /// After its last write and its reply.
    After,
}

/// `module`, gzipped or not, with the exports named `canister_update METHOD` trapping; every other byte of code
/// stays as it is.
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
        let exports = functions(module)?;
        let wanted = self.methods.iter().map(|method| format!("canister_update {method}"));
        Ok(wanted
            .map(|name| {
                let found = exports.iter().find(|(export, _)| *export == name);
                found.cloned().unwrap_or_else(|| panic!("the module has no export `{name}`"))
            })
            .collect())
    }

    fn wrapper(&self, original: u32) -> Function {
        let mut function = Function::new([]);
        if self.trap == Trap::After {
            function.instruction(&Instruction::Call(original));
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
