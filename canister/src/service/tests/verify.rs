//! Derivatives of clients that are made again here.

use api::Placement::{Canister, Client};
use api::item_state::{FAILED, PROCESSING, PUBLISHED};

use super::*;

fn stages(placement: api::Placement) -> Vec<api::Stage> {
    let stage =
        |asset, source| api::Stage { verify: Some(api::Verify::Always), ..stage(asset, source, placement) };
    vec![stage("preview", "original"), stage("thumbnail", "preview"), stage("placeholder", "original")]
}

/// What a client would send: made by another canister.
fn honest() -> Vec<api::PutAsset> {
    let mut service = open_with(&VectorMemory::default(), stages(Canister), api::Limits::default());
    let item = upload_photo(&mut service, Vec::new());
    run_all(&mut service);
    let item = service.describe(owner(1), &item.id).unwrap();
    assert_eq!(item.state, PUBLISHED);
    let put = |asset: &api::Asset| {
        let args = api::GetChunk { item: item.id.clone(), asset: asset.name.clone(), index: 0 };
        let recipe = asset.recipe.clone().unwrap();
        api::PutAsset {
            name: asset.name.clone(),
            media_type: asset.media_type.clone(),
            bytes: service.get_chunk(owner(1), &args).unwrap().into(),
            sha256: asset.sha256,
            width: asset.width,
            height: asset.height,
            processor_version: recipe.version,
            source_sha256: recipe.source_sha256,
        }
    };
    item.assets[1..].iter().map(put).collect()
}

fn with_bytes(asset: &api::PutAsset, bytes: Vec<u8>) -> api::PutAsset {
    api::PutAsset { sha256: Digest::of(&bytes).0.into(), bytes: bytes.into(), ..asset.clone() }
}

fn put(service: &mut TestService, item: &api::Item, assets: Vec<api::PutAsset>) -> api::Item {
    let put = api::PutAssets { item: item.id.clone(), assets };
    service.put_assets(message(owner(1), 2), &put).unwrap();
    run_all(service);
    service.describe(owner(1), &item.id).unwrap()
}

#[test]
fn what_is_made_again_and_is_the_same_is_verified() {
    let mut service = open_with(&VectorMemory::default(), stages(Client), api::Limits::default());
    let honest = honest();
    // In parts, and what is made of an asset before that asset.
    let item = upload_photo(&mut service, vec![honest[1].clone()]);
    assert!(!service.has_jobs(), "its source is not there");
    let rest = api::PutAssets { item: item.id.clone(), assets: vec![honest[0].clone(), honest[2].clone()] };
    let item = service.put_assets(message(owner(1), 2), &rest).unwrap();
    assert_eq!(item.state, PROCESSING, "nothing is published before it is verified");
    assert_eq!(run_all(&mut service), 2, "stages of one source share a message");
    let item = service.describe(owner(1), &item.id).unwrap();
    assert_eq!(item.state, PUBLISHED);
    for asset in &item.assets[1..] {
        assert_eq!(asset.provenance, api::provenance::VERIFIED);
        assert_eq!(asset.recipe.as_ref().unwrap().placement, Client, "by whom it was made");
    }
}

#[test]
fn a_forged_derivative_is_refused_with_what_was_made_of_it() {
    let honest = honest();
    let other = darkroom_codec::testing::photo(600, 400, 80, 9);
    let size = |asset: &api::PutAsset, width| api::PutAsset { width: Some(width), ..asset.clone() };
    for forged in [with_bytes(&honest[0], other), size(&honest[0], 601)] {
        let mut service = open_with(&VectorMemory::default(), stages(Client), api::Limits::default());
        let item = upload_photo(&mut service, Vec::new());
        // Made from the forged one, as it says.
        let thumbnail = api::PutAsset { source_sha256: forged.sha256, ..honest[1].clone() };
        let assets = vec![forged.clone(), thumbnail, honest[2].clone()];
        let item = put(&mut service, &item, assets);
        assert_eq!(item.state, FAILED);
        let left: Vec<_> = item.assets.iter().map(|asset| asset.name.as_str()).collect();
        assert_eq!(left, ["original", "placeholder"]);
        let error = item.stages[0].error.clone().unwrap();
        assert_eq!(error.code, "derivative_mismatch");
        let width = forged.width.unwrap();
        let found = format!(
            "asset `preview` is image/jpeg of {width} x 400 pixels with SHA-256 {}; its recipe gives",
            Digest(*forged.sha256)
        );
        assert!(error.message.starts_with(&found), "{}", error.message);
        assert!(error.message.ends_with(&Digest(*honest[0].sha256).to_string()), "{}", error.message);
        let held = service.usage(owner(1)).unwrap().own.bytes;
        let stored: u64 = item.assets.iter().map(|asset| asset.size).sum();
        assert_eq!(held, stored, "what was refused is given back");
        // The right ones are taken.
        let item = put(&mut service, &item, vec![honest[0].clone(), honest[1].clone()]);
        assert_eq!(item.state, PUBLISHED);
        assert!(item.assets[1..].iter().all(|asset| asset.provenance == api::provenance::VERIFIED));
    }
}

#[test]
fn an_optional_one_that_is_forged_or_cannot_be_made_again_is_left_out() {
    let stage = api::Stage { optional: Some(true), ..stages(Client).remove(0) };
    let honest = honest().remove(0);
    let images = api::ImageLimits { max_stage_instructions: Some(1), ..Default::default() };
    let tight = api::Limits { images: Some(images), ..Default::default() };
    let forged = with_bytes(&honest, darkroom_codec::testing::photo(600, 400, 80, 9));
    for (asset, limits, code) in
        [(forged, api::Limits::default(), "derivative_mismatch"), (honest, tight, "too_costly")]
    {
        let mut service = open_with(&VectorMemory::default(), vec![stage.clone()], limits);
        let item = upload_photo(&mut service, Vec::new());
        let item = put(&mut service, &item, vec![asset]);
        assert_eq!((item.state.as_str(), item.assets.len()), (PUBLISHED, 1));
        assert_eq!(item.stages[0].error.as_ref().unwrap().code, code);
    }
}
