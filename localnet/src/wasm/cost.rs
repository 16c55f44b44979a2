//! What each Wasm operator costs, in the Internet Computer's instructions.

use wasmparser::Operator;
use wasmtime::OperatorCost;

/// Sets the cost of several operators.
macro_rules! set {
    ($table:ident, $cost:literal: $($op:ident)*) => { $( $table.$op = $cost; )* };
}

/// What an operator costs more than the table says, which is of bytes and for 32-bit memories; the rewrite puts as many
/// `nop`s before it.
pub(super) fn lacking(op: &Operator<'_>, memory64: bool) -> usize {
    match op {
        Operator::MemoryGrow { .. }
        | Operator::TableGrow { .. }
        | Operator::DataDrop { .. }
        | Operator::ElemDrop { .. } => 300 - 255,
        op if memory64 && accesses_memory(op) => 1,
        _ => 0,
    }
}

macro_rules! with_memarg {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $type:ty),* })? => $visit:ident ($($annotation:tt)*))*) => {
        /// Whether the operator loads or stores.
        fn accesses_memory(op: &Operator<'_>) -> bool {
            match op {
                $(Operator::$op { .. } => [$($(stringify!($arg)),*)?].contains(&"memarg"),)*
                _ => false,
            }
        }
    };
}
wasmparser::for_each_operator!(with_memarg);

/// The replica's weights. Operators that are not named cost 1.
pub(crate) fn operator_cost() -> OperatorCost {
    let mut c = OperatorCost::new();
    set!(c, 0: Block Loop Else End);
    set!(c, 1: Drop Nop Return Unreachable);
    set!(c, 2: GlobalGet GlobalSet If Br BrIf BrTable F32Add F32Sub F32Mul F64Add F64Sub F64Mul F32Ceil F32Floor
        F32Trunc F32Nearest F64Ceil F64Floor F64Trunc F64Nearest F32Copysign);
    set!(c, 3: F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge F32Div F64Copysign
        F32ConvertI32S F32ConvertI64S F64ConvertI32S F64ConvertI64S ReturnCall);
    set!(c, 5: Call TableGet TableSet F64Div F32Sqrt RefIsNull);
    set!(c, 8: F64Sqrt);
    set!(c, 10: I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU CallIndirect);
    set!(c, 16: F32ConvertI32U F32ConvertI64U F64ConvertI32U F64ConvertI64U);
    set!(c, 18: F32Min F32Max F64Min F64Max);
    set!(c, 20: I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S I64TruncF32U I64TruncF64S
        I64TruncF64U I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U I64TruncSatF32S
        I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U MemorySize);
    set!(c, 60: ReturnCallIndirect);
    set!(c, 100: MemoryFill MemoryCopy MemoryInit TableFill TableCopy TableInit TableSize);
    set!(c, 130: RefFunc);
    set!(c, 255: MemoryGrow TableGrow DataDrop ElemDrop);
    simd(&mut c);
    c
}

fn simd(c: &mut OperatorCost) {
    set!(c, 3: I8x16Shuffle I8x16Popcnt I8x16Shl I8x16ShrS);
    set!(c, 2: I8x16GtU I8x16LtU I16x8GtU I16x8LtU I32x4GtU I32x4LtU I8x16ShrU I16x8Shl I16x8ShrS I16x8ShrU
        I32x4Shl I32x4ShrS I32x4ShrU I64x2Shl I32x4Mul I16x8ExtAddPairwiseI8x16U I16x8ExtMulHighI8x16S
        I16x8ExtMulHighI8x16U I32x4ExtMulLowI16x8S I32x4ExtMulHighI16x8S I32x4ExtMulLowI16x8U
        I32x4ExtMulHighI16x8U F32x4Add F32x4Sub F32x4Mul F32x4Abs F32x4Neg F32x4Ceil F32x4Floor F32x4Trunc
        F32x4Nearest F64x2Add F64x2Sub F64x2Mul F64x2Abs F64x2Neg F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest);
    set!(c, 3: I64x2ShrS I64x2ShrU I32x4ExtAddPairwiseI16x8U);
    set!(c, 4: I64x2Mul F32x4Min F32x4Max F64x2Min);
    set!(c, 5: F64x2Max F32x4Sqrt);
    set!(c, 10: F32x4Div);
    set!(c, 12: F64x2Div);
    set!(c, 14: F64x2Sqrt);
    set!(c, 2: I32x4TruncSatF32x4S I32x4TruncSatF64x2SZero);
    set!(c, 4: I32x4TruncSatF32x4U F32x4ConvertI32x4U);
    set!(c, 3: I32x4TruncSatF64x2UZero);
}
