//! What each function returns in each context, where that is known.

use super::place::{Place, World};
use super::table::Function;
use candid::Principal;

/// What a result must be.
#[derive(Debug)]
pub(crate) enum Value {
    /// These bytes.
    Is(Vec<u8>),
    /// One of these numbers, of 32 bits.
    OneOf(&'static [u32]),
    /// A number between these, of 4, 8 or 16 bytes.
    Between(u128, u128),
    /// Bytes that begin so, at least this many of them.
    Begins(&'static [u8], usize),
    /// Anything.
    Any,
}

impl Value {
    pub(crate) fn accepts(&self, result: &[u8]) -> bool {
        match self {
            Value::Is(bytes) => result == bytes,
            Value::OneOf(numbers) => numbers.iter().any(|n| result == n.to_le_bytes()),
            Value::Between(least, most) => {
                let number = result.iter().rev().fold(0, |n, byte| n << 8 | u128::from(*byte));
                [4, 8, 16].contains(&result.len()) && (*least..=*most).contains(&number)
            }
            Value::Begins(start, length) => result.starts_with(start) && result.len() >= *length,
            Value::Any => true,
        }
    }
}

fn number(n: usize) -> Value {
    Value::Is(u32::try_from(n).unwrap().to_le_bytes().to_vec())
}

fn long(n: u64) -> Value {
    Value::Is(n.to_le_bytes().to_vec())
}

fn cycles(n: u128) -> Value {
    Value::Is(n.to_le_bytes().to_vec())
}

/// What function number `n` of `world` returns in `place`.
pub(crate) fn expected(world: &World, n: usize, place: Place) -> Value {
    let function: &Function = &world.functions[n];
    let letter = place.letter();
    let caller = match letter {
        "T" => Principal::management_canister(),
        _ => world.owner,
    };
    let rejected = matches!(
        place,
        Place::Reject | Place::CompositeReject | Place::CleanupOfReject | Place::CompositeCleanupOfReject
    );
    let arg = match place {
        Place::Reply | Place::CompositeReply => b"reply!".to_vec(),
        _ => vec![u8::try_from(n).unwrap(), 1],
    };
    let refund = if rejected { 1000 } else { 400 };
    let direct = matches!(place, Place::Query | Place::CompositeQuery);
    let replicated = ["I", "G", "U", "RQ", "Ry", "Rt", "C", "T", "s"].contains(&letter);
    let subnet = || world.pic.get_subnet(world.id).unwrap().as_slice().to_vec();
    const ALL: u128 = u128::MAX;
    match function.name {
        "msg_arg_data_size" => number(arg.len()),
        "msg_arg_data_copy" => Value::Is(arg),
        "msg_caller_size" => number(caller.as_slice().len()),
        "msg_caller_copy" => Value::Is(caller.as_slice().to_vec()),
        "msg_caller_info_data_size" | "msg_caller_info_signer_size" => number(0),
        "msg_caller_info_data_copy" | "msg_caller_info_signer_copy" => Value::Is(vec![]),
        "msg_reject_code" => number(if rejected { 4 } else { 0 }),
        "msg_reject_msg_size" => number(3),
        "msg_reject_msg_copy" => Value::Is(b"no!".to_vec()),
        "msg_deadline" => long(0),
        "msg_cycles_available128" | "msg_cycles_accept128" => cycles(0),
        "msg_cycles_available" | "msg_cycles_accept" => long(0),
        "msg_cycles_refunded128" => cycles(refund),
        "msg_cycles_refunded" => long(u64::try_from(refund).unwrap()),
        "cycles_burn128" => cycles(7),
        "canister_self_size" => number(world.id.as_slice().len()),
        "canister_self_copy" => Value::Is(world.id.as_slice().to_vec()),
        "canister_cycle_balance128" | "canister_liquid_cycle_balance128" | "canister_cycle_balance" => {
            Value::Between(1, 1_000_000_000_000_000)
        }
        "canister_status" => number(1),
        "canister_version" => Value::Between(1, 1_000_000),
        "subnet_self_size" => number(subnet().len()),
        "subnet_self_copy" => Value::Is(subnet()),
        "subnet_self_node_count" => number(13),
        "msg_method_name_size" => number(9),
        "msg_method_name_copy" => Value::Is(b"inspected".to_vec()),
        "call_perform" => number(0),
        "stable64_size" | "stable64_grow" => long(1),
        "stable_size" | "stable_grow" => number(1),
        "stable64_write" | "stable64_read" | "stable_write" | "stable_read" => {
            Value::Is(b"\0stable\0".to_vec())
        }
        "root_key_size" => number(133),
        "root_key_copy" => Value::Begins(&[0x30, 0x81, 0x82, 0x30, 0x1d], 133),
        "data_certificate_present" => number(usize::from(direct)),
        "data_certificate_size" => Value::Between(100, 100_000),
        "data_certificate_copy" => Value::Begins(&[0xd9, 0xd9, 0xf7], 100),
        "time" => Value::Between(1_620_000_000_000_000_000, u128::from(u64::MAX)),
        "global_timer_set" => long(0),
        "performance_counter" => Value::Between(1, 1_000_000),
        "is_controller" => number(1),
        "in_replicated_execution" => number(usize::from(replicated)),
        "cost_call" | "cost_create_canister" | "cost_http_request" => Value::Between(1, ALL),
        // No key of that name on a network without threshold keys.
        "cost_sign_with_ecdsa" | "cost_sign_with_schnorr" | "cost_vetkd_derive_key" => Value::OneOf(&[0, 2]),
        "env_var_count" | "env_var_name_exists" => number(1),
        "env_var_name_size" => number(4),
        "env_var_name_copy" => Value::Is(b"AM".to_vec()),
        "env_var_value_size" => number(5),
        "env_var_value_copy" => Value::Is(b"alu".to_vec()),
        _ => Value::Any,
    }
}
