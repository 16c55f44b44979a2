//! `ic0`: calls to other canisters. They take effect when the entry point succeeds.

use super::{COST, Ptr, bytes, charge_payload, read, sys, violation};
use crate::exec::Host;
use crate::exec::context::*;
use crate::exec::host::OutCall;
use candid::Principal;
use wasmtime::{Caller, Linker};

const CALLING: u32 = U | CQ | RY | RT | CRY | CRT | T;
const PAYLOAD_LIMIT: u64 = 10 << 20;
const METHOD_NAME_LIMIT: u64 = 20_000;
/// Longest deadline of a best-effort call, in seconds.
const MAX_TIMEOUT: u32 = 300;

pub(super) fn define<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "call_new", CALLING, 1_500, |c,
                                         callee: P,
                                         callee_size: P,
                                         name: P,
                                         name_size: P,
                                         reply_fun: P,
                                         reply_env: P,
                                         reject_fun: P,
                                         reject_env: P|
     -> () {
        discard(&mut c);
        let callee_size: u64 = callee_size.into();
        if callee_size > 29 {
            return violation("ic0.call_new: a principal has at most 29 bytes");
        }
        let callee = read(&mut c, callee.into(), callee_size)?;
        let Ok(callee) = Principal::try_from_slice(&callee) else {
            return violation("ic0.call_new: not a principal");
        };
        let name_size: u64 = name_size.into();
        if name_size > METHOD_NAME_LIMIT {
            return violation("ic0.call_new: the method name is too long");
        }
        let name = read(&mut c, name.into(), name_size)?;
        let Ok(method) = String::from_utf8(name) else {
            return violation("ic0.call_new: invalid UTF-8 in the method name");
        };
        c.data_mut().effects.building = Some(OutCall {
            callee,
            method,
            arg: Vec::new(),
            cycles: 0,
            reply: (index(reply_fun), reply_env.into()),
            reject: (index(reject_fun), reject_env.into()),
            cleanup: None,
            timeout: None,
            fee: 0,
            prepaid: 0,
        });
        Ok(())
    });
    sys!(l, "call_on_cleanup", CALLING, COST, |c, fun: P, env: P| -> () {
        let call = building(&mut c, "call_on_cleanup")?;
        if call.cleanup.is_some() {
            return violation("ic0.call_on_cleanup: the function was already called for this call");
        }
        call.cleanup = Some((index(fun), env.into()));
        Ok(())
    });
    sys!(l, "call_data_append", CALLING, COST, |c, src: P, size: P| -> () {
        let have = building(&mut c, "call_data_append")?.arg.len() as u64;
        let size: u64 = size.into();
        charge_payload(&mut c, size)?;
        if have.saturating_add(size) > PAYLOAD_LIMIT {
            return violation(format!(
                "ic0.call_data_append: the payload ({} bytes) cannot be larger than {PAYLOAD_LIMIT}",
                have.saturating_add(size)
            ));
        }
        let bytes = bytes(&mut c, src.into(), size)?;
        building(&mut c, "call_data_append")?.arg.extend_from_slice(&bytes);
        Ok(())
    });
    sys!(l, "call_cycles_add128", U | RY | RT | T, COST, |c, high: u64, low: u64| -> () {
        add_cycles(&mut c, "call_cycles_add128", super::cycles::join(high, low))
    });
    if P::NARROW {
        sys!(l, "call_cycles_add", U | RY | RT | T, COST, |c, amount: u64| -> () {
            add_cycles(&mut c, "call_cycles_add", u128::from(amount))
        });
    }
    sys!(l, "call_with_best_effort_response", CALLING, COST, |c, seconds: u32| -> () {
        let call = building(&mut c, "call_with_best_effort_response")?;
        if call.timeout.is_some() {
            return violation("ic0.call_with_best_effort_response: a timeout was already set for this call");
        }
        call.timeout = Some(seconds.min(MAX_TIMEOUT));
        Ok(())
    });
    sys!(l, "call_perform", CALLING, 5_000, |c| -> u32 {
        let free = c.data().view.call_slots;
        let host = c.data_mut();
        let Some(mut call) = host.effects.building.take() else {
            return violation("ic0.call_perform: called without a preceding ic0.call_new");
        };
        if host.effects.calls.len() >= free {
            host.spent -= call.cycles;
            return Ok(2);
        }
        if host.kind.replicated() {
            let fees = host.view.fees;
            let request = fees.calling((call.method.len() + call.arg.len()) as u64);
            let prepaid = fees.callback(host.view.limits, host.view.memory64);
            if request + prepaid > 0 && host.balance() < host.view.frozen.saturating_add(request + prepaid) {
                host.spent -= call.cycles;
                return Ok(2);
            }
            host.spent += request + prepaid;
            (call.fee, call.prepaid) = (request, prepaid);
        }
        host.effects.calls.push(call);
        Ok(0)
    });
    Ok(())
}

/// A callback's place in the table. Indices beyond 32 bits cannot exist: calling one traps.
fn index<P: Ptr>(fun: P) -> u32 {
    u32::try_from(fun.into()).unwrap_or(u32::MAX)
}

fn building<'a>(c: &'a mut Caller<'_, Host>, name: &str) -> wasmtime::Result<&'a mut OutCall> {
    match &mut c.data_mut().effects.building {
        Some(call) => Ok(call),
        None => violation(format!("ic0.{name}: called when no call is under construction")),
    }
}

fn discard(c: &mut Caller<'_, Host>) {
    let host = c.data_mut();
    if let Some(old) = host.effects.building.take() {
        host.spent -= old.cycles;
    }
}

fn add_cycles(c: &mut Caller<'_, Host>, name: &str, amount: u128) -> wasmtime::Result<()> {
    building(c, name)?;
    let balance = c.data().balance();
    if amount > balance.saturating_sub(c.data().view.frozen) {
        return violation(format!(
            "ic0.{name}: insufficient balance: {balance} cycles, but {amount} cycles were to be attached to a call"
        ));
    }
    c.data_mut().spent += amount;
    building(c, name)?.cycles += amount;
    Ok(())
}
