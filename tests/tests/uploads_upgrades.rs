//! An upgrade after every single chunk of an upload, in any order of arrival: nothing that was acknowledged is
//! lost, and nothing has to be sent again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use darkroom_api as api;
use darkroom_tests::{Darkroom, Dice, File, Photo, files_from_all, pipeline, stage};

/// The indexes as ranges, as `session_status` gives them.
fn ranges(indexes: &BTreeSet<u32>) -> Vec<api::ChunkRange> {
    let mut ranges: Vec<api::ChunkRange> = Vec::new();
    for index in indexes {
        match ranges.last_mut().filter(|range| range.end == *index) {
            Some(range) => range.end += 1,
            None => ranges.push(api::ChunkRange { start: *index, end: index + 1 }),
        }
    }
    ranges
}

/// Uploads a file in the given order with an upgrade after each call; `restart` stops and starts the canister
/// around the one after that many chunks.
fn upload(darkroom: &Darkroom, file: &File, order: &[u32], declared: bool, restart: Option<usize>) {
    let owner = darkroom.owner;
    let before = darkroom.store();
    let place = format!("{order:?}, SHA-256 declared: {declared}");
    let key = format!("{place} {}", file.name);
    let begin = file.declared(declared, Some(&key));
    let upload = darkroom.begin_as(owner, &begin).unwrap();
    darkroom.upgrade();
    let all: BTreeSet<u32> = (0..file.chunks(upload.chunk_size)).collect();
    assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), all, "the order has every chunk");
    let mut sent = BTreeSet::new();
    let mut published = None;
    for (number, index) in order.iter().enumerate() {
        let receipt = darkroom.put_of(owner, &upload, file, *index).unwrap();
        sent.insert(*index);
        assert_eq!((receipt.repeated, receipt.present as usize), (false, sent.len()), "{place}");
        assert!(receipt.item.is_none() || (declared && sent == all), "{place}: {receipt:?}");
        published = receipt.item;
        let status = darkroom.status_as(owner, upload.session).unwrap();
        if restart == Some(number + 1) {
            darkroom.network.stop_canister(darkroom.id, Some(owner)).unwrap();
            darkroom.upgrade();
            darkroom.network.start_canister(darkroom.id, Some(owner)).unwrap();
        } else {
            darkroom.upgrade();
        }
        assert_eq!(darkroom.status_as(owner, upload.session).unwrap(), status, "{place}");
        assert_eq!(status.coverage, ranges(&sent), "{place}");
        assert_eq!(status.missing, ranges(&(&all - &sent)), "{place}");
        let prefix = all.iter().take_while(|index| sent.contains(index)).count() as u64;
        assert!(status.hashed <= file.size.min(prefix * u64::from(upload.chunk_size)), "{place}: {status:?}");
        // The same key: the same session, with all that has arrived.
        let again = darkroom.begin_as(owner, &begin).unwrap();
        assert_eq!((again.session, again.coverage), (upload.session, ranges(&sent)), "{place}");
        // What has arrived is known by its bytes.
        let receipt = darkroom.put_of(owner, &upload, file, *index).unwrap();
        assert!(receipt.repeated, "{place}: {receipt:?}");
    }
    let store = darkroom.store();
    assert_eq!(store.bytes - before.bytes, file.size, "{place}");
    assert_eq!(store.chunks - before.chunks, all.len() as u64, "{place}");
    let finished = darkroom.finish_as(owner, upload.session).unwrap();
    assert!(published.is_none_or(|published| published == finished.item), "{place}");
    darkroom.upgrade();
    assert_eq!(darkroom.finish_as(owner, upload.session).unwrap(), finished, "{place}");
    assert_eq!(finished.item.state, api::item_state::PUBLISHED, "{place}");
    darkroom.assert_stored(owner, &finished.item, file);
    assert_eq!(darkroom.store().bytes, store.bytes, "{place}: finishing stores no bytes");
}

#[test]
fn an_upgrade_after_every_chunk_loses_nothing() {
    let limits = api::Limits { chunk_size: Some(65_536), ..Default::default() };
    let darkroom = Darkroom::with(Some(files_from_all(limits)));
    let start = darkroom.store();
    let last = 7;
    let size = u64::from(last) * 65_536 + 4_321;
    // In order; the first chunk last, so that everything waits for it; odd ones first; at random.
    let in_order: Vec<u32> = (0..=last).collect();
    let reversed: Vec<u32> = (0..=last).rev().collect();
    let odd_first: Vec<u32> =
        (0..=last).filter(|i| i % 2 == 1).chain((0..=last).filter(|i| i % 2 == 0)).collect();
    let mut random = in_order.clone();
    Dice::new(41).shuffle(&mut random);
    let orders = [in_order, reversed, odd_first, random];
    let mut seed = 0;
    for (number, order) in orders.iter().enumerate() {
        for declared in [true, false] {
            seed += 1;
            upload(&darkroom, &File::new(seed, size), order, declared, (number == 1).then_some(3));
        }
    }
    let page: api::Result<api::ItemPage> = darkroom.query("items", (api::ListItems::default(),));
    let items = page.unwrap().items;
    assert_eq!(items.len(), 2 * orders.len());
    for item in items {
        assert_eq!(darkroom.delete_as(darkroom.owner, &item.id).unwrap().bytes, size);
        darkroom.upgrade();
    }
    darkroom.freed();
    darkroom.later(2 * 24 * 60 * 60);
    assert_eq!(darkroom.store(), start);
}

#[test]
fn twenty_megabytes_with_an_upgrade_after_every_chunk() {
    let darkroom = Darkroom::with(Some(files_from_all(api::Limits::default())));
    let file = File::new(20, 20_000_000);
    let mut order: Vec<u32> = (0..file.chunks(1_900_032)).collect();
    Dice::new(20).shuffle(&mut order);
    upload(&darkroom, &file, &order, true, Some(5));
}

/// Without being stopped: what the canister has called is answered after the upgrade, to a heap that knows nothing of it.
/// An answer that is dealt with as if it were known frees memory that is not its own, and sooner or later a message traps.
#[test]
fn answers_to_calls_from_before_an_upgrade_do_no_harm() {
    let stages = vec![
        stage("preview", "preview", "original", r#"{"max_edge":100}"#),
        stage("thumbnail", "thumbnail", "preview", r#"{"width":32,"height":32}"#),
    ];
    let args = api::InitArgs { pipelines: Some(vec![pipeline("photo", stages)]), ..Default::default() };
    let darkroom = Darkroom::of(darkroom_wasm::HAZARDS, Some(args), 100_000_000_000_000);
    let photo = Photo::jpeg(120, 90, 80, 1);
    let mut items = Vec::new();
    for round in 0..60 {
        let whole = photo.whole(None, Some(&round.to_string()));
        items.push(darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap().id);
        // The timer's call and the driver's, at another point each time.
        for _ in 0..round % 4 {
            darkroom.network.tick();
        }
        darkroom.upgrade_to(darkroom_wasm::HAZARDS).unwrap();
        if round % 3 == 0 {
            darkroom.later(700);
            darkroom.upgrade_to(darkroom_wasm::HAZARDS).unwrap();
        }
    }
    for item in items {
        let item = darkroom.settled(&item);
        assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
    }
    assert_eq!(darkroom.query::<Vec<String>>("check", ()), Vec::<String>::new());
    let logs = darkroom.network.fetch_canister_logs(darkroom.id, darkroom.owner).unwrap();
    let logs: Vec<_> = logs.iter().map(|log| String::from_utf8_lossy(&log.content).into_owned()).collect();
    assert!(logs.iter().all(|log| !log.contains("TRAP") && !log.contains("anicked")), "{logs:#?}");
}
