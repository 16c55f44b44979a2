//! `ic0`: the canister, the subnet, time, certified data, the timer, settings, counters, the log.

use super::{COST, Ptr, bytes, charge, copy, fail, read, sys, violation};
use crate::exec::Host;
use crate::exec::context::*;
use crate::exec::host::LogLine;
use crate::reject::CanisterError;
use candid::Principal;
use wasmtime::{Caller, Linker};

/// Bytes of log that a canister keeps.
pub(crate) const LOG_LIMIT: usize = 4 << 10;

pub(super) fn define<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "canister_self_size", ALL, COST, |c| -> P { Ok(P::of(c.data().view.canister.as_slice().len())) });
    sys!(l, "canister_self_copy", ALL, COST, |c, dst: P, off: P, size: P| -> () {
        let id = c.data().view.canister;
        copy(&mut c, id.as_slice(), dst.into(), off.into(), size.into())
    });
    sys!(l, "canister_status", ALL, COST, |c| -> u32 { Ok(c.data().view.status) });
    sys!(l, "canister_version", ALL, COST, |c| -> u64 { Ok(c.data().view.version) });
    sys!(l, "subnet_self_size", ALL, COST, |c| -> P { Ok(P::of(c.data().view.subnet.as_slice().len())) });
    sys!(l, "subnet_self_copy", ALL, COST, |c, dst: P, off: P, size: P| -> () {
        let id = c.data().view.subnet;
        copy(&mut c, id.as_slice(), dst.into(), off.into(), size.into())
    });
    sys!(l, "subnet_self_node_count", ALL, COST, |c| -> u32 { Ok(c.data().view.nodes) });
    sys!(l, "time", ALL, COST, |c| -> u64 { Ok(c.data().view.time) });
    sys!(l, "root_key_size", I | G | U | RQ | RY | RT | C | T, COST, |c| -> P {
        Ok(P::of(c.data().view.root_key.len()))
    });
    sys!(l, "root_key_copy", I | G | U | RQ | RY | RT | C | T, COST, |c, dst: P, off: P, size: P| -> () {
        let key = c.data().view.root_key.clone();
        copy(&mut c, &key, dst.into(), off.into(), size.into())
    });
    sys!(l, "certified_data_set", I | G | U | RY | RT | T, COST, |c, src: P, size: P| -> () {
        let size: u64 = size.into();
        if size > 32 {
            return violation(format!(
                "ic0.certified_data_set: the passed data must be no larger than 32 bytes, not {size}"
            ));
        }
        let data = read(&mut c, src.into(), size)?;
        c.data_mut().effects.certified_data = Some(data);
        Ok(())
    });
    sys!(l, "data_certificate_present", ALL, COST, |c| -> u32 { Ok(u32::from(c.data().certify.is_some())) });
    sys!(l, "data_certificate_size", NRQ | CQ, COST, |c| -> P { Ok(P::of(certificate(&mut c)?.len())) });
    sys!(l, "data_certificate_copy", NRQ | CQ, COST, |c, dst: P, off: P, size: P| -> () {
        let bytes = certificate(&mut c)?;
        copy(&mut c, &bytes, dst.into(), off.into(), size.into())
    });
    sys!(l, "global_timer_set", I | G | U | RY | RT | C | T, COST, |c, deadline: u64| -> u64 {
        let host = c.data_mut();
        host.effects.timer = Some(deadline);
        Ok(std::mem::replace(&mut host.timer, deadline))
    });
    sys!(l, "performance_counter", ANY, 200, |c, which: u32| -> u64 {
        let used = c.data().fuel_limit - c.get_fuel()?.min(c.data().fuel_limit);
        match which {
            0 => Ok(used),
            1 => Ok(c.data().message.instructions_before + used),
            n => violation(format!("ic0.performance_counter: no counter of type {n}")),
        }
    });
    sys!(l, "is_controller", ANY, 1_000, |c, src: P, size: P| -> u32 {
        let size: u64 = size.into();
        let bytes = if size > 29 { Vec::new() } else { read(&mut c, src.into(), size)? };
        match Principal::try_from_slice(&bytes) {
            Ok(id) if size <= 29 => Ok(u32::from(c.data().view.controllers.contains(&id))),
            _ => violation("ic0.is_controller: not a principal"),
        }
    });
    sys!(l, "in_replicated_execution", ANY, COST, |c| -> u32 { Ok(u32::from(c.data().kind.replicated())) });
    sys!(l, "debug_print", ANY, 100, |c, src: P, size: P| -> () {
        let text = message(&mut c, "debug_print", src.into(), size.into())?;
        log(&mut c, text)
    });
    sys!(l, "trap", ANY, COST, |c, src: P, size: P| -> () {
        let text = message(&mut c, "trap", src.into(), size.into())?;
        log(&mut c, [b"[TRAP]: ".as_slice(), &text].concat())?;
        fail(CanisterError::CalledTrap(String::from_utf8_lossy(&text).into_owned()))
    });
    environment::<P>(l)
}

/// What the canister has to say. Whoever is about to fail is not stopped by a wrong address.
fn message(c: &mut Caller<'_, Host>, name: &str, src: u64, size: u64) -> wasmtime::Result<Vec<u8>> {
    charge(c, size)?;
    Ok(bytes(c, src, size).unwrap_or_else(|_| format!("({name} message out of memory bounds)").into_bytes()))
}

fn environment<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "env_var_count", ALL, COST, |c| -> P { Ok(P::of(c.data().view.environment.len())) });
    sys!(l, "env_var_name_size", ALL, COST, |c, index: P| -> P {
        Ok(P::of(variable(&c, index.into())?.len()))
    });
    sys!(l, "env_var_name_copy", ALL, COST, |c, index: P, dst: P, off: P, size: P| -> () {
        let name = variable(&c, index.into())?;
        copy(&mut c, name.as_bytes(), dst.into(), off.into(), size.into())
    });
    sys!(l, "env_var_name_exists", ALL, COST, |c, src: P, size: P| -> u32 {
        Ok(u32::from(value(&mut c, src.into(), size.into())?.is_some()))
    });
    sys!(l, "env_var_value_size", ALL, COST, |c, src: P, size: P| -> P {
        match value(&mut c, src.into(), size.into())? {
            Some(value) => Ok(P::of(value.len())),
            None => violation("ic0.env_var_value_size: there is no environment variable of that name"),
        }
    });
    sys!(l, "env_var_value_copy", ALL, COST, |c, src: P, size: P, dst: P, off: P, len: P| -> () {
        match value(&mut c, src.into(), size.into())? {
            Some(value) => copy(&mut c, value.as_bytes(), dst.into(), off.into(), len.into()),
            None => violation("ic0.env_var_value_copy: there is no environment variable of that name"),
        }
    });
    Ok(())
}

fn variable(c: &Caller<'_, Host>, index: u64) -> wasmtime::Result<String> {
    match usize::try_from(index).ok().and_then(|index| c.data().view.environment.get(index)) {
        Some((name, _)) => Ok(name.clone()),
        None => violation(format!("ic0.env_var_name: there is no environment variable {index}")),
    }
}

fn value(c: &mut Caller<'_, Host>, src: u64, size: u64) -> wasmtime::Result<Option<String>> {
    if size > 128 {
        return violation("ic0.env_var: a name has at most 128 bytes");
    }
    let name = read(c, src, size)?;
    let Ok(name) = String::from_utf8(name) else { return violation("ic0.env_var: the name is not UTF-8") };
    Ok(c.data().view.environment.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()))
}

fn certificate(c: &mut Caller<'_, Host>) -> wasmtime::Result<Vec<u8>> {
    let host = c.data_mut();
    if host.certificate.is_none() {
        let Some(certify) = &host.certify else {
            return violation("ic0.data_certificate: there is no certificate in this call");
        };
        host.certificate = Some(certify());
    }
    Ok(host.certificate.clone().unwrap_or_default())
}

fn log(c: &mut Caller<'_, Host>, mut text: Vec<u8>) -> wasmtime::Result<()> {
    text.truncate(LOG_LIMIT);
    // Each byte of the log is paid for when it is copied and again when it is kept.
    charge(c, 52 * text.len() as u64)?;
    let host = c.data_mut();
    let time = host.view.time;
    let (effects, line) = (&mut host.effects, LogLine { time, text });
    effects.log_size += line.size();
    effects.log.push_back(line);
    while effects.log_size > LOG_LIMIT && effects.log.len() > 1 {
        effects.log_size -= effects.log.pop_front().map_or(0, |line| line.size());
    }
    Ok(())
}
