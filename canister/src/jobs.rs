//! Runs the jobs of the service one after the other, each in a message of its own, and reaps expired sessions.
//!
//! The driver is a timer task. Each job is a self-call (others of its item may run in the same message), so that a trap
//! or an exhausted budget comes back to the driver as a reject. An upgrade loses the driver and never a job:
//! `post_upgrade` starts another.

use std::cell::Cell;
use std::time::Duration;

use darkroom_api as api;
use ic_cdk::call::{Call, CallFailed};

use crate::operations::Operation;
use crate::service::Job;
use crate::{env, metered, read_service, with_service};

/// The reject code of a message that was executed and failed (and of one that met a stopped canister).
const TRAPPED: u32 = 5;
/// How long to wait when the system was short of something.
const RETRY_AFTER: Duration = Duration::from_secs(30);
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
}

/// Clears the flag when the driver ends, also when one of its messages traps.
struct Driving;

impl Drop for Driving {
    fn drop(&mut self) {
        DRIVING.set(false);
    }
}

/// Starts the driver if there is work and none runs, and frees what a call has discarded.
pub(crate) fn start() {
    start_cleaning();
    if !DRIVING.get() && read_service(|service| service.has_jobs()) {
        DRIVING.set(true);
        ic_cdk_timers::set_timer(Duration::ZERO, drive(Driving));
    }
}

/// Whether the driver runs, and so a job unless none is left.
pub(crate) fn is_running() -> bool {
    DRIVING.get()
}

/// Starts the timers that reap, clean and certify. Timers end with an upgrade, so this is called after each.
pub(crate) fn start_reaper() {
    start_cleaning();
    start_certifying();
    ic_cdk_timers::set_timer_interval(REAP_EVERY, async || reap());
}

/// Frees what was discarded, a bounded piece in each message, until nothing is left.
fn start_cleaning() {
    if !CLEANING.get() && read_service(|service| service.has_garbage()) {
        CLEANING.set(true);
        ic_cdk_timers::set_timer(Duration::ZERO, async {
            CLEANING.set(false);
            metered(Operation::CollectGarbage, |service| service.collect_garbage());
            start_cleaning();
        });
    }
}

/// Certifies what is not, a budget's worth in each message, until everything is.
pub(crate) fn start_certifying() {
    if !CERTIFYING.get() && read_service(|service| service.is_certifying()) {
        CERTIFYING.set(true);
        ic_cdk_timers::set_timer(Duration::ZERO, async {
            CERTIFYING.set(false);
            let enough = || env::instructions() >= CERTIFY_AT_ONCE;
            if let Err(error) = metered(Operation::Certify, |service| service.certify_some(enough)) {
                ic_cdk::api::debug_print(format!("certifying anew: {error}"));
            }
            start_certifying();
        });
    }
}

fn reap() {
    // Work that was left when the canister was stopped without an upgrade.
    // A message that trapped leaves its flag; a second cleaner does no harm.
    CLEANING.set(false);
    CERTIFYING.set(false);
    start_certifying();
    start();
    let more = metered(Operation::Reap, |service| {
        let tokens = service.reap_tokens(env::now(), REAP_AT_ONCE)?;
        Ok::<_, api::Error>(service.reap(env::now(), REAP_AT_ONCE)? || tokens)
    });
    match more {
        Ok(true) => {
            ic_cdk_timers::set_timer(Duration::ZERO, async { reap() });
        }
        Ok(false) => {}
        Err(error) => ic_cdk::api::debug_print(format!("reaping expired sessions: {error}")),
    }
}

async fn drive(_driving: Driving) {
    loop {
        let job = match with_service(|service| service.next_job(env::now())) {
            Ok(Some(job)) => job,
            Ok(None) => return,
            Err(error) => {
                ic_cdk::api::debug_print(format!("next job: {error}"));
                return;
            }
        };
        let reply = Call::unbounded_wait(env::this(), "run_job").with_arg(job.number).await;
        if let Err(failure) = reply
            && !end(job, &failure)
        {
            return;
        }
    }
}

/// Deals with a job whose message was rejected; false when the driver should stop for now.
fn end(job: Job, failure: &CallFailed) -> bool {
    let running = ic_cdk::api::canister_status() == ic_cdk::api::CanisterStatusCode::Running;
    let (ended, go_on) = match failure {
        // It was executed and trapped, or ran out of instructions or memory: it would again, unless that was for the
        // company that it had.
        CallFailed::CallRejected(rejected)
            if running && rejected.raw_reject_code() == TRAPPED && job.has_company =>
        {
            (with_service(|service| service.isolate_job(job.number)), true)
        }
        CallFailed::CallRejected(rejected) if running && rejected.raw_reject_code() == TRAPPED => {
            let error = api::Error::new("stage_trapped", rejected.reject_message());
            (with_service(|service| service.fail_job(job.number, &error, env::now())), true)
        }
        // The canister is being stopped: nothing was executed, and the attempt does not count.
        _ if !running => (with_service(|service| service.postpone_job(job.number, None)), false),
        // The system was short of something. The attempt counts, and the next one comes later.
        other => {
            ic_cdk_timers::set_timer(RETRY_AFTER, async { start() });
            let reason = other.to_string();
            (with_service(|service| service.postpone_job(job.number, Some(reason))), false)
        }
    };
    if let Err(error) = ended {
        ic_cdk::api::debug_print(format!("job {}: {error}", job.number));
    }
    go_on
}
