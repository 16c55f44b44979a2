//! Faults put into a canister's module: exported functions that trap, or take all instructions, before or after what they
//! do; stable memory that does not grow.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, Module,
};
use wasmparser::{Parser, Payload, TypeRef};

use crate::module::{functions, unpacked};

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

/// `module`, gzipped or not, with methods trapping: of an update its name, of another export all that it is called, such
/// as `canister_query NAME`. Every other byte of code stays as it is.
///
/// # Panics
/// When the module is not well formed or has no such method.
pub fn trapping(module: &[u8], methods: &[&str], trap: Trap) -> Vec<u8> {
    let module = unpacked(module);
    let types = function_types(&module).unwrap_or_else(|error| panic!("{error}"));
    // Exports come after the functions that they name are declared and before their code: the wrappers are known
    // from the start, since all three sections need them.
    let wrapped = find_exports(&module, methods).unwrap_or_else(|error| panic!("{error}"));
    rewrite(&module, Injector { types, trap, wrapped, full: None })
}

/// `module`, gzipped or not, with stable memory that does not grow beyond what it is.
///
/// # Panics
/// When the module is not well formed or never grows stable memory.
pub fn without_growth(module: &[u8]) -> Vec<u8> {
    let module = unpacked(module);
    let types = function_types(&module).unwrap_or_else(|error| panic!("{error}"));
    let grow = find_import(&module, "stable64_grow").unwrap_or_else(|error| panic!("{error}"));
    let full = Some(grow.unwrap_or_else(|| panic!("the module does not import `stable64_grow`")));
    rewrite(&module, Injector { types, trap: Trap::Before, wrapped: Vec::new(), full })
}

fn rewrite(module: &[u8], mut injector: Injector) -> Vec<u8> {
    let mut made = Module::new();
    injector
        .parse_core_module(&mut made, Parser::new(0), module)
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

/// The exports of these methods: name, and the function that it stands for.
fn find_exports(module: &[u8], methods: &[&str]) -> wasmparser::Result<Vec<(String, u32)>> {
    let exports = functions(module)?;
    let wanted = methods.iter().map(|method| match method.starts_with("canister_") {
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

/// The index of an imported function.
fn find_import(module: &[u8], name: &str) -> wasmparser::Result<Option<u32>> {
    let mut index = 0;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                if matches!(import.ty, TypeRef::Func(_)) {
                    if import.name == name {
                        return Ok(Some(index));
                    }
                    index += 1;
                }
            }
        }
    }
    Ok(None)
}

struct Injector {
    types: Vec<u32>,
    trap: Trap,
    /// Name of the export and the function that it stood for, in the order of the wrappers.
    wrapped: Vec<(String, u32)>,
    /// The import by which stable memory grows, where another function is to stand for it.
    full: Option<u32>,
}

impl Injector {
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

    /// The function that stands for one in calls.
    fn place(&self, added: usize) -> u32 {
        u32::try_from(self.types.len() + added).unwrap_or(u32::MAX)
    }
}

impl Reencode for Injector {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Self::Error>> {
        Ok(if self.full == Some(function) { self.place(self.wrapped.len()) } else { function })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_function_section(self, functions, section)?;
        for original in self.wrapped.iter().map(|(_, original)| original).chain(&self.full) {
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
                exports.export(export.name, ExportKind::Func, self.place(place));
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
        if self.full.is_some() {
            let mut refuse = Function::new([]);
            refuse.instruction(&Instruction::I64Const(-1));
            refuse.instruction(&Instruction::End);
            code.function(&refuse);
        }
        Ok(())
    }
}
