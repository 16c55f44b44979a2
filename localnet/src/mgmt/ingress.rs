//! Which calls to the management canister users may send, decided before they are taken in.

use super::info::may_see;
use super::snapshots::may_read;
use super::{decode_loosely, invalid};
use crate::reject::{ErrorCode, Reject};
use crate::state::State;
use candid::{CandidType, Principal};
use management_types as types;

/// Methods that a canister's controllers may call.
const OF_CONTROLLERS: [&str; 21] = [
    "canister_status",
    "canister_metrics",
    "start_canister",
    "stop_canister",
    "delete_canister",
    "uninstall_code",
    "update_settings",
    "install_code",
    "install_chunked_code",
    "upload_chunk",
    "stored_chunks",
    "clear_chunk_store",
    "take_canister_snapshot",
    "load_canister_snapshot",
    "delete_canister_snapshot",
    "upload_canister_snapshot_metadata",
    "upload_canister_snapshot_data",
    "rename_canister",
    // By their own rule:
    "list_canister_snapshots",
    "read_canister_snapshot_metadata",
    "read_canister_snapshot_data",
];

/// Methods that only canisters may call, or nobody by a message.
const OF_CANISTERS: [&str; 22] = [
    "create_canister",
    "deposit_cycles",
    "raw_rand",
    "http_request",
    "flexible_http_request",
    "ecdsa_public_key",
    "sign_with_ecdsa",
    "schnorr_public_key",
    "sign_with_schnorr",
    "vetkd_public_key",
    "vetkd_derive_key",
    "bitcoin_get_balance",
    "bitcoin_get_utxos",
    "bitcoin_get_block_headers",
    "bitcoin_get_current_fee_percentiles",
    "bitcoin_send_transaction",
    "bitcoin_send_transaction_internal",
    "bitcoin_get_successors",
    "node_metrics_history",
    "subnet_info",
    "fetch_canister_logs",
    "list_canisters",
];

/// Whether the Internet Computer's management canister has this method.
pub(super) fn known(method: &str) -> bool {
    OF_CONTROLLERS.contains(&method) || OF_CANISTERS.contains(&method)
}

/// Refuses what a user may not send.
pub(crate) fn accept(state: &State, sender: Principal, method: &str, arg: &[u8]) -> Result<(), Reject> {
    let refused = |text: String| Err(Reject::new(ErrorCode::CanisterRejectedMessage, text));
    match method {
        "provisional_create_canister_with_cycles" | "provisional_top_up_canister" => Ok(()),
        "canister_info" | "canister_metadata" => {
            refused(format!("Only canisters can call ic00 method {method}"))
        }
        _ if OF_CANISTERS.contains(&method) => {
            refused(format!("ic00 method {method} can not be called via ingress messages"))
        }
        _ if OF_CONTROLLERS.contains(&method) => {
            let id = effective_canister(method, arg)
                .map_err(|e| invalid(format!("Failed to parse payload for ic00 method {method}: {e}")))?;
            let record = &state.canister(id)?.record;
            let reads = matches!(
                method,
                "list_canister_snapshots" | "read_canister_snapshot_metadata" | "read_canister_snapshot_data"
            );
            let sees = method == "canister_status" && may_see(state, sender, id).is_ok();
            if record.controlled_by(sender) || sees || reads && may_read(state, sender, id).is_ok() {
                return Ok(());
            }
            let text = format!("Only controllers of canister {id} can call ic00 method {method}");
            Err(Reject::new(ErrorCode::CanisterInvalidController, text))
        }
        _ => {
            let text = format!("ic00 interface does not expose method {method}");
            Err(Reject::new(ErrorCode::CanisterMethodNotFound, text))
        }
    }
}

/// The effective canister id of a management call: the canister that its argument names.
pub(crate) fn effective_canister(method: &str, arg: &[u8]) -> Result<Principal, candid::Error> {
    #[derive(CandidType, serde::Deserialize)]
    struct Target {
        target_canister: Principal,
    }
    if method == "install_chunked_code" {
        return decode_loosely::<Target>(arg).map(|t| t.target_canister);
    }
    decode_loosely::<types::CanisterIdRecord>(arg).map(|r| r.canister_id)
}
