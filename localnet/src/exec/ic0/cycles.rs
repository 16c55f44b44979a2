//! `ic0`: cycles of the call, of the canister, and what things cost.

use super::{COST, Ptr, read, sys, violation, write};
use crate::exec::Host;
use crate::exec::context::*;
use wasmtime::{Caller, Linker};

const OFFERED: u32 = U | RQ | RY | RT;

pub(super) fn define<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "msg_cycles_available128", OFFERED, COST, |c, dst: P| -> () {
        let amount = c.data().available();
        put(&mut c, dst, amount)
    });
    sys!(l, "msg_cycles_accept128", OFFERED, COST, |c, high: u64, low: u64, dst: P| -> () {
        let amount = accept(&mut c, join(high, low));
        put(&mut c, dst, amount)
    });
    sys!(l, "msg_cycles_refunded128", RY | RT, COST, |c, dst: P| -> () {
        let amount = c.data().message.refunded;
        put(&mut c, dst, amount)
    });
    sys!(l, "cycles_burn128", I | G | U | RQ | RY | RT | C | T, COST, |c,
                                                                       high: u64,
                                                                       low: u64,
                                                                       dst: P|
     -> () {
        let host = c.data_mut();
        let amount = join(high, low).min(host.balance().saturating_sub(host.view.frozen));
        host.effects.burned += amount;
        put(&mut c, dst, amount)
    });
    sys!(l, "canister_cycle_balance128", ALL, COST, |c, dst: P| -> () {
        let amount = c.data().balance();
        put(&mut c, dst, amount)
    });
    sys!(l, "canister_liquid_cycle_balance128", ALL, COST, |c, dst: P| -> () {
        let amount = c.data().balance().saturating_sub(c.data().view.frozen);
        put(&mut c, dst, amount)
    });
    if P::NARROW {
        narrow_amounts(l)?;
    }
    costs::<P>(l)
}

/// For 32-bit canisters only.
fn narrow_amounts(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "msg_cycles_available", OFFERED, COST, |c| -> u64 {
        narrow("msg_cycles_available", c.data().available())
    });
    sys!(l, "msg_cycles_accept", OFFERED, COST, |c, max: u64| -> u64 {
        let amount = accept(&mut c, u128::from(max));
        narrow("msg_cycles_accept", amount)
    });
    sys!(l, "msg_cycles_refunded", RY | RT, COST, |c| -> u64 {
        narrow("msg_cycles_refunded", c.data().message.refunded)
    });
    sys!(l, "canister_cycle_balance", ALL, COST, |c| -> u64 {
        narrow("canister_cycle_balance", c.data().balance())
    });
    Ok(())
}

fn costs<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "cost_call", ANY, COST, |c, method: u64, payload: u64, dst: P| -> () {
        let view = &c.data().view;
        let reserved = view.fees.callback(view.limits, view.memory64);
        let cost = view.fees.calling(method.saturating_add(payload)) + reserved;
        put(&mut c, dst, cost)
    });
    sys!(l, "cost_create_canister", ANY, COST, |c, dst: P| -> () {
        let fees = c.data().view.fees;
        put(&mut c, dst, fees.create_canister)
    });
    sys!(l, "cost_http_request", ANY, COST, |c, request: u64, max_response: u64, dst: P| -> () {
        let fees = c.data().view.fees;
        put(&mut c, dst, fees.outcall(request, max_response))
    });
    sys!(l, "cost_http_request_v2", ANY, 10_000, |c, src: P, size: P, dst: P| -> () {
        let params = read(&mut c, src.into(), size.into())?;
        let fees = c.data().view.fees;
        put(&mut c, dst, fees.outcall(params.len() as u64, 2_000_000))
    });
    sys!(l, "cost_sign_with_ecdsa", ANY, COST, |c, src: P, size: P, curve: u32, dst: P| -> u32 {
        sign(&mut c, src, size, curve, 0, dst)
    });
    sys!(l, "cost_sign_with_schnorr", ANY, COST, |c, src: P, size: P, algorithm: u32, dst: P| -> u32 {
        sign(&mut c, src, size, algorithm, 1, dst)
    });
    sys!(l, "cost_vetkd_derive_key", ANY, COST, |c, src: P, size: P, curve: u32, dst: P| -> u32 {
        sign(&mut c, src, size, curve, 0, dst)
    });
    Ok(())
}

/// Keys that subnets have; the price is the same for each.
const KEYS: [&[u8]; 3] = [b"key_1", b"test_key_1", b"dfx_test_key"];

/// 0 and the price for a known curve and key; 1 for an unknown curve, 2 for an unknown key.
fn sign<P: Ptr>(
    c: &mut Caller<'_, Host>,
    src: P,
    size: P,
    curve: u32,
    last: u32,
    dst: P,
) -> wasmtime::Result<u32> {
    let key = read(c, src.into(), size.into())?;
    if curve > last {
        return Ok(1);
    }
    if !KEYS.contains(&&key[..]) {
        return Ok(2);
    }
    let price = c.data().view.fees.signature;
    put(c, dst, price)?;
    Ok(0)
}

fn accept(c: &mut Caller<'_, Host>, max: u128) -> u128 {
    let host = c.data_mut();
    let amount = max.min(host.available());
    host.effects.accepted += amount;
    amount
}

fn put<P: Ptr>(c: &mut Caller<'_, Host>, dst: P, amount: u128) -> wasmtime::Result<()> {
    write(c, dst.into(), &amount.to_le_bytes())
}

pub(super) fn join(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

fn narrow(name: &str, amount: u128) -> wasmtime::Result<u64> {
    match u64::try_from(amount) {
        Ok(amount) => Ok(amount),
        Err(_) => violation(format!("ic0.{name}: the amount does not fit into 64 bits")),
    }
}
