//! How often each operation ran, and the instructions that it took, since the canister was installed or last upgraded.
//!
//! Counts are on the heap: two additions for a message, and no upgrade carries them over. What a message counts that
//! traps is undone with everything else that it did.

use std::cell::Cell;

/// What runs in a message and changes something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    BeginUpload,
    BeginAsset,
    PutChunk,
    UploadWhole,
    PutAssets,
    FailStages,
    FinishUpload,
    AbortUpload,
    DeleteItem,
    Reprocess,
    CreateToken,
    RevokeToken,
    Configure,
    RunJob,
    CollectGarbage,
    Reap,
    Certify,
}

/// All operations in their order, by the names of their methods.
const NAMES: [&str; 17] = [
    "begin_upload",
    "begin_asset",
    "put_chunk",
    "upload_whole",
    "put_assets",
    "fail_stages",
    "finish_upload",
    "abort_upload",
    "delete_item",
    "reprocess",
    "create_token",
    "revoke_token",
    "configure",
    "run_job",
    "collect_garbage",
    "reap",
    "certify",
];

/// What an operation has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Messages.
    pub(crate) calls: u64,
    /// Instructions, from the beginning of each message to the end of its operation.
    pub(crate) instructions: u64,
}

thread_local! {
    static SPENT: Cell<[Spent; NAMES.len()]> = const { Cell::new([Spent { calls: 0, instructions: 0 }; NAMES.len()]) };
}

/// Counts a message that has executed an operation.
pub(crate) fn count(operation: Operation, instructions: u64) {
    let mut all = SPENT.get();
    let spent = &mut all[operation as usize];
    spent.calls += 1;
    spent.instructions = spent.instructions.saturating_add(instructions);
    SPENT.set(all);
}

/// What each operation has taken, by name.
pub(crate) fn spent() -> impl Iterator<Item = (&'static str, Spent)> {
    NAMES.into_iter().zip(SPENT.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_operations() {
        count(Operation::BeginUpload, 2);
        count(Operation::Reap, 3);
        count(Operation::Reap, u64::MAX);
        let counted: Vec<_> = spent().filter(|(_, spent)| spent.calls > 0).collect();
        let reaped = Spent { calls: 2, instructions: u64::MAX };
        assert_eq!(counted, [("begin_upload", Spent { calls: 1, instructions: 2 }), ("reap", reaped)]);
    }
}
