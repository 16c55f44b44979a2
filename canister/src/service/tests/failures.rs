//! Optional stages that fail, here and on the client.

use api::Placement::{Canister, Client};

use super::*;
use crate::store::StageState;

fn optional(stage: api::Stage) -> api::Stage {
    api::Stage { optional: Some(true), ..stage }
}

/// So little that no stage fits.
fn nothing_fits() -> api::Limits {
    let images = api::ImageLimits { max_stage_instructions: Some(1), ..Default::default() };
    api::Limits { images: Some(images), ..Default::default() }
}

fn failure(asset: &str, code: &str, message: &str) -> api::FailedStage {
    api::FailedStage { asset: asset.to_owned(), error: api::Error::new(code, message) }
}

fn report(
    service: &mut TestService,
    item: &api::Item,
    stages: Vec<api::FailedStage>,
) -> api::Result<api::Item> {
    service.fail_stages(message(owner(1), 3), &api::FailStages { item: item.id.clone(), stages })
}

#[test]
fn an_item_is_complete_without_optional_assets_and_says_why() {
    let stages = vec![
        optional(stage("preview", "original", Canister)),
        optional(stage("placeholder", "preview", Canister)),
    ];
    let mut service = open_with(&VectorMemory::default(), stages, nothing_fits());
    let item = upload_photo(&mut service, Vec::new());
    assert_eq!(item.state, api::item_state::PROCESSING);
    run_all(&mut service);
    let failed = |asset: &str, code: &str| (asset.to_owned(), "failed".to_owned(), Some(code.to_owned()));
    let expected = [failed("preview", "too_costly"), failed("placeholder", "source_failed")];
    assert_eq!(states(&service, &item), expected);
    let published = service.describe(owner(2), &item.id).unwrap();
    assert_eq!((published.state.as_str(), published.assets.len()), (api::item_state::PUBLISHED, 1));
    let id: ItemId = item.id.parse().unwrap();
    let record = service.store.items.get(&id.0).unwrap().unwrap();
    let document = description::describe(id, &record);
    let described: api::document::Item = serde_json::from_slice(&document.body).unwrap();
    let codes: Vec<_> = described.failed.iter().map(|failed| failed.code.as_str()).collect();
    assert_eq!(codes, ["too_costly", "source_failed"]);
    assert!(described.failed[0].message.contains("instructions; at most 1 are allowed"));
}

#[test]
fn a_required_stage_that_fails_leaves_the_item_unpublished() {
    let stages =
        vec![stage("preview", "original", Canister), optional(stage("placeholder", "preview", Canister))];
    let mut service = open_with(&VectorMemory::default(), stages, nothing_fits());
    let item = upload_photo(&mut service, Vec::new());
    run_all(&mut service);
    assert_eq!(service.describe(owner(1), &item.id).unwrap().state, api::item_state::FAILED);
    assert!(service.describe(owner(2), &item.id).is_err());
}

#[test]
fn what_a_client_could_not_make_is_recorded_where_it_is_optional() {
    let stages = vec![
        stage("preview", "original", Client),
        optional(stage("thumbnail", "preview", Client)),
        optional(stage("placeholder", "thumbnail", Canister)),
    ];
    let mut service = open_with(&VectorMemory::default(), stages, api::Limits::default());
    let item = upload_photo(&mut service, Vec::new());
    for (failed, code, text) in [
        (
            failure("preview", "odd", ""),
            "stage_required",
            "asset `preview` is required; optional stages of the client in pipeline `test`: thumbnail",
        ),
        (
            failure("placeholder", "odd", ""),
            "stage_not_yours",
            "asset `placeholder` is not made by the client, which makes in pipeline `test`: preview, thumbnail",
        ),
        (
            failure("thumbnail", "Odd code", ""),
            "invalid_argument",
            "code `Odd code`; 1 to 64 of a-z, 0-9 and _ are allowed",
        ),
        (failure("thumbnail", "", ""), "invalid_argument", "code ``; 1 to 64 of a-z, 0-9 and _ are allowed"),
        (
            failure("thumbnail", "odd", &"x".repeat(1001)),
            "invalid_argument",
            "a message of 1001 bytes; at most 1000 are allowed",
        ),
    ] {
        let error =
            report(&mut service, &item, vec![failure("thumbnail", "odd", "fine"), failed]).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, text));
        assert_eq!(states(&service, &item)[1].1, api::stage_state::WAITING, "all or none");
    }
    let stranger = message(owner(2), 3);
    let args = api::FailStages { item: item.id.clone(), stages: vec![failure("thumbnail", "odd", "")] };
    assert_eq!(service.fail_stages(stranger, &args).unwrap_err().code, api::code::ITEM_NOT_FOUND);

    let open = report(&mut service, &item, args.stages.clone()).unwrap();
    assert_eq!(open.state, api::item_state::OPEN, "the preview is still to come");
    let original = darkroom_codec::testing::photo(600, 400, 80, 1);
    let preview = derivatives::claimed("preview", &darkroom_codec::testing::photo(60, 40, 80, 2), &original);
    let put = api::PutAssets { item: item.id.clone(), assets: vec![preview] };
    let published = service.put_assets(message(owner(1), 4), &put).unwrap();
    assert_eq!(published.state, api::item_state::PUBLISHED);
    let codes: Vec<_> = states(&service, &item).into_iter().map(|(_, _, code)| code).collect();
    assert_eq!(codes, [None, Some("odd".to_owned()), Some("source_failed".to_owned())]);
    // A repeated call has the same answer; another one is too late.
    assert_eq!(report(&mut service, &item, args.stages).unwrap(), published);
    let late = report(&mut service, &item, vec![failure("preview", "odd", "")]).unwrap_err();
    assert_eq!(late.code, api::code::ITEM_PUBLISHED);
}

#[test]
fn what_was_queued_behind_a_source_that_fails_fails_with_it() {
    let verified = api::Stage { verify: Some(api::Verify::Always), ..stage("preview", "original", Client) };
    let stages = vec![
        optional(verified),
        optional(stage("thumbnail", "preview", Canister)),
        optional(stage("placeholder", "thumbnail", Canister)),
    ];
    let mut service = open_with(&VectorMemory::default(), stages, api::Limits::default());
    let original = darkroom_codec::testing::photo(600, 400, 80, 1);
    let forged = derivatives::claimed("preview", &darkroom_codec::testing::photo(60, 40, 80, 2), &original);
    let item = upload_photo(&mut service, vec![forged]);
    run_all(&mut service);
    let codes: Vec<_> = states(&service, &item).into_iter().filter_map(|(_, _, code)| code).collect();
    assert_eq!(codes, ["derivative_mismatch", "source_failed", "source_failed"]);
    let item = service.describe(owner(1), &item.id).unwrap();
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 1));
    assert!(!service.has_jobs());
}

#[test]
fn a_session_that_nothing_waits_for_ends_with_its_draft() {
    let stages = vec![optional(stage("preview", "original", Client))];
    let limits = api::Limits { chunk_size: Some(65_536), ..Default::default() };
    let mut service = open_with(&VectorMemory::default(), stages, limits);
    let item = upload_photo(&mut service, Vec::new());
    let original = darkroom_codec::testing::photo(600, 400, 80, 1);
    let bytes = [&original[..4], &bytes_of(CHUNK, 2)[..]].concat();
    let asset = derivatives::claimed("preview", &bytes, &original);
    let asset = api::PutAsset { bytes: Vec::new().into(), ..asset };
    let begin = api::BeginAsset { item: item.id.clone(), asset, size: bytes.len() as u64 };
    let session = service.begin_asset(message(owner(1), 2), &begin).unwrap().session;
    service.put_chunk(message(owner(1), 2), &chunk(session, 0, &bytes[..CHUNK])).unwrap();
    let published = report(&mut service, &item, vec![failure("preview", "odd", "")]).unwrap();
    assert_eq!(published.state, api::item_state::PUBLISHED);
    let late = service.put_chunk(message(owner(1), 4), &chunk(session, 1, &bytes[CHUNK..])).unwrap_err();
    assert_eq!(late.code, api::code::SESSION_NOT_FOUND);
    let held = service.usage(owner(1)).unwrap().own;
    assert_eq!((held.bytes, held.open_sessions), (original.len() as u64, 0));
    assert_eq!(service.counts().chunks, u64::from(published.assets[0].chunks));
}

#[test]
fn a_job_whose_stage_no_longer_waits_for_it_is_dropped() {
    let mut service = open_with(
        &VectorMemory::default(),
        vec![stage("preview", "original", Canister)],
        api::Limits::default(),
    );
    let item = upload_photo(&mut service, Vec::new());
    let id: ItemId = item.id.parse().unwrap();
    let mut record = service.store.items.get(&id.0).unwrap().unwrap();
    record.draft.as_mut().unwrap().stages[0].state = StageState::Waiting;
    service.store.items.insert(id.0, &record);
    assert_eq!(service.next_job(2), None);
    assert_eq!(states(&service, &item)[0].1, api::stage_state::WAITING);
}
