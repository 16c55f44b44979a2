//! Stable memory that has no room left: what is published is certified all the same, and what goes leaves nothing behind.

use super::*;
use crate::store::Limited;

type Full = Service<Limited>;

/// Chunks of a file whose answers are kept as a tree, which no hole that is left has room for.
const MANY: usize = 20;

fn open(memory: &Limited) -> Full {
    let args = api::InitArgs {
        pipelines: Some(vec![raw()]),
        access: Some(api::Access::Authenticated),
        limits: Some(api::Limits { chunk_size: Some(65_536), ..Default::default() }),
        ..Default::default()
    };
    Service::open(memory.clone(), darkroom_processors::registry().unwrap(), &args).unwrap()
}

fn begin(service: &mut Full, bytes: &[u8], key: &str) -> api::Upload {
    let declared = declaration(bytes, true, Some(key.to_owned()));
    service.begin_upload(message(owner(1), 1), &declared).unwrap()
}

fn put(
    service: &mut Full,
    upload: &api::Upload,
    bytes: &[u8],
    index: usize,
) -> api::Result<api::ChunkReceipt> {
    let part = bytes.chunks(CHUNK).nth(index).unwrap();
    service.put_chunk(message(owner(1), 1), &chunk(upload.session, index, part))
}

/// Fills the arena to its last byte.
fn fill(service: &mut Full, memory: &Limited) {
    memory.allow(0);
    for (number, size) in (0..=16).rev().map(|power| 1 << power).enumerate() {
        for copy in 0.. {
            let bytes = bytes_of(size, number);
            let upload = begin(service, &bytes, &format!("{size} {copy}"));
            if let Err(error) = put(service, &upload, &bytes, 0) {
                assert_eq!(error.code, "store_full");
                service.abort_upload(owner(1), 1, SessionId(upload.session)).unwrap();
                break;
            }
        }
    }
    let (end, free) = service.store.chunks.arena_bytes();
    assert_eq!((end % (128 * 65_536), free), (0, 0));
}

/// Everything that an item's original is served at, with a proof of the tree as it is (`check` holds them against it).
fn assert_served(service: &Full, item: &str, bytes: &[u8]) {
    let content = format!("/sha256/{}", Digest::of(bytes));
    for url in [format!("/{item}/original"), content] {
        let request = api::HttpRequest {
            method: "GET".to_owned(),
            url,
            headers: Vec::new(),
            body: Vec::new().into(),
            certificate_version: Some(2),
        };
        let around = || panic!("no metrics are asked for");
        let reply = crate::http::respond(service, &request, 2, Some(b"certificate"), around);
        let mut sent = Vec::new();
        reply.write(service, &mut |bytes| sent.extend_from_slice(bytes));
        let response: api::HttpResponse = candid::decode_one(&sent).unwrap();
        assert_eq!(response.status_code, 206, "{}", request.url);
        assert!(response.headers.iter().any(|(name, _)| name == "ic-certificate"), "{}", request.url);
        assert!(bytes.starts_with(&response.body));
    }
}

fn trees(service: &Full) -> usize {
    let chunks = &service.store.chunks;
    chunks.entries().filter(|(key, _, _)| chunks.is_tree(*key)).count()
}

#[test]
fn what_is_published_is_served_where_there_is_no_room_for_its_tree() {
    let memory = Limited::new(u64::MAX);
    let mut service = open(&memory);
    // Of both copies of a file the last byte is missing, and there is room for two bytes.
    let bytes = bytes_of((MANY - 1) * CHUNK + 1, 1);
    let uploads = ["one", "two"].map(|key| begin(&mut service, &bytes, key));
    let holes = [1, 2].map(|seed| begin(&mut service, &bytes_of(1, seed), &format!("hole {seed}")));
    for (upload, hole) in uploads.iter().zip(&holes) {
        for index in 0..MANY - 1 {
            put(&mut service, upload, &bytes, index).unwrap();
        }
        let seed = usize::try_from(hole.session).unwrap() - 1;
        put(&mut service, hole, &bytes_of(1, seed), 0).unwrap();
    }
    fill(&mut service, &memory);
    for hole in &holes {
        service.delete_item(owner(1), 1, &hole.item).unwrap();
    }
    for upload in &uploads {
        let receipt = put(&mut service, upload, &bytes, MANY - 1).unwrap();
        assert_eq!(receipt.item.unwrap().state, api::item_state::PUBLISHED);
        assert!(!service.is_certifying());
        assert_eq!(trees(&service), 0, "there is no room");
        assert_served(&service, &upload.item, &bytes);
        assert_eq!(service.check(), Vec::<String>::new());
    }
    // Its content goes to the other one.
    service.delete_item(owner(1), 1, &uploads[0].item).unwrap();
    assert_served(&service, &uploads[1].item, &bytes);
    assert_eq!(service.check(), Vec::<String>::new());
    // The same after an upgrade, for other origins, and with nothing left.
    drop(service);
    let mut service = open(&memory);
    let origins = (0..8).map(|number| format!("https://{number}.example")).collect();
    let cors = api::InitArgs { cors: Some(api::Cors::Origins(origins)), ..Default::default() };
    service.configure(Caller { controller: true, ..owner(9) }, &cors).unwrap();
    while service.certify_some(|| false).unwrap() {}
    assert_eq!(trees(&service), 2, "by its name and by its content, where the other one was");
    assert_served(&service, &uploads[1].item, &bytes);
    assert_eq!(service.check(), Vec::<String>::new());
    service.delete_item(owner(1), 1, &uploads[1].item).unwrap();
    assert_eq!(service.check(), Vec::<String>::new());
}
