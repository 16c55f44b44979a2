//! What the management canister tells: status, history, metadata, logs.

use super::{controls, encode};
use crate::memory::WASM_PAGE;
use crate::reject::{ErrorCode, Reject};
use crate::state::State;
use crate::state::canister::{Change, ChangeKind, Mode, Settings, Status};
use crate::state::subnets::canister_number;
use candid::{Nat, Principal};
use management_types as types;
use types::{CanisterLogFilter, LogVisibility, StatusVisibility};

/// `canister_status`.
pub(super) fn status(
    state: &State,
    sender: Principal,
    args: types::CanisterIdRecord,
) -> Result<Vec<u8>, Reject> {
    let canister = state.canister(args.canister_id)?;
    may_see(state, sender, args.canister_id)?;
    let record = &canister.record;
    let nat = |n: u64| Nat::from(n);
    let wasm = canister.code.as_ref().map_or(0, |c| c.wasm.len() as u64);
    let sections =
        canister.code.as_ref().map_or(0, |c| c.info.metadata.values().map(|m| m.bytes.len() as u64).sum());
    let chunks = state.chunks_size(&record.chunks);
    let snapshots: u64 = record.snapshots.values().map(|s| s.size).sum();
    let global = canister.code.as_ref().map_or(0, |c| c.info.mutable_globals.len() as u64 * 8);
    let stable = record.stable_pages * WASM_PAGE;
    let log: u64 = record.log.iter().map(|l| l.text.len() as u64).sum();
    let result = types::CanisterStatusResult {
        status: match record.status {
            Status::Running => types::CanisterStatusType::Running,
            Status::Stopping => types::CanisterStatusType::Stopping,
            Status::Stopped => types::CanisterStatusType::Stopped,
        },
        ready_for_migration: record.status == Status::Stopped && record.callbacks.is_empty(),
        version: record.version,
        settings: settings(&record.settings),
        module_hash: record.module.map(|hash| hash.to_vec()),
        memory_size: nat(state.memory_usage(canister)),
        memory_metrics: types::MemoryMetrics {
            wasm_memory_size: nat(record.heap_size),
            stable_memory_size: nat(stable),
            global_memory_size: nat(global),
            wasm_binary_size: nat(wasm),
            custom_sections_size: nat(sections),
            canister_history_size: nat(record.history.len() as u64 * 100),
            wasm_chunk_store_size: nat(chunks),
            snapshots_size: nat(snapshots),
            log_memory_store_size: nat(log),
        },
        cycles: Nat::from(record.cycles),
        reserved_cycles: nat(0),
        idle_cycles_burned_per_day: Nat::from(state.idle_per_day(canister)),
        query_stats: types::QueryStats {
            num_calls_total: nat(0),
            num_instructions_total: nat(0),
            request_payload_bytes_total: nat(0),
            response_payload_bytes_total: nat(0),
        },
    };
    Ok(encode((result,)))
}

/// Who may see a canister's status beside itself and its controllers, the canister says.
pub(super) fn may_see(state: &State, sender: Principal, id: Principal) -> Result<(), Reject> {
    match &state.canister(id)?.record.settings.status_visibility {
        StatusVisibility::Public => Ok(()),
        StatusVisibility::AllowedViewers(viewers) if viewers.contains(&sender) => Ok(()),
        _ if sender == id => Ok(()),
        _ => controls(state, sender, id),
    }
}

fn settings(s: &Settings) -> types::DefiniteCanisterSettings {
    types::DefiniteCanisterSettings {
        controllers: s.controllers.to_vec(),
        compute_allocation: s.compute_allocation.into(),
        memory_allocation: s.memory_allocation.into(),
        freezing_threshold: s.freezing_threshold.into(),
        reserved_cycles_limit: s.reserved_cycles_limit.into(),
        log_visibility: s.log_visibility.clone(),
        log_memory_limit: s.log_memory_limit.into(),
        snapshot_visibility: s.snapshot_visibility.clone(),
        status_visibility: s.status_visibility.clone(),
        minimum_incoming_canister_call_cycles: s.incoming_cycles.into(),
        wasm_memory_limit: s.wasm_memory_limit.into(),
        wasm_memory_threshold: s.wasm_memory_threshold.into(),
        environment_variables: s
            .environment
            .iter()
            .map(|(name, value)| types::EnvironmentVariable { name: name.clone(), value: value.clone() })
            .collect(),
    }
}

/// `canister_info`.
pub(super) fn info(state: &State, args: types::CanisterInfoArgs) -> Result<Vec<u8>, Reject> {
    let record = &state.canister(args.canister_id)?.record;
    let wanted = usize::try_from(args.num_requested_changes.unwrap_or(0)).unwrap_or(usize::MAX);
    let skip = record.history.len().saturating_sub(wanted);
    let result = types::CanisterInfoResult {
        total_num_changes: record.changes,
        recent_changes: record.history.iter().skip(skip).map(change).collect(),
        module_hash: record.module.map(|hash| hash.to_vec()),
        controllers: record.settings.controllers.to_vec(),
    };
    Ok(encode((result,)))
}

fn change(change: &Change) -> types::Change {
    let origin = if canister_number(change.origin).is_some() {
        types::ChangeOrigin::FromCanister(types::FromCanisterRecord {
            canister_id: change.origin,
            canister_version: change.origin_version,
        })
    } else {
        types::ChangeOrigin::FromUser(types::FromUserRecord { user_id: change.origin })
    };
    let details = match &change.details {
        ChangeKind::Created(controllers) => created(controllers, None),
        ChangeKind::CreatedWith(controllers, environment) => created(controllers, Some(environment.to_vec())),
        ChangeKind::Installed(mode, hash) => {
            types::ChangeDetails::CodeDeployment(types::CodeDeploymentRecord {
                mode: match mode {
                    Mode::Install => types::CodeDeploymentMode::Install,
                    Mode::Reinstall => types::CodeDeploymentMode::Reinstall,
                    Mode::Upgrade => types::CodeDeploymentMode::Upgrade,
                },
                module_hash: hash.to_vec(),
            })
        }
        ChangeKind::Uninstalled => types::ChangeDetails::CodeUninstall,
        ChangeKind::Controllers(controllers) => {
            types::ChangeDetails::ControllersChange(types::ControllersChangeRecord {
                controllers: controllers.clone(),
            })
        }
        ChangeKind::Loaded { from, snapshot, version, time } => {
            types::ChangeDetails::LoadSnapshot(types::LoadSnapshotRecord {
                from_canister_id: *from,
                snapshot_id: snapshot.clone(),
                canister_version: *version,
                taken_at_timestamp: *time,
                source: types::SnapshotSource::TakenFromCanister(candid::Reserved),
            })
        }
    };
    types::Change {
        timestamp_nanos: change.time,
        canister_version: change.version,
        origin,
        details: Some(details),
    }
}

fn created(controllers: &[Principal], environment: Option<Vec<u8>>) -> types::ChangeDetails {
    types::ChangeDetails::Creation(types::CreationRecord {
        controllers: controllers.to_vec(),
        environment_variables_hash: environment,
    })
}

/// `canister_metadata`.
pub(super) fn metadata(
    state: &State,
    sender: Principal,
    args: types::CanisterMetadataArgs,
) -> Result<Vec<u8>, Reject> {
    let canister = state.canister(args.canister_id)?;
    let section = canister.code.as_ref().and_then(|code| code.info.metadata.get(&args.name));
    let missing = || {
        let (id, name) = (args.canister_id, &args.name);
        let text = match canister.code {
            Some(_) => format!("The canister {id} has no metadata section with the name {name}."),
            None => format!("The canister {id} has no Wasm module and hence no metadata is available."),
        };
        Reject::new(ErrorCode::CanisterRejectedMessage, text)
    };
    let section = section.ok_or_else(missing)?;
    if !section.public && !canister.record.controlled_by(sender) {
        return Err(missing());
    }
    Ok(encode((types::CanisterMetadataResult { value: section.bytes.clone() },)))
}

/// `fetch_canister_logs`.
pub(super) fn logs(
    state: &State,
    sender: Principal,
    args: types::FetchCanisterLogsArgs,
) -> Result<Vec<u8>, Reject> {
    let record = &state.canister(args.canister_id)?.record;
    let allowed = match &record.settings.log_visibility {
        LogVisibility::Public => true,
        LogVisibility::Controllers => record.controlled_by(sender),
        LogVisibility::AllowedViewers(viewers) => record.controlled_by(sender) || viewers.contains(&sender),
    };
    if !allowed {
        return Err(Reject::new(
            ErrorCode::CanisterRejectedMessage,
            format!("Caller {sender} is not allowed to access canister logs"),
        ));
    }
    let first = record.log_next - record.log.len() as u64;
    let lines = record.log.iter().zip(first..).map(|(line, idx)| types::CanisterLogRecord {
        idx,
        timestamp_nanos: line.time,
        content: line.text.clone(),
    });
    let wanted = |line: &types::CanisterLogRecord| match &args.filter {
        None => true,
        Some(CanisterLogFilter::ByIdx { start, end }) => (*start..*end).contains(&line.idx),
        Some(CanisterLogFilter::ByTimestampNanos { start, end }) => {
            (*start..*end).contains(&line.timestamp_nanos)
        }
    };
    let result = types::FetchCanisterLogsResult { canister_log_records: lines.filter(wanted).collect() };
    Ok(encode((result,)))
}
