//! Stages that go wrong in every way: the stage fails with its reason, the item and the canister stand, other items go
//! on. And stages that are interrupted by an upgrade, wherever that is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use api::item_state::{FAILED, PUBLISHED};
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Photo, derivatives, pipeline, put_assets_args, small_photos, stage};

/// The canister with the hazardous processor, and these pipelines.
fn hazardous(pipelines: Vec<api::Pipeline>) -> Darkroom {
    let args = api::InitArgs { pipelines: Some(pipelines), ..Default::default() };
    Darkroom::of(darkroom_wasm::HAZARDS, Some(args), 100_000_000_000_000)
}

fn hazard(how: &str) -> api::Stage {
    stage("hazard", "hazard", "original", &format!(r#"{{"how":"{how}"}}"#))
}

fn upload(darkroom: &Darkroom, photo: &Photo, pipeline: &str) -> String {
    let whole = photo.whole(Some(pipeline), None);
    darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap().id
}

fn jpeg() -> Photo {
    small_photos().into_iter().find(|photo| photo.media_type == "image/jpeg").unwrap()
}

#[test]
fn a_stage_that_goes_wrong_fails_alone_and_says_why() {
    let all = [
        ("error", "processor_failed", "processor `hazard` failed: it was told to"),
        ("panic", "stage_trapped", "it was told to panic"),
        ("loop", "stage_trapped", "nstruction"),
        ("allocate", "stage_trapped", ""),
    ];
    let photo = jpeg();
    for (how, code, text) in all {
        let others =
            vec![stage("preview", "preview", "original", ""), stage("icon", "thumbnail", "original", "")];
        let optional = api::Stage { optional: Some(true), ..hazard(how) };
        let darkroom = hazardous(vec![
            pipeline("bad", [vec![hazard(how)], others.clone()].concat()),
            pipeline("optional", vec![optional]),
            pipeline("good", vec![hazard("not")]),
        ]);
        let start = darkroom.usage_as(darkroom.owner).own;
        let [bad, optional, good] = ["bad", "optional", "good"].map(|name| upload(&darkroom, &photo, name));
        let bad = darkroom.settled(&bad);
        // The item has failed with the first stage that did; the others go on.
        let optional = darkroom.settled(&optional);
        let good = darkroom.settled(&good);
        let bad = darkroom.item(&bad.id).unwrap();
        assert_eq!(bad.state, FAILED, "{how}: {bad:?}");
        let error = bad.stages[0].error.clone().unwrap();
        assert_eq!(error.code, code, "{how}: {error}");
        assert!(error.message.contains(text), "{how}: {error}");
        let others: Vec<_> = bad.stages[1..].iter().map(|stage| stage.state.as_str()).collect();
        assert_eq!(others, [api::stage_state::DONE; 2], "{how}: those that shared its message");
        assert_eq!(optional.state, PUBLISHED, "{how}: {optional:?}");
        assert_eq!(optional.stages[0].error.as_ref().map(|error| error.code.as_str()), Some(code), "{how}");
        assert_eq!((good.state.as_str(), good.assets.len()), (PUBLISHED, 2), "{how}: {good:?}");
        assert_eq!(*good.assets[1].sha256, photo.sha256().0);
        // What failed can be tried again, and fails again; and is removed without a trace.
        let again: api::Result<api::Reprocessed> =
            darkroom.update("reprocess", (api::Reprocess { item: bad.id.clone(), ..Default::default() },));
        assert_eq!(again.unwrap().item.state, api::item_state::PROCESSING);
        assert_eq!(darkroom.settled(&bad.id).stages[0].error.as_ref().unwrap().code, code);
        for item in [&bad.id, &optional.id, &good.id] {
            darkroom.delete_as(darkroom.owner, item).unwrap();
        }
        assert_eq!(darkroom.usage_as(darkroom.owner).own, start, "{how}");
    }
}

/// What goes wrong in the first, the middle and the last stage of a chain: those before it stand, those behind it say why
/// they were not made, and the store agrees with itself.
#[test]
fn a_stage_that_goes_wrong_in_each_place_of_a_chain() {
    let photo = jpeg();
    for how in ["panic", "loop", "allocate"] {
        for place in 0..3 {
            let names = ["first", "second", "third"];
            let stages = (0..3).map(|at| {
                let source = if at == 0 { "original" } else { names[at - 1] };
                let (processor, params) = match at == place {
                    true => ("hazard", format!(r#"{{"how":"{how}"}}"#)),
                    false => ("preview", format!(r#"{{"max_edge":{}}}"#, 400 - 100 * at)),
                };
                stage(names[at], processor, source, &params)
            });
            let darkroom = hazardous(vec![pipeline("chain", stages.collect())]);
            let start = darkroom.usage_as(darkroom.owner).own;
            let id = upload(&darkroom, &photo, "chain");
            darkroom.settled(&id);
            (0..20).for_each(|_| darkroom.network.tick());
            let item = darkroom.item(&id).unwrap();
            assert_eq!(item.state, FAILED, "{how} in {place}: {item:?}");
            for (at, stage) in item.stages.iter().enumerate() {
                let code = stage.error.as_ref().map(|error| error.code.as_str());
                let expected = match at.cmp(&place) {
                    std::cmp::Ordering::Less => None,
                    std::cmp::Ordering::Equal => Some("stage_trapped"),
                    std::cmp::Ordering::Greater => Some("source_failed"),
                };
                assert_eq!(code, expected, "{how} in {place}: {item:?}");
            }
            let check = || darkroom.query::<Vec<String>>("check", ());
            assert_eq!(check(), Vec::<String>::new(), "{how} in {place}");
            darkroom.delete_as(darkroom.owner, &id).unwrap();
            assert_eq!(darkroom.usage_as(darkroom.owner).own, start, "{how} in {place}");
            assert_eq!(check(), Vec::<String>::new(), "{how} in {place}");
        }
    }
}

#[test]
fn an_upgrade_between_any_two_stages_loses_nothing() {
    let stages = || {
        vec![
            stage("preview", "preview", "original", r#"{"max_edge":600}"#),
            stage("thumbnail", "thumbnail", "preview", ""),
            stage("icon", "thumbnail", "thumbnail", r#"{"width":32,"height":32}"#),
            stage("placeholder", "placeholder", "icon", ""),
        ]
    };
    let photo = jpeg();
    let args = || api::InitArgs { pipelines: Some(vec![pipeline("chain", stages())]), ..Default::default() };
    let calm = Darkroom::with(Some(args()));
    let expected = calm.settled(&upload(&calm, &photo, "chain"));
    assert_eq!(expected.state, PUBLISHED);
    // After so many rounds, and then after each.
    for first in 0..12 {
        let darkroom = Darkroom::with(Some(args()));
        let id = upload(&darkroom, &photo, "chain");
        (0..first).for_each(|_| darkroom.network.tick());
        for _ in 0..3 {
            darkroom.upgrade();
            darkroom.network.tick();
        }
        let item = darkroom.settled(&id);
        assert_eq!(item.state, PUBLISHED, "after {first} rounds: {item:?}");
        for (asset, expected) in item.assets.iter().zip(&expected.assets) {
            assert_eq!(asset.sha256, expected.sha256, "{}", asset.name);
        }
    }
}

#[test]
fn a_forged_derivative_is_found_out_and_an_honest_one_is_verified() {
    let stage = |asset: &str, source: &str, params: &str| api::Stage {
        placement: Some(api::Placement::Client),
        verify: Some(api::Verify::Always),
        ..stage(asset, asset, source, params)
    };
    let placeholder = api::Stage {
        storage: Some(api::Storage::Inline),
        ..stage("placeholder", "thumbnail", r#"{"kind":"thumbhash"}"#)
    };
    let stages = vec![
        stage("preview", "original", r#"{"max_edge":2048,"quality":82}"#),
        stage("thumbnail", "preview", r#"{"width":320,"height":320,"fit":"cover"}"#),
        placeholder,
    ];
    let args = api::InitArgs { pipelines: Some(vec![pipeline("photo", stages)]), ..Default::default() };
    let darkroom = Darkroom::with(Some(args));
    for photo in small_photos() {
        let made = derivatives(&photo).unwrap();
        let put = |id: &str, assets| {
            let args = api::PutAssets { item: id.to_owned(), assets };
            darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
            darkroom.settled(id)
        };
        let id = darkroom.upload_original(&photo).item.id;
        let honest = put_assets_args(&id, &made).assets;
        let mut forged = honest.clone();
        // As good as the right one, but for a byte behind its end.
        let bytes = [forged[1].bytes.to_vec(), vec![0]].concat();
        forged[1].sha256 = Digest::of(&bytes).0.into();
        forged[1].bytes = bytes.into();
        forged[2].source_sha256 = forged[1].sha256;
        let item = put(&id, forged);
        assert_eq!(item.state, FAILED, "{}", photo.name);
        let error = item.stages[1].error.as_ref().unwrap();
        assert_eq!(error.code, "derivative_mismatch", "{error}");
        let item = put(&id, honest[1..].to_vec());
        assert_eq!(item.state, PUBLISHED, "{}: {item:?}", photo.name);
        assert!(item.assets[1..].iter().all(|asset| asset.provenance == api::provenance::VERIFIED));
    }
}

/// Whatever deals with an answer to a call of the canister's own traps after its last write, for a minute: of timers, of
/// jobs that end well or not, of randomness for a token.
#[test]
fn traps_in_answers_lose_nothing() {
    let darkroom = hazardous(vec![
        pipeline("good", vec![hazard("not")]),
        pipeline("error", vec![hazard("error")]),
        pipeline("panic", vec![hazard("panic")]),
    ]);
    let photo = jpeg();
    let private = api::UploadWhole {
        upload: api::BeginUpload {
            visibility: Some(api::Visibility::Private),
            ..photo.declared(Some("good"), None)
        },
        ..photo.whole(Some("good"), None)
    };
    let private = darkroom.update::<api::Result<api::Item>>("upload_whole", (private,)).unwrap().id;
    assert_eq!(darkroom.settled(&private).state, PUBLISHED);
    let token = || {
        let args =
            api::CreateToken { item: private.clone(), asset: "original".to_owned(), lifetime_seconds: None };
        darkroom.attempt(darkroom.owner, "create_token", (args,))
    };
    let tokens = || {
        let args = api::ListTokens { item: Some(private.clone()), after: None, limit: None };
        darkroom.query::<api::Result<api::TokenPage>>("list_tokens", (args,)).unwrap().tokens.len()
    };
    let until = darkroom.network.get_time().as_nanos_since_unix_epoch() + 60_000_000_000;
    darkroom.attempt(darkroom.owner, "trap_answers", (until,)).unwrap();
    let items = ["good", "error", "panic"].map(|name| upload(&darkroom, &photo, name));
    for _ in 0..20 {
        darkroom.network.tick();
    }
    token().unwrap_err();
    assert_eq!(tokens(), 0);
    assert_eq!(darkroom.query::<Vec<String>>("check", ()), Vec::<String>::new());
    // The driver is back half a minute after an answer that trapped, and a job counts that it was begun.
    for _ in 0..4 {
        darkroom.later(31);
    }
    let states = items.map(|item| darkroom.settled(&item).state);
    assert_eq!(states, [PUBLISHED, FAILED, FAILED]);
    token().unwrap();
    assert_eq!(tokens(), 1);
    assert_eq!(darkroom.query::<Vec<String>>("check", ()), Vec::<String>::new());
}
