//! The Candid types and error codes that canister, client and tests share.
