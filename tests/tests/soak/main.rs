//! Many clients at once, at random and for long: uploads, faults, upgrades, time, all by the fall of seeded dice. After so
//! many steps the whole store is held against itself, and in the end nothing is left of what was removed.
//!
//! A run that fails says with which seed it fails again. By hand, for long:
//! `DARKROOM_SOAK_STEPS=20000 DARKROOM_SOAK_SEED=7 cargo test --workspace --test soak -- --nocapture`
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clients;
mod model;
mod operators;
mod readers;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use model::Soak;

/// Steps between two looks at the whole store.
const CHECK_EVERY: u64 = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |value| value.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn nothing_contradicts_itself_whatever_clients_do() {
    let (steps, seed) = (setting("DARKROOM_SOAK_STEPS", 500), setting("DARKROOM_SOAK_SEED", 1));
    let mut soak = Soak::new(seed);
    let start = soak.darkroom.store();
    let run = catch_unwind(AssertUnwindSafe(|| {
        for step in 1..=steps {
            soak.step();
            if step % CHECK_EVERY == 0 {
                soak.check();
            }
            if step % 1000 == 0 {
                println!("{step} steps: {}", soak.summary());
            }
        }
        soak.remove_everything();
        soak.check();
        assert_eq!(soak.darkroom.store(), start, "something is left of what was removed");
    }));
    println!("seed {seed}: {}", soak.summary());
    if let Err(panic) = run {
        eprintln!("the last steps:\n{}", soak.last_steps());
        eprintln!(
            "again: DARKROOM_SOAK_SEED={seed} DARKROOM_SOAK_STEPS={steps} cargo test --workspace --test soak"
        );
        resume_unwind(panic);
    }
    soak.assert_variety(steps);
}
