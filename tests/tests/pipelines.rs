//! What pipelines lead to, as it is served: an asset by a processor from the template, and items that are made again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use api::item_state::PUBLISHED;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Gateway, Photo, network_with_root_key, pipeline, small_photos, stage};

fn configured(stages: Vec<api::Stage>) -> api::InitArgs {
    api::InitArgs { pipelines: Some(vec![pipeline("photo", stages)]), ..Default::default() }
}

fn photo() -> Photo {
    small_photos().into_iter().find(|photo| photo.media_type == "image/jpeg").unwrap()
}

fn publish(darkroom: &Darkroom, photo: &Photo) -> api::Item {
    let id = darkroom.upload_original(photo).item.id;
    let item = darkroom.settled(&id);
    assert_eq!(item.state, PUBLISHED, "{item:?}");
    item
}

#[test]
fn what_a_processor_from_the_template_makes_is_served() {
    let color =
        api::Stage { storage: Some(api::Storage::Inline), ..stage("color", "example", "original", "") };
    let darkroom = Darkroom::on(network_with_root_key(), None);
    darkroom.upgrade_to(darkroom_wasm::HAZARDS).unwrap();
    let processors: Vec<api::ProcessorInfo> = darkroom.query("processors", ());
    assert!(processors.iter().any(|processor| processor.id == "example"));
    darkroom.configure(configured(vec![color]));
    let item = publish(&darkroom, &photo());
    let gateway = Gateway::new(&darkroom);
    let answer = gateway.get("GET", &format!("/{}/color", item.id), &[]);
    assert_eq!(answer.status_code, 200);
    let color: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (&color["width"], &color["height"]),
        (&item.assets[1].width.into(), &item.assets[1].height.into())
    );
    let description = gateway.get("GET", &format!("/{}", item.id), &[]);
    let description: api::document::Item = serde_json::from_slice(&description.body).unwrap();
    assert_eq!(description.assets[1].recipe.as_ref().unwrap().processor, "example");
}

#[test]
fn what_is_made_again_is_served_at_once_and_certified() {
    let stages = |width: u32| {
        vec![
            stage("preview", "preview", "original", r#"{"max_edge":400}"#),
            stage("thumbnail", "thumbnail", "preview", &format!(r#"{{"width":{width},"height":64}}"#)),
            stage("placeholder", "placeholder", "thumbnail", ""),
        ]
    };
    let darkroom = Darkroom::on(network_with_root_key(), Some(configured(stages(64))));
    let before = publish(&darkroom, &photo());
    let gateway = Gateway::new(&darkroom);
    let get = |url: &str, headers: &[(&str, &str)]| gateway.get("GET", url, headers);
    let served = |item: &api::Item| {
        for asset in &item.assets {
            let sha256 = Digest(*asset.sha256);
            for url in [format!("/{}/{}", item.id, asset.name), format!("/sha256/{sha256}")] {
                let (answer, bytes) = gateway.whole(&url);
                assert!([200, 206].contains(&answer.status_code), "{url}");
                assert_eq!(Digest::of(&bytes), sha256, "{url}");
            }
        }
        let description = get(&format!("/{}", item.id), &[]);
        let description: api::document::Item = serde_json::from_slice(&description.body).unwrap();
        let described: Vec<_> = description.assets.iter().map(|asset| asset.sha256.clone()).collect();
        let assets: Vec<_> = item.assets.iter().map(|asset| Digest(*asset.sha256).to_string()).collect();
        assert_eq!(described, assets);
    };
    served(&before);
    darkroom.configure(configured(stages(32)));
    darkroom.later(60);
    let args = api::Reprocess { item: before.id.clone(), ..Default::default() };
    let begun: api::Result<api::Reprocessed> = darkroom.update("reprocess", (&args,));
    let revision = begun.unwrap().revision.unwrap().id;
    // In any round what is served is what it was, until all of it is new; also after an upgrade in between.
    let mut rounds = 0;
    while darkroom.item(&revision).is_ok() {
        served(&darkroom.item(&before.id).unwrap());
        assert_eq!(darkroom.item(&before.id).unwrap().assets, before.assets);
        if rounds == 1 {
            darkroom.upgrade();
        }
        darkroom.network.tick();
        rounds += 1;
        assert!(rounds < 200, "it does not end");
    }
    let after = darkroom.item(&before.id).unwrap();
    served(&after);
    let changed: Vec<_> = after
        .assets
        .iter()
        .zip(&before.assets)
        .filter(|(new, old)| new.sha256 != old.sha256)
        .map(|(new, _)| new.name.as_str())
        .collect();
    assert_eq!(changed, ["thumbnail", "placeholder"]);
    for gone in before.assets.iter().filter(|asset| changed.contains(&asset.name.as_str())) {
        let sha256 = Digest(*gone.sha256);
        assert_eq!(get(&format!("/sha256/{sha256}"), &[]).status_code, 404);
        // Who has the old one is sent the new one.
        let url = format!("/{}/{}", after.id, gone.name);
        let etag = format!("\"{sha256}\"");
        assert_eq!(get(&url, &[("if-none-match", &etag)]).status_code, 200, "{url}");
    }
    let url = format!("/{}/thumbnail", after.id);
    let header = |answer: &api::HttpResponse, name: &str| {
        answer.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap()
    };
    let modified = header(&get(&format!("/{}/preview", after.id), &[]), "last-modified");
    assert_eq!(get(&url, &[("if-modified-since", &modified)]).status_code, 200, "it is newer than its item");
    // And by the client: the same, with nothing left to do.
    let again: api::Result<api::Reprocessed> = darkroom.update("reprocess", (&args,));
    assert_eq!(again.unwrap().revision, None);
    darkroom.delete_as(darkroom.owner, &after.id).unwrap();
    assert_eq!(get(&url, &[]).status_code, 404);
}
