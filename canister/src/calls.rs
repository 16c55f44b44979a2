//! Calls that the canister makes, and the answers to them, which an upgrade in between does not turn into damage.
//!
//! An answer comes as a place in the module's table of functions and a number, also where the canister was upgraded
//! meanwhile without being stopped: to another heap then, and perhaps to another function. `ic-cdk` and `ic-cdk-timers`
//! make that number a pointer, which such an answer has freed whatever it points to; the heap is corrupt from then on. Here
//! it is an address that no heap has. A function that takes it for a pointer traps, which undoes its message and nothing
//! else; ours takes it for a number, and finds that nobody waits for it any more.
#![allow(unsafe_code, reason = "calls of the platform's take functions that it may call")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use candid::Principal;

use crate::env;

/// The first of these numbers: near the end of what 32 bits address, where a canister's heap, of 3 GiB unless its
/// settings say otherwise, does not reach.
const FIRST: usize = 0xffff_0000;

/// How many there are: behind the last one there is room for what a structure has at some distance from its beginning.
const NUMBERS: usize = 0x8000;

/// What an answer is for.
pub(crate) type Then = Box<dyn FnOnce(Answer)>;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The reply.
    Reply(Vec<u8>),
    /// A rejection: its code, and why.
    Rejected(u32, String),
    /// Dealing with the answer trapped, which undid that.
    Trapped,
}

thread_local! {
    static WAITING: RefCell<BTreeMap<usize, Then>> = const { RefCell::new(BTreeMap::new()) };
}

/// Calls a method of a canister and has `then` deal with the answer.
///
/// # Errors
/// Why the call cannot be made, such as a lack of cycles; `then` is given back.
pub(crate) fn call(callee: Principal, method: &str, args: &[u8], then: Then) -> Result<(), (u32, Then)> {
    let number = free_number();
    WAITING.with_borrow_mut(|waiting| waiting.insert(number, then));
    // SAFETY: both functions take any number, and know those that they were given.
    unsafe {
        ic0::call_new(callee.as_slice(), method, answered, FIRST + number, answered, FIRST + number);
        ic0::call_on_cleanup(cleaned, FIRST + number);
    }
    ic0::call_data_append(args);
    match ic0::call_perform() {
        0 => Ok(()),
        code => match take(number) {
            Some(then) => Err((code, then)),
            // It was put there above.
            None => Ok(()),
        },
    }
}

/// A number that nobody waits for. Where it begins follows from what an upgrade changes and from the time, so that an
/// answer from before an upgrade hardly ever meets one from after it.
fn free_number() -> usize {
    // Spread by Knuth's multiplicative hash.
    let mixed = env::version().wrapping_mul(2_654_435_761).wrapping_add(env::now() / 1_000);
    let begin = usize::try_from(mixed % NUMBERS as u64).unwrap_or_default();
    WAITING.with_borrow(|waiting| {
        let mut numbers = (begin..NUMBERS).chain(0..begin);
        numbers.find(|number| !waiting.contains_key(number)).unwrap_or(begin)
    })
}

fn take(number: usize) -> Option<Then> {
    WAITING.with_borrow_mut(|waiting| waiting.remove(&number))
}

/// The answer to a call.
extern "C" fn answered(env: usize) {
    // Nobody waits for what was called before an upgrade.
    let Some(then) = take(env.wrapping_sub(FIRST)) else { return };
    then(match ic0::msg_reject_code() {
        0 => {
            let mut reply = vec![0; ic0::msg_arg_data_size()];
            ic0::msg_arg_data_copy(&mut reply, 0);
            Answer::Reply(reply)
        }
        code => {
            let mut text = vec![0; ic0::msg_reject_msg_size()];
            ic0::msg_reject_msg_copy(&mut text, 0);
            Answer::Rejected(code, String::from_utf8_lossy(&text).into_owned())
        }
    });
    #[cfg(feature = "check")]
    if env::now() < TRAPPING_UNTIL.get() {
        ic_cdk::trap("it was told to trap");
    }
}

#[cfg(feature = "check")]
thread_local! {
    static TRAPPING_UNTIL: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Has whatever deals with an answer trap after its last write, until so many nanoseconds since 1970; for tests.
#[cfg(feature = "check")]
pub(crate) fn trap_until(time: u64) {
    TRAPPING_UNTIL.set(time);
}

/// [`answered`] trapped: who waits is there again.
extern "C" fn cleaned(env: usize) {
    if let Some(then) = take(env.wrapping_sub(FIRST)) {
        then(Answer::Trapped);
    }
}
