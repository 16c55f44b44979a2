//! Requests of gateways, against a canister with public and private items and a token.
//!
//! ```text
//! input    byte: bit 0 whether there is a certificate, bits 1 and 2 the version that the gateway speaks, then text:
//! text     METHOD SP URL LF (NAME: VALUE LF)* LF body
//! ```
//!
//! In the URL `{public}`, `{private}`, `{secret}` and `{sha256}` stand for the address of a public item, of a private one,
//! for what the token opens, and for the SHA-256 of a public original.

use std::cell::OnceCell;

use darkroom_api as api;
use ic_stable_structures::Memory;

use super::service::{World, caller};
use crate::env::Platform;
use crate::http::{Around, respond};
use crate::service::Service;

/// Statuses that a gateway may get. 500 stands for a damaged record, of which there is none; 503 for what is not
/// certified yet.
pub(super) const STATUSES: [u16; 8] = [200, 206, 304, 400, 404, 405, 416, 503];

/// Stands in every private byte.
const PRIVATE: &str = "NOBODY-ELSE-MAY-READ-THIS";

struct Fixture {
    world: World,
    public: String,
    private: String,
    secret: String,
    sha256: String,
}

thread_local! {
    static FIXTURE: OnceCell<Fixture> = const { OnceCell::new() };
}

impl Fixture {
    fn new() -> Fixture {
        let mut world = World::new();
        let mut upload = |bytes: Vec<u8>, name: &str, visibility| {
            let upload = api::BeginUpload {
                pipeline: Some("raw".to_owned()),
                file_name: name.to_owned(),
                media_type: "image/png".to_owned(),
                size: bytes.len() as u64,
                sha256: Some(darkroom_core::Digest::of(&bytes).0.into()),
                visibility: Some(visibility),
                idempotency_key: None,
            };
            let args = api::UploadWhole { upload, bytes: bytes.into(), assets: Vec::new() };
            let message = world.message(0);
            world.service.upload_whole(message, &args).expect("it is as it should be")
        };
        // Of several chunks, and of one.
        let large = (0..200_000u32).map(|i| i.to_be_bytes()[3]).collect();
        let public = upload(large, "large \"ü\".png", api::Visibility::Public);
        upload(b"small".to_vec(), "small.txt", api::Visibility::Public);
        let hidden = PRIVATE.repeat(4_000).into_bytes();
        let private = upload(hidden, &format!("{PRIVATE}.png"), api::Visibility::Private);
        let wanted = api::CreateToken {
            item: private.id.clone(),
            asset: "original".to_owned(),
            lifetime_seconds: None,
        };
        let token = world.service.create_token(caller(0), world.now, &wanted, [9; 32]);
        let secret = token.expect("a private item can be shared").path;
        world.certify();
        let digits = public.assets[0].sha256.iter().map(|byte| format!("{byte:02x}"));
        let sha256 = digits.collect();
        Fixture { public: public.id, private: private.id, secret, sha256, world }
    }

    fn check(&self, data: &[u8]) {
        let Some((flags, text)) = data.split_first() else { return };
        let Some(request) = self.request(*flags, text) else { return };
        let response = ask_with(&self.world.service, &request, self.world.now, flags & 1 == 0);
        let status = response.status_code;
        assert!(STATUSES.contains(&status), "{status} for {} {}", request.method, request.url);
        assert_eq!(response.upgrade, None);
        let told = |bytes: &[u8]| bytes.windows(PRIVATE.len()).any(|part| part == PRIVATE.as_bytes());
        let is_told = told(&response.body)
            || response.headers.iter().any(|(name, value)| told(name.as_bytes()) || told(value.as_bytes()));
        // Whoever has the secret may read, and hears nothing that it did not say before.
        assert!(!is_told || opens(&request.url, &self.secret), "private bytes for {}", request.url);
        for (name, value) in &response.headers {
            let is_line = |text: &str| !text.contains(['\r', '\n', '\0']);
            assert!(is_line(name) && is_line(value), "{name}: {value}");
        }
    }

    fn request(&self, flags: u8, text: &[u8]) -> Option<api::HttpRequest> {
        let end = text.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = end.map_or((text, &[][..]), |end| (&text[..end], &text[end + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let (method, url) = lines.next()?.split_once(' ')?;
        let url = url
            .replace("{public}", &self.public)
            .replace("{private}", &self.private)
            .replace("{secret}", &self.secret)
            .replace("{sha256}", &self.sha256);
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        };
        Some(api::HttpRequest {
            method: method.to_owned(),
            url,
            headers: lines.map(header).collect(),
            body: body.to_vec().into(),
            certificate_version: (flags & 6 != 0).then(|| (flags >> 1 & 3).into()),
        })
    }
}

/// Whether a URL has the secret in it, however it is written.
fn opens(url: &str, secret: &str) -> bool {
    // Percent-encoding may hide any character of it.
    url.contains('%') || secret.split('/').filter(|part| !part.is_empty()).all(|part| url.contains(part))
}

/// The answer to a request.
pub(super) fn ask<M: Memory + Clone>(
    service: &Service<M>,
    request: &api::HttpRequest,
    now: u64,
) -> api::HttpResponse {
    ask_with(service, request, now, true)
}

fn ask_with<M: Memory + Clone>(
    service: &Service<M>,
    request: &api::HttpRequest,
    now: u64,
    is_certified: bool,
) -> api::HttpResponse {
    let around = || Around {
        platform: Platform { now, cycles: 1, liquid_cycles: 1, heap_bytes: 1, stable_bytes: 1 },
        is_running: false,
        spent: Vec::new(),
    };
    let certificate = is_certified.then_some(&b"certificate"[..]);
    let mut sent = Vec::new();
    let reply = respond(service, request, now, certificate, around);
    reply.write(service, &mut |bytes| sent.extend_from_slice(bytes));
    candid::decode_one(&sent).expect("an answer is Candid")
}

/// A request.
///
/// # Panics
/// When answering does, and when the answer is none that strangers may get.
pub fn http(data: &[u8]) {
    FIXTURE.with(|fixture| fixture.get_or_init(Fixture::new).check(data));
}
