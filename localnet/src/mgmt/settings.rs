//! `update_settings` and what settings may be.

use super::{Call, Outcome, invalid, number};
use crate::reject::Reject;
use crate::state::canister::{ChangeKind, Settings};
use ic_management_canister_types as types;
use std::collections::BTreeSet;
use std::sync::Arc;

const MAX_CONTROLLERS: usize = 10;
const MAX_VARIABLES: usize = 20;
const MAX_VARIABLE_BYTES: usize = 128;

impl Call<'_> {
    pub(super) fn update_settings(&mut self) -> Outcome {
        let args: types::UpdateSettingsArgs = self.arg()?;
        self.controls(args.canister_id)?;
        let sender = self.request.sender;
        self.change(|state| -> Result<(), Reject> {
            let time = state.network.time;
            let record = &mut state.canister_mut(args.canister_id)?.record;
            let mut settings = record.settings.clone();
            let controllers = args.settings.controllers.is_some();
            apply(&mut settings, args.settings)?;
            record.settings = settings;
            record.version += 1;
            if controllers {
                let list = record.settings.controllers.to_vec();
                record.note(time, sender, ChangeKind::Controllers(list));
            }
            Ok(())
        })?;
        self.reply(())
    }
}

/// Changes the settings that are given.
pub(super) fn apply(settings: &mut Settings, new: types::CanisterSettings) -> Result<(), Reject> {
    if let Some(controllers) = new.controllers {
        if controllers.len() > MAX_CONTROLLERS {
            return Err(invalid(format!(
                "{} controllers are more than {MAX_CONTROLLERS}",
                controllers.len()
            )));
        }
        let unique: BTreeSet<_> = controllers.into_iter().collect();
        settings.controllers = Arc::new(unique.into_iter().collect());
    }
    let bounded = |value: &candid::Nat, what: &str, most: u64| match number(value, what) {
        Ok(n) if n <= most => Ok(n),
        _ => Err(invalid(format!("{what} expected to be at most {most}, got {value}"))),
    };
    if let Some(n) = &new.compute_allocation {
        settings.compute_allocation = bounded(n, "Compute allocation", 100)?;
    }
    if let Some(n) = &new.memory_allocation {
        settings.memory_allocation = bounded(n, "Memory allocation", 1 << 48)?;
    }
    if let Some(n) = &new.freezing_threshold {
        settings.freezing_threshold = number(n, "Freezing threshold")?;
    }
    if let Some(n) = &new.reserved_cycles_limit {
        settings.reserved_cycles_limit = u128::try_from(&n.0)
            .map_err(|_| invalid(format!("Reserved cycles limit does not fit into 128 bits: {n}")))?;
    }
    if let Some(n) = &new.wasm_memory_limit {
        settings.wasm_memory_limit = bounded(n, "Wasm memory limit", 1 << 48)?;
    }
    if let Some(n) = &new.wasm_memory_threshold {
        settings.wasm_memory_threshold = number(n, "Wasm memory threshold")?;
    }
    if let Some(n) = &new.log_memory_limit {
        settings.log_memory_limit = bounded(n, "Log memory limit", 2 << 20)?;
    }
    if let Some(visibility) = new.log_visibility {
        settings.log_visibility = visibility;
    }
    if let Some(visibility) = new.snapshot_visibility {
        settings.snapshot_visibility = visibility;
    }
    if let Some(variables) = new.environment_variables {
        settings.environment = Arc::new(environment(variables)?);
    }
    Ok(())
}

fn environment(variables: Vec<types::EnvironmentVariable>) -> Result<Vec<(String, String)>, Reject> {
    if variables.len() > MAX_VARIABLES {
        return Err(invalid(format!(
            "{} environment variables are more than {MAX_VARIABLES}",
            variables.len()
        )));
    }
    let mut names = BTreeSet::new();
    for variable in &variables {
        if variable.name.len() > MAX_VARIABLE_BYTES || variable.value.len() > MAX_VARIABLE_BYTES {
            return Err(invalid(format!(
                "environment variable {:?}: name and value have at most {MAX_VARIABLE_BYTES} bytes each",
                variable.name
            )));
        }
        if !names.insert(&variable.name) {
            return Err(invalid(format!("environment variable {:?} is given twice", variable.name)));
        }
    }
    Ok(variables.into_iter().map(|v| (v.name, v.value)).collect())
}
