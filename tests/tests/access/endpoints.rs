//! That the table has every endpoint.

use std::collections::BTreeSet;

use candid_parser::utils::CandidSource;
use darkroom_tests::entry_points;

use crate::table::{Kind, rows};

/// What the platform calls, and nobody else.
const OF_THE_PLATFORM: [&str; 4] =
    ["canister_global_timer", "canister_init", "canister_inspect_message", "canister_post_upgrade"];

/// Endpoints of these kinds by the names that the module exports them by.
fn in_the_table(kinds: &[Kind]) -> BTreeSet<String> {
    let rows = rows().into_iter().filter(|row| kinds.contains(&row.kind));
    rows.map(|row| match row.kind {
        Kind::Query => format!("canister_query {}", row.method()),
        _ => format!("canister_update {}", row.method()),
    })
    .collect()
}

#[test]
fn every_export_of_the_module_has_a_row() {
    let exports: BTreeSet<String> = entry_points(darkroom_wasm::CANISTER).into_iter().collect();
    let of_the_platform: BTreeSet<String> = OF_THE_PLATFORM.map(str::to_owned).into();
    let mut known = in_the_table(&[Kind::Update, Kind::Query, Kind::Own]);
    known.extend(of_the_platform);
    let lacking: Vec<_> = exports.difference(&known).collect();
    assert!(lacking.is_empty(), "without a row in tests/tests/access/table.rs: {lacking:?}");
    let gone: Vec<_> = known.difference(&exports).collect();
    assert!(gone.is_empty(), "in the table, and not in the module: {gone:?}");
}

#[test]
fn every_method_of_the_interface_file_has_a_row() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../canister/darkroom.did");
    let (types, service) = CandidSource::File(file.as_ref()).load().unwrap();
    let methods = types.as_service(&service.unwrap()).unwrap().to_vec();
    let methods: BTreeSet<String> = methods
        .iter()
        .map(|(name, of)| match types.as_func(of).unwrap().is_query() {
            true => format!("canister_query {name}"),
            false => format!("canister_update {name}"),
        })
        .collect();
    assert_eq!(methods, in_the_table(&[Kind::Update, Kind::Query]));
}
