//! Limits of what is held: reserved when an upload begins, given back when it is aborted, expires or is deleted.

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{Darkroom, File, derivatives, files_from_all, principal, put_assets_args, small_photos};

use crate::{chunk, code, held, limits};

fn quota(bytes: Option<u64>, items: Option<u64>, open_sessions: Option<u32>) -> Option<api::Quota> {
    Some(api::Quota { bytes, items, open_sessions })
}

/// Asserts that a beginning is refused for a limit, with a message that has all of `names`, and reserves nothing.
fn refused(darkroom: &Darkroom, caller: Principal, file: &File, names: &[&str]) {
    let before = (darkroom.usage_as(caller), darkroom.usage_as(principal(77)));
    let begun = darkroom.begin_as(caller, &file.declared(true, Some("refused"))).unwrap_err();
    let whole = darkroom.whole_as(caller, &file.clone(), Some("refused")).unwrap_err();
    for error in [begun, whole] {
        assert_eq!(error.code, api::code::LIMIT, "{error}");
        for name in names {
            assert!(error.message.contains(name), "`{error}` does not name {name}");
        }
    }
    assert_eq!((darkroom.usage_as(caller), darkroom.usage_as(principal(77))), before);
}

#[test]
fn the_size_of_a_file_and_its_chunks() {
    let args = limits(|limits| (limits.max_file_size, limits.max_chunks) = (Some(4 * chunk()), Some(3)));
    let darkroom = Darkroom::with(Some(files_from_all(args)));
    let owner = principal(1);
    let too_large = File::new(1, 4 * chunk() + 1);
    refused(
        &darkroom,
        owner,
        &too_large,
        &["max_file_size", &(4 * chunk() + 1).to_string(), &(4 * chunk()).to_string()],
    );
    refused(&darkroom, owner, &File::new(1, 3 * chunk() + 1), &["max_chunks", "4 chunks", "3 are allowed"]);
    let empty = darkroom.begin_as(owner, &File::new(1, 0).declared(true, None));
    assert_eq!(code(empty), "invalid_size");
    let file = File::new(1, 3 * chunk());
    let item = darkroom.upload_file(owner, &file, true, None);
    darkroom.assert_stored(owner, &item, &file);
}

#[test]
fn per_principal() {
    let (a, b) = (principal(1), principal(2));
    let size = 2 * chunk();
    let cases = [
        ("bytes", quota(Some(2 * size), None, None), (2 * size).to_string()),
        ("items", quota(None, Some(2), None), "2".to_owned()),
        ("open_sessions", quota(None, None, Some(2)), "2".to_owned()),
    ];
    for (name, quota, allowed) in cases {
        let args = limits(|limits| limits.per_principal = quota);
        let darkroom = Darkroom::with(Some(files_from_all(args)));
        let file = |seed| File::new(seed, size);
        let begin = |caller, seed| darkroom.begin_as(caller, &file(seed).declared(true, None));
        let first = begin(a, 1).unwrap();
        begin(a, 2).unwrap();
        let names = ["per_principal", name, allowed.as_str()];
        refused(&darkroom, a, &file(3), &names);
        // Another principal has limits of its own.
        begin(b, 4).unwrap();
        assert_eq!(held(&darkroom.usage_as(a).own), (2 * size, 2, 2));
        // An abort gives all of it back.
        darkroom.abort_as(a, first.session).unwrap();
        assert_eq!(held(&darkroom.usage_as(a).own), (size, 1, 1));
        let again = begin(a, 5).unwrap();
        refused(&darkroom, a, &file(3), &names);
        // What is finished takes no session; its bytes and its item stay until it is deleted.
        for index in 0..2 {
            darkroom.put_of(a, &again, &file(5), index).unwrap();
        }
        darkroom.finish_as(a, again.session).unwrap();
        assert_eq!(held(&darkroom.usage_as(a).own), (2 * size, 2, 1));
        if name == "open_sessions" {
            let third = begin(a, 6).unwrap();
            refused(&darkroom, a, &file(3), &names);
            darkroom.abort_as(a, third.session).unwrap();
        } else {
            refused(&darkroom, a, &file(3), &names);
            darkroom.delete_as(a, &again.item).unwrap();
            begin(a, 6).unwrap();
            refused(&darkroom, a, &file(3), &names);
        }
        // Expiry gives back what was left open.
        darkroom.later(25 * 60 * 60);
        assert_eq!(darkroom.usage_as(a).own.open_sessions, 0, "{name}");
        darkroom.later(25 * 60 * 60);
        for begun in 0..2 {
            if name == "open_sessions" || begun < 1 {
                begin(a, 7).unwrap();
            }
        }
        assert_eq!(darkroom.usage_as(b).own.items, 0);
    }
}

#[test]
fn in_total() {
    let (a, b) = (principal(1), principal(2));
    let size = 2 * chunk();
    let cases = [
        ("bytes", quota(Some(2 * size), None, None), (2 * size).to_string()),
        ("items", quota(None, Some(2), None), "2".to_owned()),
        ("open_sessions", quota(None, None, Some(2)), "2".to_owned()),
    ];
    for (name, quota, allowed) in cases {
        let args = limits(|limits| limits.total = quota);
        let darkroom = Darkroom::with(Some(files_from_all(args)));
        let file = |seed| File::new(seed, size);
        let begin = |caller, seed| darkroom.begin_as(caller, &file(seed).declared(true, None));
        begin(a, 1).unwrap();
        let second = begin(b, 2).unwrap();
        let names = ["total", name, allowed.as_str()];
        for caller in [a, b, principal(3), darkroom.owner] {
            refused(&darkroom, caller, &file(3), &names);
        }
        darkroom.abort_as(b, second.session).unwrap();
        begin(principal(3), 4).unwrap();
        refused(&darkroom, b, &file(3), &names);
        let usage = darkroom.usage_as(b);
        assert_eq!((held(&usage.own), held(&usage.total)), ((0, 0, 0), (2 * size, 2, 2)));
        darkroom.later(25 * 60 * 60);
        assert_eq!(held(&darkroom.usage_as(a).total), (0, 0, 0));
        begin(b, 5).unwrap();
    }
}

#[test]
fn derivatives_count_too() {
    let photo = &small_photos()[0];
    let made = derivatives(photo).unwrap();
    let sizes: Vec<u64> = made.iter().map(|(_, made)| made.derivative.bytes.len() as u64).collect();
    let (original, of_all) = (photo.bytes.len() as u64, sizes.iter().sum::<u64>());
    let bytes = original + of_all - 1;
    let args = limits(|limits| limits.per_principal = quota(Some(bytes), None, None));
    let darkroom = Darkroom::with(Some(api::InitArgs { limits: Some(args), ..Default::default() }));
    let owner = darkroom.owner;
    let item = darkroom.upload_original(photo).item;
    let assets = put_assets_args(&item.id, &made);
    let before = darkroom.usage_as(owner);
    assert_eq!(held(&before.own), (original, 1, 0));
    // All three are one byte too many, and none of them is taken.
    let put = || darkroom.update::<api::Result<api::Item>>("put_assets", (&assets,));
    let error = put().unwrap_err();
    assert_eq!(error.code, api::code::LIMIT);
    assert!(error.message.contains(&bytes.to_string()), "{error}");
    assert_eq!((darkroom.usage_as(owner), darkroom.item(&item.id).unwrap()), (before.clone(), item.clone()));
    // In a session of its own, a derivative reserves what it declares.
    let mut preview = assets.assets[0].clone();
    preview.bytes = Vec::new().into();
    let size = sizes[0];
    let begin = api::BeginAsset { item: item.id.clone(), asset: preview, size };
    let session = darkroom.update::<api::Result<api::Upload>>("begin_asset", (&begin,)).unwrap().session;
    assert_eq!(held(&darkroom.usage_as(owner).own), (original + size, 1, 1));
    let first = &assets.assets[0].bytes[..usize::try_from(chunk().min(size)).unwrap()];
    darkroom.put_bytes(owner, session, 0, first).unwrap();
    assert_eq!(darkroom.abort_as(owner, session).unwrap().bytes, first.len() as u64);
    darkroom.freed();
    let after = darkroom.usage_as(owner);
    assert_eq!((held(&after.own), after.store.bytes), (held(&before.own), before.store.bytes));
    // With one byte more, they are taken.
    let more = api::Limits { per_principal: quota(Some(bytes + 1), None, None), ..Default::default() };
    darkroom.configure(api::InitArgs { limits: Some(more), ..Default::default() });
    let published = put().unwrap();
    assert_eq!((published.state.as_str(), published.assets.len()), (api::item_state::PUBLISHED, 4));
    assert_eq!(held(&darkroom.usage_as(owner).own), (bytes + 1, 1, 0));
    let freed = darkroom.delete_as(owner, &item.id).unwrap().bytes;
    assert_eq!(freed, bytes + 1);
    assert_eq!(held(&darkroom.usage_as(owner).own), (0, 0, 0));
}

#[test]
fn limits_are_set_at_init_by_configure_and_at_upgrade() {
    let args = limits(|limits| {
        limits.per_principal = quota(Some(1_000_000), Some(5), Some(2));
        limits.total = quota(Some(2_000_000), None, None);
    });
    let darkroom = Darkroom::with(Some(files_from_all(args)));
    let owner = principal(1);
    let allowed = || {
        let usage = darkroom.usage_as(owner);
        let of = |held: api::Holding| (held.max_bytes, held.max_items, held.max_open_sessions);
        (of(usage.own), of(usage.total))
    };
    assert_eq!(allowed(), ((1_000_000, 5, 2), (2_000_000, 10_000_000, 100_000)));
    let file = File::new(1, 300_000);
    let upload = darkroom.begin_as(owner, &file.declared(true, None)).unwrap();
    // Lowered below what is held: what is begun goes on, and nothing else begins.
    let lower = api::Limits { per_principal: quota(Some(100_000), None, Some(0)), ..Default::default() };
    darkroom.configure(api::InitArgs { limits: Some(lower), ..Default::default() });
    assert_eq!(allowed(), ((100_000, 5, 0), (2_000_000, 10_000_000, 100_000)));
    refused(&darkroom, owner, &File::new(2, 10), &["per_principal"]);
    darkroom.upgrade();
    assert_eq!(allowed(), ((100_000, 5, 0), (2_000_000, 10_000_000, 100_000)));
    for index in 0..file.chunks(upload.chunk_size) {
        darkroom.put_of(owner, &upload, &file, index).unwrap();
    }
    let item = darkroom.finish_as(owner, upload.session).unwrap().item;
    darkroom.assert_stored(owner, &item, &file);
    // An upgrade's arguments change what they give.
    let raise = api::Limits { per_principal: quota(None, None, Some(3)), ..Default::default() };
    let args = api::InitArgs { limits: Some(raise), ..Default::default() };
    let args = candid::encode_one(Some(args)).unwrap();
    let wasm = darkroom_wasm::CANISTER.to_vec();
    darkroom.network.upgrade_canister(darkroom.id, wasm, args, Some(darkroom.owner)).unwrap();
    assert_eq!(allowed(), ((100_000, 5, 3), (2_000_000, 10_000_000, 100_000)));
    refused(&darkroom, owner, &File::new(2, 10), &["bytes", "100000"]);
    darkroom.begin_as(principal(2), &File::new(2, 10).declared(true, None)).unwrap();
    // Nothing may be held at all.
    let none = api::Limits { total: quota(None, Some(0), None), ..Default::default() };
    darkroom.configure(api::InitArgs { limits: Some(none), ..Default::default() });
    refused(&darkroom, principal(3), &File::new(3, 10), &["total", "items"]);
}
