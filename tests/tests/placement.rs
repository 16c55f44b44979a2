//! Stages on the canister: the same bytes as on the client, in messages apart from the upload, and what happens
//! when one fails.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_api as api;
use darkroom_codec::testing;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Photo, Probe, derivatives, put_assets_args, small_photos, toolkit};

/// The default pipeline with the placements given, in order preview, thumbnail, placeholder.
fn placed(placements: [api::Placement; 3]) -> api::InitArgs {
    let stage = |asset: &str, source: Option<&str>, placement, params: Option<&str>| api::Stage {
        asset: asset.to_owned(),
        processor: asset.to_owned(),
        source: source.map(str::to_owned),
        placement: Some(placement),
        storage: (asset == "placeholder").then_some(api::Storage::Inline),
        optional: None,
        verify: None,
        params: params.map(str::to_owned),
    };
    let derivatives = vec![
        stage("preview", Some("original"), placements[0], Some(r#"{"max_edge":2048,"quality":82}"#)),
        stage(
            "thumbnail",
            Some("preview"),
            placements[1],
            Some(r#"{"width":320,"height":320,"fit":"cover"}"#),
        ),
        stage("placeholder", Some("thumbnail"), placements[2], Some(r#"{"kind":"thumbhash"}"#)),
    ];
    let lane = |name: &str, stages| api::Lane { name: name.to_owned(), stages };
    let original = stage("original", None, api::Placement::Client, None);
    let pipeline = api::Pipeline {
        name: "photo".to_owned(),
        lanes: vec![lane("original", vec![original]), lane("derivatives", derivatives)],
    };
    api::InitArgs { pipelines: Some(vec![pipeline]), ..Default::default() }
}

#[test]
fn every_placement_gives_the_same_bytes() {
    use api::Placement::{Canister, Client};
    let photos = small_photos();
    for placements in [[Canister; 3], [Client, Canister, Client], [Canister, Client, Canister]] {
        let darkroom = Darkroom::with(Some(placed(placements)));
        for photo in &photos {
            let made = derivatives(photo).unwrap();
            let id = darkroom.upload_original(photo).item.id;
            let mut args = put_assets_args(&id, &made);
            let mut placement = placements.iter();
            args.assets.retain(|_| placement.next() == Some(&Client));
            darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
            let item = darkroom.settled(&id);
            assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
            for (asset, (_, made)) in item.assets[1..].iter().zip(&made) {
                assert_eq!(
                    *asset.sha256,
                    Digest::of(&made.derivative.bytes).0,
                    "{} {}",
                    photo.name,
                    asset.name
                );
                assert_eq!(asset.media_type, made.derivative.media.as_str());
                assert_eq!(asset.width, made.derivative.meta.size.map(|size| size.width));
            }
            let on_canister = item.assets[1].recipe.as_ref().unwrap().placement == Canister;
            let expected = if on_canister { api::provenance::VERIFIED } else { api::provenance::CLAIMED };
            assert_eq!(item.assets[1].provenance, expected);
        }
    }
}

#[test]
fn an_upgrade_between_stages_goes_on() {
    let darkroom = Darkroom::with(Some(placed([api::Placement::Canister; 3])));
    let photo = &small_photos()[0];
    let id = darkroom.upload_original(photo).item.id;
    darkroom.upgrade();
    darkroom.network.tick();
    darkroom.upgrade();
    assert_eq!(darkroom.settled(&id).state, api::item_state::PUBLISHED);
}

/// The largest that are allowed by default, beside all that the canister holds otherwise.
#[test]
fn a_hundred_megapixels_fit_the_heap() {
    for (progressive, most) in [(false, 512 << 20), (true, 1 << 30)] {
        // 10,992 x 9,088, sampled 4:2:0.
        let bytes = testing::tall(10_992, 568, progressive);
        let photo = Photo { name: "tall.jpg".to_owned(), media_type: "image/jpeg", bytes };
        let darkroom = Darkroom::with(Some(placed([api::Placement::Canister; 3])));
        let id = darkroom.upload_original(&photo).item.id;
        let item = darkroom.settled(&id);
        assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
        let status = darkroom.network.canister_status(darkroom.id, Some(darkroom.owner)).unwrap();
        let heap: u64 = status.memory_metrics.wasm_memory_size.0.try_into().unwrap();
        println!("{} bytes, progressive: {progressive}: {} MiB of heap", photo.bytes.len(), heap >> 20);
        assert!(heap <= most, "{heap} bytes of heap");
    }
}

#[test]
fn a_file_that_is_no_image_fails_its_stage_and_nothing_else() {
    let darkroom = Darkroom::with(Some(placed([api::Placement::Canister; 3])));
    let text = Photo { name: "a.jpg".to_owned(), media_type: "image/jpeg", bytes: b"no image".repeat(100) };
    let mut cut = small_photos()[0].clone();
    cut.bytes.truncate(cut.bytes.len() / 2);
    let mut pdf = text.clone();
    pdf.media_type = "application/pdf";
    for (photo, code) in [(&text, "not_an_image"), (&cut, "damaged"), (&pdf, "unsupported_media")] {
        let id = darkroom.upload_original(photo).item.id;
        let item = darkroom.settled(&id);
        assert_eq!(item.state, api::item_state::FAILED);
        let status = &item.stages[0];
        assert_eq!(status.state, api::stage_state::FAILED);
        assert_eq!(status.error.as_ref().unwrap().code, code, "{status:?}");
        assert_eq!(item.published_at, None);
        darkroom.update::<api::Result<api::Freed>>("delete_item", (&id,)).unwrap();
    }
    let good = darkroom.upload_original(&small_photos()[0]).item.id;
    assert_eq!(darkroom.settled(&good).state, api::item_state::PUBLISHED);
}

#[test]
fn forged_derivatives_are_refused() {
    let darkroom = Darkroom::new();
    let (photo, other) = (&small_photos()[0], &small_photos()[1]);
    let upload = darkroom.begin(photo, None);
    let mut args = put_assets_args(&upload.item, &derivatives(photo).unwrap());
    let put = |args: &api::PutAssets| -> api::Result<api::Item> { darkroom.update("put_assets", (args,)) };
    // Another version, another hash, another name, another item.
    let mut wrong = args.clone();
    wrong.assets[0].processor_version += 1;
    assert_eq!(put(&wrong).unwrap_err().code, api::code::PROCESSOR_VERSION);
    let mut wrong = args.clone();
    wrong.assets[1].bytes[10] ^= 1;
    assert_eq!(put(&wrong).unwrap_err().code, "chunk_hash");
    let mut wrong = args.clone();
    wrong.assets[1].name = "original".to_owned();
    assert_eq!(put(&wrong).unwrap_err().code, api::code::STAGE_NOT_YOURS);
    let mut wrong = args.clone();
    wrong.item = "aaaaaaaaaaaaaaaa".to_owned();
    assert_eq!(put(&wrong).unwrap_err().code, api::code::ITEM_NOT_FOUND);
    // A placeholder too large to be inline.
    let mut wrong = args.clone();
    wrong.assets[2].bytes = vec![1; 40_000].into();
    wrong.assets[2].sha256 = Digest::of(&[1; 40_000]).0.into();
    assert_eq!(put(&wrong).unwrap_err().code, "invalid_size");
    // A preview of another photo: found out when the original is there.
    args.assets.truncate(1);
    args.assets[0].source_sha256 = other.sha256().0.into();
    put(&args).unwrap();
    for index in 0..u32::try_from(photo.bytes.len().div_ceil(upload.chunk_size as usize)).unwrap() {
        darkroom.put(&upload, photo, index).unwrap();
    }
    let item = darkroom.finish(upload.session).unwrap().item;
    assert_eq!(item.state, api::item_state::FAILED);
    assert_eq!(item.stages[0].error.as_ref().unwrap().code, api::code::SOURCE_MISMATCH);
}

#[test]
fn a_refused_source_takes_its_derivatives_along_and_can_be_put_right() {
    use api::Placement::{Canister, Client};
    let darkroom = Darkroom::with(Some(placed([Client, Canister, Canister])));
    let (photo, other) = (&small_photos()[0], &small_photos()[1]);
    let upload = darkroom.begin(photo, None);
    let mut wrong = put_assets_args(&upload.item, &derivatives(other).unwrap());
    wrong.assets.truncate(1);
    darkroom.update::<api::Result<api::Item>>("put_assets", (wrong,)).unwrap();
    // The canister makes the rest of it before the original is there.
    for _ in 0..20 {
        darkroom.network.tick();
    }
    assert_eq!(darkroom.item(&upload.item).unwrap().assets.len(), 3);
    darkroom.put(&upload, photo, 0).unwrap();
    let item = darkroom.finish(upload.session).unwrap().item;
    assert_eq!((item.assets.len(), item.state.as_str()), (1, api::item_state::FAILED));
    // With the right preview, the item completes.
    let made = derivatives(photo).unwrap();
    let mut right = put_assets_args(&upload.item, &made);
    right.assets.truncate(1);
    darkroom.update::<api::Result<api::Item>>("put_assets", (right,)).unwrap();
    let item = darkroom.settled(&upload.item);
    assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
    for (asset, (_, made)) in item.assets[1..].iter().zip(&made) {
        assert_eq!(*asset.sha256, Digest::of(&made.derivative.bytes).0, "{}", asset.name);
    }
}

#[test]
fn a_derivative_comes_whole_or_in_chunks_but_once() {
    let args = api::InitArgs {
        limits: Some(api::Limits { chunk_size: Some(65_536), ..Default::default() }),
        ..Default::default()
    };
    let darkroom = Darkroom::with(Some(args));
    let photo = &small_photos()[1];
    let upload = darkroom.begin(photo, None);
    let made = derivatives(photo).unwrap();
    let mut args = put_assets_args(&upload.item, &made);
    let preview = made[0].1.derivative.bytes.clone();
    assert!(preview.len() > 65_536);
    let mut declared = args.assets[0].clone();
    declared.bytes = Vec::new().into();
    let begin = api::BeginAsset { item: upload.item.clone(), asset: declared, size: preview.len() as u64 };
    let session: api::Result<api::Upload> = darkroom.update("begin_asset", (begin.clone(),));
    let session = session.unwrap();
    // Begun again, it is the same session; whole beside it, it is refused.
    let again: api::Result<api::Upload> = darkroom.update("begin_asset", (begin,));
    assert_eq!(api::Upload { expires_at: session.expires_at, ..again.unwrap() }, session);
    let refused: api::Result<api::Item> = darkroom.update("put_assets", (args.clone(),));
    assert_eq!(refused.unwrap_err().code, api::code::ASSET_CONFLICT);
    for (index, bytes) in preview.chunks(65_536).enumerate() {
        let index = u32::try_from(index).unwrap();
        darkroom.put_bytes(darkroom.owner, session.session, index, bytes).unwrap();
    }
    darkroom.finish(session.session).unwrap();
    args.assets.remove(0);
    darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
    for index in 0..u32::try_from(photo.bytes.len().div_ceil(65_536)).unwrap() {
        darkroom.put(&upload, photo, index).unwrap();
    }
    let item = darkroom.finish(upload.session).unwrap().item;
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    assert!(darkroom.bytes(&item.id, &item.assets[1]) == preview);
}

#[test]
fn a_stopped_canister_keeps_its_jobs() {
    let darkroom = Darkroom::with(Some(placed([api::Placement::Canister; 3])));
    let id = darkroom.upload_original(&small_photos()[0]).item.id;
    darkroom.network.stop_canister(darkroom.id, Some(darkroom.owner)).unwrap();
    darkroom.upgrade();
    darkroom.network.start_canister(darkroom.id, Some(darkroom.owner)).unwrap();
    let item = darkroom.settled(&id);
    assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
}

#[test]
fn the_canister_knows_the_listed_processors() {
    let darkroom = Darkroom::new();
    let known: Vec<api::ProcessorInfo> = darkroom.query("processors", ());
    let expected: Vec<_> = toolkit().iter().map(|known| (known.id().to_owned(), known.version())).collect();
    assert_eq!(known.into_iter().map(|known| (known.id, known.version)).collect::<Vec<_>>(), expected);
}

#[test]
fn an_invalid_configuration_rejects_the_install() {
    let darkroom = Darkroom::new();
    let mut args = placed([api::Placement::Client; 3]);
    args.pipelines.as_mut().unwrap()[0].lanes[1].stages[0].processor = "mosaic".to_owned();
    let id = darkroom.network.create_canister_with_settings(Some(darkroom.owner), None);
    darkroom.network.add_cycles(id, 100_000_000_000_000);
    let wasm = darkroom_wasm::CANISTER.to_vec();
    let encoded = candid::encode_one(Some(args)).unwrap();
    let error = darkroom
        .network
        .reinstall_canister(id, wasm, encoded, Some(darkroom.owner))
        .unwrap_err()
        .reject_message;
    assert!(
        error.contains(
            "pipeline `photo`, lane `derivatives`, stage `preview`, field `processor`: found `mosaic`; \
             allowed: original, dominant-colors, metadata, placeholder, preview, thumbnail, watermark"
        ),
        "{error}"
    );
}

/// What the canister's stages cost for each photo of the folder in DARKROOM_PHOTOS and for one of 24 megapixels that is
/// made, in all, step by step, and the plain way, for docs/benchmarks.md; run by hand with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn costs_of_derivatives() {
    let photos = std::env::var_os("DARKROOM_PHOTOS").into_iter().flat_map(|folder| {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.into_iter().map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Photo { name, media_type: "image/jpeg", bytes: std::fs::read(&path).unwrap() }
        })
    });
    let made = Photo { name: "made, 6000 x 4000".to_owned(), ..Photo::jpeg(6000, 4000, 88, 24) };
    for photo in photos.chain([made]) {
        let spent = |placement, done| {
            let darkroom = Darkroom::with(Some(placed([placement; 3])));
            let before = darkroom.network.cycle_balance(darkroom.id);
            let id = darkroom.upload_original(&photo).item.id;
            let item = if done { darkroom.settled(&id) } else { darkroom.item(&id).unwrap() };
            assert_eq!(item.state == api::item_state::PUBLISHED, done, "{item:?}");
            before - darkroom.network.cycle_balance(darkroom.id)
        };
        // Localnet takes a cycle for an instruction; what storing the original takes falls out.
        let instructions = spent(api::Placement::Canister, true) - spent(api::Placement::Client, false);
        println!("{}, {} bytes: {:.2}e9 instructions", photo.name, photo.bytes.len(), giga(instructions));

        let probe = Probe::new();
        for piece in photo.bytes.chunks(1 << 20) {
            probe.update::<()>("load", (piece,));
        }
        let steps: Result<Vec<(String, u64)>, String> = probe.update("steps", ());
        for (step, instructions) in steps.unwrap() {
            println!("    {:.3}e9 {step}", giga(instructions.into()));
        }
        let plain = probe.network.update_call(
            probe.id,
            Principal::anonymous(),
            "plain",
            candid::encode_args(()).unwrap(),
        );
        match plain {
            Ok(reply) => {
                let instructions: Result<u64, String> = candid::decode_one(&reply).unwrap();
                println!("    with the image crate: {:.2}e9", giga(instructions.unwrap().into()));
            }
            Err(reject) => println!("    with the image crate: {}", reject.reject_message),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are printed")]
fn giga(instructions: u128) -> f64 {
    instructions as f64 / 1e9
}
