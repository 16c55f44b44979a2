//! The rewrite before compilation: memory, table and mutable globals become exports under reserved names; the
//! start function and the active data segments become functions that the engine calls once, at installation,
//! instead of at every instantiation. Operators that cost more than the engine's table can say get `nop`s before
//! them, which cost 1 each and compile to nothing. Everything else is kept as it is.

use super::names;
use super::validate::{Invalid, ModuleInfo};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    Instruction, Module, RawSection, TypeSection,
};
use wasmparser::{DataKind, Parser, Payload};

const NOP: u8 = 0x01;

/// The rewritten module.
pub(crate) fn rewrite(wasm: &[u8], info: &ModuleInfo) -> Result<Vec<u8>, Invalid> {
    let parts = collect(wasm)?;
    let mut module = Module::new();
    // The copying function needs a type `() -> ()`, an index and a body; all three go to the ends of their
    // index spaces, so that no existing index moves.
    let mut types = TypeSection::new();
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut codec = RoundtripReencoder;
    let fail =
        |e: wasm_encoder::reencode::Error| Invalid::new(format!("Wasm module could not be rewritten: {e}"));
    if let Some(section) = parts.types {
        codec.parse_type_section(&mut types, section).map_err(fail)?;
    }
    types.ty().function([], []);
    module.section(&types);
    if let Some(section) = parts.imports {
        module.section(&RawSection { id: 2, data: &wasm[section] });
    }
    if let Some(section) = parts.functions {
        codec.parse_function_section(&mut functions, section).map_err(fail)?;
    }
    functions.function(info.types);
    module.section(&functions);
    for (id, range) in parts.middle {
        module.section(&RawSection { id, data: &wasm[range] });
    }
    let mut exports = ExportSection::new();
    if let Some(section) = parts.exports {
        codec.parse_export_section(&mut exports, section).map_err(fail)?;
    }
    if info.has_memory {
        exports.export(names::MEMORY, ExportKind::Memory, 0);
    }
    if info.has_table {
        exports.export(names::TABLE, ExportKind::Table, 0);
    }
    for (index, _) in &info.mutable_globals {
        exports.export(&names::global(*index), ExportKind::Global, *index);
    }
    if let Some(start) = info.start {
        exports.export(names::START, ExportKind::Func, start);
    }
    exports.export(names::DATA, ExportKind::Func, info.functions);
    module.section(&exports);
    if let Some(range) = parts.elements {
        module.section(&RawSection { id: 9, data: &wasm[range] });
    }
    module.section(&DataCountSection { count: info.data_segments });
    let (data, copy) = passive_data(parts.data, &mut codec)?;
    let mut costly = info.costly.iter().copied().peekable();
    for body in parts.bodies {
        let (mut from, mut bytes) = (body.start, Vec::new());
        while let Some((at, nops)) = costly.next_if(|(at, _)| *at < body.end) {
            bytes.extend_from_slice(&wasm[from..at]);
            bytes.extend(std::iter::repeat_n(NOP, nops));
            from = at;
        }
        bytes.extend_from_slice(&wasm[from..body.end]);
        code.raw(&bytes);
    }
    code.function(&copy);
    module.section(&code);
    module.section(&data);
    Ok(module.finish())
}

#[derive(Default)]
struct Parts<'a> {
    types: Option<wasmparser::TypeSectionReader<'a>>,
    imports: Option<std::ops::Range<usize>>,
    functions: Option<wasmparser::FunctionSectionReader<'a>>,
    /// Table, memory, tag and global sections, as they are.
    middle: Vec<(u8, std::ops::Range<usize>)>,
    exports: Option<wasmparser::ExportSectionReader<'a>>,
    elements: Option<std::ops::Range<usize>>,
    bodies: Vec<std::ops::Range<usize>>,
    data: Option<wasmparser::DataSectionReader<'a>>,
}

fn collect(wasm: &[u8]) -> Result<Parts<'_>, Invalid> {
    let mut parts = Parts::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(s) => parts.types = Some(s),
            Payload::ImportSection(s) => parts.imports = Some(s.range()),
            Payload::FunctionSection(s) => parts.functions = Some(s),
            Payload::TableSection(s) => parts.middle.push((4, s.range())),
            Payload::MemorySection(s) => parts.middle.push((5, s.range())),
            Payload::GlobalSection(s) => parts.middle.push((6, s.range())),
            Payload::ExportSection(s) => parts.exports = Some(s),
            Payload::ElementSection(s) => parts.elements = Some(s.range()),
            Payload::CodeSectionEntry(body) => parts.bodies.push(body.range()),
            Payload::DataSection(s) => parts.data = Some(s),
            _ => {}
        }
    }
    Ok(parts)
}

/// The data section with every segment passive, and the function that does what the active ones did.
fn passive_data(
    section: Option<wasmparser::DataSectionReader<'_>>,
    codec: &mut RoundtripReencoder,
) -> Result<(DataSection, Function), Invalid> {
    let mut data = DataSection::new();
    let mut copy = Function::new([]);
    for (index, segment) in (0u32..).zip(section.into_iter().flatten()) {
        let segment = segment?;
        data.passive(segment.data.iter().copied());
        let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
        let length = u32::try_from(segment.data.len()).map_err(|_| Invalid::new("data segment too long"))?;
        let mut offset = offset_expr.get_operators_reader();
        let op = offset.read()?;
        if !matches!(offset.read()?, wasmparser::Operator::End) {
            return Err(Invalid::new(
                "Wasm module has an invalid data section: the offset must be one constant",
            ));
        }
        let op = codec.instruction(op).map_err(|e| Invalid::new(e.to_string()))?;
        copy.instruction(&op);
        copy.instruction(&Instruction::I32Const(0));
        copy.instruction(&Instruction::I32Const(length.cast_signed()));
        copy.instruction(&Instruction::MemoryInit { mem: 0, data_index: index });
        copy.instruction(&Instruction::DataDrop(index));
    }
    copy.instruction(&Instruction::End);
    Ok((data, copy))
}
