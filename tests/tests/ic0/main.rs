//! Every function of `ic0` in every context: where it may be called it must do so with the right result, elsewhere
//! it must trap with the code of a canister that violates its contract. Then the rules that hold inside a context.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod awaits;
mod bounds;
mod calls;
mod module;
mod place;
mod rules;
mod state;
mod table;
mod values;

use place::{Place, Seen, World, install};
use table::Rule;

/// Calls every function in one context and lists all that is wrong.
fn column(place: Place) {
    let world = World::new(place);
    let mut wrong = Vec::new();
    let mut cells = 0;
    for (n, function) in world.functions.iter().enumerate() {
        let rule = function.rule(place);
        let value = values::expected(&world, n, place);
        let fits = |seen: &Seen| match seen.result() {
            Some(result) => value.accepts(&result),
            // What such a function takes depends on the server's age.
            None => function.recent && !seen.refused(),
        };
        let seen = world.call(place, n, rule != Rule::Forbidden);
        let good = match rule {
            Rule::Allowed => fits(&seen),
            Rule::Forbidden => seen.refused(),
            Rule::Either => fits(&seen) || seen.refused(),
        };
        cells += 1;
        if !good {
            wrong.push(format!("ic0.{} ({rule:?}, {value:?}): {seen:?}", function.name));
        }
    }
    println!("{place:?}: {cells} functions, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "in {place:?}:\n{}", wrong.join("\n"));
}

macro_rules! columns {
    ($($name:ident: $place:ident,)*) => { $(
        #[test]
        fn $name() {
            column(Place::$place);
        }
    )* };
}

columns! {
    in_init: Init,
    in_post_upgrade: PostUpgrade,
    in_pre_upgrade: PreUpgrade,
    in_start: Start,
    in_an_update: Update,
    in_a_replicated_query: ReplicatedQuery,
    in_a_query: Query,
    in_a_composite_query: CompositeQuery,
    in_a_reply_callback: Reply,
    in_a_reject_callback: Reject,
    in_a_composite_reply_callback: CompositeReply,
    in_a_composite_reject_callback: CompositeReject,
    in_the_cleanup_of_a_reply: CleanupOfReply,
    in_the_cleanup_of_a_reject: CleanupOfReject,
    in_the_composite_cleanup_of_a_reply: CompositeCleanupOfReply,
    in_the_composite_cleanup_of_a_reject: CompositeCleanupOfReject,
    in_inspect_message: Inspect,
    in_a_heartbeat: Heartbeat,
    in_a_timer: Timer,
}

#[test]
fn canisters_of_64_bits_import_the_same_functions_with_wide_addresses() {
    let pic = darkroom_tests::network();
    let owner = candid::Principal::self_authenticating([7]);
    let functions = place::known(&pic, owner);
    let mut wrong = Vec::new();
    for function in functions {
        let installed = install(&pic, owner, &[function], true);
        let refused = installed.as_ref().err().map(|reject| reject.error_code);
        if refused != function.legacy.then_some(pocket_ic::ErrorCode::CanisterInvalidWasm) {
            wrong.push(format!("ic0.{}: {installed:?}", function.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
