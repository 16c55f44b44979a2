//! What a canister of each earlier layout holds is all there after the upgrade: nothing is sent again, uploads and
//! stages go on where they were, and all that is served is certified.

use std::collections::BTreeMap;

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Gateway, derivatives, principal, put_assets_args};

use crate::fill::{Filled, assets_of};
use crate::layouts::present;
use crate::published::{CHUNK, Published, declared, put_assets};

#[test]
fn everything_of_layout_1_is_there_after_the_upgrade() {
    everything_is_there_after_the_upgrade_from(1);
}

#[test]
fn everything_of_layout_2_is_there_after_the_upgrade() {
    everything_is_there_after_the_upgrade_from(2);
}

#[test]
fn everything_of_layout_3_is_there_after_the_upgrade() {
    everything_is_there_after_the_upgrade_from(3);
}

fn everything_is_there_after_the_upgrade_from(layout: u32) {
    let filled = Filled::of(layout);
    filled.upgrade();
    let darkroom = &filled.darkroom;
    assert_eq!(darkroom.store().layout_version, present());
    let gateway = Gateway::new(darkroom);
    // Answers have another form since. What is there is not said to be missing meanwhile.
    if darkroom.store().being_certified {
        let url = format!("/{}/original", filled.published[0].item.id);
        let (request, response) = gateway.ask("GET", &url, &[]);
        match response.status_code {
            503 => {}
            _ => gateway.verify(&request, &response).unwrap(),
        }
        assert!([200, 206, 503].contains(&response.status_code), "{}", response.status_code);
    }
    store_agrees_with_itself(&filled);
    darkroom.certified();
    store_agrees_with_itself(&filled);
    published_items_are_there(&filled, &gateway);
    what_was_deleted_stays_so(&filled, &gateway, layout);
    let queued = waiting_stages_run(&filled);
    let halfway = half_done_stages_go_on(&filled);
    what_is_held_is_what_is_stored(&filled, &[&queued, &halfway]);
    uploads_go_on(&filled, &gateway);
    a_derivative_goes_on(&filled);
    a_private_item_can_be_shared(&filled, &gateway);
    store_agrees_with_itself(&filled);
    nothing_is_left_once_all_is_deleted(&filled);
    store_agrees_with_itself(&filled);
}

/// The module of the suites holds the whole store against itself.
fn store_agrees_with_itself(filled: &Filled) {
    filled.darkroom.upgrade_to(darkroom_wasm::HAZARDS).unwrap();
    assert_eq!(filled.darkroom.query::<Vec<String>>("check", ()), Vec::<String>::new());
    filled.upgrade();
}

fn published_items_are_there(filled: &Filled, gateway: &Gateway<'_>) {
    let darkroom = &filled.darkroom;
    for published in &filled.published {
        published.assert_there(darkroom);
        published.assert_served(gateway);
    }
    // By its idempotency key each is found.
    let first = &filled.published[0];
    let file_name = first.item.file_name.clone();
    let photo =
        darkroom_tests::Photo { name: file_name, media_type: "image/jpeg", bytes: first.bytes[0].clone() };
    let again = darkroom.begin_as(first.owner, &declared(&photo, Some("first"))).unwrap();
    assert_eq!(again.item, first.item.id);
    // The newest come first; what is private is its owner's.
    let listed = |who: Principal| -> Vec<String> {
        let page: api::Result<api::ItemPage> = darkroom.query_as(who, "items", (api::ListItems::default(),));
        page.unwrap().items.into_iter().map(|item| item.id).collect()
    };
    let newest = |is_shown: &dyn Fn(&Published) -> bool| -> Vec<String> {
        let shown = filled.published.iter().rev().filter(|published| is_shown(published));
        shown.map(|published| published.item.id.clone()).collect()
    };
    let ends_with = |who, expected: &[String]| {
        let listed = listed(who);
        assert!(listed.ends_with(expected), "{listed:?}, not {expected:?}");
    };
    ends_with(principal(99), &newest(&Published::is_public));
    ends_with(principal(1), &newest(&|_| true));
}

/// A layout that kept the answer for repeated calls still has it.
fn what_was_deleted_stays_so(filled: &Filled, gateway: &Gateway<'_>, layout: u32) {
    let (owner, id, freed) = &filled.deleted;
    assert_eq!(gateway.get("GET", &format!("/{id}/original"), &[]).status_code, 404);
    match (layout, filled.darkroom.delete_as(*owner, id)) {
        (1, Err(error)) => assert_eq!(error.code, "item_not_found"),
        (_, again) => assert_eq!(again.as_ref(), Ok(freed)),
    }
}

/// Runs rounds until an item is published.
fn publish(darkroom: &Darkroom, (owner, id): &(Principal, String)) -> api::Item {
    let item = || darkroom.query_as::<api::Result<api::Item>>(*owner, "item", (id,)).unwrap();
    for _ in 0..200 {
        if item().state == api::item_state::PUBLISHED {
            break;
        }
        darkroom.network.tick();
    }
    let item = item();
    assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
    for asset in &item.assets {
        let chunk = |index| darkroom.chunk_as(*owner, id, &asset.name, index).unwrap();
        let bytes: Vec<u8> = (0..asset.chunks).flat_map(chunk).collect();
        assert_eq!(*asset.sha256, Digest::of(&bytes).0, "{}", asset.name);
    }
    item
}

fn waiting_stages_run(filled: &Filled) -> api::Item {
    let item = publish(&filled.darkroom, &filled.queued);
    // All of it was made after the upgrade, by the present processors.
    for (asset, bytes) in item.assets.iter().zip(&filled.published[0].bytes) {
        assert_eq!(*asset.sha256, Digest::of(bytes).0, "{}", asset.name);
    }
    item
}

fn half_done_stages_go_on(filled: &Filled) -> api::Item {
    let (owner, id) = &filled.halfway;
    let darkroom = &filled.darkroom;
    let before: api::Item = darkroom.query_as::<api::Result<_>>(*owner, "item", (id,)).unwrap();
    assert_eq!(assets_of(darkroom, *owner, id), ["original", "icon"]);
    let mut preview = put_assets_args(id, &derivatives(&filled.photo).unwrap());
    preview.assets.truncate(1);
    put_assets(darkroom, *owner, &preview);
    let item = publish(darkroom, &filled.halfway);
    let names: Vec<_> = item.assets.iter().map(|asset| asset.name.as_str()).collect();
    assert_eq!(names, ["original", "icon", "preview", "thumbnail", "placeholder"]);
    // What the canister of the older layout had made was not made again.
    assert_eq!(item.assets[..2], before.assets[..2]);
    item
}

/// Quotas count what is stored, and what was declared at the beginning of what is not finished.
fn what_is_held_is_what_is_stored(filled: &Filled, made_here: &[&api::Item]) {
    let Filled { darkroom, published, open, derivative, file, .. } = filled;
    let photo_of_derivative = published[1].bytes[0].len() as u64;
    let preview = derivative.bytes.len() as u64;
    let mut expected: BTreeMap<Principal, (u64, u64, u32)> = BTreeMap::new();
    let mut hold = |owner, bytes, items, sessions| {
        let held = expected.entry(owner).or_default();
        (held.0, held.1, held.2) = (held.0 + bytes, held.1 + items, held.2 + sessions);
    };
    published.iter().for_each(|published| hold(published.owner, published.size(), 1, 0));
    open.iter().for_each(|open| hold(open.owner, file.size, 1, 1));
    hold(derivative.owner, photo_of_derivative + preview, 1, 1);
    let size = |item: &api::Item| item.assets.iter().map(|asset| asset.size).sum::<u64>();
    made_here.iter().for_each(|item| hold(item.owner, size(item), 1, 0));
    let mut total = (0, 0, 0);
    for (owner, expected) in &expected {
        let own = darkroom.usage_as(*owner).own;
        assert_eq!((own.bytes, own.items, own.open_sessions), *expected, "{owner}");
        total = (total.0 + own.bytes, total.1 + own.items, total.2 + own.open_sessions);
    }
    let usage = darkroom.usage_as(darkroom.owner);
    assert_eq!((usage.total.bytes, usage.total.items, usage.total.open_sessions), total);
    // In the chunk store are all of them but placeholders, and no chunk twice.
    let inline = |item: &api::Item| -> u64 {
        item.assets.iter().filter(|asset| asset.name == "placeholder").map(|asset| asset.size).sum()
    };
    let chunk = |index: &u32| file.chunk(*index, CHUNK).len() as u64;
    let arrived = open.iter().flat_map(|open| open.sent.iter().map(chunk)).sum::<u64>();
    let stored = published.iter().map(Published::chunked).sum::<u64>() + arrived;
    let stored = stored + photo_of_derivative + derivative.sent;
    let stored = stored + made_here.iter().map(|item| size(item) - inline(item)).sum::<u64>();
    assert_eq!(usage.store.bytes, stored);
}

/// Each goes on with its session: what has arrived is known, and what is missing is all that is sent.
fn uploads_go_on(filled: &Filled, gateway: &Gateway<'_>) {
    let (darkroom, file) = (&filled.darkroom, &filled.file);
    for open in &filled.open {
        let (owner, session) = (open.owner, open.upload.session);
        let key = open.begin.idempotency_key.as_deref();
        let again = darkroom.begin_as(owner, &open.begin).unwrap();
        assert_eq!((again.session, &again.coverage), (session, &open.status.coverage), "{key:?}");
        let now = darkroom.status_as(owner, session).unwrap();
        assert_eq!(api::SessionStatus { expires_at: open.status.expires_at, ..now }, open.status, "{key:?}");
        for index in &open.sent {
            assert!(darkroom.put_of(owner, &open.upload, file, *index).unwrap().repeated, "{key:?} {index}");
        }
        for index in (0..file.chunks(CHUNK)).rev().filter(|index| !open.sent.contains(index)) {
            let receipt = darkroom.put_of(owner, &open.upload, file, index).unwrap();
            assert!(!receipt.repeated, "{key:?} {index}");
        }
        let item = darkroom.finish_as(owner, session).unwrap().item;
        assert_eq!(
            (item.id.as_str(), item.state.as_str()),
            (open.upload.item.as_str(), "published"),
            "{key:?}"
        );
        darkroom.assert_stored(owner, &item, file);
        let url = format!("/{}/original", item.id);
        match item.visibility {
            api::Visibility::Public => assert!(gateway.whole(&url).1 == file.bytes(), "{key:?}"),
            api::Visibility::Private => assert_eq!(gateway.get("GET", &url, &[]).status_code, 404, "{key:?}"),
        }
    }
}

fn a_derivative_goes_on(filled: &Filled) {
    let (darkroom, derivative) = (&filled.darkroom, &filled.derivative);
    let first = &derivative.bytes[..CHUNK as usize];
    darkroom.put_bytes(derivative.owner, derivative.session, 0, first).unwrap();
    darkroom.finish_as(derivative.owner, derivative.session).unwrap();
    let item = put_assets(darkroom, derivative.owner, &derivative.rest);
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    assert!(darkroom.bytes(&item.id, &item.assets[1]) == *derivative.bytes);
}

/// Tokens came with layout 4.
fn a_private_item_can_be_shared(filled: &Filled, gateway: &Gateway<'_>) {
    let private = filled.published.iter().find(|published| !published.is_public()).unwrap();
    let args = api::CreateToken {
        item: private.item.id.clone(),
        asset: "preview".to_owned(),
        lifetime_seconds: None,
    };
    let token: api::Result<api::CreatedToken> =
        filled.darkroom.update_as(private.owner, "create_token", (args,));
    assert!(gateway.whole(&token.unwrap().path).1 == private.bytes[1]);
}

fn nothing_is_left_once_all_is_deleted(filled: &Filled) {
    let darkroom = &filled.darkroom;
    for published in &filled.published {
        let freed = darkroom.delete_as(published.owner, &published.item.id).unwrap();
        assert_eq!(freed.bytes, published.size());
    }
    let open = filled.open.iter().map(|open| (open.owner, &open.upload.item));
    let others = [&filled.queued, &filled.halfway].map(|(owner, item)| (*owner, item));
    let derivative = (filled.derivative.owner, &filled.derivative.item);
    for (owner, item) in open.chain(others).chain([derivative]) {
        darkroom.delete_as(owner, item).unwrap();
    }
    darkroom.later(3 * 24 * 60 * 60);
    darkroom.freed();
    let usage = darkroom.usage_as(darkroom.owner);
    assert_eq!(usage.store, api::StoreUsage { layout_version: present(), ..Default::default() });
    assert_eq!((usage.total.bytes, usage.total.items, usage.total.open_sessions), (0, 0, 0));
}
