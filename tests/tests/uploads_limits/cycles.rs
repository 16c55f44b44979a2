//! Cycles: an upload that the canister could not pay for is refused at its beginning.

use darkroom_api as api;
use darkroom_tests::{Darkroom, File, files_from_all, principal};

use crate::{code, limits};

const TRILLION: u128 = 1_000_000_000_000;

#[test]
fn a_canister_with_few_cycles_begins_small_uploads_only() {
    let args = files_from_all(limits(|limits| limits.min_cycles = Some(0)));
    let darkroom = Darkroom::of(darkroom_wasm::CANISTER, Some(args), 100 * TRILLION);
    let owner = principal(1);
    let before = darkroom.usage_as(owner);
    let balance = darkroom.network.cycle_balance(darkroom.id);
    // Each byte takes 2,500 cycles: all of them more than there are, half of them not.
    let size = u64::try_from(balance / 2_500).unwrap() + 1;
    let widest = api::Limits {
        max_file_size: Some(200_000_000_000),
        chunk_size: Some(2_000_000),
        ..Default::default()
    };
    darkroom.configure(api::InitArgs { limits: Some(widest), ..Default::default() });
    let large = api::BeginUpload { size, ..File::new(1, 1).declared(false, Some("large")) };
    let error = darkroom.begin_as(owner, &large).unwrap_err();
    assert_eq!(error.code, api::code::LOW_CYCLES);
    let needed = (u128::from(size) * 2_500).to_string();
    assert!(error.message.contains(&needed), "{error}");
    assert_eq!(darkroom.usage_as(owner), before);
    let small = api::BeginUpload { size: size / 2, ..large.clone() };
    let begun = darkroom.begin_as(owner, &small).unwrap();
    darkroom.abort_as(owner, begun.session).unwrap();
    // Topped up, the same call succeeds.
    darkroom.network.add_cycles(darkroom.id, 10 * TRILLION);
    darkroom.begin_as(owner, &large).unwrap();
}

#[test]
fn the_least_cycles_are_a_limit_that_can_be_changed() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, file) = (principal(1), File::new(1, 200_000));
    let open = darkroom.begin_as(owner, &file.declared(true, None)).unwrap();
    let least = |min_cycles| {
        let limits = api::Limits { min_cycles: Some(min_cycles), ..Default::default() };
        darkroom.configure(api::InitArgs { limits: Some(limits), ..Default::default() });
    };
    least(10_000_000_000_000_000);
    let before = darkroom.usage_as(owner);
    assert_eq!(code(darkroom.begin_as(owner, &file.declared(true, None))), api::code::LOW_CYCLES);
    assert_eq!(code(darkroom.whole_as(owner, &file, None)), api::code::LOW_CYCLES);
    assert_eq!(darkroom.usage_as(owner), before);
    // What was begun is not stopped.
    for index in 0..file.chunks(open.chunk_size) {
        darkroom.put_of(owner, &open, &file, index).unwrap();
    }
    let item = darkroom.finish_as(owner, open.session).unwrap().item;
    darkroom.assert_stored(owner, &item, &file);
    least(0);
    darkroom.begin_as(owner, &file.declared(true, None)).unwrap();
}
