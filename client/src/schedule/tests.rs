//! The decisions, case by case.

use darkroom_core::pipeline::Config;

use super::*;

fn plan(change: impl Fn(&mut Config)) -> Plan {
    let registry = darkroom_processors::registry().unwrap();
    let mut config = Config::standard();
    change(&mut config);
    config.validate(&registry).unwrap().remove(0)
}

fn place(config: &mut Config, asset: &str, placement: Placement) {
    let stage = config.pipelines[0].lanes[1].stages.iter_mut().find(|stage| stage.asset == asset);
    stage.unwrap().placement = placement;
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn chunks_that_have_arrived_are_not_sent_again() {
    let missing_chunks =
        |size, chunk_size, coverage: &[_]| missing_chunks(size, chunk_size, coverage).unwrap();
    assert_eq!(missing_chunks(10, 3, &[]), [0, 1, 2, 3]);
    let coverage = [api::ChunkRange { start: 0, end: 1 }, api::ChunkRange { start: 2, end: 3 }];
    assert_eq!(missing_chunks(10, 3, &coverage), [1, 3]);
    assert_eq!(missing_chunks(9, 3, &[api::ChunkRange { start: 0, end: 3 }]), [0u32; 0]);
}

/// An answer may say anything.
#[test]
fn coverage_that_no_upload_has_breaks_nothing() {
    let range = |start, end| api::ChunkRange { start, end };
    let coverage = [range(7, 3), range(3, u32::MAX), range(1, 2), range(u32::MAX, 0), range(1, 3)];
    assert_eq!(missing_chunks(10, 1, &coverage).unwrap(), [0]);
    assert_eq!(missing_chunks(10, 1, &[range(7, 3)]).unwrap(), (0..10).collect::<Vec<_>>());
    assert_eq!(covered(&[range(7, 3), range(1, 3)]), 2);
    assert_eq!(covered(&[range(0, u32::MAX); 3]), 3 * u64::from(u32::MAX));
    for (size, chunk_size) in [(1, 0), (100_001, 1), (u64::MAX, 1), (u64::MAX, u32::MAX)] {
        let error = missing_chunks(size, chunk_size, &[]).unwrap_err().to_string();
        assert!(error.contains("at most 100000 chunks"), "{error}");
    }
    assert_eq!(missing_chunks(100_000, 1, &[range(1, 100_000)]).unwrap(), [0]);
    let many = vec![range(0, 100_000); 100_000];
    assert!(missing_chunks(100_000, 1, &many).unwrap().is_empty());
}

#[test]
fn chunks_cover_the_bytes_exactly() {
    let ranges: Vec<_> = (0..4).map(|index| chunk_range(10, 3, index)).collect();
    assert_eq!(ranges, [0..3, 3..6, 6..9, 9..10]);
    assert!(chunk_range(10, 3, u32::MAX).is_empty());
}

#[test]
fn everything_placed_here_is_made_here() {
    let all = ["preview", "thumbnail", "placeholder"];
    assert_eq!(stages_to_make(&plan(|_| ()), &set(&[])), set(&all));
}

#[test]
fn sources_placed_on_the_canister_are_made_here_for_what_needs_them() {
    let plan = plan(|config| {
        place(config, "preview", Placement::Canister);
        place(config, "placeholder", Placement::Canister);
    });
    assert_eq!(stages_to_make(&plan, &set(&[])), set(&["preview", "thumbnail"]));
}

#[test]
fn nothing_is_made_for_stages_of_the_canister_alone() {
    let plan = plan(|config| {
        for asset in ["preview", "thumbnail", "placeholder"] {
            place(config, asset, Placement::Canister);
        }
    });
    assert_eq!(stages_to_make(&plan, &set(&[])), set(&[]));
}

#[test]
fn what_the_canister_has_is_made_again_only_as_a_source() {
    let plan = plan(|_| ());
    assert_eq!(stages_to_make(&plan, &set(&["preview", "thumbnail", "placeholder"])), set(&[]));
    let made = stages_to_make(&plan, &set(&["preview", "thumbnail"]));
    assert_eq!(made, set(&["preview", "thumbnail", "placeholder"]));
}

#[test]
fn batches_keep_order_and_limit() {
    assert_eq!(batches(&[4, 4, 4], 10), [vec![0, 1], vec![2]]);
    assert_eq!(batches(&[11, 5, 5], 10), [vec![1, 2]], "what is too large goes another way");
    assert_eq!(batches(&[10, 1], 10), [vec![0], vec![1]]);
    assert!(batches(&[], 10).is_empty());
}

#[test]
fn keys_follow_file_and_recipes() {
    let standard = plan(|_| ());
    let moved = plan(|config| place(config, "preview", Placement::Canister));
    let key = |bytes: &[u8], name, private, plan| {
        idempotency_key(Digest::of(bytes), name, "image/jpeg", private, plan)
    };
    let reference = key(b"a", "a.jpg", false, &standard);
    assert!(reference.len() <= 128, "{reference}");
    assert_eq!(reference, key(b"a", "a.jpg", false, &standard));
    for other in [
        key(b"b", "a.jpg", false, &standard),
        key(b"a", "b.jpg", false, &standard),
        key(b"a", "a.jpg", true, &standard),
        key(b"a", "a.jpg", false, &moved),
    ] {
        assert_ne!(reference, other);
    }
}
