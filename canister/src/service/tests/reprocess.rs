//! Derivatives that are made again beside the item that is served.

use api::Placement::{Canister, Client};
use api::item_state::{FAILED, OPEN, PROCESSING, PUBLISHED};

use super::*;

/// Preview, and a thumbnail of it that is so wide.
fn stages(width: u32, placement: api::Placement) -> Vec<api::Stage> {
    let params = Some(format!(r#"{{"width":{width},"height":64}}"#));
    vec![
        stage("preview", "original", placement),
        api::Stage { params, ..stage("thumbnail", "preview", placement) },
        api::Stage { storage: Some(api::Storage::Inline), ..stage("placeholder", "thumbnail", placement) },
    ]
}

fn published(memory: &VectorMemory) -> (TestService, api::Item) {
    let mut service = open_with(memory, stages(64, Canister), api::Limits::default());
    let item = upload_photo(&mut service, Vec::new());
    run_all(&mut service);
    let item = service.describe(owner(1), &item.id).unwrap();
    assert_eq!(item.state, PUBLISHED);
    (service, item)
}

fn configure(service: &mut TestService, name: &str, stages: Vec<api::Stage>) {
    let original = api::Stage { source: None, ..stage("original", "", Client) };
    let lane = api::Lane { name: "all".to_owned(), stages: [vec![original], stages].concat() };
    let pipelines = Some(vec![api::Pipeline { name: name.to_owned(), lanes: vec![lane] }]);
    let controller = Caller { controller: true, ..owner(9) };
    service.configure(controller, &api::InitArgs { pipelines, ..Default::default() }).unwrap();
}

fn reprocess(service: &mut TestService, item: &str) -> api::Reprocessed {
    let args = api::Reprocess { item: item.to_owned(), ..Default::default() };
    service.reprocess(message(owner(1), 3), &args).unwrap()
}

fn now(service: &TestService, item: &api::Item) -> api::Item {
    service.describe(owner(1), &item.id).unwrap()
}

fn hashes(item: &api::Item) -> Vec<(String, Digest)> {
    item.assets.iter().map(|asset| (asset.name.clone(), digest(&asset.sha256))).collect()
}

/// Whether the bytes of each asset are there and right, what is held is what is stored, and nothing else is kept.
fn check(service: &TestService, item: &api::Item) {
    for asset in &item.assets {
        let bytes: Vec<u8> = (0..asset.chunks)
            .flat_map(|index| {
                let args = api::GetChunk { item: item.id.clone(), asset: asset.name.clone(), index };
                service.get_chunk(owner(1), &args).unwrap()
            })
            .collect();
        assert_eq!(Digest::of(&bytes), digest(&asset.sha256), "{}", asset.name);
        let path = [item.id.clone(), asset.name.clone()];
        assert_eq!(service.find(&path).is_some(), item.visibility == api::Visibility::Public);
    }
    let held = service.usage(owner(1)).unwrap().own;
    let stored = item.assets.iter().map(|asset| asset.size).sum();
    assert_eq!((held.bytes, held.items, held.open_sessions), (stored, 1, 0));
    let counts = service.counts();
    assert_eq!((counts.items, counts.newest), (1, 1));
    let inline = item.assets.iter().filter(|asset| asset.name == "placeholder").count() as u64;
    assert_eq!(counts.chunks, item.assets.len() as u64 - inline);
}

#[test]
fn what_is_right_is_left_alone() {
    let (mut service, item) = published(&VectorMemory::default());
    let root = service.root();
    assert_eq!(
        reprocess(&mut service, &item.id),
        api::Reprocessed { item: item.clone(), revision: None, pipeline: None }
    );
    assert!(!service.has_jobs());
    assert_eq!(service.root(), root);
    // Where it is made is not part of what is made.
    configure(&mut service, "test", stages(64, Client));
    assert_eq!(reprocess(&mut service, &item.id).revision, None);
}

#[test]
fn other_params_are_served_once_all_that_follows_is_made() {
    let (mut service, before) = published(&VectorMemory::default());
    configure(&mut service, "test", stages(32, Canister));
    let root = service.root();
    let begun = reprocess(&mut service, &before.id);
    let revision = begun.revision.unwrap();
    assert_eq!((revision.state.as_str(), revision.revises.as_ref()), (PROCESSING, Some(&before.id)));
    let kept: Vec<_> = revision.assets.iter().map(|asset| asset.name.as_str()).collect();
    assert_eq!(kept, ["original", "preview"]);
    assert_eq!(begun.item, api::Item { revision: Some(revision.id.clone()), ..before.clone() });
    assert_eq!(service.root(), root, "nothing that is served has changed");
    assert_eq!(reprocess(&mut service, &before.id).revision.unwrap().id, revision.id, "a repeated call");
    let job = service.next_job(4).unwrap();
    service.run_job(job.number, 4).unwrap();
    assert_eq!(hashes(&now(&service, &before)), hashes(&before), "the placeholder is still to come");
    run_all(&mut service);
    let after = now(&service, &before);
    assert_eq!((after.state.as_str(), after.revision.as_ref()), (PUBLISHED, None));
    assert_eq!((after.published_at, &after.file_name), (before.published_at, &before.file_name));
    let changed: Vec<_> = hashes(&after)
        .iter()
        .zip(&hashes(&before))
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.0.clone())
        .collect();
    assert_eq!(changed, ["thumbnail", "placeholder"]);
    assert_eq!(after.assets[2].width, Some(32));
    assert!(service.describe(owner(1), &revision.id).is_err(), "the revision is gone");
    assert_ne!(service.root(), root);
    check(&service, &after);
    assert_eq!(reprocess(&mut service, &before.id).revision, None);
}

#[test]
fn what_is_made_anew_has_a_new_time_and_what_stays_its_own() {
    let (mut service, before) = published(&VectorMemory::default());
    configure(&mut service, "test", stages(32, Canister));
    reprocess(&mut service, &before.id);
    run_all(&mut service);
    let time = |asset: &str| {
        let found = service.find(&[before.id.clone(), asset.to_owned()]).unwrap();
        found.subject().published_at
    };
    assert_eq!(time("preview"), before.published_at.unwrap());
    assert_eq!(time("thumbnail"), 2);
}

#[test]
fn a_client_puts_its_share_into_the_revision() {
    let (mut service, before) = published(&VectorMemory::default());
    configure(
        &mut service,
        "test",
        vec![stage("preview", "original", Canister), stages(32, Client).remove(1)],
    );
    let revision = reprocess(&mut service, &before.id).revision.unwrap();
    assert_eq!(revision.state, OPEN);
    let preview = before.assets[1].sha256;
    let made = darkroom_codec::testing::photo(32, 64, 80, 3);
    let thumbnail = api::PutAsset { source_sha256: preview, ..derivatives::claimed("thumbnail", &made, b"") };
    let put = api::PutAssets { item: revision.id.clone(), assets: vec![thumbnail] };
    let stranger = service.put_assets(message(owner(2), 4), &put).unwrap_err();
    assert_eq!(stranger.code, api::code::ITEM_NOT_FOUND);
    let after = service.put_assets(message(owner(1), 4), &put).unwrap();
    assert_eq!((after.id.as_str(), after.state.as_str()), (before.id.as_str(), PUBLISHED));
    assert_eq!(after.assets[2].sha256, digest_of(&made));
    let names: Vec<_> = after.assets.iter().map(|asset| asset.name.as_str()).collect();
    assert_eq!(names, ["original", "preview", "thumbnail"], "the placeholder is in the pipeline no more");
    check(&service, &after);
}

fn digest_of(bytes: &[u8]) -> api::Sha256 {
    Digest::of(bytes).0.into()
}

#[test]
fn another_pipeline_is_gone_through_where_it_is_named() {
    let (mut service, before) = published(&VectorMemory::default());
    configure(&mut service, "small", stages(64, Canister)[..1].to_vec());
    let args = api::Reprocess { item: before.id.clone(), ..Default::default() };
    let error = service.reprocess(message(owner(1), 3), &args).unwrap_err();
    assert_eq!(error.message, "there is no pipeline `test`; configured: small");
    let args = api::Reprocess { pipeline: Some("small".to_owned()), ..args };
    let done = service.reprocess(message(owner(1), 3), &args).unwrap();
    assert_eq!((done.revision, done.item.pipeline.as_str(), done.item.assets.len()), (None, "small", 2));
    check(&service, &done.item);
    assert_eq!(service.reprocess(message(owner(2), 3), &args).unwrap_err().code, api::code::FORBIDDEN);
}

#[test]
fn a_revision_that_goes_leaves_its_item_as_it_was() {
    let nothing_fits = api::ImageLimits { max_stage_instructions: Some(1), ..Default::default() };
    let limits = |images| api::InitArgs {
        limits: Some(api::Limits { images: Some(images), ..Default::default() }),
        ..Default::default()
    };
    let (mut service, before) = published(&VectorMemory::default());
    let controller = Caller { controller: true, ..owner(9) };
    let begin = |service: &mut TestService| {
        configure(service, "test", stages(32, Client));
        let revision = reprocess(service, &before.id).revision.unwrap();
        assert_eq!(revision.state, OPEN);
        revision
    };
    // Deleted by hand.
    let revision = begin(&mut service);
    service.delete_item(owner(1), 4, &revision.id).unwrap();
    assert_eq!(now(&service, &before), before);
    check(&service, &before);
    // Left until its time is over.
    begin(&mut service);
    while service.reap(u64::MAX / 2, 10).unwrap() {}
    assert_eq!(now(&service, &before), before);
    check(&service, &before);
    // Replaced by one through another configuration.
    let first = begin(&mut service);
    configure(&mut service, "test", stages(48, Canister));
    let second = reprocess(&mut service, &before.id).revision.unwrap();
    assert_ne!(first.id, second.id);
    assert!(service.describe(owner(1), &first.id).is_err());
    // Failed: the reason is there, and another try succeeds.
    service.configure(controller, &limits(nothing_fits)).unwrap();
    run_all(&mut service);
    let failed = service.describe(owner(1), &second.id).unwrap();
    assert_eq!((failed.state.as_str(), failed.stages[1].state.as_str()), (FAILED, api::stage_state::FAILED));
    assert_eq!(hashes(&now(&service, &before)), hashes(&before));
    let plenty = api::ImageLimits { max_stage_instructions: Some(38_000_000_000), ..Default::default() };
    service.configure(controller, &limits(plenty)).unwrap();
    let third = reprocess(&mut service, &before.id).revision.unwrap();
    assert_ne!(third.id, second.id);
    run_all(&mut service);
    let after = now(&service, &before);
    assert_eq!(after.assets[2].width, Some(48));
    check(&service, &after);
}

#[test]
fn an_item_takes_its_revision_along() {
    let (mut service, item) = published(&VectorMemory::default());
    configure(&mut service, "test", stages(32, Canister));
    let revision = reprocess(&mut service, &item.id).revision.unwrap();
    let job = service.next_job(4).unwrap();
    service.run_job(job.number, 4).unwrap();
    service.delete_item(owner(1), 5, &item.id).unwrap();
    run_all(&mut service);
    while service.collect_garbage() {}
    assert!(service.describe(owner(1), &revision.id).is_err());
    let counts = service.counts();
    assert_eq!((counts.items, counts.newest, counts.chunks, counts.holdings), (0, 0, 0, 0));
}

#[test]
fn what_a_client_claimed_is_verified_when_that_is_asked_for() {
    let (made_here, item) = published(&VectorMemory::default());
    let read = |asset: &api::Asset| {
        let args = api::GetChunk { item: item.id.clone(), asset: asset.name.clone(), index: 0 };
        made_here.get_chunk(owner(1), &args).unwrap()
    };
    let claim = |asset: &api::Asset| {
        let recipe = asset.recipe.clone().unwrap();
        api::PutAsset {
            media_type: asset.media_type.clone(),
            width: asset.width,
            height: asset.height,
            source_sha256: recipe.source_sha256,
            ..derivatives::claimed(&asset.name, &read(asset), b"")
        }
    };
    let honest: Vec<_> = item.assets[1..].iter().map(claim).collect();
    let bytes = darkroom_codec::testing::photo(600, 400, 80, 9);
    let mut forged = honest.clone();
    forged[0] = api::PutAsset { bytes: bytes.clone().into(), sha256: digest_of(&bytes), ..forged[0].clone() };
    forged[1].source_sha256 = forged[0].sha256;
    let verify = |service: &mut TestService, item: &api::Item| {
        let args = api::Reprocess { item: item.id.clone(), verify: Some(true), ..Default::default() };
        let begun = service.reprocess(message(owner(1), 3), &args).unwrap();
        run_all(service);
        begun.revision.unwrap()
    };
    let mut service = open_with(&VectorMemory::default(), stages(64, Client), api::Limits::default());
    let item = upload_photo(&mut service, honest);
    verify(&mut service, &item);
    let after = now(&service, &item);
    assert!(after.assets[1..].iter().all(|asset| asset.provenance == api::provenance::VERIFIED));
    assert_eq!(hashes(&after), hashes(&item));
    check(&service, &after);

    let mut service = open_with(&VectorMemory::default(), stages(64, Client), api::Limits::default());
    let item = upload_photo(&mut service, forged);
    assert_eq!(item.state, PUBLISHED);
    let revision = verify(&mut service, &item);
    let revision = service.describe(owner(1), &revision.id).unwrap();
    assert_eq!(revision.stages[0].error.as_ref().unwrap().code, "derivative_mismatch");
    assert_eq!(hashes(&now(&service, &item)), hashes(&item), "it is still served: its owner decides");
    service.delete_item(owner(1), 4, &revision.id).unwrap();
    check(&service, &item);
}

#[test]
fn failed_stages_of_an_unpublished_item_are_tried_again() {
    let images = api::ImageLimits { max_stage_instructions: Some(1), ..Default::default() };
    let limits = api::Limits { images: Some(images), ..Default::default() };
    let mut service = open_with(&VectorMemory::default(), stages(64, Canister), limits);
    let item = upload_photo(&mut service, Vec::new());
    run_all(&mut service);
    assert_eq!(now(&service, &item).state, FAILED);
    let other =
        api::Reprocess { item: item.id.clone(), pipeline: Some("other".to_owned()), ..Default::default() };
    let error = service.reprocess(message(owner(1), 3), &other).unwrap_err();
    let text =
        format!("item `{}` is not published; it goes on with pipeline `test` and not with `other`", item.id);
    assert_eq!((error.code.as_str(), error.message), (api::code::INVALID_ARGUMENT, text));
    let again = reprocess(&mut service, &item.id);
    assert_eq!((again.item.state.as_str(), again.revision), (PROCESSING, None));
    let images = api::ImageLimits { max_stage_instructions: Some(38_000_000_000), ..Default::default() };
    let limits = Some(api::Limits { images: Some(images), ..Default::default() });
    let controller = Caller { controller: true, ..owner(9) };
    service.configure(controller, &api::InitArgs { limits, ..Default::default() }).unwrap();
    run_all(&mut service);
    assert_eq!(now(&service, &item).state, PUBLISHED);
    check(&service, &now(&service, &item));
    assert_eq!(
        service.reprocess(message(owner(1), 3), &other).unwrap_err().code,
        api::code::UNKNOWN_PIPELINE
    );
}

#[test]
fn an_optional_asset_that_was_not_made_is_made_later() {
    let optional = |stages: Vec<api::Stage>| {
        stages.into_iter().map(|stage| api::Stage { optional: Some(true), ..stage }).collect::<Vec<_>>()
    };
    let images = api::ImageLimits { max_stage_instructions: Some(1), ..Default::default() };
    let limits = api::Limits { images: Some(images), ..Default::default() };
    let mut service = open_with(&VectorMemory::default(), optional(stages(64, Canister)), limits);
    let item = upload_photo(&mut service, Vec::new());
    run_all(&mut service);
    assert_eq!((now(&service, &item).state.as_str(), now(&service, &item).assets.len()), (PUBLISHED, 1));
    let images = api::ImageLimits { max_stage_instructions: Some(38_000_000_000), ..Default::default() };
    let limits = Some(api::Limits { images: Some(images), ..Default::default() });
    let controller = Caller { controller: true, ..owner(9) };
    service.configure(controller, &api::InitArgs { limits, ..Default::default() }).unwrap();
    reprocess(&mut service, &item.id);
    run_all(&mut service);
    let after = now(&service, &item);
    assert_eq!(
        (after.assets.len(), after.stages.iter().filter(|stage| stage.error.is_some()).count()),
        (4, 0)
    );
    check(&service, &after);
}

#[test]
fn tokens_open_what_has_taken_the_place_and_end_with_what_is_gone() {
    let mut service = open_with(&VectorMemory::default(), stages(64, Canister), api::Limits::default());
    let bytes = darkroom_codec::testing::photo(600, 400, 80, 1);
    let declared = declaration(&bytes, true, None);
    let upload = api::BeginUpload {
        media_type: "image/jpeg".to_owned(),
        visibility: Some(api::Visibility::Private),
        ..declared
    };
    let whole = api::UploadWhole { upload, bytes: bytes.into(), assets: Vec::new() };
    let item = service.upload_whole(message(owner(1), 1), &whole).unwrap();
    run_all(&mut service);
    let paths = ["preview", "thumbnail", "placeholder"].map(|asset| {
        let args =
            api::CreateToken { item: item.id.clone(), asset: asset.to_owned(), lifetime_seconds: None };
        let seed = asset.len() as u64;
        service.create_token(owner(1), 2, &args, tokens::random(seed)).unwrap().path
    });
    let before = paths.each_ref().map(|path| tokens::get(&service, path, 3));
    configure(&mut service, "test", stages(32, Canister)[..2].to_vec());
    reprocess(&mut service, &item.id);
    run_all(&mut service);
    let after = now(&service, &item);
    check(&service, &after);
    for (at, path) in paths.iter().enumerate() {
        let (status, body, _) = tokens::get(&service, path, 3);
        match after.assets.get(at + 1) {
            Some(asset) => {
                assert_eq!((status, Digest::of(&body)), (200, digest(&asset.sha256)), "{}", asset.name);
                assert_eq!(body == before[at].1, asset.name == "preview", "{}", asset.name);
            }
            None => assert_eq!(status, 404),
        }
    }
    let page = service.list_tokens(owner(1), 3, &api::ListTokens::default()).unwrap();
    assert_eq!(page.tokens.len(), 2);
}

#[test]
fn an_idempotency_key_leads_to_what_an_upload_would_give_now() {
    for key in [None, Some("new".to_owned())] {
        let mut service = open_with(&VectorMemory::default(), stages(64, Canister), api::Limits::default());
        let bytes = darkroom_codec::testing::photo(600, 400, 80, 1);
        let declared = |key: &str, pipeline: &str| api::BeginUpload {
            media_type: "image/jpeg".to_owned(),
            pipeline: Some(pipeline.to_owned()),
            ..declaration(&bytes, true, Some(key.to_owned()))
        };
        let whole = api::UploadWhole {
            upload: declared("old", "test"),
            bytes: bytes.clone().into(),
            assets: Vec::new(),
        };
        let item = service.upload_whole(message(owner(1), 1), &whole).unwrap();
        run_all(&mut service);
        configure(&mut service, "small", stages(64, Canister)[..1].to_vec());
        let args = api::Reprocess {
            item: item.id.clone(),
            pipeline: Some("small".to_owned()),
            idempotency_key: key.clone(),
            ..Default::default()
        };
        service.reprocess(message(owner(1), 3), &args).unwrap();
        let mut begin =
            |key: &str| service.begin_upload(message(owner(1), 4), &declared(key, "small")).unwrap();
        assert_ne!(begin("old").item, item.id, "it is another upload, and no conflict");
        assert_eq!(begin("new").item == item.id, key.is_some());
    }
}

#[test]
fn an_optional_asset_that_cannot_be_made_anew_stays() {
    let optional = |stages: Vec<api::Stage>| {
        stages.into_iter().map(|stage| api::Stage { optional: Some(true), ..stage }).collect::<Vec<_>>()
    };
    let (mut service, before) = published(&VectorMemory::default());
    let controller = Caller { controller: true, ..owner(9) };
    configure(&mut service, "test", optional(stages(32, Canister)));
    let images = api::ImageLimits { max_stage_instructions: Some(1), ..Default::default() };
    let limits = Some(api::Limits { images: Some(images), ..Default::default() });
    service.configure(controller, &api::InitArgs { limits, ..Default::default() }).unwrap();
    reprocess(&mut service, &before.id);
    run_all(&mut service);
    let after = now(&service, &before);
    assert_eq!(hashes(&after), hashes(&before));
    let codes: Vec<_> =
        after.stages.iter().filter_map(|stage| Some(stage.error.as_ref()?.code.as_str())).collect();
    assert_eq!(codes, ["too_costly", "source_failed"]);
    check(&service, &after);
}

#[test]
fn a_call_that_is_refused_leaves_the_revision_of_before() {
    let (mut service, item) = published(&VectorMemory::default());
    configure(&mut service, "test", stages(32, Client));
    let revision = reprocess(&mut service, &item.id).revision.unwrap();
    configure(&mut service, "test", stages(48, Client));
    let key = Some("k".repeat(129));
    let args = api::Reprocess { item: item.id.clone(), idempotency_key: key, ..Default::default() };
    let error = service.reprocess(message(owner(1), 4), &args).unwrap_err();
    assert_eq!(error.message, "idempotency key of 129 bytes; 1 to 128 are allowed");
    assert_eq!(now(&service, &item).revision, Some(revision.id.clone()));
    assert!(service.describe(owner(1), &revision.id).is_ok());
}
