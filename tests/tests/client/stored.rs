//! What is stored is told for many files at once, and is not sent again.

use std::io::{Read, Write};

use base64::Engine;
use darkroom_api as api;
use darkroom_client::{Darkroom, Error, Prepared, UploadOptions};
use darkroom_core::media::MediaType;
use darkroom_tests::Photo;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::client_support::{Place, files_only, noise, small_chunks};
use crate::settle;

async fn upload_all(client: &Darkroom, files: &[Prepared]) {
    for file in files {
        let outcome = client.upload_prepared(file.clone(), drop).await.unwrap();
        assert!(!outcome.already_stored);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_folder_costs_a_call_for_100_files() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..205).map(|number| dir.path().join(format!("file-{number}"))).collect();
    for (seed, path) in paths.iter().enumerate() {
        std::fs::write(path, noise(100, seed as u64)).unwrap();
        settle(path);
    }
    let prepare = async |client: &Darkroom| {
        let mut files = Vec::new();
        for path in &paths {
            files.push(client.prepare_path(path, UploadOptions::default()).await.unwrap());
        }
        files
    };
    let client = place.client(canister);
    let files = prepare(&client).await;
    assert!(client.stored(&files).await.unwrap().iter().all(Option::is_none));
    upload_all(&client, &files).await;

    let again = place.client(canister);
    let files = prepare(&again).await;
    place.proxy.pass();
    let stored = again.stored(&files).await.unwrap();
    assert_eq!(place.proxy.calls(), ["find_uploads"; 3]);
    for (file, stored) in files.iter().zip(&stored) {
        let stored = stored.as_ref().unwrap();
        let item = again.item(&stored.item).await.unwrap();
        assert_eq!((item.file_name.as_str(), stored.already_stored), (file.file_name(), true));
        assert_eq!(stored.assets[0].sha256, file.sha256());
    }

    // Another content, name, media type or visibility is another upload.
    std::fs::write(&paths[3], noise(100, 1_000)).unwrap();
    let options = UploadOptions::default;
    let renamed = UploadOptions { file_name: Some("renamed".to_owned()), ..options() };
    let retyped = UploadOptions { media_type: Some(MediaType::JPEG), ..options() };
    let private = UploadOptions { visibility: api::Visibility::Private, ..options() };
    let mut others = Vec::new();
    for (path, options) in [(3, options()), (4, renamed), (5, retyped), (6, private), (7, options())] {
        others.push(again.prepare_path(&paths[path], options).await.unwrap());
    }
    let found: Vec<_> = again.stored(&others).await.unwrap().iter().map(Option::is_some).collect();
    assert_eq!(found, [false, false, false, false, true]);
    // Nothing of what another has uploaded is told.
    let other = place.client_as(2, canister);
    assert!(other.stored(&files).await.unwrap().iter().all(Option::is_none));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_by_another_recipe_is_not_stored() {
    let place = Place::new(None);
    let canister = place.install(small_chunks()).await;
    let client = place.client(canister);
    let photo = Photo::jpeg(300, 200, 80, 1);
    let prepare = async || client.prepare(photo.bytes.clone(), UploadOptions::default()).await.unwrap();
    let first = client.upload_prepared(prepare().await, drop).await.unwrap();
    let stored = client.stored([&prepare().await]).await.unwrap().remove(0).unwrap();
    assert_eq!((&stored.item, &stored.assets), (&first.item, &first.assets));
    assert_eq!(stored.lanes.len(), 2);

    let mut pipelines = client.pipelines().await.unwrap();
    let stages =
        pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.lanes).flat_map(|lane| &mut lane.stages);
    for stage in stages.filter(|stage| stage.asset == "thumbnail") {
        stage.params = Some(r#"{"width":64,"height":64}"#.to_owned());
    }
    client.configure(&api::InitArgs { pipelines: Some(pipelines), ..Default::default() }).await.unwrap();
    assert_eq!(client.stored([&prepare().await]).await.unwrap().len(), 1);
    assert!(client.stored([&prepare().await]).await.unwrap()[0].is_none());
    let second = client.upload(photo.bytes.clone(), UploadOptions::default(), drop).await.unwrap();
    assert_ne!(second.item, first.item);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_after_it_was_prepared_is_refused() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    let dir = tempfile::tempdir().unwrap();
    for length in [100, 2_500_000] {
        let path = dir.path().join(format!("file-{length}"));
        std::fs::write(&path, noise(length, 1)).unwrap();
        settle(&path);
        let file = client.prepare_path(&path, UploadOptions::default()).await.unwrap();
        std::fs::write(&path, noise(length, 2)).unwrap();
        let refused = client.upload_prepared(file.clone(), drop).await.unwrap_err();
        assert!(matches!(refused, Error::Changed { .. }), "{refused}");
        // Also where nothing shows it but the bytes.
        settle(&path);
        let refused = client.upload_prepared(file, drop).await.unwrap_err();
        assert!(matches!(refused, Error::Changed { .. }), "{refused}");
    }
    let usage = client.usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions), (0, 0), "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_one_answer_comes_in_several() {
    let place = Place::new(None);
    let canister = place.install(small_chunks()).await;
    let client = place.client(canister);
    // A recipe of 25 kB: a text in a picture of that size.
    let mut png = darkroom_codec::testing::png_with_alpha(16, 16, 1);
    png.resize(18_000, 0);
    let image = base64::engine::general_purpose::STANDARD.encode(png);
    let stage = |asset: &str, source: Option<&str>, params| api::Stage {
        asset: asset.to_owned(),
        processor: asset.to_owned(),
        source: source.map(str::to_owned),
        placement: None,
        storage: None,
        optional: None,
        verify: None,
        params,
    };
    let params = Some(format!(r#"{{"image":"{image}"}}"#));
    let stages = vec![stage("original", None, None), stage("watermark", Some("original"), params)];
    let lanes = vec![api::Lane { name: "all".to_owned(), stages }];
    let pipelines = Some(vec![api::Pipeline { name: "marked".to_owned(), lanes }]);
    client.configure(&api::InitArgs { pipelines, ..Default::default() }).await.unwrap();
    let mut files = Vec::new();
    for seed in 0..80 {
        let photo = Photo::jpeg(40, 30, 80, seed).bytes;
        files.push(client.prepare(photo, UploadOptions::default()).await.unwrap());
    }
    upload_all(&client, &files).await;
    place.proxy.pass();
    assert!(client.stored(&files).await.unwrap().iter().all(Option::is_some));
    assert_eq!(place.proxy.calls(), ["find_uploads"; 3], "all, then each half");
}

/// The canister as it was before it could be asked: a method of this name is not there.
fn older_canister() -> Vec<u8> {
    let mut wasm = Vec::new();
    GzDecoder::new(darkroom_wasm::CANISTER).read_to_end(&mut wasm).unwrap();
    const NAME: &[u8] = b"canister_query find_uploads";
    let at = wasm.windows(NAME.len()).position(|window| window == NAME).unwrap();
    wasm[at..at + NAME.len()].copy_from_slice(b"canister_query find_nothing");
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&wasm).unwrap();
    packed.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canister_that_cannot_be_asked_is_sent_everything() {
    let place = Place::new(None);
    let canister = place.install_wasm(older_canister(), files_only()).await;
    let client = place.client(canister);
    let file = client.prepare(noise(1_000, 1), UploadOptions::default()).await.unwrap();
    assert!(client.stored([&file, &file]).await.unwrap().iter().all(Option::is_none));
    let first = client.upload_prepared(file.clone(), drop).await.unwrap();
    place.proxy.pass();
    assert!(client.stored([&file]).await.unwrap()[0].is_none());
    assert!(place.proxy.calls().is_empty(), "it is asked once");
    let second =
        place.client(canister).upload(noise(1_000, 1), UploadOptions::default(), drop).await.unwrap();
    assert_eq!(second.item, first.item);
    assert_eq!(client.usage().await.unwrap().own.items, 1);
}
