//! What the client reads: after a 0 a record of its journal, otherwise an answer of a canister, of the call that the
//! byte picks.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    [0, record @ ..] => darkroom_client::fuzzing::journal(record),
    [call, answer @ ..] => {
        let registry = darkroom_processors::registry().expect("ids are unique");
        darkroom_client::fuzzing::answer(&registry, *call, answer);
    }
    [] => {}
});
