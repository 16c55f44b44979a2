//! What the migration of layout 1 costs.

use darkroom_api as api;
use darkroom_tests::{Darkroom, principal, small_photos};

use crate::layouts::fixture;
use crate::published::{CYCLES, Published, args};

/// What the upgrade costs for each published photo, for docs/benchmarks.md; run by hand with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn costs_of_the_migration() {
    let module = fixture(1);
    let spent = |items: u32| {
        let darkroom = Darkroom::of(&module, Some(args()), CYCLES);
        for number in 0..items {
            let photo = &small_photos()[2];
            Published::new(&darkroom, principal(1), photo, &number.to_string(), api::Visibility::Public);
        }
        let before = darkroom.network.cycle_balance(darkroom.id);
        darkroom.upgrade();
        before - darkroom.network.cycle_balance(darkroom.id)
    };
    // Localnet takes a cycle for an instruction; what does not depend on the items falls out.
    let (few, many) = (100, 400);
    println!("{} instructions for each item", (spent(many) - spent(few)) / u128::from(many - few));
}
