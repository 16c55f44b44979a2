//! `update_settings` and what settings may be.

use super::{Call, Outcome, invalid};
use crate::reject::{ErrorCode, Reject};
use crate::state::canister::{ChangeKind, Settings};
use crate::state::{Hash, State};
use candid::{Nat, Principal};
use management_types as types;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{LogVisibility, SnapshotVisibility, StatusVisibility};

const MAX_PRINCIPALS: usize = 10;
const LOG_LEAST: u64 = 4096;
const LOG_MOST: u64 = 2 << 20;
const MAX_VARIABLES: usize = 20;
const MAX_VARIABLE_BYTES: usize = 128;

impl Call<'_> {
    pub(super) fn update_settings(&mut self) -> Outcome {
        let args: types::UpdateSettingsArgs = self.arg()?;
        self.version = args.sender_canister_version;
        self.controls(args.canister_id)?;
        let by = self.by();
        self.change(|state| -> Result<(), Reject> {
            let time = state.network.time;
            let canister = state.canister_mut(args.canister_id)?;
            let mut settings = canister.record.settings.clone();
            let controllers = args.settings.controllers.is_some();
            apply(&mut settings, args.settings)?;
            let old = std::mem::replace(&mut canister.record.settings, settings);
            if let Err(reject) = payable(state, args.canister_id, &old) {
                state.canister_mut(args.canister_id)?.record.settings = old;
                return Err(reject);
            }
            state.warn(args.canister_id);
            let record = &mut state.canister_mut(args.canister_id)?.record;
            record.version += 1;
            if controllers {
                let list = record.settings.controllers.to_vec();
                record.note(time, by, ChangeKind::Controllers(list));
            }
            Ok(())
        })?;
        self.reply(())
    }
}

/// Refuses allocations larger than before whose price would freeze the canister at once.
pub(super) fn payable(state: &State, id: Principal, old: &Settings) -> Result<(), Reject> {
    let canister = state.canister(id)?;
    let new = &canister.record.settings;
    let missing = state.frozen(canister).saturating_sub(canister.record.cycles);
    let (what, code) = if new.compute_allocation > old.compute_allocation {
        (
            format!("compute allocation to {}", new.compute_allocation),
            ErrorCode::InsufficientCyclesInComputeAllocation,
        )
    } else if new.memory_allocation > old.memory_allocation {
        (
            format!("memory allocation to {}", new.memory_allocation),
            ErrorCode::InsufficientCyclesInMemoryAllocation,
        )
    } else {
        return Ok(());
    };
    if missing == 0 {
        return Ok(());
    }
    let text = format!(
        "Cannot increase {what} due to insufficient cycles. At least {missing} additional cycles are required."
    );
    Err(Reject::new(code, text))
}

/// Changes the settings that are given.
pub(super) fn apply(settings: &mut Settings, new: types::CanisterSettings) -> Result<(), Reject> {
    if let Some(controllers) = new.controllers {
        few(&controllers)?;
        let unique: BTreeSet<_> = controllers.into_iter().collect();
        settings.controllers = Arc::new(unique.into_iter().collect());
    }
    if let Some(n) = &new.compute_allocation {
        settings.compute_allocation = bounded(n, "Compute allocation", 100)?;
    }
    if let Some(n) = &new.memory_allocation {
        settings.memory_allocation = bounded(n, "Memory allocation", u64::MAX)?;
    }
    if let Some(n) = &new.freezing_threshold {
        settings.freezing_threshold = bounded(n, "Freezing threshold", u64::MAX)?;
    }
    if let Some(n) = &new.reserved_cycles_limit {
        settings.reserved_cycles_limit =
            u128::try_from(&n.0).map_err(|_| out_of_range("Reserved cycles limit", u128::MAX, n))?;
    }
    if let Some(n) = &new.wasm_memory_limit {
        settings.wasm_memory_limit = bounded(n, "Wasm memory limit", 1 << 48)?;
    }
    if let Some(n) = &new.wasm_memory_threshold {
        settings.wasm_memory_threshold = bounded(n, "Wasm memory threshold", 1 << 48)?;
    }
    if let Some(n) = &new.log_memory_limit {
        settings.log_memory_limit = log_limit(n)?;
    }
    if let Some(visibility) = new.log_visibility {
        if let LogVisibility::AllowedViewers(viewers) = &visibility {
            few(viewers)?;
        }
        settings.log_visibility = visibility;
    }
    if let Some(visibility) = new.snapshot_visibility {
        if let SnapshotVisibility::AllowedViewers(viewers) = &visibility {
            few(viewers)?;
        }
        settings.snapshot_visibility = visibility;
    }
    if let Some(visibility) = new.status_visibility {
        if let StatusVisibility::AllowedViewers(viewers) = &visibility {
            few(viewers)?;
        }
        settings.status_visibility = visibility;
    }
    if let Some(n) = &new.minimum_incoming_canister_call_cycles {
        let most = |_| out_of_range("Minimum incoming canister call cycles", u128::MAX, n);
        settings.incoming_cycles = u128::try_from(&n.0).map_err(most)?;
    }
    if let Some(variables) = new.environment_variables {
        settings.environment = Arc::new(environment(variables)?);
    }
    Ok(())
}

/// Refuses lists of principals that are too long, in the words of the decoder that does so on the IC.
fn few(list: &[Principal]) -> Result<(), Reject> {
    if list.len() <= MAX_PRINCIPALS {
        return Ok(());
    }
    Err(invalid(format!(
        "Error decoding candid: The number of elements exceeds maximum allowed {MAX_PRINCIPALS}: {}",
        list.len()
    )))
}

fn bounded(value: &Nat, what: &str, most: u64) -> Result<u64, Reject> {
    match u64::try_from(&value.0) {
        Ok(n) if n <= most => Ok(n),
        _ => Err(out_of_range(what, most.into(), value)),
    }
}

fn out_of_range(what: &str, most: u128, value: &Nat) -> Reject {
    let text = format!("{what} expected to be in the range of [0..{most}], got {value}");
    Reject::new(ErrorCode::CanisterContractViolation, text)
}

fn log_limit(value: &Nat) -> Result<u64, Reject> {
    let wrong = |how, bound: u64| {
        let text = format!("The canister log memory limit {value} is too {how} {bound}.");
        Reject::new(ErrorCode::CanisterRejectedMessage, text)
    };
    match u64::try_from(&value.0) {
        Ok(n) if (1..LOG_LEAST).contains(&n) => Err(wrong("low. It must be at least", LOG_LEAST)),
        Ok(n) if n <= LOG_MOST => Ok(n),
        _ => Err(wrong("high. It must be at most", LOG_MOST)),
    }
}

/// The representation-independent hash of environment variables, as a map of texts.
pub(super) fn environment_hash(variables: &[(String, String)]) -> Hash {
    let mut hashes: Vec<_> = variables
        .iter()
        .map(|(name, value)| [Sha256::digest(name), Sha256::digest(value)].concat())
        .collect();
    hashes.sort_unstable();
    Sha256::digest(hashes.concat()).into()
}

fn environment(variables: Vec<types::EnvironmentVariable>) -> Result<Vec<(String, String)>, Reject> {
    if variables.len() > MAX_VARIABLES {
        return Err(invalid(format!(
            "Too many environment variables: {} (max: {MAX_VARIABLES})",
            variables.len()
        )));
    }
    let mut names = BTreeSet::new();
    for variable in &variables {
        for (what, text) in [("name", &variable.name), ("value", &variable.value)] {
            if text.len() > MAX_VARIABLE_BYTES {
                return Err(invalid(format!(
                    "Environment variable {what} \"{text}\" exceeds the maximum allowed length of \
                     {MAX_VARIABLE_BYTES}."
                )));
            }
        }
        if !names.insert(&variable.name) {
            return Err(invalid(format!("environment variable {:?} is given twice", variable.name)));
        }
    }
    Ok(variables.into_iter().map(|v| (v.name, v.value)).collect())
}
