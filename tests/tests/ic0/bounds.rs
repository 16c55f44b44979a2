//! Addresses, sizes and values that functions take, and the codes of those that they do not.

use super::rules::Outcome::{Fails, Number, Reply, Says};
use super::rules::{case, check};
use pocket_ic::ErrorCode::{
    CanisterCalledTrap as CalledTrap, CanisterContractViolation as Contract, CanisterTrapped as Trapped,
};

#[test]
fn memory_is_read_and_written_within_its_bounds() {
    check(
        "update",
        true,
        &[
            case(
                "a copy of the whole argument",
                "(call $msg_arg_data_copy (i32.const 1000) (i32.const 0) (i32.const 8)) (call $number (i64.load (i32.const 1000)))",
                Number(i64::from_le_bytes(*b"argument")),
            ),
            case(
                "a copy from its end",
                "(call $msg_arg_data_copy (i32.const 0) (i32.const 8) (i32.const 0)) (call $ok)",
                Reply,
            ),
            case(
                "a copy of more than the argument",
                "(call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 9))",
                Fails(Contract),
            ),
            case(
                "a copy from beyond the argument",
                "(call $msg_arg_data_copy (i32.const 0) (i32.const 9) (i32.const 0))",
                Fails(Contract),
            ),
            case(
                "an offset that overflows",
                "(call $msg_arg_data_copy (i32.const 0) (i32.const -1) (i32.const 2))",
                Fails(Contract),
            ),
            case(
                "a copy to beyond the memory",
                "(call $msg_arg_data_copy (i32.const 4194300) (i32.const 0) (i32.const 8))",
                Fails(Contract),
            ),
            case(
                "a copy to an address that overflows",
                "(call $canister_self_copy (i32.const -1) (i32.const 0) (i32.const 5))",
                Fails(Contract),
            ),
            case(
                "cycles written beyond the memory",
                "(call $canister_cycle_balance128 (i32.const 4194300))",
                Fails(Contract),
            ),
            case(
                "a reply from beyond the memory",
                "(call $msg_reply_data_append (i32.const 4194300) (i32.const 8))",
                Fails(Contract),
            ),
            case(
                "a reject from beyond the memory",
                "(call $msg_reject (i32.const 4194300) (i32.const 8))",
                Fails(Contract),
            ),
            case(
                "a payload from beyond the memory",
                "(call $new) (call $call_data_append (i32.const 4194300) (i32.const 8))",
                Fails(Contract),
            ),
            case(
                "certified data from beyond the memory",
                "(call $certified_data_set (i32.const 4194300) (i32.const 8))",
                Fails(Contract),
            ),
            case(
                "a principal from beyond the memory",
                "(drop (call $is_controller (i32.const 4194300) (i32.const 8)))",
                Fails(Contract),
            ),
            case(
                "a line of the log from beyond the memory",
                "(call $debug_print (i32.const 4194300) (i32.const 8)) (call $ok)",
                Reply,
            ),
            case(
                "a trap's message from beyond the memory",
                "(call $trap (i32.const 4194300) (i32.const 8))",
                Says(CalledTrap, "out of memory bounds"),
            ),
            case("a trap without a message", "(call $trap (i32.const 0) (i32.const 0))", Fails(CalledTrap)),
            case(
                "stable memory read beyond its end",
                "(call $stable64_read (i64.const 0) (i64.const 0) (i64.const 1))",
                Fails(Trapped),
            ),
            case(
                "stable memory written beyond its end",
                "(drop (call $stable64_grow (i64.const 1))) (call $stable64_write (i64.const 65530) (i64.const 0) (i64.const 7))",
                Fails(Trapped),
            ),
            case(
                "stable memory written from beyond the memory",
                "(drop (call $stable64_grow (i64.const 1))) (call $stable64_write (i64.const 0) (i64.const 4194300) (i64.const 8))",
                Fails(Trapped),
            ),
            case(
                "stable memory read to beyond the memory",
                "(drop (call $stable64_grow (i64.const 1))) (call $stable64_read (i64.const 4194300) (i64.const 0) (i64.const 8))",
                Fails(Trapped),
            ),
            case(
                "stable memory larger than it may be",
                "(call $number (call $stable64_grow (i64.const 9000000)))",
                Number(-1),
            ),
            case(
                "stable memory that overflows",
                "(drop (call $stable64_grow (i64.const 1))) (call $number (call $stable64_grow (i64.const -1)))",
                Number(-1),
            ),
            case(
                "stable memory larger than 32 bits",
                "(call $number (i64.extend_i32_s (call $stable_grow (i32.const 65537))))",
                Number(-1),
            ),
            case(
                "32-bit functions on 4 GiB",
                "(drop (call $stable64_grow (i64.const 65536))) (call $number (i64.extend_i32_u (call $stable_size)))",
                Number(65_536),
            ),
            case(
                "32-bit functions on more than 4 GiB",
                "(drop (call $stable64_grow (i64.const 65537))) (drop (call $stable_size))",
                Fails(Trapped),
            ),
            case("the memory itself", "(drop (i32.load (i32.const 4194304)))", Fails(Trapped)),
        ],
    );
}

#[test]
fn arguments_that_make_no_sense_are_violations() {
    check(
        "update",
        true,
        &[
            case(
                "a third performance counter",
                "(drop (call $performance_counter (i32.const 2)))",
                Fails(Contract),
            ),
            case(
                "32 bytes of certified data",
                "(call $certified_data_set (i32.const 0) (i32.const 32)) (call $ok)",
                Reply,
            ),
            case(
                "33 bytes of certified data",
                "(call $certified_data_set (i32.const 0) (i32.const 33))",
                Fails(Contract),
            ),
            case(
                "a principal of 30 bytes",
                "(drop (call $is_controller (i32.const 0) (i32.const 30)))",
                Fails(Contract),
            ),
            case(
                "nobody's principal",
                "(call $number (i64.extend_i32_u (call $is_controller (i32.const 100) (i32.const 5))))",
                Number(0),
            ),
            case(
                "no variable of that name",
                "(call $number (i64.extend_i32_u (call $env_var_name_exists (i32.const 130) (i32.const 4))))",
                Number(0),
            ),
            case(
                "the value of no variable",
                "(drop (call $env_var_value_size (i32.const 130) (i32.const 4)))",
                Fails(Contract),
            ),
            case(
                "the bytes of no variable",
                "(call $env_var_value_copy (i32.const 130) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0))",
                Fails(Contract),
            ),
            case(
                "the name of no variable",
                "(drop (call $env_var_name_size (i32.const 0)))",
                Fails(Contract),
            ),
            case(
                "a signature on an unknown curve",
                "(call $number (i64.extend_i32_u (call $cost_sign_with_ecdsa (i32.const 130) (i32.const 4) (i32.const 99) (i32.const 0))))",
                Number(1),
            ),
            case(
                "more cycles burnt than there are",
                "(call $cycles_burn128 (i64.const 0) (i64.const 5) (i32.const 1000)) (call $number (i64.load (i32.const 1000)))",
                Number(5),
            ),
            case("unreachable", "unreachable", Fails(Trapped)),
            case("a division by zero", "(drop (i32.div_u (i32.const 1) (local.get $n)))", Fails(Trapped)),
        ],
    );
}
