//! A hundred rounds of retrieving everything, by `get_chunk` and by HTTP: the same bytes each time, at the same
//! cost, and nothing in the canister grows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, File, derivatives, put_assets_args, small_photos};

const ROUNDS: usize = 100;

/// A request, and the SHA-256 of the bytes that it must bring.
struct Request {
    what: String,
    method: &'static str,
    args: Vec<u8>,
    sha256: Digest,
    /// Of the file of 20 MB.
    large: bool,
}

impl Request {
    /// Asks by a query and gives the bytes.
    fn ask(&self, darkroom: &Darkroom) -> Vec<u8> {
        let args = self.args.clone();
        let reply =
            darkroom.network.query_call(darkroom.id, Principal::anonymous(), self.method, args).unwrap();
        self.bytes(&reply)
    }

    fn bytes(&self, reply: &[u8]) -> Vec<u8> {
        if self.method == "get_chunk" {
            let chunk: api::Result<serde_bytes::ByteBuf> = candid::decode_one(reply).unwrap();
            return chunk.unwrap_or_else(|error| panic!("{}: {error}", self.what)).into_vec();
        }
        let response: api::HttpResponse = candid::decode_one(reply).unwrap();
        assert!([200, 206].contains(&response.status_code), "{}: {}", self.what, response.status_code);
        response.body.into_vec()
    }
}

/// All requests that retrieve an asset both ways; what they bring is compared with its bytes.
fn requests(darkroom: &Darkroom, item: &str, asset: &api::Asset, bytes: &[u8], all: &mut Vec<Request>) {
    let mut keep = |method, args, what: String, found: &mut Vec<u8>| {
        let mut request =
            Request { what, method, args, sha256: Digest([0; 32]), large: bytes.len() > 10_000_000 };
        let part = request.ask(darkroom);
        assert!(!part.is_empty(), "{}", request.what);
        request.sha256 = Digest::of(&part);
        found.extend(part);
        all.push(request);
    };
    let name = &asset.name;
    let mut found = Vec::new();
    for index in 0..asset.chunks {
        let args = api::GetChunk { item: item.to_owned(), asset: name.clone(), index };
        let what = format!("{item}/{name} chunk {index}");
        keep("get_chunk", candid::encode_one(args).unwrap(), what, &mut found);
    }
    assert!(found == bytes, "{item}/{name}: get_chunk");
    let mut found = Vec::new();
    while found.len() < bytes.len() {
        let range = ("Range".to_owned(), format!("bytes={}-", found.len()));
        let request = api::HttpRequest {
            method: "GET".to_owned(),
            url: format!("/{item}/{name}"),
            headers: if found.is_empty() { Vec::new() } else { vec![range] },
            body: Vec::new().into(),
            certificate_version: Some(2),
        };
        let what = format!("{item}/{name} http from {}", found.len());
        keep("http_request", candid::encode_one(request).unwrap(), what, &mut found);
    }
    assert!(found == bytes, "{item}/{name}: http");
}

/// Cycles that a replicated execution of each request takes: its instructions, beside what a call costs.
fn costs(darkroom: &Darkroom, requests: &[&Request]) -> Vec<u128> {
    let cost = |request: &&Request| {
        let before = darkroom.network.cycle_balance(darkroom.id);
        let reply = darkroom.network.update_call(
            darkroom.id,
            Principal::anonymous(),
            request.method,
            request.args.clone(),
        );
        let reply = reply.unwrap();
        assert_eq!(Digest::of(&request.bytes(&reply)), request.sha256, "{}", request.what);
        before - darkroom.network.cycle_balance(darkroom.id)
    };
    requests.iter().map(cost).collect()
}

#[test]
fn a_hundred_rounds_of_retrieving_everything() {
    let darkroom = Darkroom::new();
    darkroom.take_files();
    let mut all = Vec::new();
    for photo in small_photos() {
        let made = derivatives(&photo).unwrap();
        let item = darkroom.upload_original(&photo).item;
        let args = put_assets_args(&item.id, &made);
        let item = darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
        assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
        let bytes = std::iter::once(&photo.bytes).chain(made.iter().map(|(_, made)| &made.derivative.bytes));
        for (asset, bytes) in item.assets.iter().zip(bytes) {
            requests(&darkroom, &item.id, asset, bytes, &mut all);
        }
    }
    let large = File::new(20, 20_000_000);
    let declared = api::BeginUpload { pipeline: Some("file".to_owned()), ..large.declared(true, None) };
    let upload = darkroom.begin_as(darkroom.owner, &declared).unwrap();
    for index in 0..large.chunks(upload.chunk_size) {
        darkroom.put_of(darkroom.owner, &upload, &large, index).unwrap();
    }
    let item = darkroom.finish_as(darkroom.owner, upload.session).unwrap().item;
    requests(&darkroom, &item.id, &item.assets[0], &large.bytes(), &mut all);
    assert!(all.len() > 40, "{} requests", all.len());

    let some: Vec<&Request> = all.iter().filter(|request| request.method == "get_chunk").collect();
    let status = || {
        let status = darkroom.network.canister_status(darkroom.id, Some(darkroom.owner)).unwrap();
        status.memory_size
    };
    let (cost, size, store) = (costs(&darkroom, &some), status(), darkroom.store());
    let started = std::time::Instant::now();
    for round in 0..ROUNDS {
        // The large one by one way in even rounds and by the other in odd ones: it is 20 MB each time.
        let way = if round % 2 == 0 { "get_chunk" } else { "http_request" };
        for request in all.iter().filter(|request| !request.large || request.method == way) {
            assert_eq!(
                Digest::of(&request.ask(&darkroom)),
                request.sha256,
                "round {round}: {}",
                request.what
            );
        }
    }
    println!("{ROUNDS} rounds of {} requests took {:?}", all.len(), started.elapsed());
    assert_eq!((status(), darkroom.store()), (size, store));
    for ((request, before), after) in some.iter().zip(cost).zip(costs(&darkroom, &some)) {
        // The heap's pages that a call changes differ a little from call to call.
        assert!(after <= before + before / 50, "{}: {before} cycles, then {after}", request.what);
    }
}
