//! Core's SHA-256 as it runs in a canister, by the probe of `tests/probe`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_tests::Probe;

#[test]
fn the_hash_of_wasm32_is_that_of_the_standard_and_of_sha2() {
    let probe = Probe::new();
    let made: Result<u32, String> = probe.ask("vectors", ());
    assert_eq!(made, Ok(15));
    // At a block's edge, near it on both sides, and where the padding begins to need another block.
    for before in [0u32, 1, 55, 56, 63, 64, 65, 127, 128] {
        let made: Result<u32, String> = probe.ask("lengths", (before,));
        assert_eq!(made, Ok(4 * (301 + 3 * 21)));
    }
    for offset in 0u32..16 {
        let before = if offset % 2 == 0 { 0 } else { offset * 5 };
        let made: Result<u32, String> = probe.ask("mebibyte", (offset, before));
        assert_eq!(made, Ok(4));
    }
    // Lanes that are free, full, of messages whose last block is another, and of some that have no bytes.
    for count in 0u32..=9 {
        for longest in [0u32, 1, 3, 55, 56, 58, 64, 66, 119, 121, 704] {
            let made: Result<u32, String> = probe.ask("each", (count, longest));
            assert_eq!(made, Ok(2 * count));
        }
    }
    // Pieces that never, sometimes and mostly are long enough for the kernel.
    for longest in [100u32, 1_000, 20_000] {
        let made: Result<u32, String> = probe.ask("splits", (longest,));
        assert_eq!(made, Ok(2 * 100 + 1));
    }
}

/// Prints what `docs/benchmarks.md` has.
#[test]
#[ignore = "a measurement"]
fn costs_of_hashing() {
    let probe = Probe::new();
    let reply =
        probe.network.query_call(probe.id, Principal::anonymous(), "costs", candid::encode_args(()).unwrap());
    let (once, twice, one, both): (u64, u64, u64, u64) = candid::decode_args(&reply.unwrap()).unwrap();
    for (what, cost) in
        [("sha2, once", once), ("sha2, twice", twice), ("one state", one), ("both states", both)]
    {
        println!("{what}: {:.1} instructions per byte", cost as f64 / f64::from(1 << 20));
    }
    for len in [24u32, 81, 704] {
        let argument = candid::encode_args((len,)).unwrap();
        let reply = probe.network.query_call(probe.id, Principal::anonymous(), "costs_of_each", argument);
        let (alone, together): (u64, u64) = candid::decode_args(&reply.unwrap()).unwrap();
        let per_message = |cost: u64| cost as f64 / 16.0;
        println!(
            "sixteen messages of {len} bytes: {:.0} instructions each alone, {:.0} together",
            per_message(alone),
            per_message(together)
        );
    }
}
