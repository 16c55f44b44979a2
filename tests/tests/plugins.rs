//! Every registered processor in one pipeline: the same bytes, made on the client or in the canister.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_api as api;
use darkroom_client::config::to_wire;
use darkroom_core::Digest;
use darkroom_core::pipeline::Config;
use darkroom_metadata::samples;
use darkroom_tests::{Darkroom, Photo, derivatives_of, put_assets_args, small_photos, toolkit};
use serde_json::json;

/// A stage for each processor, all of which read the original.
fn pipeline(placement: &str) -> Config {
    let stage = |id| json!({ "asset": id, "processor": id, "source": "original", "placement": placement });
    let derivatives: Vec<_> = toolkit().ids().map(stage).collect();
    let pipeline = json!({ "pipeline": [{
        "name": "all",
        "lane": [
            { "name": "original", "stage": [{ "asset": "original", "processor": "original" }] },
            { "name": "derivatives", "stage": derivatives },
        ],
    }] });
    serde_json::from_value(pipeline).unwrap()
}

fn darkroom(placement: &str) -> Darkroom {
    let pipelines = Some(to_wire(&pipeline(placement)));
    Darkroom::with(Some(api::InitArgs { pipelines, ..Default::default() }))
}

/// The suites' photos, and one with a camera and a place in it.
fn photos() -> Vec<Photo> {
    let exif = samples::block(&[samples::camera(), samples::place()].concat(), true);
    let bytes = samples::jpeg(&exif);
    let with_exif = Photo { name: "exif.jpg".to_owned(), media_type: "image/jpeg", bytes };
    small_photos().into_iter().chain([with_exif]).collect()
}

/// What is said of an asset: name, SHA-256, media type, width and height.
fn said(asset: &api::Asset) -> (&str, Digest, &str, [Option<u32>; 2]) {
    (&asset.name, Digest(*asset.sha256), &asset.media_type, [asset.width, asset.height])
}

/// Where each derivative was made.
fn places(item: &api::Item) -> Vec<api::Placement> {
    item.assets[1..].iter().map(|asset| asset.recipe.as_ref().unwrap().placement).collect()
}

#[test]
fn every_processor_makes_the_same_in_both_placements() {
    let plans = pipeline("client").validate(&toolkit()).unwrap();
    let (on_client, on_canister) = (darkroom("client"), darkroom("canister"));
    for photo in photos() {
        let made = derivatives_of(&photo, &plans[0]).unwrap();
        let id = on_client.upload_original(&photo).item.id;
        let put = on_client.update::<api::Result<api::Item>>("put_assets", (put_assets_args(&id, &made),));
        let client = put.unwrap();
        let canister = on_canister.settled(&on_canister.upload_original(&photo).item.id);
        for item in [&client, &canister] {
            assert_eq!(item.state, api::item_state::PUBLISHED, "{}: {item:?}", photo.name);
        }
        let count = toolkit().ids().count();
        assert_eq!(places(&client), vec![api::Placement::Client; count], "{}", photo.name);
        assert_eq!(places(&canister), vec![api::Placement::Canister; count], "{}", photo.name);
        assert!(
            client.assets.iter().map(said).eq(canister.assets.iter().map(said)),
            "{client:?}\n{canister:?}"
        );
    }
}
