//! Snapshots of canisters: taking, loading, listing and deleting them.

use super::{Call, Outcome, controls, invalid};
use crate::reject::{ErrorCode, Reject};
use crate::state::State;
use crate::state::canister::ChangeKind;
use crate::state::snapshot::{Snapshot, SnapshotId, Stored};
use candid::Principal;
use management_types as types;
use types::SnapshotVisibility;

const MAX_SNAPSHOTS: usize = 10;

impl Call<'_> {
    pub(super) fn take_canister_snapshot(&mut self) -> Outcome {
        let args: types::TakeCanisterSnapshotArgs = self.arg()?;
        self.version = args.sender_canister_version;
        let id = args.canister_id;
        self.controls(id)?;
        let replaced = match &args.replace_snapshot {
            Some(replaced) => Some(own(&self.instance.read(), id, replaced)?.number),
            None => None,
        };
        let (number, snapshot, source) = {
            let state = self.instance.read();
            let canister = state.canister(id)?;
            let record = &canister.record;
            if replaced.is_none() && record.snapshots.len() >= MAX_SNAPSHOTS {
                return Err(refused(format!(
                    "Canister {id} has reached the maximum number of snapshots allowed: {MAX_SNAPSHOTS}."
                )));
            }
            let Some(code) = canister.code.clone() else {
                return Err(refused(format!("Failed to create snapshot for empty canister {id}:")));
            };
            let snapshot = Snapshot {
                time: state.network.time,
                version: record.version,
                module: code.hash,
                globals: record.globals.clone(),
                heap_size: record.heap_size,
                stable_pages: record.stable_pages,
                certified_data: record.certified_data.clone(),
                chunks: record.chunks.clone(),
                size: canister.execution_size()
                    + state.chunks_size(&record.chunks)
                    + record.certified_data.len() as u64,
            };
            let source = Stored { code, heap: canister.heap.clone(), stable: canister.stable.clone() };
            (record.snapshots_taken, snapshot, source)
        };
        let kinds = ["snapshot-heap", "snapshot-stable"];
        let stored = self.executor.copy(&source, &snapshot, id, kinds, [number; 2]).map_err(failed)?;
        let reply = summary(SnapshotId { number, canister: id }, &snapshot);
        let dropped = self.change(|state| -> Result<_, Reject> {
            let canister = state.canister_mut(id)?;
            canister.record.snapshots_taken += 1;
            canister.record.snapshots.insert(number, snapshot);
            canister.stored.insert(number, stored);
            let dropped = replaced.and_then(|replaced| canister.drop_snapshot(replaced));
            state.drop_unused_blobs();
            Ok(dropped)
        })?;
        self.executor.discard(dropped.into_iter().flat_map(|s| [s.heap, s.stable]));
        // After the snapshot has its chunks, which go with the code otherwise.
        if args.uninstall_code == Some(true) {
            let by = self.by();
            self.instance.empty(self.executor, id, by, true)?;
        }
        self.reply((reply,))
    }

    pub(super) fn load_canister_snapshot(&mut self) -> Outcome {
        let args: types::LoadCanisterSnapshotArgs = self.arg()?;
        self.version = args.sender_canister_version;
        let id = args.canister_id;
        self.controls(id)?;
        let (name, snapshot, source, numbers) = {
            let state = self.instance.read();
            let (name, snapshot, stored) = find(&state, id, &args.snapshot_id)?;
            if state.subnets.of(name.canister).id != state.subnets.of(id).id {
                return Err(missing(id, name));
            }
            let sender = self.request.sender;
            if !state.canister(name.canister)?.record.controlled_by(sender) {
                return Err(refused(format!(
                    "Only a controller of the canister that snapshot {name} belongs to can load it on canister \
                     {id}. Sender: {sender}."
                )));
            }
            let record = &state.canister(id)?.record;
            (name, snapshot.clone(), stored.clone(), [record.heap_file + 1, record.stable_file + 1])
        };
        let stored =
            self.executor.copy(&source, &snapshot, id, ["heap", "stable"], numbers).map_err(failed)?;
        self.executor.drop_memories(id);
        let by = self.by();
        let old = self.change(|state| -> Result<_, Reject> {
            let time = state.network.time;
            let canister = state.canister_mut(id)?;
            let old = [
                std::mem::replace(&mut canister.heap, stored.heap),
                std::mem::replace(&mut canister.stable, stored.stable),
            ];
            canister.code = Some(stored.code);
            let record = &mut canister.record;
            [record.heap_file, record.stable_file] = numbers;
            (record.heap_size, record.stable_pages) = (snapshot.heap_size, snapshot.stable_pages);
            record.module = Some(snapshot.module);
            record.globals = snapshot.globals;
            record.certified_data = snapshot.certified_data;
            record.chunks = snapshot.chunks;
            record.version += 1;
            // Timer, open calls and log stay as they are: a snapshot that was taken does not restore them.
            let loaded = ChangeKind::Loaded {
                from: (name.canister != id).then_some(name.canister),
                snapshot: name.bytes(),
                version: snapshot.version,
                time: snapshot.time,
            };
            record.note(time, by, loaded);
            state.drop_unused_blobs();
            Ok(old)
        })?;
        self.executor.discard(old);
        self.reply(())
    }

    pub(super) fn list_canister_snapshots(&mut self) -> Outcome {
        let args: types::ListCanisterSnapshotsArgs = self.arg()?;
        let id = args.canister_id;
        let list: Vec<types::Snapshot> = {
            let state = self.instance.read();
            may_read(&state, self.request.sender, id)?;
            let snapshots = state.canister(id)?.record.snapshots.iter();
            snapshots.map(|(&number, s)| summary(SnapshotId { number, canister: id }, s)).collect()
        };
        self.reply((list,))
    }

    pub(super) fn delete_canister_snapshot(&mut self) -> Outcome {
        let args: types::DeleteCanisterSnapshotArgs = self.arg()?;
        let id = args.canister_id;
        self.controls(id)?;
        let name = own(&self.instance.read(), id, &args.snapshot_id)?;
        let dropped = self.change(|state| -> Result<_, Reject> {
            let dropped = state.canister_mut(id)?.drop_snapshot(name.number);
            state.drop_unused_blobs();
            Ok(dropped)
        })?;
        self.executor.discard(dropped.into_iter().flat_map(|s| [s.heap, s.stable]));
        self.reply(())
    }
}

/// Refuses those who may not see a canister's snapshots.
pub(super) fn may_read(state: &State, sender: Principal, id: Principal) -> Result<(), Reject> {
    match &state.canister(id)?.record.settings.snapshot_visibility {
        SnapshotVisibility::Public => Ok(()),
        SnapshotVisibility::AllowedViewers(viewers) if viewers.contains(&sender) => Ok(()),
        _ => controls(state, sender, id),
    }
}

/// The snapshot that these bytes name, whichever canister it is of.
fn find<'a>(
    state: &'a State,
    target: Principal,
    bytes: &[u8],
) -> Result<(SnapshotId, &'a Snapshot, &'a Stored), Reject> {
    let name = SnapshotId::parse(bytes)
        .ok_or_else(|| invalid(format!("{} is not the id of a snapshot", hex::encode(bytes))))?;
    let canister = state.canisters.get(&name.canister);
    let found =
        canister.and_then(|c| Some((c.record.snapshots.get(&name.number)?, c.stored.get(&name.number)?)));
    let (snapshot, stored) = found.ok_or_else(|| missing(target, name))?;
    Ok((name, snapshot, stored))
}

/// As `find`, of this canister only.
fn own(state: &State, id: Principal, bytes: &[u8]) -> Result<SnapshotId, Reject> {
    let (name, ..) = find(state, id, bytes)?;
    if name.canister == id {
        return Ok(name);
    }
    Err(refused(format!("The snapshot {name} does not belong to canister {id}.")))
}

fn missing(id: Principal, name: SnapshotId) -> Reject {
    let text = format!("Could not find the snapshot ID {name} for canister {id}.");
    Reject::new(ErrorCode::CanisterSnapshotNotFound, text)
}

fn refused(text: String) -> Reject {
    Reject::new(ErrorCode::CanisterRejectedMessage, text)
}

fn failed(error: std::io::Error) -> Reject {
    Reject::new(ErrorCode::SubnetOversubscribed, format!("cannot copy the canister's memories: {error}"))
}

fn summary(name: SnapshotId, snapshot: &Snapshot) -> types::Snapshot {
    types::Snapshot { id: name.bytes(), taken_at_timestamp: snapshot.time, total_size: snapshot.size }
}
