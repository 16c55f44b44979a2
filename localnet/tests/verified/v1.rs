//! Certification of version 1, which covers bodies only.

use crate::stage::{Given, Stage};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use ic_certification::{HashTree, labeled, leaf};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// Has the canister certify a body at a path, and gives the header.
fn certified(stage: &Stage, path: &str, body: &[u8]) -> String {
    let hash = Sha256::digest(body).to_vec();
    let tree: HashTree = labeled("http_assets", labeled(path, leaf(hash)));
    let certificate = stage.certify(&tree.digest());
    let tree = serde_cbor::to_vec(&tree).unwrap();
    let [certificate, tree] = [&certificate, &tree].map(|bytes| BASE64_STANDARD.encode(bytes));
    format!("certificate=:{certificate}:, tree=:{tree}:")
}

#[test]
fn bodies_are_verified_and_headers_are_not_kept_by_caches() {
    let stage = Stage::new();
    let header = certified(&stage, "/a", b"secret");
    let given = Given::new(200, &[("x-more", "2"), ("Cache-Control", "public")], b"secret");
    let given = given.with("IC-Certificate", &header);
    stage.set(0, &given);
    let got = stage.get("/a");
    got.expect(200, b"secret");
    assert_eq!((got.header("x-more"), got.header("cache-control")), (Some("2"), None));
    stage.get("/b").refused("Invalid response body");
    stage.set(0, &Given { body: b"secrex".to_vec().into(), ..given.clone() });
    stage.get("/a").refused("Invalid response body");
    stage.set(0, &Given { status_code: 302, ..given.clone() }.with("location", "http://secret"));
    stage.get("/a").refused("redirection");
    assert_eq!(stage.get_raw("/a").status, 302);
}

#[test]
fn compressed_bodies_are_verified_by_what_they_come_to() {
    let stage = Stage::new();
    let header = certified(&stage, "/a", b"secret");
    let compressed = |mut bytes: &mut dyn Read| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        io::copy(&mut bytes, &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let given = |body: &[u8]| {
        let headers = [("content-encoding", "gzip"), ("ic-certificate", header.as_str())];
        Given::new(200, &headers, body)
    };
    let good = compressed(&mut &b"secret"[..]);
    stage.set(0, &given(&good));
    assert_eq!(stage.get("/a").body.as_deref(), Ok(&good[..]));
    stage.set(0, &given(&compressed(&mut &b"secrex"[..])));
    stage.get("/a").refused("Invalid response body");
    // 65 MiB, twice compressed for the way to the canister: one that comes to more than can be held.
    let mut twice = Vec::new();
    twice.write_all(&compressed(&mut io::repeat(0).take(65 << 20))).unwrap();
    stage.set(0, &given(&twice));
    stage.get("/a").refused("decoded");
}
