//! What things cost in cycles: the fees of a 13-node subnet. The development network tells them to canisters that
//! ask, and charges them where it says so.

/// Fee of a call, and per byte of its request and of its response.
const CALL: u128 = 260_000;
const CALL_BYTE: u128 = 1_000;
/// Largest payload of a response, prepaid with each call.
const MAX_RESPONSE: u128 = 2_097_152;
/// Fee of each execution.
const EXECUTION: u128 = 5_000_000;
/// Largest number of instructions of a callback, prepaid with each call; each costs one cycle.
const MAX_INSTRUCTIONS: u128 = 40_000_000_000;

/// Creating a canister.
pub(crate) const CREATE_CANISTER: u128 = 500_000_000_000;
/// One threshold signature.
pub(crate) const SIGN: u128 = 10_000_000_000;
/// What a canister made for testing gets.
pub(crate) const PROVISIONAL_BALANCE: u128 = 100_000_000_000_000;
/// Nodes of an application subnet.
pub(crate) const NODES: u32 = 13;

/// What a call costs including its prepaid parts.
pub(crate) fn call_cost(method: u64, payload: u64) -> u128 {
    CALL + CALL_BYTE * (u128::from(method) + u128::from(payload) + MAX_RESPONSE)
        + EXECUTION
        + MAX_INSTRUCTIONS
}

/// What must be at hand to make a call. Execution is free of charge on this network so far.
pub(crate) fn call_prepayment(_method: u64, _payload: u64) -> u128 {
    0
}

/// What an HTTPS outcall would cost.
pub(crate) fn http_request_cost(request: u64, max_response: u64) -> u128 {
    let n = u128::from(NODES);
    n * (3_000_000 + 60_000 * n) + n * (400 * u128::from(request) + 800 * u128::from(max_response))
}
