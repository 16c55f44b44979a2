//! Runs the jobs of the service one after the other, each in a message of its own, and reaps expired sessions.
//!
//! The driver is a task of the timer's. Each job is a self-call (others of its item may run in the same message), so that
//! a trap or an exhausted budget comes back to the driver as a reject. An upgrade loses the driver and never a job:
//! `post_upgrade` starts another.

use std::cell::Cell;
use std::time::Duration;

use darkroom_api as api;

use crate::calls::{self, Answer};
use crate::operations::Operation;
use crate::service::Job;
use crate::timer::{self, Task};
use crate::{env, metered, read_service, with_service};

/// The reject code of a message that was executed and failed (and of one that met a stopped canister).
const TRAPPED: u32 = 5;
/// The reject codes of a call that was never executed: it could not be made, or the system was short of something.
const NOT_EXECUTED: [u32; 2] = [0, 2];
/// How long to wait when the system was short of something, and when a message failed.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// Nanoseconds after which an answer does not come any more: a message takes minutes at most. The canister has another
/// heap then, that of a snapshot.
const LOST_AFTER: u64 = 3_600_000_000_000;
/// How often expired sessions are looked for.
const REAP_EVERY: Duration = Duration::from_secs(600);
/// Sessions that are reaped in one message.
const REAP_AT_ONCE: usize = 20;

/// Instructions after which certifying anew goes on in another message: 1/20 of what one may take, so that others get
/// their turn; an original of the most chunks alone may take twice as many.
const CERTIFY_AT_ONCE: u64 = 2_000_000_000;

thread_local! {
    static DRIVING: Cell<bool> = const { Cell::new(false) };
    static CLEANING: Cell<bool> = const { Cell::new(false) };
    static CERTIFYING: Cell<bool> = const { Cell::new(false) };
    /// When a job was called whose answer has not come, in nanoseconds since 1970.
    static CALLED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Starts the driver if there is work and none runs, frees what a call has discarded, and certifies what it could not.
pub(crate) fn start() {
    start_cleaning();
    // After a message that trapped, not before its time.
    if !timer::is_set(Task::Retry) {
        start_certifying();
    }
    if !DRIVING.get() && read_service(|service| service.has_jobs()) {
        DRIVING.set(true);
        timer::set(Task::Drive, Duration::ZERO);
    }
    timer::arm();
}

/// Whether the driver runs, and so a job unless none is left.
pub(crate) fn is_running() -> bool {
    DRIVING.get()
}

/// Starts the timers that reap, clean and certify. Timers end with an upgrade, so this is called after each.
pub(crate) fn start_reaper() {
    start_cleaning();
    start_certifying();
    timer::set(Task::Reap, REAP_EVERY);
}

/// Frees what was discarded, a bounded piece in each message, until nothing is left.
fn start_cleaning() {
    if !CLEANING.get() && read_service(|service| service.has_garbage()) {
        CLEANING.set(true);
        timer::set(Task::Clean, Duration::ZERO);
    }
}

/// Certifies what is not, a budget's worth in each message, until everything is.
pub(crate) fn start_certifying() {
    if !CERTIFYING.get() && read_service(|service| service.is_certifying()) {
        CERTIFYING.set(true);
        timer::set(Task::Certify, Duration::ZERO);
    }
}

/// Does what is due, in a message of its own.
pub(crate) fn run(task: Task) {
    match task {
        // From before an upgrade there may be another that has called.
        Task::Drive if CALLED.get().is_some() => {}
        Task::Drive => drive(),
        Task::Retry => start(),
        Task::Clean => {
            CLEANING.set(false);
            metered(Operation::CollectGarbage, |service| service.collect_garbage());
            start_cleaning();
        }
        Task::Certify => {
            CERTIFYING.set(false);
            let enough = || env::instructions() >= CERTIFY_AT_ONCE;
            if let Err(error) = metered(Operation::Certify, |service| service.certify_some(enough)) {
                ic_cdk::api::debug_print(format!("certifying anew: {error}"));
            }
            start_certifying();
        }
        Task::Reap => reap(),
    }
}

/// A task is begun in a message of its own; what comes again whether that succeeds or not is set here.
pub(crate) fn begun(task: Task) {
    if task == Task::Reap {
        timer::set(Task::Reap, REAP_EVERY);
        recover();
    }
}

/// Takes up work whose message was lost: with the canister stopped meanwhile, or in a snapshot that was loaded. A second
/// cleaner does no harm.
fn recover() {
    CLEANING.set(false);
    CERTIFYING.set(false);
    if CALLED.get().is_none_or(|called| called + LOST_AFTER < env::now()) {
        CALLED.set(None);
        DRIVING.set(false);
    }
    start();
}

/// A task's message failed: it was undone, and with it what it had said of itself. It is tried again.
pub(crate) fn failed(task: Task) {
    match task {
        Task::Drive => DRIVING.set(false),
        Task::Clean => CLEANING.set(false),
        Task::Certify => CERTIFYING.set(false),
        Task::Retry | Task::Reap => return,
    }
    timer::set(Task::Retry, RETRY_AFTER);
}

fn reap() {
    let more = metered(Operation::Reap, |service| {
        let tokens = service.reap_tokens(env::now(), REAP_AT_ONCE)?;
        Ok::<_, api::Error>(service.reap(env::now(), REAP_AT_ONCE)? || tokens)
    });
    match more {
        Ok(true) => timer::set(Task::Reap, Duration::ZERO),
        Ok(false) => {}
        Err(error) => ic_cdk::api::debug_print(format!("reaping expired sessions: {error}")),
    }
}

/// Calls for the next job, if there is one; the answer brings the driver back.
fn drive() {
    let Some(job) = with_service(|service| service.next_job(env::now())) else { return DRIVING.set(false) };
    CALLED.set(Some(env::now()));
    let args = candid::encode_one(job.number).unwrap_or_default();
    let then = Box::new(move |answer| ended(job, answer));
    if let Err((code, then)) = calls::call(env::this(), "run_job", &args, then) {
        then(Answer::Rejected(0, format!("the call cannot be made: error {code}")));
    }
}

/// A job's message has been answered.
fn ended(job: Job, answer: Answer) {
    CALLED.set(None);
    let go_on = match answer {
        Answer::Reply(_) => true,
        Answer::Rejected(code, reason) => end(job, code, reason),
        Answer::Trapped => {
            timer::set(Task::Retry, RETRY_AFTER);
            false
        }
    };
    if go_on {
        drive();
    } else {
        DRIVING.set(false);
    }
}

/// Deals with a job whose message was rejected; false when the driver should stop for now.
fn end(job: Job, code: u32, reason: String) -> bool {
    // Where it met a canister that is being stopped, the code is that of a trap; it may run again by now.
    let running = ic_cdk::api::canister_status() == ic_cdk::api::CanisterStatusCode::Running
        && !reason.contains("is stopp");
    let (ended, go_on) = match code {
        // It was executed and trapped, or ran out of instructions or memory: it would again, unless that was for the
        // company that it had.
        TRAPPED if running && job.has_company => {
            (with_service(|service| service.isolate_job(job.number)), true)
        }
        TRAPPED if running => {
            let error = api::Error::new(api::code::STAGE_TRAPPED, reason);
            (with_service(|service| service.fail_job(job.number, &error, env::now())), true)
        }
        // Nothing was executed, and the attempt does not count.
        code if !running || NOT_EXECUTED.contains(&code) => {
            timer::set(Task::Retry, RETRY_AFTER);
            (with_service(|service| service.postpone_job(job.number, None)), false)
        }
        // Nobody knows whether it was. The attempt counts, and the next one comes later.
        _ => {
            timer::set(Task::Retry, RETRY_AFTER);
            (with_service(|service| service.postpone_job(job.number, Some(reason))), false)
        }
    };
    if let Err(error) = ended {
        ic_cdk::api::debug_print(format!("job {}: {error}", job.number));
    }
    go_on
}
