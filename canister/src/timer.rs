//! The timer: a few tasks, each with a time at which it is due. What is due runs in a message of its own, by a call that the
//! canister makes to itself, so that a trap of one holds up no other and is told of.

use std::cell::Cell;
use std::time::Duration;

use crate::calls::{self, Answer};
use crate::{env, jobs};

/// What the timer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Runs jobs.
    Drive,
    /// Begins to, where there are any.
    Retry,
    /// Frees what was discarded.
    Clean,
    /// Certifies anew.
    Certify,
    /// Ends what has expired.
    Reap,
}

const TASKS: [Task; 5] = [Task::Drive, Task::Retry, Task::Clean, Task::Certify, Task::Reap];

/// The method that runs a task.
const METHOD: &str = "run_task";

/// How long to wait when the call cannot be made, or the system refused it.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// The reject codes of calls that were never executed, or perhaps not: the system was short of something, or nobody knows.
const NOT_EXECUTED: [u32; 2] = [2, 6];

/// Of a task that is not wanted.
const NEVER: u64 = u64::MAX;

thread_local! {
    static DUE: Cell<[u64; TASKS.len()]> = const { Cell::new([NEVER; TASKS.len()]) };
}

/// Has a task run after a while, or before if it is due before already.
pub(crate) fn set(task: Task, after: Duration) {
    let nanos = u64::try_from(after.as_nanos()).unwrap_or(NEVER);
    let at = env::now().saturating_add(nanos);
    change(task, |due| due.min(at));
}

/// Whether a task is to run.
pub(crate) fn is_set(task: Task) -> bool {
    DUE.get()[task as usize] != NEVER
}

fn change(task: Task, to: impl FnOnce(u64) -> u64) {
    let mut due = DUE.get();
    due[task as usize] = to(due[task as usize]);
    DUE.set(due);
    arm();
}

/// Sets the platform's timer for what is due next. It is off once it has gone off, and where a snapshot was loaded that had
/// another.
pub(crate) fn arm() {
    let next = DUE.get().into_iter().min().unwrap_or(NEVER);
    // 0 switches the platform's timer off.
    env::wake_at(if next == NEVER { 0 } else { next.max(1) });
}

/// The time has come for something.
pub(crate) fn wake() {
    let (now, due) = (env::now(), DUE.get());
    for task in TASKS.into_iter().filter(|task| due[*task as usize] <= now) {
        change(task, |_| NEVER);
        jobs::begun(task);
        let then = Box::new(move |answer| ended(task, answer));
        if calls::call(env::this(), METHOD, &[task as u8], then).is_err() {
            // There are no cycles for it, or too many calls are under way.
            set(task, RETRY_AFTER);
        }
    }
    // Also where nothing was due yet.
    arm();
}

/// Runs the task that a message names; nothing where it names none.
pub(crate) fn run(args: &[u8]) {
    if let [number] = args
        && let Some(task) = TASKS.get(usize::from(*number))
    {
        jobs::run(*task);
    }
}

fn ended(task: Task, answer: Answer) {
    match answer {
        Answer::Reply(_) => {}
        Answer::Rejected(code, _) if NOT_EXECUTED.contains(&code) => set(task, RETRY_AFTER),
        Answer::Rejected(code, reason) => {
            ic_cdk::api::debug_print(format!("{task:?} failed (code {code}): {reason}"));
            jobs::failed(task);
        }
        Answer::Trapped => jobs::failed(task),
    }
}
