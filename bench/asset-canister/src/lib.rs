//! The DFINITY asset canister as its crate makes it: all its methods, and nothing else.
#![allow(clippy::needless_pass_by_value, reason = "the macro's methods are as they are")]

use ic_certified_assets::types::AssetCanisterArgs;

ic_certified_assets::export_canister_methods!();

#[ic_cdk::init]
fn init(args: Option<AssetCanisterArgs>) {
    ic_certified_assets::init(args);
}
