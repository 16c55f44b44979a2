//! Deleted things whose chunks are still being freed when the upgrade comes.

use darkroom_api as api;
use darkroom_tests::{Darkroom, File, principal};

use crate::layouts::{fixture, present};
use crate::published::{CHUNK, CYCLES, add_pipelines, args};

/// Layout 1 freed all chunks in the message that deletes: nothing is left to be freed there.
#[test]
fn what_is_half_freed_is_freed_after_the_upgrade() {
    for layout in 2..present() {
        let darkroom = Darkroom::of(&fixture(layout), Some(args()), CYCLES);
        add_pipelines(&darkroom);
        let owner = principal(1);
        let upload = |file: &File, key| {
            let begin =
                api::BeginUpload { pipeline: Some("file".to_owned()), ..file.declared(true, Some(key)) };
            let upload = darkroom.begin_as(owner, &begin).unwrap();
            for index in 0..file.chunks(CHUNK) {
                darkroom.put_of(owner, &upload, file, index).unwrap();
            }
            darkroom.finish_as(owner, upload.session).unwrap().item
        };
        // 500 chunks are freed by the call, and 500 by the timer before the canister has stopped.
        let large = File::new(1, 1_100 * u64::from(CHUNK));
        let small = File::new(2, 3 * u64::from(CHUNK));
        let item = upload(&large, "large");
        let kept = upload(&small, "small");
        let freed = darkroom.delete_as(owner, &item.id).unwrap();
        assert_eq!(freed.bytes, large.size, "layout {layout}");
        darkroom.network.stop_canister(darkroom.id, Some(darkroom.owner)).unwrap();
        darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap();
        darkroom.network.start_canister(darkroom.id, Some(darkroom.owner)).unwrap();
        let store = darkroom.store();
        assert_eq!((store.layout_version, store.being_freed), (present(), 1), "layout {layout}");
        assert!(store.bytes > small.size && store.bytes < large.size, "layout {layout}: {store:?}");
        // The quota was back at once, and the call has the same answer again.
        assert_eq!(darkroom.usage_as(owner).own.bytes, small.size, "layout {layout}");
        assert_eq!(darkroom.delete_as(owner, &item.id).unwrap(), freed, "layout {layout}");
        darkroom.freed();
        darkroom.certified();
        let store = darkroom.store();
        assert_eq!((store.being_freed, store.bytes, store.chunks), (0, small.size, 3), "layout {layout}");
        darkroom.assert_stored(owner, &kept, &small);
        // What was freed is room for others.
        let stable = |darkroom: &Darkroom| {
            let status = darkroom.network.canister_status(darkroom.id, Some(darkroom.owner)).unwrap();
            status.memory_metrics.stable_memory_size
        };
        let before = stable(&darkroom);
        let other = File::new(3, 100 * u64::from(CHUNK));
        let item = upload(&other, "other");
        darkroom.assert_stored(owner, &item, &other);
        assert_eq!(stable(&darkroom), before, "layout {layout}");
    }
}
