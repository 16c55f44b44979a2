//! `ic0`: the message being executed and the answer to it.

use super::{COST, Ptr, bytes, charge_payload, copy, fail, sys, violation};
use crate::exec::Host;
use crate::exec::context::*;
use crate::exec::host::Response;
use wasmtime::{Caller, Linker};

const REPLY_LIMIT: usize = 2 << 20;
const QUERY_REPLY_LIMIT: usize = 3 << 20;

const WITH_ARG: u32 = I | U | RQ | NRQ | CQ | RY | CRY | F;
const ANSWERING: u32 = U | RQ | NRQ | CQ | RY | RT | CRY | CRT;
const WITH_INFO: u32 = ANSWERING | C | CC | F;
const REJECTED: u32 = RT | CRT;

pub(super) fn define<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "msg_arg_data_size", WITH_ARG, COST, |c| -> P { Ok(P::of(c.data().message.arg.len())) });
    sys!(l, "msg_arg_data_copy", WITH_ARG, COST, |c, dst: P, off: P, size: P| -> () {
        let arg = c.data().message.arg.clone();
        copy(&mut c, &arg, dst.into(), off.into(), size.into())
    });
    sys!(l, "msg_caller_size", ALL, COST, |c| -> P { Ok(P::of(caller_of(&c).len())) });
    sys!(l, "msg_caller_copy", ALL, COST, |c, dst: P, off: P, size: P| -> () {
        let caller = caller_of(&c);
        copy(&mut c, &caller, dst.into(), off.into(), size.into())
    });
    // Sender information is signed by canisters and not part of this network: it is always empty.
    sys!(l, "msg_caller_info_data_size", WITH_INFO, COST, |_c| -> P { Ok(P::of(0)) });
    sys!(l, "msg_caller_info_data_copy", WITH_INFO, COST, |c, dst: P, off: P, size: P| -> () {
        copy(&mut c, &[], dst.into(), off.into(), size.into())
    });
    sys!(l, "msg_caller_info_signer_size", WITH_INFO, COST, |_c| -> P { Ok(P::of(0)) });
    sys!(l, "msg_caller_info_signer_copy", WITH_INFO, COST, |c, dst: P, off: P, size: P| -> () {
        copy(&mut c, &[], dst.into(), off.into(), size.into())
    });
    sys!(l, "msg_reject_code", RY | RT | CRY | CRT | C, COST, |c| -> u32 {
        Ok(c.data().message.reject_code)
    });
    sys!(l, "msg_reject_msg_size", REJECTED, COST, |c| -> P {
        Ok(P::of(c.data().message.reject_message.len()))
    });
    sys!(l, "msg_reject_msg_copy", REJECTED, COST, |c, dst: P, off: P, size: P| -> () {
        let message = c.data().message.reject_message.clone();
        copy(&mut c, message.as_bytes(), dst.into(), off.into(), size.into())
    });
    sys!(l, "msg_deadline", ANSWERING, COST, |c| -> u64 { Ok(c.data().message.deadline) });
    sys!(l, "msg_method_name_size", F, COST, |c| -> P { Ok(P::of(c.data().message.method.len())) });
    sys!(l, "msg_method_name_copy", F, COST, |c, dst: P, off: P, size: P| -> () {
        let name = c.data().message.method.clone();
        copy(&mut c, name.as_bytes(), dst.into(), off.into(), size.into())
    });
    sys!(l, "accept_message", F, COST, |c| -> () {
        if std::mem::replace(&mut c.data_mut().effects.ingress_accepted, true) {
            return violation("ic0.accept_message: the function was already called");
        }
        Ok(())
    });
    sys!(l, "msg_reply_data_append", ANSWERING, COST, |c, src: P, size: P| -> () {
        unanswered(&c, "msg_reply_data_append")?;
        let (src, size) = (src.into(), size.into());
        charge_payload(&mut c, size)?;
        let have = c.data().effects.reply.len() as u64;
        limit(&c, "msg_reply_data_append", have.saturating_add(size))?;
        let bytes = bytes(&mut c, src, size)?;
        c.data_mut().effects.reply.extend_from_slice(&bytes);
        Ok(())
    });
    sys!(l, "msg_reply", ANSWERING, COST, |c| -> () {
        unanswered(&c, "msg_reply")?;
        let effects = &mut c.data_mut().effects;
        effects.response = Some(Response::Reply(std::mem::take(&mut effects.reply)));
        Ok(())
    });
    sys!(l, "msg_reject", ANSWERING, COST, |c, src: P, size: P| -> () {
        unanswered(&c, "msg_reject")?;
        let (src, size) = (src.into(), size.into());
        charge_payload(&mut c, size)?;
        limit(&c, "msg_reject", size)?;
        let bytes = bytes(&mut c, src, size)?;
        let Ok(text) = String::from_utf8(bytes) else {
            return violation("ic0.msg_reject: invalid UTF-8 string");
        };
        c.data_mut().effects.response = Some(Response::Reject(text));
        Ok(())
    });
    Ok(())
}

fn caller_of(c: &Caller<'_, Host>) -> Vec<u8> {
    c.data().message.caller.map(|p| p.as_slice().to_vec()).unwrap_or_default()
}

fn unanswered(c: &Caller<'_, Host>, name: &str) -> wasmtime::Result<()> {
    let host = c.data();
    if host.message.answered || host.effects.response.is_some() {
        return violation(format!("ic0.{name}: the call is already replied"));
    }
    Ok(())
}

fn limit(c: &Caller<'_, Host>, name: &str, size: u64) -> wasmtime::Result<()> {
    let limit = if c.data().kind.replicated() { REPLY_LIMIT } else { QUERY_REPLY_LIMIT };
    if size > limit as u64 {
        return fail(crate::reject::CanisterError::Contract(format!(
            "ic0.{name}: application payload size ({size}) cannot be larger than {limit}"
        )));
    }
    Ok(())
}
