//! Upgrades that are refused or do not come to their end: the canister runs what it ran, with all that it held.

use darkroom_api as api;
use darkroom_tests::{Darkroom, File, Trap, principal, small_photos, trapping};

use crate::fill::Filled;
use crate::layouts::{EARLIER, fixture, present, written};
use crate::published::{CHUNK, CYCLES, Published, add_pipelines, args};

/// A canister with a published photo and an upload in the middle.
struct Small {
    darkroom: Darkroom,
    published: Published,
    file: File,
    upload: api::Upload,
    status: api::SessionStatus,
}

impl Small {
    fn of(module: &[u8]) -> Small {
        let darkroom = Darkroom::of(module, Some(args()), CYCLES);
        add_pipelines(&darkroom);
        let photo = &small_photos()[0];
        let published = Published::new(&darkroom, principal(1), photo, "key", api::Visibility::Public);
        let file = File::new(1, 4 * u64::from(CHUNK));
        let begin = api::BeginUpload { pipeline: Some("file".to_owned()), ..file.declared(true, None) };
        let upload = darkroom.begin_as(principal(2), &begin).unwrap();
        darkroom.put_of(principal(2), &upload, &file, 2).unwrap();
        let status = darkroom.status_as(principal(2), upload.session).unwrap();
        Small { darkroom, published, file, upload, status }
    }

    /// That everything is there, and goes on.
    fn assert_whole(&self) {
        let Small { darkroom, published, file, upload, status } = self;
        published.assert_there(darkroom);
        assert_eq!(darkroom.status_as(principal(2), upload.session).unwrap(), *status);
        for index in [0, 1, 3] {
            darkroom.put_of(principal(2), upload, file, index).unwrap();
        }
        let item = darkroom.finish_as(principal(2), upload.session).unwrap().item;
        darkroom.assert_stored(principal(2), &item, file);
    }
}

/// From each layout to the Wasm of each one before it, the present one first of all.
#[test]
fn an_upgrade_to_an_older_layout_is_refused_and_loses_nothing() {
    for from in EARLIER.into_iter().chain([present()]).rev() {
        let module = if from == present() { darkroom_wasm::CANISTER.to_vec() } else { fixture(from) };
        let small = Small::of(&module);
        for to in 1..from {
            let message = small.darkroom.upgrade_to(&fixture(to)).unwrap_err().reject_message;
            let expected = format!(
                "stable memory has layout version {from}; this Wasm knows versions up to {to}: install a Wasm at \
                 least as new as the one that ran before"
            );
            assert!(message.contains(&expected), "{from} to {to}: {message}");
        }
        small.assert_whole();
    }
}

/// The migration is done, and then the upgrade traps, or finds no instruction left, as it would with more items than one
/// message can migrate: the older module goes on, in its own layout.
#[test]
fn an_upgrade_that_fails_behind_the_migration_is_rolled_back() {
    let failing = |trap| trapping(darkroom_wasm::CANISTER, &["canister_post_upgrade"], trap);
    for (trap, text) in [(Trap::After, "unreachable"), (Trap::Exhausted, "instruction")] {
        let module = failing(trap);
        for layout in EARLIER {
            let small = Small::of(&fixture(layout));
            let message = small.darkroom.upgrade_to(&module).unwrap_err().reject_message;
            assert!(message.contains(text), "layout {layout}, {trap:?}: {message}");
            small.assert_whole();
            assert_eq!(written(&small.darkroom), layout, "{trap:?}");
        }
    }
    // All that there can be, and the same upgrade with a sound module after it.
    let filled = Filled::of(1);
    filled.darkroom.upgrade_to(&failing(Trap::Exhausted)).unwrap_err();
    filled.upgrade();
    filled.darkroom.certified();
    for published in &filled.published {
        published.assert_there(&filled.darkroom);
    }
    for open in &filled.open {
        let now = filled.darkroom.status_as(open.owner, open.upload.session).unwrap();
        assert_eq!(api::SessionStatus { expires_at: open.status.expires_at, ..now }, open.status);
    }
}
