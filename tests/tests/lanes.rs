//! The five suites of the system that this continues: lane A alone, lane B alone, four files in parallel, the
//! complete two-lane system, and retrieval of everything byte for byte.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Photo, derivatives, put_assets_args, small_photos};

/// Both lanes of a photo, their calls taking turns.
fn upload(darkroom: &Darkroom, photo: &Photo) -> api::Item {
    let upload = darkroom.begin(photo, None);
    let made = derivatives(photo).unwrap();
    let chunks = u32::try_from(photo.bytes.len().div_ceil(upload.chunk_size as usize)).unwrap();
    for index in (0..chunks).rev() {
        darkroom.put(&upload, photo, index).unwrap();
        if index == chunks / 2 {
            let item: api::Result<api::Item> =
                darkroom.update("put_assets", (put_assets_args(&upload.item, &made),));
            // The chunk of index 0 is the last one here, and finishes the original by itself.
            assert_eq!(item.unwrap().state == api::item_state::PUBLISHED, index == 0);
        }
    }
    darkroom.finish(upload.session).unwrap().item
}

fn assert_complete(darkroom: &Darkroom, photo: &Photo, item: &api::Item) {
    assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
    let names: Vec<_> = item.assets.iter().map(|asset| asset.name.as_str()).collect();
    assert_eq!(names, ["original", "preview", "thumbnail", "placeholder"]);
    let made = derivatives(photo).unwrap();
    let expected: Vec<&[u8]> = std::iter::once(photo.bytes.as_slice())
        .chain(made.iter().map(|(_, made)| made.derivative.bytes.as_slice()))
        .collect();
    for (asset, expected) in item.assets.iter().zip(expected) {
        let place = format!("{} {}", photo.name, asset.name);
        assert_eq!(*asset.sha256, Digest::of(expected).0, "{place}");
        assert_eq!(asset.size, expected.len() as u64, "{place}");
        assert!(darkroom.bytes(&item.id, asset) == expected, "{place}: get_chunk");
        assert!(darkroom.http_bytes(&item.id, &asset.name) == expected, "{place}: http");
    }
}

#[test]
fn lane_a_stores_the_original() {
    let darkroom = Darkroom::new();
    let photo = &small_photos()[1];
    let finished = darkroom.upload_original(photo);
    assert!(finished.done);
    assert_eq!(finished.hashed, photo.bytes.len() as u64);
    let original = &finished.item.assets[0];
    assert_eq!(*original.sha256, photo.sha256().0);
    assert_eq!(original.provenance, api::provenance::UPLOADED);
    assert!(darkroom.bytes(&finished.item.id, original) == photo.bytes);
    // One lane of two: nobody but the owner sees it.
    assert_eq!(finished.item.state, api::item_state::OPEN);
    let stranger = candid::Principal::self_authenticating([9]);
    let seen: api::Result<api::Item> = darkroom.query_as(stranger, "item", (&finished.item.id,));
    assert_eq!(seen.unwrap_err().code, api::code::ITEM_NOT_FOUND);
    assert_eq!(darkroom.http("GET", &format!("/{}/original", finished.item.id), vec![]).status_code, 404);
}

#[test]
fn lane_b_stores_all_derivatives() {
    let darkroom = Darkroom::new();
    let photo = &small_photos()[0];
    let upload = darkroom.begin(photo, None);
    let args = put_assets_args(&upload.item, &derivatives(photo).unwrap());
    let item: api::Result<api::Item> = darkroom.update("put_assets", (args.clone(),));
    let item = item.unwrap();
    assert_eq!(item.assets.len(), 3);
    assert_eq!(item.state, api::item_state::OPEN);
    for (asset, put) in item.assets.iter().zip(&args.assets) {
        assert_eq!((&asset.name, asset.sha256, asset.width), (&put.name, put.sha256, put.width));
        assert_eq!(asset.provenance, api::provenance::CLAIMED);
        assert!(darkroom.bytes(&upload.item, asset) == **put.bytes);
        assert_eq!(asset.recipe.as_ref().unwrap().source_sha256, put.source_sha256);
    }
    // The same call again: the same answer.
    assert_eq!(darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap(), item);
}

#[test]
fn four_files_in_parallel() {
    let darkroom = Darkroom::new();
    let photos = small_photos();
    let uploads: Vec<_> = photos.iter().map(|photo| darkroom.begin(photo, None)).collect();
    let mut calls = Vec::new();
    for (upload, photo) in uploads.iter().zip(&photos) {
        let chunks = photo.bytes.chunks(upload.chunk_size as usize);
        for (index, bytes) in chunks.enumerate() {
            let args = api::PutChunk {
                session: upload.session,
                index: u32::try_from(index).unwrap(),
                bytes: bytes.to_vec().into(),
                sha256: Digest::of(bytes).0.into(),
            };
            let args = candid::encode_one(args).unwrap();
            calls.push(darkroom.network.submit_call(darkroom.id, darkroom.owner, "put_chunk", args).unwrap());
        }
    }
    for call in calls {
        let reply = darkroom.network.await_call(call).unwrap();
        candid::decode_one::<api::Result<api::ChunkReceipt>>(&reply).unwrap().unwrap();
    }
    for (upload, photo) in uploads.iter().zip(&photos) {
        let args = put_assets_args(&upload.item, &derivatives(photo).unwrap());
        darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
        let finished = darkroom.finish(upload.session).unwrap();
        assert_complete(&darkroom, photo, &finished.item);
    }
}

#[test]
fn two_lanes_four_assets_and_everything_comes_back() {
    let darkroom = Darkroom::new();
    let photos = small_photos();
    let items: Vec<_> = photos.iter().map(|photo| upload(&darkroom, photo)).collect();
    for (photo, item) in photos.iter().zip(&items) {
        assert_complete(&darkroom, photo, item);
    }
    let page: api::Result<api::ItemPage> =
        darkroom.query("items", (api::ListItems { after: None, limit: Some(3) },));
    let page = page.unwrap();
    assert_eq!(page.items.len(), 3);
    let rest: api::Result<api::ItemPage> =
        darkroom.query("items", (api::ListItems { after: page.next, limit: None },));
    let rest = rest.unwrap();
    let listed: Vec<_> = page.items.iter().chain(&rest.items).map(|item| item.id.clone()).collect();
    let expected: Vec<_> = items.iter().rev().map(|item| item.id.clone()).collect();
    assert_eq!((listed, rest.next), (expected, None));
    // Deleted, one is gone and the others stand.
    let freed: api::Result<api::Freed> = darkroom.update("delete_item", (&items[0].id,));
    assert!(freed.unwrap().bytes > photos[0].bytes.len() as u64);
    assert_eq!(darkroom.http("GET", &format!("/{}/preview", items[0].id), vec![]).status_code, 404);
    assert_complete(&darkroom, &photos[1], &items[1]);
}

#[test]
fn http_answers_ranges_conditions_and_nonsense() {
    let darkroom = Darkroom::new();
    let photo = &small_photos()[0];
    let item = upload(&darkroom, photo);
    let url = format!("/{}/original", item.id);
    let get = |headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        darkroom.http("GET", &url, headers)
    };
    // A range gets the chunk that its first byte is in, which is the whole of this one.
    for range in ["bytes=10-19", "bytes=-5", "bytes=0-"] {
        let part = get(&[("Range", range)]);
        assert_eq!(part.status_code, 206, "{range}");
        assert!(part.body == photo.bytes, "{range}");
    }
    assert_eq!(get(&[("range", "bytes=99999999-")]).status_code, 416);
    for nonsense in ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=-", "bytes=+1-2"] {
        assert_eq!(get(&[("range", nonsense)]).status_code, 200, "{nonsense}");
    }
    let etag = format!("\"{}\"", photo.sha256());
    assert_eq!(get(&[("If-None-Match", &etag)]).status_code, 304);
    assert_eq!(get(&[("If-None-Match", "\"other\"")]).status_code, 200);
    let head = darkroom.http("HEAD", &url, vec![]);
    assert_eq!((head.status_code, head.body.len()), (200, 0));
    let length = ("content-length".to_owned(), photo.bytes.len().to_string());
    assert!(head.headers.contains(&length), "{:?}", head.headers);
    assert_eq!(darkroom.http("POST", &url, vec![]).status_code, 405);
    for path in ["", "/", "/x", "/../original", &format!("{url}/x"), &format!("/{}/nothing", item.id)] {
        assert_eq!(darkroom.http("GET", path, vec![]).status_code, 404, "{path}");
    }
}
